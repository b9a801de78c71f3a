package web

import (
	"bufio"
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http/httpguts"
)

// A client whose long poll was answered asks for the next one, on the same connection. That is served here; anything else,
// and whatever is in the least unusual, goes back to net/http with what was read of it.

// maxPlain bounds a request that is served here.
const maxPlain = 4 << 10

// reading is what one request is read with.
type reading struct {
	raw  [maxPlain]byte
	text bytes.Reader
	in   *bufio.Reader
}

var readings = sync.Pool{New: func() any { return &reading{in: bufio.NewReaderSize(nil, maxPlain)} }}

// again serves what the client asks next.
func (s *spot) again() {
	reading := readings.Get().(*reading)
	_ = s.conn.SetReadDeadline(time.Now().Add(readHeaderTimeout))
	n, err := s.conn.Read(reading.raw[:])
	_ = s.conn.SetReadDeadline(time.Time{})
	r := reading.plain(reading.raw[:n], s.path)
	if r == nil {
		s.early = slices.Clone(reading.raw[:n])
	}
	readings.Put(reading)
	switch {
	case err != nil:
		s.rest(false)
	case r == nil:
		s.giveBack()
	default:
		s.serve(r)
	}
}

// plain reads a request without a body for path. It returns nil for every other one.
func (l *reading) plain(raw []byte, path string) *http.Request {
	if !isPlain(raw, path) {
		return nil
	}
	l.text.Reset(raw)
	l.in.Reset(&l.text)
	r, err := http.ReadRequest(l.in)
	if err != nil || r.ProtoMajor != 1 || r.ProtoMinor != 1 || r.Close || r.ContentLength != 0 || r.URL.Path != path ||
		len(r.TransferEncoding) > 0 || !httpguts.ValidHostHeader(r.Host) {
		return nil
	}
	for name := range r.Header {
		if !httpguts.ValidHeaderFieldName(name) || slices.Contains(special, name) {
			return nil
		}
	}
	return r
}

// special are headers by which a request means more than it says.
var special = []string{"Connection", "Content-Length", "Expect", "Http2-Settings", "Keep-Alive", "Proxy-Connection", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade"}

var (
	lineEnd = []byte("\r\n")
	blank   = []byte("\r\n\r\n")
)

// isPlain reports whether raw is one whole request without a body, of lines of printable ASCII, with one Host.
func isPlain(raw []byte, path string) bool {
	rest, ok := bytes.CutPrefix(raw, []byte("GET "+path))
	if !ok || len(rest) == 0 || rest[0] != '?' && rest[0] != ' ' || bytes.Index(raw, blank) != len(raw)-len(blank) {
		return false
	}
	hosts := 0
	for line := range bytes.SplitSeq(raw[:len(raw)-len(blank)], lineEnd) {
		if len(line) == 0 || line[0] == ' ' || bytes.ContainsFunc(line, func(c rune) bool { return c < ' ' || c > '~' }) {
			return false
		}
		if name, _, found := bytes.Cut(line, []byte(":")); found && strings.EqualFold(string(name), "host") {
			hosts++
		}
	}
	return hosts == 1
}

// serve has the request answered, or waits for its answer.
func (s *spot) serve(r *http.Request) {
	ctx, cancel := context.WithCancel(s.lot.base)
	defer cancel()
	if !s.begin(cancel) || s.lot.sight.await(s.id, s.conn) != nil {
		s.rest(false)
		return
	}
	r.RemoteAddr = s.conn.RemoteAddr().String()
	w := s.answer()
	dep := &departure{ResponseWriter: w, atOnce: true}
	if !s.handle(dep, r.WithContext(ctx)) {
		s.rest(false)
		return
	}
	if dep.leaving == nil {
		s.lively = true
		s.rest(w.complete && !w.last)
		return
	}
	s.mu.Lock()
	s.request = dep.leaving
	s.mu.Unlock()
	dep.leaving.later.Await(s.wake)
	s.settle()
}

// handle reports false when the handler gave up the connection.
func (s *spot) handle(w http.ResponseWriter, r *http.Request) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			ok = false // the Router has logged it, unless it is http.ErrAbortHandler
		}
	}()
	s.door.handler.ServeHTTP(w, r)
	return true
}
