package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
)

// newRouter returns a router and what it logs.
func newRouter(opts Options) (*Router, *bytes.Buffer) {
	var logged bytes.Buffer
	logger := logrus.New()
	logger.SetOutput(&logged)
	logger.SetLevel(logrus.DebugLevel)
	opts.Name, opts.Log, opts.CORS = "client", logrus.NewEntry(logger), true
	return NewRouter(opts), &logged
}

func ask(h http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestRouting(t *testing.T) {
	rt, _ := newRouter(Options{})
	say := func(name string) Handler {
		return func(_ http.ResponseWriter, r *http.Request) (any, error) {
			return map[string]string{"route": name, "room": Var(r, "room"), "key": Var(r, "key"), "rest": Var(r, "rest")}, nil
		}
	}
	rt.Handle("GET", "/_matrix/client/v3/rooms/{room}/state", say("state"))
	rt.Handle("GET", "/_matrix/client/v3/rooms/{room}/state/{type}", say("state type"))
	rt.Handle("GET", "/_matrix/client/v3/rooms/{room}/state/{type}/{key}", say("state key"))
	rt.Handle("GET", "/_matrix/client/v3/rooms/{room}/state/{type}/", say("state empty key"))
	rt.Handle("GET", "/_matrix/client/{version:r0|v3}/sync", say("sync"))
	rt.Handle("GET", "/_matrix/client/v3/pushrules/{rest:.*}", say("pushrules"))
	rt.Handle("PUT", "/_matrix/client/v3/pushrules/{scope}/{kind}/{rule}", say("put rule"))
	rt.Handle("GET", "/", say("root"))
	for _, tc := range []struct{ method, path, want string }{
		{"GET", "/_matrix/client/v3/rooms/!a:b/state", `{"key":"","rest":"","room":"!a:b","route":"state"}`},
		{"GET", "/_matrix/client/v3/rooms/%21a%2Fb:c/state/m.x", `{"key":"","rest":"","room":"!a/b:c","route":"state type"}`},
		{"GET", "/_matrix/client/v3/rooms/!a:b/state/m.x/%E2%9C%93%25", `{"key":"✓%","rest":"","room":"!a:b","route":"state key"}`},
		{"GET", "/_matrix/client/v3/rooms/!a:b/state/m.x/", `{"key":"","rest":"","room":"!a:b","route":"state empty key"}`},
		{"GET", "/_matrix/client/v3/sync?since=1", `{"key":"","rest":"","room":"","route":"sync"}`},
		{"GET", "/_matrix/client/r0/sync", `{"key":"","rest":"","room":"","route":"sync"}`},
		{"GET", "/_matrix/client/v3/pushrules/global/override/x%2Fy", `{"key":"","rest":"global/override/x/y","room":"","route":"pushrules"}`},
		{"PUT", "/_matrix/client/v3/pushrules/global/override/x", `{"key":"","rest":"","room":"","route":"put rule"}`},
		{"GET", "/", `{"key":"","rest":"","room":"","route":"root"}`},
	} {
		w := ask(rt, tc.method, tc.path, "")
		require.Equal(t, 200, w.Code, tc.path)
		require.Equal(t, tc.want, w.Body.String(), tc.path)
		require.Equal(t, "*", w.Header().Get("Access-Control-Allow-Origin"))
		require.Equal(t, fmt.Sprint(len(tc.want)), w.Header().Get("Content-Length"))
	}
	for _, tc := range []struct {
		method, path string
		status       int
		code         string
	}{
		{"GET", "/_matrix/client/v3/nothing", 404, "M_UNRECOGNIZED"},
		{"GET", "/_matrix/client/v3//sync", 404, "M_UNRECOGNIZED"},
		{"POST", "/_matrix/client/v3/sync", 405, "M_UNRECOGNIZED"},
		{"DELETE", "/_matrix/client/v3/rooms/!a:b/state", 405, "M_UNRECOGNIZED"},
		{"GET", "/_matrix/client/v3/rooms/%ff/state", 400, "M_INVALID_PARAM"},
		{"GET", "/_matrix/client/v3/rooms/a%00b/state", 400, "M_INVALID_PARAM"},
		{"GET", "/_matrix/client/v3/sync?x=" + strings.Repeat("a", maxURLBytes), 414, "M_UNRECOGNIZED"},
	} {
		w := ask(rt, tc.method, tc.path, "")
		require.Equal(t, tc.status, w.Code, tc.path)
		require.Contains(t, w.Body.String(), `"errcode":"`+tc.code+`"`)
		require.Equal(t, "*", w.Header().Get("Access-Control-Allow-Origin"))
		require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	}
	w := ask(rt, "OPTIONS", "/_matrix/client/v3/anything", "")
	require.Equal(t, http.StatusNoContent, w.Code)
	require.Equal(t, "X-Requested-With, Content-Type, Authorization", w.Header().Get("Access-Control-Allow-Headers"))
	require.Contains(t, w.Header().Get("Access-Control-Allow-Methods"), "DELETE")
}

func TestAnswers(t *testing.T) {
	rt, _ := newRouter(Options{CompressFrom: 100})
	answer := func(path string, v any) {
		rt.Handle("GET", path, func(http.ResponseWriter, *http.Request) (any, error) { return v, nil })
	}
	answer("/nil", nil)
	answer("/bytes", []byte(`{"raw":1}`))
	answer("/raw", json.RawMessage(`{"raw":2}`))
	answer("/html", map[string]string{"x": "<b>&"})
	answer("/created", &Response{Status: 201, Header: http.Header{"Location": {"/x"}}, Body: []byte(`{}`)})
	answer("/large", map[string]string{"x": strings.Repeat("a", 200)})
	answer("/impossible", func() {})
	rt.Handle("GET", "/own", func(w http.ResponseWriter, _ *http.Request) (any, error) {
		w.Header().Set("Content-Type", "text/plain")
		_, err := io.WriteString(w, "own words")
		return Written, err
	})
	require.Equal(t, "{}", ask(rt, "GET", "/nil", "").Body.String())
	require.Equal(t, `{"raw":1}`, ask(rt, "GET", "/bytes", "").Body.String())
	require.Equal(t, `{"raw":2}`, ask(rt, "GET", "/raw", "").Body.String())
	require.Equal(t, `{"x":"<b>&"}`, ask(rt, "GET", "/html", "").Body.String())
	require.Equal(t, "own words", ask(rt, "GET", "/own", "").Body.String())
	require.Equal(t, 500, ask(rt, "GET", "/impossible", "").Code)
	created := ask(rt, "GET", "/created", "")
	require.Equal(t, 201, created.Code)
	require.Equal(t, "/x", created.Header().Get("Location"))

	require.Empty(t, ask(rt, "GET", "/large", "", "Accept-Encoding", "br, gzip;q=0").Header().Get("Content-Encoding"))
	require.Empty(t, ask(rt, "GET", "/html", "", "Accept-Encoding", "gzip").Header().Get("Content-Encoding"))
	zipped := ask(rt, "GET", "/large", "", "Accept-Encoding", "br, gzip")
	require.Equal(t, "gzip", zipped.Header().Get("Content-Encoding"))
	require.Equal(t, fmt.Sprint(zipped.Body.Len()), zipped.Header().Get("Content-Length"))
	unzip, err := gzip.NewReader(zipped.Body)
	require.NoError(t, err)
	text, err := io.ReadAll(unzip)
	require.NoError(t, err)
	require.Equal(t, `{"x":"`+strings.Repeat("a", 200)+`"}`, string(text))
}

func TestErrors(t *testing.T) {
	secret := errors.New("the secret cause")
	errBusy := errors.New("busy")
	for _, tc := range []struct {
		name   string
		err    error
		status int
		body   string
		logged string
	}{
		{"own", NotFound("no %s", "room"), 404, `{"errcode":"M_NOT_FOUND","error":"no room"}`, ""},
		{"percent stays", Forbidden("100%%"), 403, `{"errcode":"M_FORBIDDEN","error":"100%"}`, ""},
		{"wrapped", fmt.Errorf("joining: %w", Forbidden("banned").Because(secret)), 403, `{"errcode":"M_FORBIDDEN","error":"banned"}`, "the secret cause"},
		{"unknown", secret, 500, `{"errcode":"M_UNKNOWN","error":"Internal server error"}`, "the secret cause"},
		{"limit", LimitExceeded(1500 * time.Millisecond), 429, `{"errcode":"M_LIMIT_EXCEEDED","error":"Too many requests","retry_after_ms":1500}`, ""},
		{"token", UnknownToken(true), 401, `{"errcode":"M_UNKNOWN_TOKEN","error":"Unknown or expired access token","soft_logout":true}`, ""},
		{"mapped", fmt.Errorf("storing: %w", errBusy), 503, `{"errcode":"M_UNKNOWN","error":"try again"}`, "storing: busy"},
		{"deadline", fmt.Errorf("asking: %w", context.DeadlineExceeded), 504, `{"errcode":"M_UNKNOWN","error":"The request took too long"}`, ""},
		{"extra cannot hide the code", BadState("x").With("errcode", "y"), 400, `{"errcode":"M_BAD_STATE","error":"x"}`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rt, logged := newRouter(Options{MapError: func(err error) *Error {
				if errors.Is(err, errBusy) {
					return Unavailable("try again")
				}
				return nil
			}})
			rt.Handle("GET", "/x", func(http.ResponseWriter, *http.Request) (any, error) { return nil, tc.err })
			w := ask(rt, "GET", "/x", "")
			require.Equal(t, tc.status, w.Code)
			require.Equal(t, tc.body, w.Body.String())
			require.Contains(t, logged.String(), tc.logged)
			require.LessOrEqual(t, strings.Count(logged.String(), "the secret cause"), 2, "once in the message of the wrapper, once in the cause")
			if tc.status == 429 {
				require.Equal(t, "2", w.Header().Get("Retry-After"))
			}
		})
	}
}

func TestLogNeverHoldsTokensOrIds(t *testing.T) {
	rt, logged := newRouter(Options{})
	rt.Handle("GET", "/rooms/{room}/x", func(http.ResponseWriter, *http.Request) (any, error) { return nil, errors.New("broken") })
	ask(rt, "GET", "/rooms/!private/x?access_token=s3cret", "", "Authorization", "Bearer t0ken")
	require.Contains(t, logged.String(), `route="/rooms/{room}/x"`)
	for _, private := range []string{"s3cret", "t0ken", "!private"} {
		require.NotContains(t, logged.String(), private)
	}
}

func TestPanicsBecome500(t *testing.T) {
	reg := prometheus.NewRegistry()
	rt, logged := newRouter(Options{Metrics: NewMetrics(reg)})
	rt.Handle("GET", "/panic", func(http.ResponseWriter, *http.Request) (any, error) { panic("oh no") })
	rt.Handle("GET", "/late", func(w http.ResponseWriter, _ *http.Request) (any, error) {
		w.WriteHeader(200)
		panic("too late to say so")
	})
	w := ask(rt, "GET", "/panic", "")
	require.Equal(t, 500, w.Code)
	require.Equal(t, `{"errcode":"M_UNKNOWN","error":"Internal server error"}`, w.Body.String())
	require.Contains(t, logged.String(), "oh no")
	require.Contains(t, logged.String(), "web_test.go", "the stack")
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { ask(rt, "GET", "/late", "") })
	ask(rt, "INVENTED", "/panic", "")

	families, err := reg.Gather()
	require.NoError(t, err)
	text := strings.ReplaceAll(fmt.Sprint(families), " ", "") // protobuf varies its blanks
	require.Contains(t, text, `name:"route"value:"/panic"`)
	require.Contains(t, text, `value:"other"`)
	require.NotContains(t, text, "INVENTED")
}

func TestCancelledRequestsAreQuiet(t *testing.T) {
	rt, logged := newRouter(Options{})
	rt.Handle("GET", "/x", func(_ http.ResponseWriter, r *http.Request) (any, error) {
		return nil, fmt.Errorf("waiting: %w", r.Context().Err())
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	rt.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/x", nil))
	require.Zero(t, w.Body.Len())
	require.NotContains(t, logged.String(), "level=error")
	require.Contains(t, logged.String(), "status=499")
}

func FuzzRouter(f *testing.F) {
	rt, _ := newRouter(Options{})
	rt.Handle("GET", "/_matrix/client/v3/rooms/{room}/state/{type}/{key}", func(_ http.ResponseWriter, r *http.Request) (any, error) {
		return map[string]string{"room": Var(r, "room")}, nil
	})
	rt.Handle("GET", "/_matrix/{rest:.*}", func(http.ResponseWriter, *http.Request) (any, error) { return nil, nil })
	for _, s := range []string{"/_matrix/client/v3/rooms/%2f/state/a/b", "/%", "//", "/_matrix/%00/?x=%zz"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, target string) {
		r, err := http.NewRequest("GET", "http://x"+target, nil)
		if err != nil {
			return
		}
		w := httptest.NewRecorder()
		rt.ServeHTTP(w, r)
		if !json.Valid(w.Body.Bytes()) || w.Code >= 500 {
			t.Fatalf("%q: %d %s", target, w.Code, w.Body)
		}
	})
}

func BenchmarkRouter(b *testing.B) {
	rt, _ := newRouter(Options{Metrics: NewMetrics(prometheus.NewRegistry())})
	rt.opts.Log.Logger.SetLevel(logrus.InfoLevel)
	h := func(http.ResponseWriter, *http.Request) (any, error) { return []byte(`{}`), nil }
	for i := range 150 {
		rt.Handle("GET", fmt.Sprintf("/_matrix/client/v3/rooms/{room}/a%d", i), h)
	}
	rt.Handle("PUT", "/_matrix/client/v3/rooms/{room}/send/{type}/{txn}", h)
	rt.Handle("GET", "/_matrix/client/v3/sync", h)
	for _, tc := range []struct{ method, path string }{{"PUT", "/_matrix/client/v3/rooms/!abc:d/send/m.room.message/1"},
		{"GET", "/_matrix/client/v3/sync?since=1"}, {"GET", "/_matrix/client/v3/rooms/!abc:d/a149"}} {
		b.Run(tc.path, func(b *testing.B) {
			r := httptest.NewRequest(tc.method, tc.path, nil)
			b.ReportAllocs()
			for b.Loop() {
				rt.ServeHTTP(&nowhere{header: http.Header{}}, r)
			}
		})
	}
}

type nowhere struct{ header http.Header }

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n *nowhere) WriteHeader(int)             {}
