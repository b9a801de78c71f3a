package netguard

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Defaults for what Options leaves zero.
const (
	DefaultTimeout      = 30 * time.Second
	DefaultMaxBody      = 50 << 20
	DefaultMaxRedirects = 5
	DefaultMaxConns     = 8
	DefaultKeptConns    = 2

	dialTimeout      = 10 * time.Second
	handshakeTimeout = 10 * time.Second
	idleConnTimeout  = 2 * time.Minute
	maxIdleConns     = 512
	maxHeaderBytes   = 64 << 10
)

// ErrBodyTooLarge is returned by reading an answer that is longer than allowed.
var ErrBodyTooLarge = errors.New("the answer is larger than allowed")

// Resolver finds the addresses of a name; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Options configures a Client. Zero values mean the defaults above.
type Options struct {
	Policy Policy
	// Hosts, if not empty, are the only hosts (as written in URLs, without port) that may be called at all. Where they are
	// the policy says; link-local addresses (metadata services) and multicast are refused even if it allows them.
	Hosts []string
	// RootCAs are the trusted certificate authorities; nil means the system's.
	RootCAs *x509.CertPool
	// Timeout bounds a whole exchange, reading the body included, where the request's context is not shorter.
	Timeout time.Duration
	// MaxBody bounds the bytes of an answer's body, after decompression.
	MaxBody int64
	// MaxRedirects bounds redirects; negative means that none is followed and the 3xx answer is returned.
	MaxRedirects int
	// MaxConnsPerHost bounds connections to one host.
	MaxConnsPerHost int
	// KeepPerHost bounds those of them that are kept while idle.
	KeepPerHost int
	// Proxy, if set, is used for every call without a Target; its own address must be allowed, and the proxy then decides where
	// calls go. The environment's proxies are ignored.
	Proxy *url.URL
	// Resolver replaces the system's, for tests.
	Resolver Resolver
	// UserAgent is sent where the request has none.
	UserAgent string
}

// Client calls out under a policy. It is safe for concurrent use; Close releases its idle connections.
type Client struct {
	opts     Options
	policy   Policy
	http     *http.Client
	direct   *http.Transport
	resolver Resolver
}

// New returns a client.
func New(opts Options) *Client {
	if opts.Timeout <= 0 {
		opts.Timeout = DefaultTimeout
	}
	if opts.MaxBody <= 0 {
		opts.MaxBody = DefaultMaxBody
	}
	if opts.MaxRedirects == 0 {
		opts.MaxRedirects = DefaultMaxRedirects
	}
	if opts.MaxConnsPerHost <= 0 {
		opts.MaxConnsPerHost = DefaultMaxConns
	}
	if opts.KeepPerHost <= 0 {
		opts.KeepPerHost = DefaultKeptConns
	}
	c := &Client{opts: opts, policy: opts.Policy, resolver: opts.Resolver}
	if len(opts.Hosts) > 0 {
		c.policy.Deny = append(slices.Clone(c.policy.Deny),
			prefixes("169.254.0.0/16", "fe80::/10", "224.0.0.0/4", "ff00::/8")...)
	}
	c.direct = c.transport()
	proxied := c.transport()
	if opts.Proxy != nil {
		proxied.Proxy = http.ProxyURL(opts.Proxy)
	}
	c.http = &http.Client{Transport: proxied, CheckRedirect: c.checkRedirect}
	return c
}

// Close closes idle connections. Calls under way go on.
func (c *Client) Close() {
	c.direct.CloseIdleConnections()
	c.http.CloseIdleConnections()
}

func (c *Client) transport() *http.Transport {
	return &http.Transport{
		DialContext:            c.dial,
		DialTLSContext:         c.dialTLS,
		TLSClientConfig:        &tls.Config{RootCAs: c.opts.RootCAs, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    handshakeTimeout,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           maxIdleConns,
		MaxIdleConnsPerHost:    c.opts.KeepPerHost,
		MaxConnsPerHost:        c.opts.MaxConnsPerHost,
		IdleConnTimeout:        idleConnTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
}

// Target is where a request really goes when its URL does not say so: federation resolves a server name to an
// address, and another name stands in the certificate.
type Target struct {
	// Addr is the host:port to connect to; the host may be a name and is then resolved and checked.
	Addr string
	// TLSServerName is the name (or IP address) that the certificate must be valid for.
	TLSServerName string
}

type targetKey struct{}

// WithTarget returns a context whose requests, which must be https, connect to t. The URL's host, or Request.Host if set,
// is sent as the Host header. Connections are shared by equal targets only. Redirects are not followed, since they would be for another
// target.
func WithTarget(ctx context.Context, t Target) context.Context {
	return context.WithValue(ctx, targetKey{}, t)
}

type maxBodyKey struct{}

// WithMaxBody returns a context whose requests allow answers of n bytes instead of the client's limit.
func WithMaxBody(ctx context.Context, n int64) context.Context {
	return context.WithValue(ctx, maxBodyKey{}, n)
}

// Do sends req. Besides the errors of net/http there are those that wrap ErrBlocked, and ErrBodyTooLarge, here or when
// the body is read. As with http.Client the caller must close the body; that also ends the exchange's deadline.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	if err := c.checkURL(req.URL); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(req.Context(), c.opts.Timeout)
	out := req.Clone(ctx)
	if out.Header.Get("User-Agent") == "" && c.opts.UserAgent != "" {
		out.Header.Set("User-Agent", c.opts.UserAgent)
	}
	resp, err := c.send(out)
	if err != nil {
		cancel()
		return nil, err
	}
	limit := c.opts.MaxBody
	if n, ok := ctx.Value(maxBodyKey{}).(int64); ok {
		limit = n
	}
	if resp.ContentLength > limit {
		resp.Body.Close()
		cancel()
		return nil, fmt.Errorf("%s announces %d bytes: %w", req.URL.Host, resp.ContentLength, ErrBodyTooLarge)
	}
	resp.Request = req
	resp.Body = &boundedBody{body: resp.Body, left: limit, done: cancel}
	return resp, nil
}

func (c *Client) send(req *http.Request) (*http.Response, error) {
	target, ok := req.Context().Value(targetKey{}).(Target)
	if !ok {
		return c.http.Do(req)
	}
	if req.URL.Scheme != "https" {
		return nil, fmt.Errorf("a request with a target must be https, not %s", req.URL.Scheme)
	}
	host := req.URL.Host
	if req.Host == "" {
		req.Host = host
	}
	// The transport shares connections by the URL's host; so equal targets get one name and different ones never do.
	u := *req.URL
	u.Host = target.poolName()
	req.URL = &u
	resp, err := c.direct.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("calling %s: %w", host, err)
	}
	return resp, nil
}

func (t Target) poolName() string {
	sum := sha256.Sum256([]byte(t.Addr + "\x00" + t.TLSServerName))
	return hex.EncodeToString(sum[:16])
}

func (c *Client) checkURL(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("scheme %q: %w", u.Scheme, ErrBlocked)
	}
	if u.Hostname() == "" {
		return fmt.Errorf("a URL without host: %w", ErrBlocked)
	}
	if len(c.opts.Hosts) == 0 || slices.ContainsFunc(c.opts.Hosts, func(h string) bool { return strings.EqualFold(h, u.Hostname()) }) {
		return nil
	}
	return fmt.Errorf("host %s is not one that the configuration names: %w", u.Hostname(), ErrBlocked)
}

func (c *Client) checkRedirect(req *http.Request, via []*http.Request) error {
	if c.opts.MaxRedirects < 0 {
		return http.ErrUseLastResponse
	}
	if len(via) > c.opts.MaxRedirects {
		return fmt.Errorf("more than %d redirects", c.opts.MaxRedirects)
	}
	if via[0].URL.Scheme == "https" && req.URL.Scheme != "https" {
		return fmt.Errorf("a redirect from https to %s: %w", req.URL.Scheme, ErrBlocked)
	}
	return c.checkURL(req.URL)
}

// control runs after resolution and before connecting, for every address that is tried.
func (c *Client) control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, ErrBlocked)
	}
	return c.policy.Check(ap.Addr())
}

// Dial connects to an address for a protocol that is not HTTP, under the same policy. The host must be one of Options.Hosts where
// these are given.
func (c *Client) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", addr, err)
	}
	if len(c.opts.Hosts) > 0 && !slices.ContainsFunc(c.opts.Hosts, func(h string) bool { return strings.EqualFold(h, host) }) {
		return nil, fmt.Errorf("host %s is not one that the configuration names: %w", host, ErrBlocked)
	}
	return c.dial(ctx, network, addr)
}

func (c *Client) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second, Control: c.control}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", addr, err)
	}
	if _, err := netip.ParseAddr(host); c.resolver == nil || err == nil {
		return dialer.DialContext(ctx, network, addr)
	}
	addrs, err := c.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("resolving %s: %w", host, err)
	}
	err = fmt.Errorf("%s has no address", host)
	for _, a := range addrs {
		var conn net.Conn
		if conn, err = dialer.DialContext(ctx, network, net.JoinHostPort(a.String(), port)); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

func (c *Client) dialTLS(ctx context.Context, network, addr string) (net.Conn, error) {
	name, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", addr, err)
	}
	if target, ok := ctx.Value(targetKey{}).(Target); ok {
		addr, name = target.Addr, target.TLSServerName
	}
	conn, err := c.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	secured := tls.Client(conn, &tls.Config{ServerName: strings.Trim(name, "[]"), RootCAs: c.opts.RootCAs,
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}})
	if err := secured.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, fmt.Errorf("securing the connection to %s: %w", name, err)
	}
	return secured, nil
}

// boundedBody limits a body and ends the exchange's deadline when it is closed.
type boundedBody struct {
	body io.ReadCloser
	left int64
	done context.CancelFunc
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, ErrBodyTooLarge
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.body.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return n - 1, ErrBodyTooLarge
	}
	return n, err
}

func (b *boundedBody) Close() error {
	defer b.done()
	return b.body.Close()
}
