package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// recorder notes what was answered. Handlers reach flushing and deadlines through http.ResponseController.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
	err    *Error
	id     string
	later  Later // the answer has yet to come
}

// Unwrap serves http.ResponseController.
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }

func (rec *recorder) WriteHeader(status int) {
	if rec.status == 0 && status >= http.StatusOK {
		rec.status = status
	}
	rec.ResponseWriter.WriteHeader(status)
}

func (rec *recorder) Write(b []byte) (int, error) {
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	n, err := rec.ResponseWriter.Write(b)
	rec.bytes += int64(n)
	return n, err
}

func (rec *recorder) code() int {
	if rec.status == 0 {
		return http.StatusOK
	}
	return rec.status
}

// requestID is made when the first log entry asks for it.
func (rec *recorder) requestID() string {
	if rec.id == "" {
		var b [6]byte
		_, _ = rand.Read(b[:]) // never fails
		rec.id = hex.EncodeToString(b[:])
	}
	return rec.id
}

// RequestID returns an id for log entries about the request that w answers, the same as in the request's own entry.
// It is empty outside a Router.
func RequestID(w http.ResponseWriter) string {
	if rec, ok := w.(*recorder); ok {
		return rec.requestID()
	}
	return ""
}

// routeMetrics are the metrics of one route, made with its first request: most routes of a node are never asked for.
type routeMetrics struct {
	of            *Metrics
	api, template string
	once          sync.Once
	total         *prometheus.CounterVec
	seconds       prometheus.Observer
	inFlight      prometheus.Gauge
}

func (m *Metrics) route(api, template string) *routeMetrics {
	if m == nil {
		return nil
	}
	return &routeMetrics{of: m, api: api, template: template}
}

func (m *routeMetrics) begin() {
	if m == nil {
		return
	}
	m.once.Do(func() {
		m.total = m.of.total.MustCurryWith(prometheus.Labels{"api": m.api, "route": m.template})
		m.seconds = m.of.seconds.WithLabelValues(m.api, m.template)
		m.inFlight = m.of.inFlight.WithLabelValues(m.api)
	})
	m.inFlight.Inc()
}

func (m *routeMetrics) end(method string, status int, took time.Duration) {
	if m == nil {
		return
	}
	m.inFlight.Dec()
	m.seconds.Observe(took.Seconds())
	m.total.WithLabelValues(knownMethod(method), strconv.Itoa(status)).Inc()
}

// knownMethod keeps invented methods from becoming metrics.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch:
		return method
	}
	return "other"
}

type drainingKey struct{}

// Draining returns a channel that is closed when the server that runs the request begins to stop. Long polls
// select on it and answer at once with what they have; other requests need not look at it.
func Draining(ctx context.Context) <-chan struct{} {
	ch, _ := ctx.Value(drainingKey{}).(<-chan struct{})
	return ch // nil outside Serve: blocks for ever, which is right
}
