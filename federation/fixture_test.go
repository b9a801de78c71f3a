package federation

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"medixchange/accounts"
	"medixchange/internal/config"
	"medixchange/internal/media"
	"medixchange/internal/signing"
	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/stream"
	"medixchange/rooms"
)

// authority signs the certificates of a test's servers.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return &authority{cert: cert, key: key, file: file}
}

func (a *authority) issue(t testing.TB, ips ...net.IP) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IPAddresses: ips, DNSNames: []string{"localhost"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// endpoint is a server with real TLS on loopback, named by its address, over fakes of rooms and accounts.
type endpoint struct {
	t        testing.TB
	name     string
	db       *sqldb.DB
	hub      *stream.Hub
	signer   *signing.Signer
	client   *Client
	server   *Server
	rooms    *fakeRooms
	accounts *fakeAccounts
	web      *httptest.Server
	// intercept, if set, may answer requests instead of the server.
	intercept atomic.Pointer[func(w http.ResponseWriter, r *http.Request) bool]
	heard     chan string
	now       atomic.Int64 // added to the clock, ns
	authority *authority
	config    config.Federation
}

func newEndpoint(t testing.TB, a *authority) *endpoint {
	return newEndpointWith(t, a, config.Federation{})
}

func newEndpointWith(t testing.TB, a *authority, c config.Federation) *endpoint {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	e := &endpoint{t: t, name: listener.Addr().String(), authority: a, heard: make(chan string, 1000)}
	key, err := signing.GenerateKey()
	require.NoError(t, err)
	e.signer = &signing.Signer{ServerName: e.name, Key: key}
	e.db, err = sqldb.Open(t.Context(), sqldb.Options{URL: sqldbtest.SQLite(t), Logger: quiet()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.db.Close()) })
	e.hub = stream.New(e.db, stream.Options{Logger: quiet()})
	e.config = c
	e.config.Enabled = true
	e.config.AllowPrivate = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	e.config.TrustedCA = a.file
	e.config.Timeout = config.Duration(10 * time.Second)
	e.client = e.newClient()
	e.rooms = newFakeRooms(e.hub)
	e.accounts = newFakeAccounts()
	e.server = NewServer(ServerOptions{Rooms: e.rooms, Accounts: e.accounts, View: fakeView{}, Client: e.client,
		Heard: func(server string) { e.heard <- server }, Config: &config.Config{ServerName: e.name}, Log: quiet(), Now: e.clock, Version: "test"})
	e.web = httptest.NewUnstartedServer(http.HandlerFunc(e.serve))
	e.web.Listener.Close()
	e.web.Listener = listener
	e.web.EnableHTTP2 = true
	e.web.Config.ErrorLog = nil
	e.web.TLS = &tls.Config{Certificates: []tls.Certificate{a.issue(t, net.IPv4(127, 0, 0, 1))}}
	e.web.StartTLS()
	t.Cleanup(e.web.Close)
	return e
}

func (e *endpoint) newClient() *Client {
	c, err := NewClient(ClientOptions{ServerName: e.name, Signer: e.signer, DB: e.db, Config: e.config, Log: quiet(), Now: e.clock})
	require.NoError(e.t, err)
	e.t.Cleanup(c.Close)
	return c
}

func (e *endpoint) clock() time.Time { return time.Now().Add(time.Duration(e.now.Load())) }

func (e *endpoint) advance(d time.Duration) { e.now.Add(int64(d)) }

func (e *endpoint) serve(w http.ResponseWriter, r *http.Request) {
	if f := e.intercept.Load(); f != nil && (*f)(w, r) {
		return
	}
	e.server.Handler().ServeHTTP(w, r)
}

// answer makes the endpoint answer as f does; f returns false to leave a request to the server.
func (e *endpoint) answer(f func(w http.ResponseWriter, r *http.Request) bool) { e.intercept.Store(&f) }

// down makes the endpoint fail every request; up ends that.
func (e *endpoint) down() {
	e.answer(func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusBadGateway)
		return true
	})
}

func (e *endpoint) up() { e.intercept.Store(nil) }

func (e *endpoint) user(name string) string { return "@" + name + ":" + e.name }

func quiet() *logrus.Entry {
	l := logrus.New()
	l.SetOutput(io.Discard)
	return logrus.NewEntry(l)
}

// fakeRooms keeps what is sent and received. What a test does not set panics when it is called.
type fakeRooms struct {
	ServerRooms
	hub     *stream.Hub
	changes chan rooms.TypingChange

	mu       sync.Mutex
	events   []*rooms.Event // all that is outgoing, by position
	receipts []rooms.Receipt
	servers  []string // of every room
	received []json.RawMessage
	batches  []int
	refuse   error // of Receive
	typed    []string
	read     []json.RawMessage
	acl      map[string]bool // denied servers
	reads    atomic.Int64    // of outgoing events from the "database"
}

func newFakeRooms(hub *stream.Hub) *fakeRooms {
	return &fakeRooms{hub: hub, changes: make(chan rooms.TypingChange, 10), acl: map[string]bool{}}
}

func (f *fakeRooms) Receive(_ context.Context, _ string, pdus []json.RawMessage) ([]rooms.ReceivedPDU, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuse != nil {
		return nil, f.refuse
	}
	f.batches = append(f.batches, len(pdus))
	out := make([]rooms.ReceivedPDU, len(pdus))
	for i, pdu := range pdus {
		f.received = append(f.received, pdu)
		var ev struct {
			ID string `json:"event_id"`
		}
		_ = json.Unmarshal(pdu, &ev) // a malformed one has no id
		out[i].EventID = ev.ID
	}
	return out, nil
}

func (f *fakeRooms) ReceiveTyping(_ context.Context, origin, roomID, userID string, typing bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if serverOf(userID) != origin {
		return rooms.ErrForbidden
	}
	f.typed = append(f.typed, roomID+" "+userID+" "+string(encoded(typing)))
	return nil
}

func (f *fakeRooms) ReceiveReceipts(_ context.Context, _ string, content json.RawMessage) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.read = append(f.read, content)
	return nil
}

func (f *fakeRooms) ServerACLAllows(_ context.Context, server, _ string) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.acl[server], nil
}

func (f *fakeRooms) OwnStickies(context.Context, string) ([]*rooms.Event, error) { return nil, nil }

func (f *fakeRooms) StickyRooms() []string { return nil }

func (f *fakeRooms) StickyUntil(int64) int64 { return 0 }

func (f *fakeRooms) OutgoingEvents(_ context.Context, since, upto int64, limit int) ([]*rooms.Event, error) {
	f.reads.Add(1)
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []*rooms.Event
	for _, ev := range f.events {
		if ev.Position > since && ev.Position <= upto && len(out) < limit {
			out = append(out, ev)
		}
	}
	return out, nil
}

func (f *fakeRooms) OutgoingReceipts(_ context.Context, since, upto int64) ([]rooms.Receipt, int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []rooms.Receipt
	for _, r := range f.receipts {
		if r.Position > since && r.Position <= upto {
			out = append(out, r)
		}
	}
	return out, upto, nil
}

func (f *fakeRooms) ServerSet(ctx context.Context, _ int64) ([]string, error) {
	return f.RoomServers(ctx, "")
}

func (f *fakeRooms) RoomServers(context.Context, string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.servers, nil
}

func (f *fakeRooms) WatchTyping(int) (<-chan rooms.TypingChange, func()) { return f.changes, func() {} }

func (f *fakeRooms) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.received)
}

// ids returns the ids of the received events in their order.
func (f *fakeRooms) ids() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]string, len(f.received))
	for i, pdu := range f.received {
		var ev struct {
			ID string `json:"event_id"`
		}
		_ = json.Unmarshal(pdu, &ev)
		out[i] = ev.ID
	}
	return out
}

// fakeAccounts keeps device messages and updates.
type fakeAccounts struct {
	ServerAccounts
	mu        sync.Mutex
	users     map[string]*accounts.User
	data      map[string]json.RawMessage
	outbound  []*accounts.OutboundDeviceMessage
	lists     []*accounts.DeviceListUpdate
	direct    []json.RawMessage
	updates   []json.RawMessage
	presences []json.RawMessage
	presence  chan accounts.PresenceChange
	fail      error
}

// add keeps what the sender is to send, while it may already run.
func (f *fakeAccounts) add(m *accounts.OutboundDeviceMessage, u *accounts.DeviceListUpdate) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m != nil {
		f.outbound = append(f.outbound, m)
	}
	if u != nil {
		f.lists = append(f.lists, u)
	}
}

func newFakeAccounts() *fakeAccounts {
	return &fakeAccounts{users: map[string]*accounts.User{}, data: map[string]json.RawMessage{}, presence: make(chan accounts.PresenceChange, 10)}
}

func (f *fakeAccounts) User(_ context.Context, userID string) (*accounts.User, error) {
	if u := f.users[userID]; u != nil {
		return u, nil
	}
	return nil, accounts.ErrNotFound
}

func (f *fakeAccounts) AccountData(_ context.Context, userID, _, typ string) (json.RawMessage, error) {
	if d := f.data[userID+" "+typ]; d != nil {
		return d, nil
	}
	return nil, accounts.ErrNotFound
}

func (f *fakeAccounts) ReceiveDirectToDevice(_ context.Context, _ string, content json.RawMessage) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return f.fail
	}
	f.direct = append(f.direct, content)
	return nil
}

func (f *fakeAccounts) ReceiveDeviceListUpdate(_ context.Context, _ string, content json.RawMessage) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.updates = append(f.updates, content)
	return f.fail
}

func (f *fakeAccounts) ReceiveSigningKeyUpdate(ctx context.Context, origin string, content json.RawMessage) error {
	return f.ReceiveDeviceListUpdate(ctx, origin, content)
}

func (f *fakeAccounts) ReceivePresence(_ context.Context, _ string, content json.RawMessage) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.presences = append(f.presences, content)
	return nil
}

func (f *fakeAccounts) WatchPresence(int) (<-chan accounts.PresenceChange, func()) {
	return f.presence, func() {}
}

func (f *fakeAccounts) OutboundDeviceMessages(_ context.Context, destination string, after int64, limit int) ([]*accounts.OutboundDeviceMessage, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []*accounts.OutboundDeviceMessage
	for _, m := range f.outbound {
		if m.Destination == destination && m.Position > after && len(out) < limit {
			out = append(out, m)
		}
	}
	return out, nil
}

func (f *fakeAccounts) AckOutboundDeviceMessages(_ context.Context, destination string, upto int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var left []*accounts.OutboundDeviceMessage
	for _, m := range f.outbound {
		if m.Destination != destination || m.Position > upto {
			left = append(left, m)
		}
	}
	f.outbound = left
	return nil
}

func (f *fakeAccounts) OutboundDeviceDestinations(context.Context) (map[string]int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[string]int64{}
	for _, m := range f.outbound {
		out[m.Destination] = m.Position
	}
	return out, nil
}

func (f *fakeAccounts) OutgoingDeviceListUpdates(_ context.Context, since, upto int64, limit int) ([]*accounts.DeviceListUpdate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []*accounts.DeviceListUpdate
	for _, u := range f.lists {
		if u.Position > since && u.Position <= upto && len(out) < limit {
			out = append(out, u)
		}
	}
	return out, nil
}

// fakeView shows everything.
type fakeView struct{}

func (fakeView) ForServer(_ context.Context, _ string, events []*rooms.Event) ([]json.RawMessage, error) {
	out := []json.RawMessage{}
	for _, ev := range events {
		out = append(out, ev.JSON)
	}
	return out, nil
}

func (fakeView) VisibleToServer(_ context.Context, _ string, ev *rooms.Event) (bool, error) {
	return ev.Sender != hiddenSender, nil
}

// hiddenSender's events are hidden from every server.
const hiddenSender = "@hidden:other.example"

var _ ServerMedia = (*media.Store)(nil)
