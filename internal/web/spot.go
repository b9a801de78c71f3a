package web

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"medixchange/internal/stackroom"
)

// spot is one connection in the lot: its request waits, is worked on (busy), or was answered and the next one is
// awaited (resting). Exactly one goroutine works for it while it is busy, and none otherwise.
type spot struct {
	lot     *lot
	door    *door
	id      uint64
	path    string // of its requests
	conn    net.Conn
	early   []byte // of the next request, from a client that did not wait for the answer
	watched bool
	lively  bool // its last request was answered soon

	mu      sync.Mutex
	request *unfinished // nil once it is answered
	busy    bool        // a goroutine works for it
	woken   bool
	gone    bool // the client is
	resting bool
	until   time.Time // when it has rested too long
	cancel  context.CancelFunc
}

// soon is how quickly a request is answered where people write to each other.
const soon = 3 * time.Second

// wake has the request looked at again.
func (s *spot) wake() { s.rouse(func() { s.woken = true }) }

// noticed is told that the client has gone away, or, while the connection rests, that there is something to read.
func (s *spot) noticed() {
	if s.stopResting() {
		if s.lively { // the next one will be too, and net/http is faster at that
			s.giveBack()
			return
		}
		go s.again()
		return
	}
	s.rouse(func() {
		s.gone = true
		if s.cancel != nil {
			s.cancel()
		}
	})
}

// end is told that the server drains.
func (s *spot) end() {
	if s.stopResting() {
		s.closeConn()
		s.lot.leave(s)
		return
	}
	s.wake()
}

// rouse starts the goroutine that works for the request, unless there is one.
func (s *spot) rouse(note func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	note()
	if !s.busy && s.request != nil {
		s.busy = true
		go s.work()
	}
}

// settle ends being busy, unless something has happened meanwhile.
func (s *spot) settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.woken || s.gone {
		go s.work()
		return
	}
	s.busy = false
}

// work looks for the answer once.
func (s *spot) work() {
	stackroom.Take()
	ctx, cancel := context.WithCancel(s.lot.base)
	defer cancel()
	if !s.begin(cancel) {
		s.request.finish(ctx, s.answer(), nil, context.Canceled)
		s.closeConn()
		s.lot.leave(s)
		return
	}
	body, err := s.request.resume(ctx)
	if body == nil && err == nil {
		s.request.later.Await(s.wake)
		s.settle()
		return
	}
	w := s.answer()
	s.lively = time.Since(s.request.start) < soon
	s.request.finish(ctx, w, body, err)
	s.rest(w.complete && !w.last)
}

// begin reports false when the client has gone; cancel is for when it goes now.
func (s *spot) begin(cancel context.CancelFunc) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.woken, s.cancel = false, cancel
	if s.gone {
		cancel()
	}
	return !s.gone
}

func (s *spot) answer() *lateAnswer { return &lateAnswer{conn: s.conn, last: s.lot.draining()} }

// rest keeps the connection until the next request, if it can have one.
func (s *spot) rest(more bool) {
	s.mu.Lock()
	s.request, s.cancel, s.resting, s.until = nil, nil, true, time.Now().Add(idleTimeout)
	s.woken, s.busy = false, false
	gone := s.gone
	s.mu.Unlock()
	if gone || !more || s.lot.draining() {
		s.end()
		return
	}
	if len(s.early) > 0 || !s.watched || s.lot.sight.expect(s.id, s.conn) != nil {
		if s.stopResting() {
			s.giveBack()
		}
		return
	}
	s.lot.keepSweeping()
}

// stopResting reports whether the connection has been resting; then it is busy, with what the caller does.
func (s *spot) stopResting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.resting {
		return false
	}
	s.resting, s.busy = false, true
	return true
}

// restsAfter closes a connection that has rested too long, and reports whether it goes on resting.
func (s *spot) restsAfter(now time.Time) bool {
	s.mu.Lock()
	resting, late := s.resting, now.After(s.until)
	s.mu.Unlock()
	if resting && late {
		s.end()
	}
	return resting && !late
}

// giveBack returns the connection to its server.
func (s *spot) giveBack() {
	if s.watched {
		s.lot.sight.forget(s.conn)
	}
	s.lot.leave(s)
	s.door.back.give(withEarly(s.conn, s.early))
}

// take keeps the connection and what was read of it without being asked for.
func (s *spot) take(conn net.Conn, buffered *bufio.Reader) {
	early, _ := buffered.Peek(buffered.Buffered()) // cannot fail: it is there
	early = slices.Clone(early)
	switch c := conn.(type) {
	case *earlyConn:
		conn, early = c.Conn, append(early, c.early...)
	case *earlyTLS:
		conn, early = c.Conn, append(early, c.early...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn, s.early = conn, early
}

func (s *spot) closeConn() {
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	if conn != nil {
		_ = conn.Close()
	}
}

// lateAnswer writes an answer of HTTP/1.1 to a connection that net/http has given away.
type lateAnswer struct {
	conn     net.Conn
	header   http.Header
	status   int
	last     bool // of the connection
	begun    bool
	complete bool // everything was written
}

// maxHead is more than the status and the headers of an answer take.
const maxHead = 512

// Header implements http.ResponseWriter.
func (a *lateAnswer) Header() http.Header {
	if a.header == nil {
		a.header = http.Header{}
	}
	return a.header
}

// WriteHeader implements http.ResponseWriter. The answers of a Router have a Content-Length.
func (a *lateAnswer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write implements io.Writer. It takes a whole body.
func (a *lateAnswer) Write(body []byte) (int, error) {
	a.complete = false
	if a.begun {
		return 0, io.ErrShortWrite
	}
	a.begun = true
	a.WriteHeader(http.StatusOK)
	a.Header().Set("Content-Length", strconv.Itoa(len(body)))
	a.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	if a.last {
		a.header.Set("Connection", "close")
	}
	var head bytes.Buffer
	head.Grow(maxHead + len(body))
	head.WriteString("HTTP/1.1 " + strconv.Itoa(a.status) + " " + http.StatusText(a.status) + "\r\n")
	_ = a.header.Write(&head) // writing to a bytes.Buffer cannot fail
	head.WriteString("\r\n")
	head.Write(body)
	_ = a.conn.SetWriteDeadline(time.Now().Add(patience + time.Duration(head.Len()/slowRate)*time.Second))
	_, err := a.conn.Write(head.Bytes())
	_ = a.conn.SetWriteDeadline(time.Time{})
	a.complete = err == nil
	return len(body), err
}

// earlyConn is a connection of which something was read before.
type earlyConn struct {
	net.Conn
	early []byte
}

func withEarly(conn net.Conn, early []byte) net.Conn {
	if len(early) == 0 {
		return conn
	}
	c := &earlyConn{Conn: conn, early: early}
	if t, ok := conn.(interface{ ConnectionState() tls.ConnectionState }); ok {
		return &earlyTLS{earlyConn: c, state: t.ConnectionState}
	}
	return c
}

// Read implements net.Conn.
func (c *earlyConn) Read(p []byte) (int, error) {
	if len(c.early) == 0 {
		return c.Conn.Read(p)
	}
	n := copy(p, c.early)
	c.early = c.early[n:]
	return n, nil
}

// NetConn returns what is below.
func (c *earlyConn) NetConn() net.Conn { return c.Conn }

// earlyTLS tells net/http that it is encrypted.
type earlyTLS struct {
	*earlyConn
	state func() tls.ConnectionState
}

// ConnectionState says how.
func (c *earlyTLS) ConnectionState() tls.ConnectionState { return c.state() }
