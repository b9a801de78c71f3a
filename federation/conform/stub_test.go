package conform

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"medixchange/federation"
	"medixchange/internal/config"
	"medixchange/internal/signing"
	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
)

const us = "us.example"

// answer is what the stub says to one question.
type answer struct {
	status int
	body   string
}

func matrixError(status int, code string) *answer {
	return &answer{status, `{"errcode":"` + code + `","error":"x"}`}
}

// peer is another server, right in everything but what a test breaks.
type peer struct {
	t      *testing.T
	name   string
	web    *httptest.Server
	signer signing.Signer
	ours   *signing.Signer
	client *federation.Client
	// broken may answer a question wrongly; nil leaves it to the stub.
	broken atomic.Pointer[func(p *peer, r *http.Request) *answer]
	date   atomic.Pointer[string]
}

func newPeer(t *testing.T, broken func(p *peer, r *http.Request) *answer) *peer {
	t.Helper()
	p := &peer{t: t}
	p.breaks(broken)
	p.web = httptest.NewUnstartedServer(http.HandlerFunc(p.serve))
	p.web.Config.ErrorLog = nil
	p.web.StartTLS()
	t.Cleanup(p.web.Close)
	p.name = p.web.Listener.Addr().String()
	p.signer = signing.Signer{ServerName: p.name, Key: newKey(t)}
	p.ours = &signing.Signer{ServerName: us, Key: newKey(t)}
	trusting := p.loopback()
	trusting.TrustedCA = p.authority()
	p.client = p.newClient(trusting)
	return p
}

// loopback lets this machine be called.
func (p *peer) loopback() config.Federation {
	return config.Federation{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
}

// breaks makes the stub wrong in another way, or right with nil.
func (p *peer) breaks(broken func(p *peer, r *http.Request) *answer) {
	if broken == nil {
		broken = func(*peer, *http.Request) *answer { return nil }
	}
	p.broken.Store(&broken)
}

func newKey(t *testing.T) signing.Key {
	t.Helper()
	key, err := signing.GenerateKey()
	require.NoError(t, err)
	return key
}

// authority writes the file with the authority of httptest's certificate.
func (p *peer) authority() string {
	file := filepath.Join(p.t.TempDir(), "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: p.web.Certificate().Raw}
	require.NoError(p.t, os.WriteFile(file, pem.EncodeToMemory(block), 0o600))
	return file
}

func (p *peer) newClient(c config.Federation) *federation.Client {
	log := logrus.New()
	log.SetOutput(io.Discard)
	db, err := sqldb.Open(p.t.Context(), sqldb.Options{URL: sqldbtest.SQLite(p.t), Logger: logrus.NewEntry(log)})
	require.NoError(p.t, err)
	p.t.Cleanup(func() { require.NoError(p.t, db.Close()) })
	client, err := federation.NewClient(federation.ClientOptions{ServerName: us, Signer: p.ours, DB: db, Config: c, Log: logrus.NewEntry(log)})
	require.NoError(p.t, err)
	p.t.Cleanup(client.Close)
	return client
}

func (p *peer) examiner() *Examiner {
	return New(Options{Client: p.client, ServerName: us, Fetch: p.client.Fetch, Allows: func(string) bool { return true }, Alliance: "exchange.example"})
}

// examine makes one check.
func (p *peer) examine(check string) Verdict {
	p.t.Helper()
	report, err := p.examiner().Examine(context.Background(), Request{Server: p.name, Only: []string{check}})
	require.NoError(p.t, err)
	require.Len(p.t, report.Verdicts, 1)
	return report.Verdicts[0]
}

func (p *peer) serve(w http.ResponseWriter, r *http.Request) {
	if date := p.date.Load(); date != nil {
		w.Header().Set("Date", *date)
	}
	a := (*p.broken.Load())(p, r)
	if a == nil {
		a = p.right(r)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

// right is what a server has to answer.
func (p *peer) right(r *http.Request) *answer {
	switch path := r.URL.Path; {
	case path == pathVersion && r.Method != http.MethodGet:
		return matrixError(405, "M_UNRECOGNIZED")
	case path == pathVersion:
		return &answer{200, `{"server":{"name":"Stub","version":"1"}}`}
	case path == pathKeys:
		return &answer{200, p.keyPage(nil)}
	case path == federation.AllianceHead:
		return &answer{200, `{"alliance":"exchange.example","charter":1,"serial":2}`}
	case path == pathNotary && r.ContentLength > 1<<20:
		return matrixError(413, "M_TOO_LARGE")
	case strings.HasPrefix(path, pathNotary):
		return &answer{200, p.notarised(p.ours)}
	case !strings.HasPrefix(path, "/_matrix/federation/v1/") || strings.Contains(path, "v1/medix-conform-"):
		return matrixError(404, "M_UNRECOGNIZED")
	}
	return p.signed(r)
}

func (p *peer) signed(r *http.Request) *answer {
	body, err := io.ReadAll(r.Body)
	if err != nil || !p.proved(r, body) {
		return matrixError(401, "M_UNAUTHORIZED")
	}
	if r.Method != http.MethodPut {
		return matrixError(404, "M_NOT_FOUND")
	}
	var txn struct{ PDUs []json.RawMessage }
	if json.Unmarshal(body, &txn) != nil {
		return matrixError(400, "M_NOT_JSON")
	}
	if len(txn.PDUs) > 50 {
		return &answer{400, `{}`}
	}
	return &answer{200, `{"pdus":{}}`}
}

// proved checks the signature by the words of the specification, with nothing of the code under test.
func (p *peer) proved(r *http.Request, body []byte) bool {
	fields := map[string]string{}
	for part := range strings.SplitSeq(strings.TrimPrefix(r.Header.Get("Authorization"), "X-Matrix "), ",") {
		name, value, _ := strings.Cut(part, "=")
		fields[name] = strings.Trim(value, `"`)
	}
	if fields["origin"] != us || fields["destination"] != p.name {
		return false
	}
	request := map[string]any{"method": r.Method, "uri": r.RequestURI, "origin": us, "destination": p.name}
	if json.Valid(body) {
		request["content"] = json.RawMessage(body)
	} else if len(body) > 0 {
		return true // what is no JSON cannot be proved, and is refused for that
	}
	payload, err := json.Marshal(request)
	require.NoError(p.t, err)
	if payload, err = signing.CanonicalJSON(payload, signing.Limits{}); err != nil {
		return false
	}
	signature, err := signing.DecodeBase64(fields["sig"])
	return err == nil && ed25519.Verify(p.ours.Key.Public(), payload, signature)
}

// keyPage is the signed page of the stub's keys, changed before it is signed.
func (p *peer) keyPage(change func(page map[string]any)) string {
	return p.page(&p.signer, change)
}

func (p *peer) page(s *signing.Signer, change func(page map[string]any)) string {
	page := map[string]any{
		"server_name": s.ServerName, "valid_until_ts": time.Now().Add(24 * time.Hour).UnixMilli(),
		"verify_keys":     map[string]any{s.KeyID(): map[string]any{"key": signing.EncodeBase64(s.Key.Public())}},
		"old_verify_keys": map[string]any{},
	}
	if change != nil {
		change(page)
	}
	raw, err := json.Marshal(page)
	require.NoError(p.t, err)
	raw, err = s.SignJSON(raw)
	require.NoError(p.t, err)
	return string(raw)
}

// notarised is the page of a server with the stub's signature.
func (p *peer) notarised(s *signing.Signer) string {
	raw, err := p.signer.SignJSON([]byte(p.page(s, nil)))
	require.NoError(p.t, err)
	return `{"server_keys":[` + string(raw) + `]}`
}
