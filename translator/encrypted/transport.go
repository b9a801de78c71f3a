package encrypted

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"medixchange/translator/replies"
)

// committedKey marks the context of requests that carry away what the device's ratchets made.
type committedKey struct{}

// committed makes requests wait until everything that was put into the vault is on the disk. Only who is in
// replies.Vault.Together may use it.
func committed(ctx context.Context) context.Context {
	return context.WithValue(ctx, committedKey{}, true)
}

// committing is a transport that stores first and sends then: after a crash no ratchet goes back behind what has left. What was
// asked for ahead is not asked for again.
type committing struct {
	next  http.RoundTripper
	vault *replies.Vault
}

// RoundTrip implements http.RoundTripper.
func (c *committing) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Context().Value(committedKey{}) != nil {
		if err := c.vault.Commit(r.Context()); err != nil {
			return nil, err
		}
	}
	if a := aheadOf(r.Context()); a != nil {
		if known, err := a.answer(r); known != nil || err != nil {
			return known, err
		}
	}
	if c.next == nil {
		return http.DefaultTransport.RoundTrip(r)
	}
	return c.next.RoundTrip(r)
}

// InProcess is a transport that hands requests to a handler in this process: no socket, no network. It is safe for
// concurrent use if the handler is.
type InProcess struct {
	Handler http.Handler
}

// maxAnswer bounds an answer, which is in memory whole.
const maxAnswer = 64 << 20

// RoundTrip implements http.RoundTripper.
func (p InProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	inner := r.Clone(r.Context())
	inner.RequestURI = r.URL.RequestURI()
	inner.RemoteAddr = "127.0.0.1:0"
	if inner.Body == nil {
		inner.Body = http.NoBody
	}
	defer inner.Body.Close()
	answer := &recorded{header: http.Header{}}
	p.Handler.ServeHTTP(answer, inner)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if answer.tooLong {
		return nil, io.ErrShortBuffer
	}
	if answer.status == 0 {
		answer.status = http.StatusOK
	}
	return &http.Response{
		Status: http.StatusText(answer.status), StatusCode: answer.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: answer.header, Body: io.NopCloser(&answer.body), ContentLength: int64(answer.body.Len()), Request: r,
	}, nil
}

// recorded is an http.ResponseWriter into memory.
type recorded struct {
	header  http.Header
	status  int
	body    bytes.Buffer
	tooLong bool
}

func (w *recorded) Header() http.Header { return w.header }

func (w *recorded) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *recorded) Write(part []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.body.Len()+len(part) > maxAnswer {
		w.tooLong = true
		return 0, io.ErrShortWrite
	}
	return w.body.Write(part)
}
