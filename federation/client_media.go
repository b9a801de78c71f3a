package federation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"medixchange/internal/media"
	"medixchange/internal/netguard"
	"medixchange/internal/web"
	"medixchange/rooms"
)

// mediaCall bounds the fetching of a file.
const mediaCall = 3 * time.Minute

// FetchMedia writes a file of another server to w: from the authenticated endpoint or, for older servers, from the one
// that asks for no proof. A refusal is a *web.Error that may be shown to the client.
func (c *Client) FetchMedia(ctx context.Context, server, mediaID string, w io.Writer) (media.RemoteFile, error) {
	about, err := c.fetchAuthenticated(ctx, server, mediaID, w)
	var refusal *RemoteError
	if errors.As(err, &refusal) && refusal.unknownEndpoint() {
		about, err = c.fetchOld(ctx, server, mediaID, w)
	}
	if errors.Is(err, rooms.ErrNotFound) {
		err = web.NotFound("The file does not exist").Because(err)
	}
	return about, err
}

func (c *Client) fetchAuthenticated(ctx context.Context, server, mediaID string, w io.Writer) (media.RemoteFile, error) {
	request := get(server, path("/_matrix/federation/v1/media/download", mediaID)+"?timeout_ms=20000")
	request.timeout, request.lane = mediaCall, laneMedia
	var about media.RemoteFile
	var location string
	err := c.transport.stream(ctx, request, func(resp *http.Response) error {
		var err error
		about, location, err = media.ReadMultipart(resp.Header.Get("Content-Type"), resp.Body, w)
		return err
	})
	if err != nil || location == "" {
		return about, err
	}
	return c.fetchLocation(ctx, server, location, w)
}

// fetchLocation gets a file from where its server says that it is, a content delivery network.
func (c *Client) fetchLocation(ctx context.Context, server, location string, w io.Writer) (media.RemoteFile, error) {
	ctx, cancel := context.WithTimeout(netguard.WithMaxBody(ctx, c.transport.maxBody), mediaCall)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, location, nil)
	if err != nil || req.URL.Scheme != "https" {
		return media.RemoteFile{}, fmt.Errorf("%s gave no usable location of a file: %w", server, rooms.ErrUnreachable)
	}
	resp, err := c.transport.http.Do(req)
	if err != nil {
		return media.RemoteFile{}, fmt.Errorf("fetching a file of %s: %w: %w", server, rooms.ErrUnreachable, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return media.RemoteFile{}, remoteError(server, resp)
	}
	if _, err := io.Copy(w, resp.Body); err != nil {
		return media.RemoteFile{}, fmt.Errorf("fetching a file of %s: %w: %w", server, rooms.ErrUnreachable, err)
	}
	return media.Describe(resp.Header), nil
}

// fetchOld asks the old endpoint, whose allow_remote keeps the other server from asking us back.
func (c *Client) fetchOld(ctx context.Context, server, mediaID string, w io.Writer) (media.RemoteFile, error) {
	request := get(server, path("/_matrix/media/v3/download", server, mediaID)+"?allow_remote=false")
	request.timeout, request.unsigned, request.lane = mediaCall, true, laneMedia
	var about media.RemoteFile
	err := c.transport.stream(ctx, request, func(resp *http.Response) error {
		about = media.Describe(resp.Header)
		_, err := io.Copy(w, resp.Body)
		return err
	})
	return about, err
}
