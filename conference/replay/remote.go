package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"medixchange/conference/manifest"
	"medixchange/rooms"
)

const (
	pieceSize     = 512 << 10 // of a track that is fetched at a time, in bytes
	keptManifests = 100
	manifestKept  = time.Minute
)

// remotes reads recordings that other hospitals made. It is safe for concurrent use.
type remotes struct {
	peers Peers
	now   func() time.Time
	kept  *lru.Cache[remoteKey, keptManifest]
}

// remoteKey names a user, too: the hospital that made a recording says to whom it shows it.
type remoteKey struct{ server, id, userID string }

type keptManifest struct {
	*manifest.Manifest
	until time.Time
}

func newRemotes(peers Peers, now func() time.Time) (*remotes, error) {
	kept, err := lru.New[remoteKey, keptManifest](keptManifests)
	if err != nil {
		return nil, fmt.Errorf("making the cache of manifests: %w", err)
	}
	return &remotes{peers: peers, now: now, kept: kept}, nil
}

// manifest gives that of another hospital's recording, from a minute ago at most: each piece of a track is asked for anew.
func (r *remotes) manifest(ctx context.Context, server, userID, id string) (*manifest.Manifest, error) {
	key := remoteKey{server, id, userID}
	if found, ok := r.kept.Get(key); ok && r.now().Before(found.until) {
		return found.Manifest, nil
	}
	raw, err := r.peers.RecordingPiece(ctx, server, userID, id, manifestFile, 0, -1, maxText)
	if err != nil {
		return nil, fmt.Errorf("fetching a recording's manifest: %w", err)
	}
	var m manifest.Manifest
	if err := json.Unmarshal(raw, &m); err != nil || m.ID != id {
		return nil, fmt.Errorf("reading a manifest of %s: %w", server, rooms.ErrUnreachable)
	}
	r.kept.Add(key, keptManifest{&m, r.now().Add(manifestKept)})
	return &m, nil
}

// track reads a track of another hospital's recording, piece by piece.
func (r *remotes) track(ctx context.Context, rec *recording, userID string, t manifest.Track) *remoteTrack {
	return &remoteTrack{ctx: ctx, peers: r.peers, rec: rec, userID: userID, file: "tracks/" + t.File, size: t.Bytes}
}

// remoteTrack holds one piece of a track. It is for one request, whose context ends it.
type remoteTrack struct {
	ctx    context.Context
	peers  Peers
	rec    *recording
	userID string
	file   string
	size   int64
	at     int64
	piece  []byte
	from   int64 // where the piece begins
}

// rangeStart is where the range begins that a browser asks for.
var rangeStart = regexp.MustCompile(`^bytes=(\d{1,15})-`)

// begin fetches the first piece that a request is about, so that a refusal can be said before the answer has begun.
func (t *remoteTrack) begin(r *http.Request) error {
	if found := rangeStart.FindStringSubmatch(r.Header.Get("Range")); found != nil {
		t.at, _ = strconv.ParseInt(found[1], 10, 64) // fifteen digits
	}
	if t.at >= t.size {
		return nil
	}
	return t.fetch()
}

func (t *remoteTrack) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += t.at
	case io.SeekEnd:
		offset += t.size
	}
	if offset < 0 {
		return 0, errors.New("seeking before the beginning of a track")
	}
	t.at = offset
	return offset, nil
}

func (t *remoteTrack) Read(b []byte) (int, error) {
	if t.at >= t.size {
		return 0, io.EOF
	}
	if t.at < t.from || t.at >= t.from+int64(len(t.piece)) {
		if err := t.fetch(); err != nil {
			return 0, err
		}
	}
	n := copy(b, t.piece[t.at-t.from:])
	t.at += int64(n)
	return n, nil
}

// next returns the next piece, io.EOF after the last.
func (t *remoteTrack) next() ([]byte, error) {
	if t.at >= t.size {
		return nil, io.EOF
	}
	if err := t.fetch(); err != nil {
		return nil, err
	}
	t.at += int64(len(t.piece))
	return t.piece, nil
}

func (t *remoteTrack) fetch() error {
	last := min(t.at+pieceSize, t.size) - 1
	piece, err := t.peers.RecordingPiece(t.ctx, t.rec.server, t.userID, t.rec.ID, t.file, t.at, last, pieceSize)
	if err != nil {
		return fmt.Errorf("fetching a piece of a track: %w", err)
	}
	if int64(len(piece)) != last-t.at+1 {
		return fmt.Errorf("a piece of a track has %d bytes: %w", len(piece), rooms.ErrUnreachable)
	}
	t.piece, t.from = piece, t.at
	return nil
}
