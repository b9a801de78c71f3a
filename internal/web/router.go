package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gorilla/mux"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"
)

// maxURLBytes bounds path and query; longer requests are refused before routing.
const maxURLBytes = 16 << 10

// Options configures a Router.
type Options struct {
	// Name distinguishes this router in metrics and logs, for example "client" or "federation".
	Name string
	// Log receives one entry per request (debug; error from status 500) and every panic. Needed.
	Log *logrus.Entry
	// Metrics takes the request metrics of all routers of one process; nil means none are kept.
	Metrics *Metrics
	// MapError turns errors of lower layers (busy database, full disk) into answers; nil and nil results are fine.
	MapError func(error) *Error
	// CORS adds the specification's headers to every answer and answers OPTIONS.
	CORS bool
	// CompressFrom is the size in bytes from which JSON answers are gzipped for clients that accept it; 0 = never.
	CompressFrom int
}

// Router sends requests to handlers by path template. Routes are added before it serves; then it is safe for
// concurrent use.
//
// Path variables are taken from the encoded path and unescaped afterwards, so an id may contain an escaped slash;
// Var returns them.
type Router struct {
	opts   Options
	groups map[groupKey]*group
	// deepest is the largest number of leading literal segments of any group.
	deepest int

	unknown, wrongMethod http.Handler
}

// groupKey names routes that agree in their leading literal segments and in how many segments they have. gorilla
// tries its routes one after the other; over some 200 routes that took longer than a whole idle /sync, so each
// group has a small gorilla router of its own.
type groupKey struct {
	prefix   string
	segments int
}

const anySegments = -1

// maxLiterals is how many leading literal segments tell groups apart.
const maxLiterals = 5

// NewRouter returns a router without routes.
func NewRouter(opts Options) *Router {
	rt := &Router{opts: opts, groups: map[groupKey]*group{}}
	rt.unknown = rt.observed("unknown", unrecognized(http.StatusNotFound))
	rt.wrongMethod = rt.observed("unknown", unrecognized(http.StatusMethodNotAllowed))
	return rt
}

// Handle adds a handler for method and a path template such as "/_matrix/client/v3/rooms/{roomId}/state".
func (rt *Router) Handle(method, template string, h Handler) {
	rt.HandleHTTP(method, template, rt.adapt(h))
}

// HandleHTTP adds a handler that writes its answers itself, for media and other streams. Path variables, CORS,
// panics, logs and metrics are as for Handle.
func (rt *Router) HandleHTTP(method, template string, h http.Handler) {
	key, literals := keyOfTemplate(template)
	g := rt.groups[key]
	if g == nil {
		g = &group{}
		rt.groups[key] = g
	}
	rt.deepest = max(rt.deepest, literals)
	g.routes = append(g.routes, route{method, template, rt.observed(template, rt.unescapeVars(template, h))})
}

// group is the routes of one groupKey. gorilla compiles a regular expression for each: it gets them with the first request
// for the group, since most of them are never asked for and all of them together are a third of a start.
type group struct {
	routes []route
	once   sync.Once
	mux    *mux.Router
}

type route struct {
	method, template string
	handler          http.Handler
}

func (g *group) match(r *http.Request, m *mux.RouteMatch) bool {
	g.once.Do(func() {
		g.mux = mux.NewRouter().UseEncodedPath().SkipClean(true)
		for _, r := range g.routes {
			g.mux.Handle(r.template, r.handler).Methods(r.method)
		}
		g.routes = nil
	})
	return g.mux.Match(r, m)
}

func unrecognized(status int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { WriteError(w, Unrecognized(status)) })
}

func keyOfTemplate(template string) (key groupKey, literals int) {
	segments := strings.Split(strings.TrimPrefix(template, "/"), "/")
	key.segments = len(segments)
	if strings.Contains(template, ":") { // a pattern of its own may match several segments
		key.segments = anySegments
	}
	for literals < len(segments) && literals < maxLiterals && !strings.Contains(segments[literals], "{") {
		key.prefix += "/" + segments[literals]
		literals++
	}
	return key, literals
}

// match finds the handler of a request: the group with the longest literal prefix that has a route for it.
func (rt *Router) match(r *http.Request) (http.Handler, map[string]string) {
	path := r.URL.EscapedPath()
	segments := strings.Count(path, "/")
	prefixes := leadingSegments(path, rt.deepest)
	wrongMethod := false
	for i := len(prefixes) - 1; i >= 0; i-- {
		for _, n := range [2]int{segments, anySegments} {
			group := rt.groups[groupKey{prefixes[i], n}]
			if group == nil {
				continue
			}
			var m mux.RouteMatch
			if group.match(r, &m) && m.MatchErr == nil && m.Route != nil {
				return m.Handler, m.Vars
			}
			wrongMethod = wrongMethod || errors.Is(m.MatchErr, mux.ErrMethodMismatch)
		}
	}
	if wrongMethod {
		return rt.wrongMethod, nil
	}
	return rt.unknown, nil
}

// leadingSegments returns the prefixes of path of 0 to n segments.
func leadingSegments(path string, n int) []string {
	prefixes := make([]string, 1, maxLiterals+1)
	for end := 0; n > 0 && end < len(path); n-- {
		next := strings.IndexByte(path[end+1:], '/')
		if next < 0 {
			return append(prefixes, path)
		}
		end += 1 + next
		prefixes = append(prefixes, path[:end])
	}
	return prefixes
}

// ServeHTTP implements http.Handler.
func (rt *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if rt.opts.CORS {
		setCORS(w.Header())
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
	}
	if len(r.URL.Path)+len(r.URL.RawQuery) > maxURLBytes {
		WriteError(w, NewError(http.StatusRequestURITooLong, "M_UNRECOGNIZED", "The address of the request is too long"))
		return
	}
	handler, vars := rt.match(r)
	if len(vars) > 0 {
		r = mux.SetURLVars(r, vars)
	}
	handler.ServeHTTP(w, r)
}

// The values of the headers of every answer, made once. A header that is added to is copied, since they are full.
var (
	anyOrigin      = []string{"*"}
	allowedMethods = []string{"GET, POST, PUT, DELETE, OPTIONS"}
	allowedHeaders = []string{"X-Requested-With, Content-Type, Authorization"}
	typeJSON       = []string{"application/json"}
)

// setCORS sets the headers of the specification's section "Web browser clients".
func setCORS(h http.Header) {
	h["Access-Control-Allow-Origin"] = anyOrigin
	h["Access-Control-Allow-Methods"] = allowedMethods
	h["Access-Control-Allow-Headers"] = allowedHeaders
}

// unescapeVars decodes path variables in place before the handler sees them. Those that are no text are somebody's trick.
func (rt *Router) unescapeVars(template string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := unescape(mux.Vars(r)); err != nil {
			rt.opts.Log.WithError(err).WithFields(logrus.Fields{"api": rt.opts.Name, "route": template}).Warn("an address was refused")
			WriteError(w, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func unescape(vars map[string]string) error {
	for name, value := range vars {
		if strings.IndexByte(value, '%') >= 0 {
			decoded, err := url.PathUnescape(value)
			if err != nil {
				return InvalidParam("Path parameter %s is not properly escaped", name)
			}
			value = decoded
			vars[name] = decoded
		}
		if !utf8.ValidString(value) || strings.IndexByte(value, 0) >= 0 {
			return InvalidParam("Path parameter %s is not valid UTF-8", name)
		}
	}
	return nil
}

// adapt makes an http.Handler of a Handler. It keeps nothing on the stack that a handler who waits would hold.
func (rt *Router) adapt(h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := h(w, r)
		if later, ok := body.(Later); ok && err == nil {
			w.(*recorder).later = later
			return
		}
		rt.reply(w, r, body, err)
	})
}

// reply answers with what a Handler returned.
func (rt *Router) reply(w http.ResponseWriter, r *http.Request, body any, err error) {
	if err == nil {
		err = rt.send(w, r, body)
	}
	if err != nil {
		rt.fail(w, r, err)
	}
}

// send answers with a Handler's value. The error is one of encoding; then nothing has been sent.
func (rt *Router) send(w http.ResponseWriter, r *http.Request, body any) error {
	status := http.StatusOK
	if resp, ok := body.(*Response); ok {
		status, body = resp.Status, resp.Body
		for name, values := range resp.Header {
			w.Header()[name] = values
		}
	}
	if body == Written {
		return nil
	}
	return rt.respond(w, r, status, body)
}

func (rt *Router) respond(w http.ResponseWriter, r *http.Request, status int, body any) error {
	if rt.opts.CompressFrom <= 0 || !acceptsGzip(r) {
		return WriteJSON(w, status, body)
	}
	raw, ok := rawJSON(body)
	if !ok {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		raw = encoded
	}
	w.Header().Add("Vary", "Accept-Encoding")
	if len(raw) < rt.opts.CompressFrom {
		sendJSON(w, status, raw)
	} else {
		compressed(w, status, raw)
	}
	return nil
}

// fail answers with err and remembers it for the request's one log entry.
func (rt *Router) fail(w http.ResponseWriter, r *http.Request, err error) {
	e := errorFrom(err, rt.opts.MapError)
	if rec, ok := w.(*recorder); ok {
		rec.err = e
		if rec.status != 0 {
			return // the answer has begun; nothing more can be said
		}
	}
	if e.Status == StatusClientClosed && r.Context().Err() != nil {
		if rec, ok := w.(*recorder); ok {
			rec.status = StatusClientClosed
		}
		return
	}
	writeError(w, e)
}

// observed wraps the handler of one route with what every request gets: a request id, recovery from panics, one
// log entry, metrics by template.
func (rt *Router) observed(template string, next http.Handler) http.Handler {
	metrics := rt.opts.Metrics.route(rt.opts.Name, template)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w}
		metrics.begin()
		defer func() {
			aborted := rt.recovered(recover(), rec, r, template)
			if !aborted && rt.leave(rec, r, metrics, template, start) {
				return
			}
			took := time.Since(start)
			metrics.end(r.Method, rec.code(), took)
			rt.log(rec, r, template, took)
			if aborted {
				panic(http.ErrAbortHandler)
			}
		}()
		next.ServeHTTP(rec, r)
	})
}

// recovered turns a panic into a 500. It reports whether the connection has to be cut instead.
func (rt *Router) recovered(p any, rec *recorder, r *http.Request, template string) (abort bool) {
	if p == nil {
		return false
	}
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		return true
	}
	rt.logPanic(p, r.Method, template)
	if rec.status != 0 {
		return true
	}
	writeError(rec, Unknown(nil))
	return false
}

func (rt *Router) logPanic(p any, method, template string) {
	rt.opts.Log.WithFields(logrus.Fields{"api": rt.opts.Name, "method": method, "route": template, "panic": p,
		"stack": string(debug.Stack())}).Error("Handler panicked")
}

// log writes the request's entry. It never holds the query or the path as sent: both may carry tokens and names.
func (rt *Router) log(rec *recorder, r *http.Request, template string, took time.Duration) {
	level := logrus.DebugLevel
	if rec.code() >= http.StatusInternalServerError {
		level = logrus.ErrorLevel
	}
	if !rt.opts.Log.Logger.IsLevelEnabled(level) {
		return
	}
	entry := rt.opts.Log.WithFields(logrus.Fields{"api": rt.opts.Name, "method": r.Method, "route": template,
		"status": rec.code(), "bytes": rec.bytes, "took": took.Round(time.Microsecond).String(), "request": rec.requestID()})
	if rec.err != nil && rec.err.Err != nil {
		entry = entry.WithError(rec.err.Err)
	}
	entry.Log(level, "Request")
}

// Metrics counts requests by interface, route template, method and status. A nil *Metrics keeps nothing.
type Metrics struct {
	total    *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inFlight *prometheus.GaugeVec
}

// NewMetrics registers the request metrics with reg.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "medix_http_requests_total",
			Help: "HTTP requests answered."}, []string{"api", "route", "method", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "medix_http_request_seconds",
			Help: "Time to answer HTTP requests, long polls included.", Buckets: prometheus.ExponentialBuckets(0.0005, 4, 9)},
			[]string{"api", "route"}),
		inFlight: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "medix_http_requests_in_flight",
			Help: "HTTP requests being answered now."}, []string{"api"}),
	}
	reg.MustRegister(m.total, m.seconds, m.inFlight)
	return m
}
