package web

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

const plainSync = "GET /sync?timeout=30000&since=s1 HTTP/1.1\r\nHost: a.test\r\nAuthorization: Bearer x\r\nAccept-Encoding: gzip\r\n\r\n"

func newReading() *reading { return &reading{in: bufio.NewReaderSize(nil, maxPlain)} }

func TestOnlyPlainRequestsAreServedWithoutNetHTTP(t *testing.T) {
	r := newReading().plain([]byte(plainSync), "/sync")
	require.NotNil(t, r)
	require.Equal(t, "s1", r.URL.Query().Get("since"))
	require.Equal(t, "Bearer x", r.Header.Get("Authorization"))
	require.Equal(t, "a.test", r.Host)
	for name, raw := range map[string]string{
		"nothing":            "",
		"a part":             plainSync[:len(plainSync)-2],
		"more than one":      plainSync + plainSync,
		"another method":     "PUT /sync HTTP/1.1\r\nHost: a\r\n\r\n",
		"another path":       "GET /synced HTTP/1.1\r\nHost: a\r\n\r\n",
		"an escaped path":    "GET /sync%2e HTTP/1.1\r\nHost: a\r\n\r\n",
		"an older version":   "GET /sync HTTP/1.0\r\nHost: a\r\n\r\n",
		"no host":            "GET /sync HTTP/1.1\r\n\r\n",
		"two hosts":          "GET /sync HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n",
		"a broken host":      "GET /sync HTTP/1.1\r\nHost: a b\r\n\r\n",
		"a body":             "GET /sync HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n",
		"chunks":             "GET /sync HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
		"an end":             "GET /sync HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		"an upgrade":         "GET /sync HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n",
		"an expectation":     "GET /sync HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
		"a folded line":      "GET /sync HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n",
		"a bare line feed":   "GET /sync HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n",
		"a space in a name":  "GET /sync HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n",
		"a control":          "GET /sync HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n",
		"beyond ASCII":       "GET /sync HTTP/1.1\r\nHost: a\r\nX: é\r\n\r\n",
		"a name of nothing":  "GET /sync HTTP/1.1\r\nHost: a\r\n: 1\r\n\r\n",
		"no name at all":     "GET /sync HTTP/1.1\r\nHost: a\r\nX\r\n\r\n",
		"a broken parameter": "GET /sync?a b HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		require.Nil(t, newReading().plain([]byte(raw), "/sync"), name)
	}
}

// FuzzPlain: what is read here, net/http reads as the same request.
func FuzzPlain(f *testing.F) {
	f.Add([]byte(plainSync))
	f.Add([]byte("GET /sync HTTP/1.1\r\nHost: [::1]:8008\r\nX-Y: a:b\r\nx-y: c\r\n\r\n"))
	var got *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r }))
	f.Cleanup(server.Close)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > maxPlain {
			return
		}
		r := newReading().plain(raw, "/sync")
		if r == nil {
			return
		}
		got = nil
		res := overTheWire(t, server.Listener.Addr().String(), raw)
		require.Equal(t, 200, res.StatusCode)
		require.NotNil(t, got)
		require.Equal(t, got.URL.String(), r.URL.String())
		require.Equal(t, got.Host, r.Host)
		require.Equal(t, got.Header, r.Header)
		require.Equal(t, got.ContentLength, r.ContentLength)
	})
}

func overTheWire(t *testing.T, address string, raw []byte) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.Copy(conn, bytes.NewReader(raw))
	require.NoError(t, err)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res
}
