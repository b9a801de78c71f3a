package netguard

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var loopback = Policy{Allow: prefixes("127.0.0.1/32")}

// rebinding answers each look-up of a name with the next list.
type rebinding struct {
	answers [][]netip.Addr
	asked   atomic.Int32
}

func (r *rebinding) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	n := int(r.asked.Add(1)) - 1
	return r.answers[min(n, len(r.answers)-1)], nil
}

func newClient(t *testing.T, o Options) *Client {
	c := New(o)
	t.Cleanup(c.Close)
	return c
}

func newServer(t *testing.T, h http.HandlerFunc) *httptest.Server {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func get(t *testing.T, c *Client, ctx context.Context, target string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, "GET", target, nil)
	require.NoError(t, err)
	resp, err := c.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

func TestPrivateAddressesAreRefusedHoweverWritten(t *testing.T) {
	var reached atomic.Bool
	s := newServer(t, func(http.ResponseWriter, *http.Request) { reached.Store(true) })
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	require.NoError(t, err)
	c := newClient(t, Options{Timeout: 5 * time.Second})
	for _, host := range []string{"127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "0.0.0.0",
		"[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::1]", "[::]", "[64:ff9b::7f00:1]"} {
		_, err := get(t, c, t.Context(), "http://"+host+":"+port+"/")
		require.Error(t, err, host)
	}
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
		_, err := get(t, c, t.Context(), "http://"+host+":"+port+"/")
		require.ErrorIs(t, err, ErrBlocked, host)
	}
	require.False(t, reached.Load())
	allowed := newClient(t, Options{Policy: loopback})
	_, err = get(t, allowed, t.Context(), s.URL)
	require.NoError(t, err)
	require.True(t, reached.Load())
}

func TestRebindingIsCaughtWhenConnecting(t *testing.T) {
	var calls atomic.Int32
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request) { calls.Add(1); w.Header().Set("Connection", "close") })
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	require.NoError(t, err)
	// 127.0.0.1 stands for a public address, 127.0.0.2 for the private one that the name is moved to.
	names := &rebinding{answers: [][]netip.Addr{{netip.MustParseAddr("127.0.0.1")}, {netip.MustParseAddr("127.0.0.2")}}}
	c := newClient(t, Options{Policy: loopback, Resolver: names})
	_, err = get(t, c, t.Context(), "http://evil.example:"+port+"/")
	require.NoError(t, err)
	_, err = get(t, c, t.Context(), "http://evil.example:"+port+"/")
	require.ErrorIs(t, err, ErrBlocked)
	require.EqualValues(t, 1, calls.Load())

	mixed := &rebinding{answers: [][]netip.Addr{{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("127.0.0.1")}}}
	_, err = get(t, newClient(t, Options{Policy: loopback, Resolver: mixed}), t.Context(), "http://mixed.example:"+port+"/")
	require.NoError(t, err, "an allowed address behind a refused one is used")
}

func TestRedirects(t *testing.T) {
	inner := newServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "secret") })
	_, innerPort, err := net.SplitHostPort(inner.Listener.Addr().String())
	require.NoError(t, err)
	var hops atomic.Int32
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/private":
			http.Redirect(w, r, "http://127.0.0.2:"+innerPort+"/", http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/loop":
			hops.Add(1)
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/once":
			http.Redirect(w, r, "/end", http.StatusFound)
		default:
			_, _ = io.WriteString(w, "arrived")
		}
	})
	c := newClient(t, Options{Policy: loopback, MaxRedirects: 3})
	_, err = get(t, c, t.Context(), s.URL+"/private")
	require.ErrorIs(t, err, ErrBlocked)
	_, err = get(t, c, t.Context(), s.URL+"/file")
	require.ErrorIs(t, err, ErrBlocked)
	_, err = get(t, c, t.Context(), s.URL+"/loop")
	require.ErrorContains(t, err, "more than 3 redirects")
	require.EqualValues(t, 4, hops.Load())
	text, err := get(t, c, t.Context(), s.URL+"/once")
	require.NoError(t, err)
	require.Equal(t, "arrived", text)

	none := newClient(t, Options{Policy: loopback, MaxRedirects: -1})
	text, err = get(t, none, t.Context(), s.URL+"/once")
	require.NoError(t, err)
	require.Contains(t, text, "Found")
}

func TestOnlyNamedHosts(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "http://other.example/", http.StatusFound)
		}
	})
	_, err := get(t, newClient(t, Options{Hosts: []string{"127.0.0.1"}}), t.Context(), s.URL)
	require.ErrorIs(t, err, ErrBlocked, "a name alone allows no private address")
	c := newClient(t, Options{Policy: loopback, Hosts: []string{"127.0.0.1"}})
	_, err = get(t, c, t.Context(), s.URL)
	require.NoError(t, err)
	for _, target := range []string{"http://localhost/", "http://8.8.8.8/", s.URL + "/away"} {
		_, err = get(t, c, t.Context(), target)
		require.ErrorIs(t, err, ErrBlocked, target)
	}
	metadata := &rebinding{answers: [][]netip.Addr{{netip.MustParseAddr("169.254.169.254")}}}
	everywhere := Policy{Allow: prefixes("0.0.0.0/0")}
	_, err = get(t, newClient(t, Options{Policy: everywhere, Hosts: []string{"engine.example"}, Resolver: metadata}), t.Context(), "http://engine.example/")
	require.ErrorIs(t, err, ErrBlocked)
	for _, target := range []string{"ftp://127.0.0.1/", "http:///x"} {
		_, err = get(t, c, t.Context(), target)
		require.ErrorIs(t, err, ErrBlocked, target)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/announced":
			w.Header().Set("Content-Length", "1001")
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			zip := gzip.NewWriter(w)
			_, _ = zip.Write(make([]byte, 1<<20))
			_ = zip.Close()
			return
		case "/exact":
			_, _ = io.WriteString(w, strings.Repeat("a", 1000))
			return
		default:
			w.(http.Flusher).Flush()
		}
		_, _ = io.WriteString(w, strings.Repeat("a", 1001))
	})
	c := newClient(t, Options{Policy: loopback, MaxBody: 1000})
	for _, path := range []string{"/announced", "/chunked", "/bomb"} {
		text, err := get(t, c, t.Context(), s.URL+path)
		require.ErrorIs(t, err, ErrBodyTooLarge, path)
		require.LessOrEqual(t, len(text), 1000)
	}
	text, err := get(t, c, t.Context(), s.URL+"/exact")
	require.NoError(t, err)
	require.Len(t, text, 1000)
	text, err = get(t, c, WithMaxBody(t.Context(), 2000), s.URL+"/chunked")
	require.NoError(t, err)
	require.Len(t, text, 1001)
}

func TestDeadlineCoversTheBody(t *testing.T) {
	release := make(chan struct{})
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(release) })
	c := newClient(t, Options{Policy: loopback, Timeout: 50 * time.Millisecond})
	_, err := get(t, c, t.Context(), s.URL)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestEnvironmentProxiesAreIgnored(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	names := &rebinding{answers: [][]netip.Addr{{netip.MustParseAddr("127.0.0.1")}}}
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host) })
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	require.NoError(t, err)
	text, err := get(t, newClient(t, Options{Policy: loopback, Resolver: names}), t.Context(), "http://a.example:"+port)
	require.NoError(t, err)
	require.Equal(t, "a.example:"+port, text)

	proxy, err := url.Parse(s.URL)
	require.NoError(t, err)
	text, err = get(t, newClient(t, Options{Policy: loopback, Proxy: proxy}), t.Context(), "http://anywhere.example/")
	require.NoError(t, err)
	require.Equal(t, "anywhere.example", text, "the configured proxy is used")
}

// newTLSServer answers with its name, the Host header and the protocol.
func newTLSServer(t *testing.T) (s *httptest.Server, roots *x509.CertPool) {
	s = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %s", r.TLS.ServerName, r.Host, r.Proto)
	}))
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	s.StartTLS()
	t.Cleanup(s.Close)
	roots = x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s, roots
}

func TestTargets(t *testing.T) {
	s, roots := newTLSServer(t) // its certificate is for example.com, 127.0.0.1 and ::1
	c := newClient(t, Options{Policy: loopback, RootCAs: roots})
	addr := s.Listener.Addr().String()

	text, err := get(t, c, WithTarget(t.Context(), Target{Addr: addr, TLSServerName: "example.com"}), "https://hospital.example/_matrix/x")
	require.NoError(t, err)
	require.Equal(t, "example.com hospital.example HTTP/2.0", text)

	text, err = get(t, c, WithTarget(t.Context(), Target{Addr: addr, TLSServerName: "127.0.0.1"}), "https://127.0.0.1:8448/x")
	require.NoError(t, err)
	require.Equal(t, " 127.0.0.1:8448 HTTP/2.0", text)

	_, err = get(t, c, WithTarget(t.Context(), Target{Addr: addr, TLSServerName: "other.example"}), "https://hospital.example/")
	var wrongName x509.HostnameError
	require.ErrorAs(t, err, &wrongName, "a connection that was made for another name is not used")
	require.NotContains(t, err.Error(), Target{Addr: addr, TLSServerName: "other.example"}.poolName())

	_, err = get(t, c, WithTarget(t.Context(), Target{Addr: "127.0.0.2:8448", TLSServerName: "example.com"}), "https://hospital.example/")
	require.ErrorIs(t, err, ErrBlocked)
	_, err = get(t, c, WithTarget(t.Context(), Target{Addr: addr, TLSServerName: "example.com"}), "http://hospital.example/")
	require.ErrorContains(t, err, "must be https")

	text, err = get(t, c, t.Context(), s.URL)
	require.NoError(t, err)
	require.Equal(t, " "+addr+" HTTP/2.0", text, "without a target the URL decides")
	_, err = get(t, newClient(t, Options{Policy: loopback}), t.Context(), s.URL)
	require.ErrorAs(t, err, new(x509.UnknownAuthorityError), "only configured roots are trusted")
}

func TestDoLeavesTheRequestAlone(t *testing.T) {
	s, roots := newTLSServer(t)
	c := newClient(t, Options{Policy: loopback, RootCAs: roots, UserAgent: "medix"})
	req, err := http.NewRequestWithContext(WithTarget(t.Context(), Target{Addr: s.Listener.Addr().String(), TLSServerName: "example.com"}),
		"GET", "https://hospital.example/x", nil)
	require.NoError(t, err)
	resp, err := c.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, "hospital.example", req.URL.Host)
	require.Empty(t, req.Header)
	require.Same(t, req, resp.Request)
}

func TestLoadRoots(t *testing.T) {
	s, _ := newTLSServer(t)
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600))
	roots, err := LoadRoots(file)
	require.NoError(t, err)
	_, err = get(t, newClient(t, Options{Policy: loopback, RootCAs: roots}), t.Context(), s.URL)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte("no certificate"), 0o600))
	_, err = LoadRoots(file)
	require.ErrorContains(t, err, "holds no certificate")
}

func TestDialingObeysTheSamePolicy(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, listener.Close()) }()
	addr := listener.Addr().String()
	for name, tc := range map[string]struct {
		options Options
		blocked bool
	}{
		"public addresses only": {Options{}, true},
		"its network is named":  {Options{Policy: Policy{Allow: prefixes("127.0.0.0/8")}}, false},
		"its host is named":     {Options{Policy: Policy{Allow: prefixes("0.0.0.0/0")}, Hosts: []string{"127.0.0.1"}}, false},
		"another host is named": {Options{Policy: Policy{Allow: prefixes("0.0.0.0/0")}, Hosts: []string{"127.0.0.2"}}, true},
	} {
		conn, err := New(tc.options).Dial(t.Context(), "tcp", addr)
		if tc.blocked {
			require.ErrorIs(t, err, ErrBlocked, name)
			continue
		}
		require.NoError(t, err, name)
		require.NoError(t, conn.Close())
	}
}
