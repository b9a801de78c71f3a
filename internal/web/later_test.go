package web

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
)

const withPatience = 30 * time.Second

// pendings is a router whose /wait is answered when the test says so, and whose other route answers at once.
type pendings struct {
	t       *testing.T
	router  *Router
	metrics *Metrics
	url     string
	tls     *tls.Config
	stop    func() error // ends Serve and returns its error

	waiting chan *pending // each request that has come to wait
}

// pending is one request that rests.
type pending struct {
	mu       sync.Mutex
	wake     func()
	answers  []func(ctx context.Context) (any, error)
	awaiting chan struct{} // receives whenever Await was called
	left     chan struct{} // closed by Leave
	atOnce   bool
}

func (p *pending) Await(wake func()) {
	p.mu.Lock()
	p.wake = wake
	p.mu.Unlock()
	p.awaiting <- struct{}{}
}

func (p *pending) Resume(ctx context.Context) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.answers) == 0 {
		select {
		case <-Draining(ctx):
			return "drained", nil
		default:
			return nil, nil
		}
	}
	next := p.answers[0]
	p.answers = p.answers[1:]
	p.mu.Unlock()
	defer p.mu.Lock()
	return next(ctx)
}

func (p *pending) Leave() { close(p.left) }

// answer has the request resumed with what f returns.
func (p *pending) answer(f func(ctx context.Context) (any, error)) {
	p.mu.Lock()
	p.answers = append(p.answers, f)
	wake := p.wake
	p.mu.Unlock()
	wake()
}

func (p *pending) say(body any) { p.answer(func(context.Context) (any, error) { return body, nil }) }

func newPendings(t *testing.T, encrypted bool) *pendings {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("requests keep their goroutines on this system")
	}
	p := &pendings{t: t, metrics: NewMetrics(prometheus.NewRegistry()), waiting: make(chan *pending, 10)}
	p.router, _ = newRouter(Options{CompressFrom: 100, Metrics: p.metrics})
	p.router.Handle("GET", "/wait", func(w http.ResponseWriter, r *http.Request) (any, error) {
		may, atOnce := MayRest(w, r)
		if !may {
			return "not resting", nil
		}
		later := &pending{atOnce: atOnce, awaiting: make(chan struct{}, 10), left: make(chan struct{})}
		p.waiting <- later
		return later, nil
	})
	p.router.Handle("PUT", "/echo", func(_ http.ResponseWriter, r *http.Request) (any, error) {
		body, err := io.ReadAll(r.Body)
		return string(body), err
	})
	p.serve(encrypted)
	return p
}

func (p *pendings) serve(encrypted bool) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(p.t, err)
	l := Listener{Listener: listener, Handler: p.router}
	p.url = listener.Addr().String()
	if encrypted {
		dir := p.t.TempDir()
		certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
		writePair(p.t, certFile, keyFile, 1, time.Now())
		l.TLS, err = LoadTLS(certFile, keyFile)
		require.NoError(p.t, err)
		p.tls = &tls.Config{InsecureSkipVerify: true}
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, l) }()
	p.stop = sync.OnceValue(func() error { cancel(); return <-served })
	p.t.Cleanup(func() { _ = p.stop() })
}

// dial opens a connection.
func (p *pendings) dial() (net.Conn, *bufio.Reader) {
	p.t.Helper()
	conn, err := net.Dial("tcp", p.url)
	require.NoError(p.t, err)
	if p.tls != nil {
		conn = tls.Client(conn, p.tls)
	}
	require.NoError(p.t, conn.SetDeadline(time.Now().Add(withPatience)))
	p.t.Cleanup(func() { _ = conn.Close() })
	return conn, bufio.NewReader(conn)
}

func (p *pendings) send(conn net.Conn, text string) {
	p.t.Helper()
	_, err := io.WriteString(conn, text)
	require.NoError(p.t, err)
}

// rests returns the next request that waits, once it rests.
func (p *pendings) rests() *pending {
	p.t.Helper()
	select {
	case later := <-p.waiting:
		<-later.awaiting
		return later
	case <-time.After(withPatience):
		require.FailNow(p.t, "no request waits")
		return nil
	}
}

func (p *pendings) read(in *bufio.Reader) (*http.Response, string) {
	p.t.Helper()
	res, err := http.ReadResponse(in, nil)
	require.NoError(p.t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(p.t, err)
	return res, string(body)
}

func (p *pendings) inFlight() float64 {
	return testutil.ToFloat64(p.metrics.inFlight.WithLabelValues("client"))
}

const (
	askWait = "GET /wait?since=1 HTTP/1.1\r\nHost: a\r\n\r\n"
	askEcho = "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
)

// forEach runs a test without and with TLS.
func forEach(t *testing.T, test func(t *testing.T, p *pendings)) {
	for _, encrypted := range []bool{false, true} {
		t.Run(fmt.Sprintf("tls=%v", encrypted), func(t *testing.T) {
			t.Parallel()
			test(t, newPendings(t, encrypted))
		})
	}
}

func TestAConnectionServesWhateverFollowsARequestThatRested(t *testing.T) {
	forEach(t, func(t *testing.T, p *pendings) {
		conn, in := p.dial()
		for round := range 3 {
			for i, news := range []string{"one", "two", "three"} { // at first the second is read without net/http, the third is not
				p.send(conn, askWait)
				later := p.rests()
				if i == 0 && round == 0 {
					time.Sleep(soon)
				}
				require.EqualValues(t, 1, p.inFlight())
				require.Equal(t, i == 1 && round == 0, later.atOnce)
				later.answer(func(context.Context) (any, error) { return nil, nil }) // nothing yet
				<-later.awaiting
				later.say(news)
				res, body := p.read(in)
				<-later.left
				require.Equal(t, `"`+news+`"`, strings.TrimSpace(body))
				require.Equal(t, 200, res.StatusCode)
				require.Equal(t, "*", res.Header.Get("Access-Control-Allow-Origin"))
				require.Equal(t, "application/json", res.Header.Get("Content-Type"))
				require.NotEmpty(t, res.Header.Get("Date"))
			}
			p.send(conn, askEcho)
			_, body := p.read(in)
			require.Equal(t, `"body"`, strings.TrimSpace(body), "round %d", round)
		}
		require.Eventually(t, func() bool { return p.inFlight() == 0 }, withPatience, time.Millisecond)
		total := p.metrics.total.WithLabelValues("client", "/wait", "GET", "200")
		require.EqualValues(t, 9, testutil.ToFloat64(total), "each is counted once")
	})
}

func TestErrorsPanicsAndLongAnswersOfARequestThatRested(t *testing.T) {
	p := newPendings(t, false)
	conn, in := p.dial()
	p.send(conn, askWait)
	p.rests().answer(func(context.Context) (any, error) { return nil, InvalidParam("no such token") })
	res, body := p.read(in)
	require.Equal(t, 400, res.StatusCode)
	require.Contains(t, body, "M_INVALID_PARAM")

	p.send(conn, askWait)
	p.rests().answer(func(context.Context) (any, error) { panic("a fault") })
	res, body = p.read(in)
	require.Equal(t, 500, res.StatusCode)
	require.NotContains(t, body, "a fault")

	p.send(conn, "GET /wait?since=1 HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n")
	p.rests().say(strings.Repeat("long ", 100_000))
	res, body = p.read(in)
	require.Equal(t, "gzip", res.Header.Get("Content-Encoding"))
	require.Less(t, len(body), 100_000)
}

func TestAClientThatLeavesEndsItsRequestThatRests(t *testing.T) {
	forEach(t, func(t *testing.T, p *pendings) {
		for _, first := range []string{"", askWait} { // a connection that came from net/http, and one that was kept
			conn, in := p.dial()
			if first != "" {
				p.send(conn, first)
				later := p.rests()
				time.Sleep(soon)
				later.say("news")
				p.read(in)
			}
			p.send(conn, askWait)
			later := p.rests()
			require.NoError(t, conn.Close())
			<-later.left
		}
		require.Eventually(t, func() bool { return p.inFlight() == 0 }, withPatience, time.Millisecond)
		require.EqualValues(t, 2, testutil.ToFloat64(p.metrics.total.WithLabelValues("client", "/wait", "GET", "499")))
	})
}

func TestAClientThatLeavesCancelsTheSearchForItsAnswer(t *testing.T) {
	p := newPendings(t, false)
	conn, _ := p.dial()
	p.send(conn, askWait)
	later, searching := p.rests(), make(chan struct{})
	later.answer(func(ctx context.Context) (any, error) {
		close(searching)
		<-ctx.Done()
		return nil, ctx.Err()
	})
	<-searching
	require.NoError(t, conn.Close())
	<-later.left
}

func TestWhatAClientSendsBeforeTheAnswerIsServedAfterIt(t *testing.T) {
	forEach(t, func(t *testing.T, p *pendings) {
		conn, in := p.dial()
		for range 3 {
			p.send(conn, askWait+askEcho+askWait+askEcho)
			for range 2 {
				p.rests().say("news")
				_, body := p.read(in)
				require.Equal(t, `"news"`, strings.TrimSpace(body))
				_, body = p.read(in)
				require.Equal(t, `"body"`, strings.TrimSpace(body))
			}
		}
		p.send(conn, askWait)
		later := p.rests()
		p.send(conn, askEcho) // while it rests already
		later.say("news")
		p.read(in)
		_, body := p.read(in)
		require.Equal(t, `"body"`, strings.TrimSpace(body))
	})
}

func TestADrainAnswersRequestsThatRestAndClosesConnections(t *testing.T) {
	forEach(t, func(t *testing.T, p *pendings) {
		waits, waiting := p.dial()
		p.send(waits, askWait)
		p.rests()
		idle, resting := p.dial()
		p.send(idle, askWait)
		p.rests().say("news")
		p.read(resting)
		start := time.Now()
		require.NoError(t, p.stop())
		require.Less(t, time.Since(start), DrainTimeout)
		res, body := p.read(waiting)
		require.Equal(t, `"drained"`, strings.TrimSpace(body))
		require.True(t, res.Close)
		for _, in := range []*bufio.Reader{waiting, resting} {
			_, err := in.ReadByte()
			require.ErrorIs(t, err, io.EOF)
		}
	})
}

func TestAnAnswerThatDoesNotComeIsCutOffByADrain(t *testing.T) {
	base, cut := context.WithCancel(t.Context())
	defer cut()
	l := newLot(base)
	go l.run()
	near, far := net.Pipe()
	defer far.Close()
	s := &spot{lot: l, conn: near, busy: true} // works, and does not end
	require.True(t, l.enter(s))
	deadline, cancel := context.WithCancel(t.Context())
	cancel()
	l.drain(deadline, cut)
	require.Error(t, base.Err())
	_, err := far.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	require.False(t, l.enter(&spot{lot: l}), "nothing leaves its goroutine any more")
}

func TestAConnectionThatRestsForLongIsClosed(t *testing.T) {
	l := newLot(t.Context())
	defer l.sight.close()
	near, far := net.Pipe()
	defer far.Close()
	now := time.Now()
	s := &spot{lot: l, conn: near, resting: true, until: now}
	require.True(t, l.enter(s))
	require.True(t, s.restsAfter(now))
	require.False(t, s.restsAfter(now.Add(time.Second)))
	_, err := far.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	require.Empty(t, l.all())
}

func TestHTTP2AndRequestsThatEndTheirConnectionDoNotRest(t *testing.T) {
	p := newPendings(t, true)
	transport := &http.Transport{TLSClientConfig: p.tls.Clone(), ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport}).Get("https://" + p.url + "/wait")
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, 2, res.ProtoMajor)
	require.Equal(t, `"not resting"`, strings.TrimSpace(string(body)))

	for _, request := range []string{
		"GET /wait HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		"GET /wait HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
		"GET /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
	} {
		conn, in := p.dial()
		p.send(conn, request)
		_, text := p.read(in)
		require.Equal(t, `"not resting"`, strings.TrimSpace(text))
	}
}

func TestAClientThatDoesNotReadItsLateAnswerHasItsPlaceFreed(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	w := &lateAnswer{conn: near}
	require.NoError(t, near.Close())
	sendJSON(w, 200, []byte("{}"))
	require.False(t, w.complete)
	_, err := w.Write([]byte("again"))
	require.True(t, errors.Is(err, io.ErrShortWrite))
}
