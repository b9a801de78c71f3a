package federation

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"medixchange/internal/web"
)

// recordingsPrefix is where servers show recordings of conferences to the servers whose users may replay them.
const recordingsPrefix = "/_matrix/federation/unstable/org.medixchange.conference/recordings"

// RecordingPages serves recordings that were made here.
type RecordingPages interface {
	// ServePeer writes a file of a recording, all of it or the range that the request asks for, to a user of the server
	// origin. An error says that nothing was written.
	ServePeer(w http.ResponseWriter, r *http.Request, origin, userID, id, file string) error
}

func (s *Server) recordingRoutes() {
	if s.o.Recordings == nil {
		return
	}
	for _, path := range []string{"/{id}/{file}", "/{id}/{folder}/{file}"} {
		s.get(recordingsPrefix+path, s.recording)
	}
}

func (s *Server) recording(r *request) (any, error) {
	file := r.variable("file")
	if folder := r.variable("folder"); folder != "" {
		file = folder + "/" + file
	}
	userID := r.URL.Query().Get("user_id")
	if userID == "" {
		return nil, web.MissingParam("user_id")
	}
	if err := s.o.Recordings.ServePeer(r.writer, r.Request, r.origin, userID, r.variable("id"), file); err != nil {
		return nil, err
	}
	return web.Written, nil
}

// recordingCall bounds the fetching of a piece of a recording.
const recordingCall = 30 * time.Second

// RecordingPiece fetches bytes [from, to] of a file of a recording that another server made, for a user of this one; to < 0 is the
// whole file, up to max bytes. Its errors are those of [Client].
func (c *Client) RecordingPiece(ctx context.Context, server, userID, id, file string, from, to, max int64) ([]byte, error) {
	request := get(server, recordingsPrefix+"/"+url.PathEscape(id)+"/"+file+"?user_id="+url.QueryEscape(userID))
	request.timeout, request.maxBody, request.lane = recordingCall, max, laneMedia
	if to >= 0 {
		request.pieces = fmt.Sprintf("bytes=%d-%d", from, to)
	}
	var piece []byte
	err := c.transport.stream(ctx, request, func(resp *http.Response) error {
		var err error
		piece, err = io.ReadAll(resp.Body)
		return err
	})
	return piece, err
}
