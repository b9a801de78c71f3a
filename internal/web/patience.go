package web

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// patience is how long one piece of a body may take, read or written; a long one has as much more as a line of slowRate
	// takes for it. It does not bound the whole: who goes on is served, who stops is cut off, and a long poll may wait.
	patience = 30 * time.Second
	slowRate = 16 << 10 // bytes a second
	// maxConnections bounds the connections of one listener; more are closed at once.
	maxConnections = 10_000
)

// patient gives every read of a request's body and every write of the answer a deadline: piece, in production patience.
func patient(next http.Handler, piece time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.SetWriteDeadline(time.Time{}) // that of the connection's last answer; a writer without deadlines has none to clear
		if r.Body != nil && r.Body != http.NoBody {
			body := &patientBody{ReadCloser: r.Body, control: control, piece: piece}
			defer body.leave()
			r.Body = body
		}
		next.ServeHTTP(&patientWriter{ResponseWriter: w, control: control, piece: piece}, r)
		_ = control.SetWriteDeadline(time.Now().Add(piece)) // for what is still in the buffer
	})
}

// patientBody is a request's body.
type patientBody struct {
	io.ReadCloser
	control *http.ResponseController
	piece   time.Duration
	ended   bool
}

// Read implements io.Reader.
func (b *patientBody) Read(p []byte) (int, error) {
	if !b.ended {
		_ = b.control.SetReadDeadline(time.Now().Add(b.piece))
	}
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) && !b.ended {
		b.ended = true
		_ = b.control.SetReadDeadline(time.Time{}) // the answer may take its time, and the server watches for a client that leaves
	}
	return n, err
}

// leave bounds what the server does with the rest of a body that nobody read.
func (b *patientBody) leave() {
	if !b.ended {
		_ = b.control.SetReadDeadline(time.Now().Add(b.piece))
	}
}

// patientWriter is an answer.
type patientWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	piece   time.Duration
}

// Unwrap serves http.ResponseController.
func (w *patientWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Write implements io.Writer.
func (w *patientWriter) Write(p []byte) (int, error) {
	_ = w.control.SetWriteDeadline(time.Now().Add(w.piece + time.Duration(len(p)/slowRate)*time.Second))
	return w.ResponseWriter.Write(p)
}

// capped is a listener with a bounded number of connections.
type capped struct {
	net.Listener
	slots chan struct{}
}

func newCapped(l net.Listener, most int) net.Listener {
	return &capped{Listener: l, slots: make(chan struct{}, most)}
}

// Accept implements net.Listener. A connection too many is closed at once, which tells its client more than waiting.
func (c *capped) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case c.slots <- struct{}{}:
			return &cappedConn{Conn: conn, release: func() { <-c.slots }}, nil
		default:
			_ = conn.Close()
		}
	}
}

// cappedConn gives its place back when it is closed.
type cappedConn struct {
	net.Conn
	once    sync.Once
	release func()
}

// NetConn returns what is below.
func (c *cappedConn) NetConn() net.Conn { return c.Conn }

// Close implements net.Conn.
func (c *cappedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(c.release)
	return err
}
