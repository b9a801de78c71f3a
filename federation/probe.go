package federation

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"medixchange/internal/netguard"
	"medixchange/internal/signing"
)

const (
	// probeTimeout bounds one request of an examination, and probeAnswer the bytes of its answer.
	probeTimeout = 15 * time.Second
	// floodTimeout bounds one whose body is very large.
	floodTimeout = 45 * time.Second
	probeAnswer  = 1 << 20
)

// Place is one way to reach a server: where to connect, which name its certificate must be for, which Host to send.
type Place struct {
	Addr string `json:"addr"`
	Name string `json:"name"`
	Host string `json:"host"`
}

// Location is how discovery finds a server, each step told (Server-Server API, Resolving server names).
type Location struct {
	// Direct says that the name has a port or is an address, so that nothing was looked up.
	Direct bool
	// WellKnown is what the host's file said, if it was asked for.
	WellKnown WellKnownFile
	// Service is the one under which SRV records were found, "matrix-fed" or the deprecated "matrix"; "" without.
	Service string
	Places  []Place
}

// WellKnownFile is the answer to /.well-known/matrix/server.
type WellKnownFile struct {
	Asked  bool
	Status int    // 0 without an answer
	Server string // m.server, "" if there is none that can be used
	Err    error  // why it could not be used
}

// Locate follows discovery anew, without anything remembered. The error says that the name is no server name.
func (c *Client) Locate(ctx context.Context, server string) (Location, error) {
	return c.transport.discovery.locate(ctx, server)
}

func (d *discovery) locate(ctx context.Context, server string) (Location, error) {
	watch := &lookupWatch{doer: d.wellKnown.http, srvLookup: d.srv, services: make(chan string, 4)}
	r, err := newDiscovery(newWellKnowns(watch, d.now), watch, d.now).search(ctx, server)
	if err != nil {
		return Location{}, err
	}
	_, isDirect := direct(server)
	l := Location{Direct: isDirect, WellKnown: watch.file}
	for _, t := range r.targets {
		l.Places = append(l.Places, Place{Addr: t.Addr, Name: t.TLSServerName, Host: t.host})
	}
	if len(watch.services) > 0 {
		l.Service = watch.service()
	}
	return l, nil
}

// lookupWatch notes what discovery is told on its way.
type lookupWatch struct {
	doer
	srvLookup
	file     WellKnownFile
	services chan string
}

// Do implements doer for the well-known file.
func (w *lookupWatch) Do(req *http.Request) (*http.Response, error) {
	w.file.Asked = true
	resp, err := w.doer.Do(req)
	if err != nil {
		w.file.Err = err
		return nil, err
	}
	w.file.Status = resp.StatusCode
	if resp.StatusCode != http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.file.Err = err
		return nil, err
	}
	w.file.Server, w.file.Err = parseWellKnown(body)
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// LookupSRV implements srvLookup. Both services may be looked up at the same time.
func (w *lookupWatch) LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error) {
	cname, records, err := w.srvLookup.LookupSRV(ctx, service, proto, name)
	if len(records) > 0 {
		w.services <- service
	}
	return cname, records, err
}

// service is the one that discovery goes by: the current name before the deprecated one.
func (w *lookupWatch) service() string {
	for range len(w.services) {
		if service := <-w.services; service == "matrix-fed" {
			return service
		}
	}
	return "matrix"
}

// Fetch sends a request to the address in its URL, under the same policy as everything of federation. The caller closes the
// body of the answer.
func (c *Client) Fetch(req *http.Request) (*http.Response, error) { return c.transport.http.Do(req) }

// Claim is how a probe says who asks.
type Claim int

// The claims of a probe.
const (
	ClaimNone      Claim = iota // unsigned
	ClaimSigned                 // as every other request
	ClaimForged                 // with a signature that is wrong
	ClaimElsewhere              // signed for another server
)

// elsewhere is the destination of requests that are for another server; the name can never exist (RFC 2606).
const elsewhere = "elsewhere.invalid"

// Probe is one request that examines how a server answers. It may break the rules of the protocol on purpose.
type Probe struct {
	Server string
	At     Place
	Method string
	URI    string // escaped path and query
	Claim  Claim
	// Body is sent as it is; signed ones should be canonical JSON, or no JSON at all. Blanks follow it, unsigned.
	Body   []byte
	Blanks int64
}

// ProbeAnswer is what came back.
type ProbeAnswer struct {
	Status int
	Header http.Header
	Body   []byte
	TLS    *tls.ConnectionState
	Took   time.Duration
	At     time.Time // when the answer had come
}

// Probe asks a server at a place, whether it may take part or not, and follows no redirect. Any status is an answer.
func (c *Client) Probe(ctx context.Context, p Probe) (*ProbeAnswer, error) {
	return c.transport.probe(ctx, p, c.keys.now)
}

func (t *transport) probe(ctx context.Context, p Probe, now func() time.Time) (*ProbeAnswer, error) {
	timeout := probeTimeout
	if p.Blanks > 0 {
		timeout = floodTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	ctx = netguard.WithMaxBody(netguard.WithTarget(ctx, netguard.Target{Addr: p.At.Addr, TLSServerName: p.At.Name}), probeAnswer)
	req, err := http.NewRequestWithContext(ctx, p.Method, "https://"+p.At.Host+p.URI, p.body())
	if err != nil {
		return nil, fmt.Errorf("making a probe: %w", err)
	}
	if p.Body != nil {
		req.ContentLength = int64(len(p.Body)) + p.Blanks
		req.Header.Set("Content-Type", "application/json")
	}
	if p.Claim != ClaimNone {
		req.Header.Set("Authorization", t.claim(p))
	}
	began := time.Now()
	resp, err := t.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", p.Server, err)
	}
	defer resp.Body.Close()
	answer := &ProbeAnswer{Status: resp.StatusCode, Header: resp.Header, TLS: resp.TLS, At: now()}
	answer.Body, err = io.ReadAll(resp.Body)
	answer.Took = time.Since(began)
	if err != nil {
		return nil, fmt.Errorf("reading the answer of %s: %w", p.Server, err)
	}
	return answer, nil
}

func (p Probe) body() io.Reader {
	switch {
	case p.Body == nil:
		return http.NoBody
	case p.Blanks == 0:
		return bytes.NewReader(p.Body)
	}
	return io.MultiReader(bytes.NewReader(p.Body), io.LimitReader(blanks{}, p.Blanks))
}

// blanks reads as spaces without end.
type blanks struct{}

// Read implements io.Reader.
func (blanks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// claim writes the Authorization header that the probe asks for.
func (t *transport) claim(p Probe) string {
	destination := p.Server
	if p.Claim == ClaimElsewhere {
		destination = elsewhere
	}
	signature := ed25519.Sign(t.signer.Key.Private, requestPayload(p.Method, p.URI, t.name, destination, p.Body))
	if p.Claim == ClaimForged {
		signature[0] ^= 1
	}
	return xMatrix{origin: t.name, destination: destination, keyID: t.signer.KeyID(), signature: signing.EncodeBase64(signature)}.String()
}
