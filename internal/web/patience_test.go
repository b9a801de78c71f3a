package web

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const shortPatience = 100 * time.Millisecond

// served runs a handler with short patience and opens a connection to it.
func served(t *testing.T, h http.HandlerFunc) net.Conn {
	t.Helper()
	return servedWith(t, shortPatience, h)
}

func servedWith(t *testing.T, piece time.Duration, h http.HandlerFunc) net.Conn {
	t.Helper()
	server := httptest.NewServer(patient(h, piece))
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestAClientThatDoesNotReadIsCutOff(t *testing.T) {
	ended := make(chan error, 1)
	conn := served(t, func(w http.ResponseWriter, _ *http.Request) {
		for piece := make([]byte, 8<<10); ; {
			if _, err := w.Write(piece); err != nil {
				ended <- err
				return
			}
		}
	})
	_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	require.NoError(t, err)
	require.ErrorContains(t, <-ended, "timeout")
}

func TestABodyThatStopsIsCutOff(t *testing.T) {
	ended := make(chan error, 1)
	conn := served(t, func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		ended <- err
	})
	_, err := io.WriteString(conn, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf")
	require.NoError(t, err)
	require.ErrorContains(t, <-ended, "timeout")
}

func TestALongPollAndAnIdleConnectionMayWait(t *testing.T) {
	conn := served(t, func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		select {
		case <-time.After(3 * shortPatience):
			_, _ = io.WriteString(w, "news")
		case <-r.Context().Done():
			t.Error("the request was given up")
		}
	})
	answers := bufio.NewReader(conn)
	for range 2 {
		_, err := io.WriteString(conn, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody")
		require.NoError(t, err)
		res, err := http.ReadResponse(answers, nil)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Equal(t, "news", string(body))
		time.Sleep(3 * shortPatience)
	}
}

// The whole takes longer than the patience, and each piece so much less that a busy machine does not matter.
func TestASlowUploadThatGoesOnIsTaken(t *testing.T) {
	const piece = 3 * time.Second
	got := make(chan string, 1)
	conn := servedWith(t, piece, func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		got <- fmt.Sprint(string(body), err)
	})
	_, err := io.WriteString(conn, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
	require.NoError(t, err)
	for _, letter := range strings.Split("slow", "") {
		time.Sleep(piece / 3)
		_, err := io.WriteString(conn, letter)
		require.NoError(t, err)
	}
	require.Equal(t, "slow<nil>", <-got)
}

func TestConnectionsAreBounded(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	listener := newCapped(inner, 2)
	defer listener.Close()
	accepted := make(chan net.Conn, 4)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- conn
		}
	}()
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", inner.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	dial()
	dial()
	first := <-accepted
	<-accepted
	_, err = dial().Read(make([]byte, 1))
	require.Error(t, err, "one too many is closed")
	require.NoError(t, first.Close())
	require.Error(t, first.Close(), "a second time gives no second place back")
	dial()
	require.NotNil(t, <-accepted)
	_, err = dial().Read(make([]byte, 1))
	require.Error(t, err)
}
