package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
)

// Handler answers a request with a value that is sent as JSON with status 200, or with an error (see Error). A
// []byte or json.RawMessage is sent as it is; a *Response chooses status and headers; Written means that the
// handler has written the answer itself. A nil value is sent as {}.
type Handler func(w http.ResponseWriter, r *http.Request) (any, error)

// Response is an answer with a status other than 200 or with headers of its own.
type Response struct {
	Status int
	Header http.Header
	Body   any // as a Handler's value
}

type written struct{}

// Written is returned by a handler that has written its answer itself.
var Written any = written{}

// maxPooledBuffer keeps one giant answer from staying in memory for good.
const maxPooledBuffer = 256 << 10

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

var gzipWriters = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant that is valid
	}
	return w
}}

func releaseBuffer(b *bytes.Buffer) {
	if b.Cap() <= maxPooledBuffer {
		b.Reset()
		buffers.Put(b)
	}
}

// WriteJSON sends body as a Handler's value is sent, with the given status. The error is one of encoding; then
// nothing has been sent.
func WriteJSON(w http.ResponseWriter, status int, body any) error {
	if raw, ok := rawJSON(body); ok {
		sendJSON(w, status, raw)
		return nil
	}
	buf := buffers.Get().(*bytes.Buffer)
	defer releaseBuffer(buf)
	raw, err := encodeJSON(buf, body)
	if err != nil {
		return err
	}
	sendJSON(w, status, raw)
	return nil
}

func rawJSON(body any) ([]byte, bool) {
	switch b := body.(type) {
	case nil:
		return []byte("{}"), true
	case []byte:
		return b, true
	case json.RawMessage:
		return b, true
	}
	return nil, false
}

func encodeJSON(buf *bytes.Buffer, body any) ([]byte, error) {
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte{'\n'}), nil
}

func sendJSON(w http.ResponseWriter, status int, raw []byte) {
	h := w.Header()
	if h.Get("Content-Type") == "" {
		h["Content-Type"] = typeJSON
	}
	h.Set("Content-Length", strconv.Itoa(len(raw)))
	w.WriteHeader(status)
	_, _ = w.Write(raw) // a client that went away needs no answer
}

// compressed sends raw gzipped.
func compressed(w http.ResponseWriter, status int, raw []byte) {
	buf := buffers.Get().(*bytes.Buffer)
	defer releaseBuffer(buf)
	zip := gzipWriters.Get().(*gzip.Writer)
	defer gzipWriters.Put(zip)
	zip.Reset(buf)
	_, _ = zip.Write(raw) // writing to a bytes.Buffer cannot fail
	_ = zip.Close()
	w.Header().Set("Content-Encoding", "gzip")
	sendJSON(w, status, buf.Bytes())
}

func acceptsGzip(r *http.Request) bool {
	for _, part := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q := strings.ReplaceAll(params, " ", "")
			return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
		}
	}
	return false
}

// StatusClientClosed is what metrics and logs count for a client that went away before its answer.
const StatusClientClosed = 499

// errorFrom turns any error into an answer. Only an *Error speaks to the client in its own words.
func errorFrom(err error, mapError func(error) *Error) *Error {
	var e *Error
	if errors.As(err, &e) {
		if e == err {
			return e
		}
		return e.Because(err)
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return TooLarge("The request body is larger than %d bytes", tooLarge.Limit).Because(err)
	case errors.Is(err, context.Canceled):
		return NewError(StatusClientClosed, "M_UNKNOWN", "The request was cancelled").Because(err)
	}
	if mapError != nil {
		if e := mapError(err); e != nil {
			return e.Because(err)
		}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return NewError(http.StatusGatewayTimeout, "M_UNKNOWN", "The request took too long").Because(err)
	}
	return Unknown(err)
}

// WriteError sends err as the specification's error body. Anything that is not an *Error becomes 500 M_UNKNOWN.
// Causes are not sent; the Router logs them.
func WriteError(w http.ResponseWriter, err error) { writeError(w, errorFrom(err, nil)) }

func writeError(w http.ResponseWriter, e *Error) {
	body := make(map[string]any, len(e.Extra)+2)
	for k, v := range e.Extra {
		body[k] = v
	}
	if e.Code != "" { // the first challenge of user-interactive authentication is no refusal yet
		body["errcode"], body["error"] = e.Code, e.Message
	}
	if ms, ok := e.Extra["retry_after_ms"].(int64); ok {
		w.Header().Set("Retry-After", strconv.FormatInt((ms+999)/1000, 10))
	}
	if err := WriteJSON(w, e.Status, body); err != nil {
		sendJSON(w, http.StatusInternalServerError, []byte(`{"errcode":"M_UNKNOWN","error":"Internal server error"}`))
	}
}

// RetryAfter returns how long a 429 asks to wait, from an error's body.
func (e *Error) RetryAfter() time.Duration {
	ms, _ := e.Extra["retry_after_ms"].(int64)
	return time.Duration(ms) * time.Millisecond
}
