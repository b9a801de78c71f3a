package web

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestServeDrains(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	polling, working, release := make(chan struct{}), make(chan struct{}), make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/poll", func(w http.ResponseWriter, r *http.Request) {
		close(polling)
		select {
		case <-Draining(r.Context()):
			_, _ = io.WriteString(w, "drained")
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("/work", func(w http.ResponseWriter, r *http.Request) {
		close(working)
		<-release
		if r.Context().Err() == nil {
			_, _ = io.WriteString(w, "done")
		}
	})
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, Listener{Listener: listener, Handler: mux}) }()

	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answers := map[string]chan string{"/poll": make(chan string, 1), "/work": make(chan string, 1)}
	for path, answer := range answers {
		go func() {
			resp, err := client.Get("http://" + listener.Addr().String() + path)
			if err != nil {
				answer <- err.Error()
				return
			}
			defer resp.Body.Close()
			text, _ := io.ReadAll(resp.Body)
			answer <- string(text)
		}()
	}
	<-polling
	<-working
	stop()
	require.Equal(t, "drained", <-answers["/poll"], "a long poll ends at once")
	select {
	case err := <-served:
		t.Fatalf("did not wait for the other request: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	require.Equal(t, "done", <-answers["/work"])
	require.NoError(t, <-served)
}

func TestServeReportsAFailingListener(t *testing.T) {
	good, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	bad, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, bad.Close())
	err = Serve(t.Context(), Listener{Listener: good, Handler: http.NotFoundHandler()}, Listener{Listener: bad, Handler: http.NotFoundHandler()})
	require.ErrorContains(t, err, "serving on 127.0.0.1")
	_, err = net.Dial("tcp", good.Addr().String())
	require.Error(t, err, "all listeners are closed")
}

func TestDrainingOutsideAServerNeverHappens(t *testing.T) {
	select {
	case <-Draining(t.Context()):
		t.Fatal("draining")
	default:
	}
}
