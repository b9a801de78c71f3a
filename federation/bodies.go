package federation

import (
	"errors"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"

	"medixchange/internal/web"
)

const (
	// maxBodies bounds the bytes of all requests that are being read or answered, since a body is read before its signature
	// can be checked.
	maxBodies = 256 << 20
	// bodyTime bounds the reading of one body.
	bodyTime = 2 * time.Minute
)

var errCrowded = errors.New("too much is under way")

// bodies is the memory that requests of other servers share. It is safe for concurrent use.
type bodies struct{ left *semaphore.Weighted }

func newBodies(most int64) *bodies { return &bodies{semaphore.NewWeighted(most)} }

// reserve makes what is read of the request's body count until release.
func (b *bodies) reserve(r *http.Request) *reserved {
	counted := &reserved{ReadCloser: r.Body, left: b.left, until: time.Now().Add(bodyTime)}
	if r.Body != nil {
		r.Body = counted
	}
	return counted
}

// reserved is a body that takes memory as it is read.
type reserved struct {
	io.ReadCloser
	left    *semaphore.Weighted
	until   time.Time
	taken   int64
	refused error
}

// Read implements io.Reader.
func (b *reserved) Read(p []byte) (int, error) {
	if b.refused != nil {
		return 0, b.refused
	}
	n, err := b.ReadCloser.Read(p)
	switch {
	case !b.left.TryAcquire(int64(n)):
		b.refused = web.LimitExceeded(time.Second).Because(errCrowded)
		return 0, b.refused
	case time.Now().After(b.until):
		b.refused = web.NewError(http.StatusRequestTimeout, "M_UNKNOWN", "The body did not arrive in time")
	}
	b.taken += int64(n)
	return n, err
}

func (b *reserved) release() { b.left.Release(b.taken) }
