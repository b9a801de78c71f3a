package federation

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"medixchange/internal/netguard"
	"medixchange/internal/signing"
	"medixchange/rooms"
)

const (
	// smallAnswer bounds answers that are one object of a known kind; pages of events and lists may be as large as the
	// configuration allows.
	smallAnswer = 4 << 20
	// shortCall bounds requests that someone waits for and that cost the other server little.
	shortCall = 15 * time.Second
)

// transport sends requests to servers by their names. It is safe for concurrent use.
type transport struct {
	name      string
	signer    *signing.Signer
	http      *netguard.Client
	discovery *discovery
	gates     *gates
	allow     func(server string) bool
	timeout   time.Duration
	maxBody   int64
	metrics   *clientMetrics
}

// call is one request.
type call struct {
	server  string
	method  string
	uri     string        // escaped path and query
	body    []byte        // JSON; nil without
	timeout time.Duration // 0: the configuration's
	maxBody int64         // of the answer; 0: the configuration's
	// unsigned requests carry no Authorization (keys, the old media endpoints).
	unsigned bool
	// public asks for what proves itself and is open to all, so that also a server may be asked that may not take part.
	public bool
	// once marks what must not be sent twice without asking.
	once bool
	// canonical says that the body is canonical JSON already.
	canonical bool
	// pieces is the Range that is asked for, whose answer has the status 206; "" for all.
	pieces string
	// lane is what the number of requests at a time is bounded for: files do not hold up questions, nor either messages.
	lane string
}

// The lanes of requests besides that of questions.
const (
	laneMedia = "media"
	laneSend  = "send"
)

// path joins escaped segments to a path.
func path(prefix string, segments ...string) string {
	var b strings.Builder
	b.WriteString(prefix)
	for _, s := range segments {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(s))
	}
	return b.String()
}

func withQuery(uri string, query url.Values) string {
	if len(query) == 0 {
		return uri
	}
	return uri + "?" + query.Encode()
}

// json sends the call and decodes the answer into out, which may be nil. The error wraps rooms.ErrUnreachable if there was
// no answer, or is a *RemoteError.
func (t *transport) json(ctx context.Context, c call, out any) error {
	body, err := t.bytes(ctx, c)
	if err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("reading the answer of %s: %w: %w", c.server, rooms.ErrUnreachable, err)
	}
	return nil
}

// bytes sends the call and returns the body of an answer with status 200.
func (t *transport) bytes(ctx context.Context, c call) ([]byte, error) {
	var body []byte
	err := t.stream(ctx, c, func(resp *http.Response) error {
		var err error
		body, err = readAnswer(resp)
		return err
	})
	return body, err
}

func readAnswer(resp *http.Response) ([]byte, error) {
	if resp.ContentLength < 0 || resp.ContentLength > 1<<20 {
		return io.ReadAll(resp.Body)
	}
	body := make([]byte, resp.ContentLength)
	_, err := io.ReadFull(resp.Body, body)
	return body, err
}

// stream sends the call and hands an answer with status 200, or 206 where pieces were asked for, to read.
func (t *transport) stream(ctx context.Context, c call, read func(*http.Response) error) error {
	if c.server == t.name {
		return fmt.Errorf("asking this server over federation: %w", rooms.ErrUnreachable)
	}
	if !c.public && !t.allow(c.server) {
		return fmt.Errorf("server %s is not one to talk to: %w", c.server, rooms.ErrForbidden)
	}
	if c.timeout == 0 {
		c.timeout = t.timeout
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	leave, err := t.gates.enter(ctx, c.server+"\x00"+c.lane)
	if err != nil {
		return fmt.Errorf("waiting to ask %s: %w: %w", c.server, rooms.ErrUnreachable, err)
	}
	defer leave()
	t.metrics.inFlight.Inc()
	defer t.metrics.inFlight.Dec()
	resp, err := t.send(ctx, c)
	if err != nil {
		t.metrics.requests.WithLabelValues("unreachable").Inc()
		return fmt.Errorf("asking %s: %w: %w", c.server, rooms.ErrUnreachable, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK && (c.pieces == "" || resp.StatusCode != http.StatusPartialContent) {
		t.metrics.requests.WithLabelValues("refused").Inc()
		return remoteError(c.server, resp)
	}
	t.metrics.requests.WithLabelValues("ok").Inc()
	if err := read(resp); err != nil {
		return fmt.Errorf("reading the answer of %s: %w: %w", c.server, rooms.ErrUnreachable, err)
	}
	return nil
}

// send tries the server's targets in turn until one can be connected to.
func (t *transport) send(ctx context.Context, c call) (*http.Response, error) {
	authorization, body, err := t.sign(c)
	if err != nil {
		return nil, err
	}
	targets, err := t.discovery.find(ctx, c.server)
	if err != nil {
		return nil, fmt.Errorf("finding the server: %w", err)
	}
	limit := c.maxBody
	if limit == 0 {
		limit = t.maxBody
	}
	for i, target := range targets {
		var req *http.Request
		if req, err = t.request(netguard.WithMaxBody(ctx, limit), c, target, authorization, body); err != nil {
			return nil, err
		}
		var resp *http.Response
		if resp, err = t.http.Do(req); err == nil {
			return resp, nil
		}
		if i+1 < len(targets) && !neverConnected(err) {
			break
		}
	}
	t.discovery.failed(c.server)
	return nil, err
}

// neverConnected reports whether the request cannot have reached the server.
func neverConnected(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &op) && op.Op == "dial" || errors.As(err, &dns)
}

// sign returns the Authorization header and the body in the form that was signed.
func (t *transport) sign(c call) (authorization string, body []byte, err error) {
	if c.unsigned {
		return "", c.body, nil
	}
	if body = c.body; !c.canonical {
		if body, err = canonicalBody(c.body); err != nil {
			return "", nil, fmt.Errorf("writing the request: %w", err)
		}
	}
	payload := requestPayload(c.method, c.uri, t.name, c.server, body)
	signature := signing.EncodeBase64(ed25519.Sign(t.signer.Key.Private, payload))
	return xMatrix{origin: t.name, destination: c.server, keyID: t.signer.KeyID(), signature: signature}.String(), body, nil
}

func (t *transport) request(ctx context.Context, c call, to target, authorization string, body []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(netguard.WithTarget(ctx, to.Target), c.method, "https://"+to.host+c.uri, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("making the request: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	if c.pieces != "" {
		req.Header.Set("Range", c.pieces)
	}
	if !c.once {
		// Tells net/http, and nobody else, that the request may be sent again when a kept connection turns out closed.
		req.Header["Idempotency-Key"] = nil
	}
	return req, nil
}
