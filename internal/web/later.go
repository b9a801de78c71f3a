package web

import (
	"context"
	"net/http"
	"time"
)

// Later is a Handler's value for an answer that has yet to come. The request gives its goroutine and its buffers back and
// keeps its connection: most of what a long poll costs while nothing happens is what net/http holds for it. A handler
// answers with one only where MayRest allows it. Its methods are never called at the same time.
type Later interface {
	// Await has wake called, from any goroutine, when there may be an answer or its time is up. wake does not block, may be
	// called more than once, and before Await returns.
	Await(wake func())
	// Resume looks for the answer. A nil body without an error means that there is none yet; then Await is called again. ctx
	// ends when the client goes away. Once the server drains (Draining) there has to be an answer.
	Resume(ctx context.Context) (body any, err error)
	// Leave gives up what Await registered; nothing else is called afterwards.
	Leave()
}

// MayRest reports whether the handler of r may answer w with a Later. Requests of HTTP/2 may not, whose connections have
// others under way; neither may those that end their connection, or have a body. atOnce says that resting costs nothing
// here, since the connection has been taken for an earlier request: otherwise it is for a request that has waited for some
// seconds.
func MayRest(w http.ResponseWriter, r *http.Request) (may, atOnce bool) {
	d := departureOf(w)
	if d == nil {
		return false, false
	}
	may = r.Method == http.MethodGet && r.ProtoMajor == 1 && r.ProtoAtLeast(1, 1) && !r.Close && r.ContentLength == 0 &&
		len(r.TransferEncoding) == 0
	return may, may && d.atOnce
}

// departure is the writer of a request that may leave its goroutine.
type departure struct {
	http.ResponseWriter
	atOnce  bool // it holds nothing but its goroutine already
	leaving *unfinished
}

// Unwrap serves http.ResponseController.
func (d *departure) Unwrap() http.ResponseWriter { return d.ResponseWriter }

// departureOf looks for the departure that a writer is wrapped around.
func departureOf(w http.ResponseWriter) *departure {
	for {
		switch t := w.(type) {
		case *departure:
			return t
		case interface{ Unwrap() http.ResponseWriter }:
			w = t.Unwrap()
		default:
			return nil
		}
	}
}

// departing lets requests leave. Everything around the handler has returned by then, so that nothing of it touches the
// connection any more.
func (d *door) departing(next http.Handler) http.Handler {
	d.handler = next
	if d.lot.sight == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		dep := departure{ResponseWriter: w}
		if _, ok := w.(http.Hijacker); !ok {
			next.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(&dep, r)
		if dep.leaving != nil {
			d.park(w, r, dep.leaving)
		}
	})
}

// unfinished is what is kept of a request that has left.
type unfinished struct {
	later    Later
	router   *Router
	metrics  *routeMetrics
	template string
	method   string
	gzip     bool
	start    time.Time
}

// leave takes a request off its goroutine. It reports false when it has nothing to wait for.
func (rt *Router) leave(rec *recorder, r *http.Request, metrics *routeMetrics, template string, start time.Time) bool {
	if rec.later == nil {
		return false
	}
	departureOf(rec).leaving = &unfinished{
		later: rec.later, router: rt, metrics: metrics, template: template, method: r.Method, start: start,
		gzip: rt.opts.CompressFrom > 0 && acceptsGzip(r),
	}
	return true
}

// request is one with what answering still needs.
func (u *unfinished) request(ctx context.Context) *http.Request {
	r := &http.Request{Method: u.method, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	if u.gzip {
		r.Header = http.Header{"Accept-Encoding": {"gzip"}}
	}
	return r.WithContext(ctx)
}

// resume asks for the answer. A panic is an error: the stack that net/http would unwind is gone.
func (u *unfinished) resume(ctx context.Context) (body any, err error) {
	defer func() {
		if p := recover(); p != nil {
			u.router.logPanic(p, u.method, u.template)
			body, err = nil, Unknown(nil)
		}
	}()
	return u.later.Resume(ctx)
}

// finish answers, and ends the request for log and metrics.
func (u *unfinished) finish(ctx context.Context, w http.ResponseWriter, body any, err error) {
	u.later.Leave()
	rt, r, rec := u.router, u.request(ctx), &recorder{ResponseWriter: w}
	defer func() {
		if p := recover(); p != nil {
			rt.logPanic(p, u.method, u.template)
		}
	}()
	if rt.opts.CORS {
		setCORS(w.Header())
	}
	rt.reply(rec, r, body, err)
	took := time.Since(u.start)
	u.metrics.end(u.method, rec.code(), took)
	rt.log(rec, r, u.template, took)
}
