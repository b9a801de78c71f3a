package rooms

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/signing"
	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/stream"
)

// network is a few nodes that reach each other through their Remotes, without HTTP.
type network struct {
	t     testing.TB
	mu    sync.Mutex
	nodes map[string]*netNode
	keys  map[string]signing.Key
	down  map[string]bool // servers that do not answer
	noKey map[string]bool // servers whose keys cannot be fetched
	calls map[string]int  // by request
	hook  func(request, from, to string) error
	omit  bool // residents leave members out without being asked
	alter func(request, to string, pdus [][]byte) [][]byte
}

type netNode struct {
	*Rooms
	net     *network
	t       testing.TB
	name    string
	address string
	key     signing.Key
	stopDB  func()
}

func newNetwork(t testing.TB) *network {
	return &network{
		t: t, nodes: map[string]*netNode{}, keys: map[string]signing.Key{}, down: map[string]bool{}, noKey: map[string]bool{},
		calls: map[string]int{},
	}
}

// key returns the key of a server, also of one that has no node.
func (w *network) key(server string) signing.Key {
	w.mu.Lock()
	defer w.mu.Unlock()
	key, ok := w.keys[server]
	if !ok {
		var err error
		key, err = signing.GenerateKey()
		require.NoError(w.t, err)
		w.keys[server] = key
	}
	return key
}

func (w *network) signer(server string) *signing.Signer {
	return &signing.Signer{ServerName: server, Key: w.key(server)}
}

func (w *network) add(name string) *netNode { return w.addAt(name, sqldbtest.SQLite(w.t)) }

func (w *network) addAt(name, address string) *netNode {
	n := &netNode{net: w, t: w.t, name: name, address: address, key: w.key(name)}
	n.start()
	w.t.Cleanup(func() { n.shut() })
	return n
}

func (n *netNode) start() {
	db, err := sqldb.Open(context.Background(), sqldb.Options{URL: n.address, Logger: sqldbtest.Quiet()})
	require.NoError(n.t, err)
	r, err := New(context.Background(), Options{
		DB: db, Hub: stream.New(db, stream.Options{Logger: sqldbtest.Quiet()}), ServerName: n.name, Signer: n.net.signer(n.name),
		Remote: &netRemote{n.net, n.name}, DefaultVersion: "12", Now: time.Now, Log: sqldbtest.Quiet(),
	})
	require.NoError(n.t, err)
	n.Rooms = r
	n.stopDB = func() { require.NoError(n.t, db.Close()) }
	n.net.mu.Lock()
	n.net.nodes[n.name] = n
	n.net.mu.Unlock()
}

func (n *netNode) shut() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	require.NoError(n.t, n.Close(ctx))
	n.stopDB()
}

func (n *netNode) restart() {
	n.shut()
	n.start()
}

func (n *netNode) user(local string) string { return "@" + local + ":" + n.name }

func (n *netNode) publicRoom(version string) string {
	n.t.Helper()
	id, err := n.Create(context.Background(), CreateRequest{Creator: n.user("creator"), Version: version, Preset: "public_chat", Visibility: "public"})
	require.NoError(n.t, err)
	return id
}

func (n *netNode) member(roomID, sender, target, membership string, via ...string) error {
	_, err := n.SetMembership(context.Background(), MembershipRequest{
		RoomID: roomID, Sender: sender, Target: target, Membership: membership, Via: via,
		Profile: MemberProfile{DisplayName: "name of " + target},
	})
	return err
}

func (n *netNode) join(roomID, user string, via ...string) {
	n.t.Helper()
	require.NoError(n.t, n.member(roomID, user, user, "join", via...))
}

func (n *netNode) say(roomID, user, body string) *Event {
	n.t.Helper()
	content, _ := json.Marshal(map[string]string{"msgtype": "m.text", "body": body})
	id, err := n.Send(context.Background(), SendRequest{RoomID: roomID, Sender: user, Type: "m.room.message", Content: content})
	require.NoError(n.t, err)
	return n.event(id)
}

func (n *netNode) state(roomID, user, typ, key, content string) *Event {
	n.t.Helper()
	id, err := n.Send(context.Background(), SendRequest{RoomID: roomID, Sender: user, Type: typ, StateKey: &key, Content: json.RawMessage(content)})
	require.NoError(n.t, err)
	return n.event(id)
}

func (n *netNode) event(id string) *Event {
	n.t.Helper()
	ev, err := n.Event(context.Background(), id)
	require.NoError(n.t, err)
	return ev
}

func (n *netNode) snap(roomID string) *Snapshot {
	n.t.Helper()
	s, err := n.Snapshot(context.Background(), roomID)
	require.NoError(n.t, err)
	return s
}

// current returns the ids of the current state by place.
func (n *netNode) current(roomID string) map[string]string {
	n.t.Helper()
	events, err := n.CurrentState(context.Background(), roomID)
	require.NoError(n.t, err)
	state := map[string]string{}
	for _, ev := range events {
		state[ev.Type+"|"+*ev.StateKey] = ev.ID
	}
	return state
}

// receive hands events to the node as a transaction of origin.
func (n *netNode) receive(origin string, events ...*Event) []ReceivedPDU {
	n.t.Helper()
	return n.receiveRaw(origin, pdusOf(events)...)
}

func (n *netNode) receiveRaw(origin string, pdus ...[]byte) []ReceivedPDU {
	n.t.Helper()
	raw := make([]json.RawMessage, len(pdus))
	for i, pdu := range pdus {
		raw[i] = pdu
	}
	results, err := n.Receive(context.Background(), origin, raw)
	require.NoError(n.t, err)
	return results
}

func (n *netNode) count(query string, args ...any) (c int) {
	n.t.Helper()
	require.NoError(n.t, n.db.QueryRow(context.Background(), query, args...).Scan(&c))
	return c
}

// settle waits until the inbox has no row that is due.
func (n *netNode) settle() {
	n.t.Helper()
	require.Eventually(n.t, func() bool {
		n.inbox.mu.Lock()
		busy := len(n.inbox.working)+len(n.inbox.hurry) > 0
		n.inbox.mu.Unlock()
		return !busy && n.count(`SELECT COUNT(*) FROM inbox WHERE next_try <= $1`, time.Now().UnixMilli()) == 0
	}, 20*time.Second, 5*time.Millisecond)
}

// outcome returns what became of an event, -1 if it is not known.
func (n *netNode) outcome(id string) Outcome {
	ev, err := n.Event(context.Background(), id)
	if errors.Is(err, ErrNotFound) {
		return -1
	}
	require.NoError(n.t, err)
	return ev.Outcome
}

// forge makes an event of any server with the prev and auth events given.
func (w *network) forge(n *netNode, d *draft, roomID string, prev, auth []*Event) *Event {
	w.t.Helper()
	f := formats[n.snap(roomID).Version]
	refs := func(events []*Event) []reference {
		var out []reference
		for _, ev := range events {
			out = append(out, reference{ev.NID, ev.ID})
		}
		return out
	}
	depth := int64(0)
	for _, ev := range prev {
		depth = max(depth, ev.Depth)
	}
	if d.ts == 0 {
		d.ts = time.Now().UnixMilli()
	}
	if d.content == nil {
		d.content = []byte(`{"body":"forged","msgtype":"m.text"}`)
	}
	hash := func(ref reference) (string, error) {
		for _, ev := range slices.Concat(prev, auth) {
			if ev.ID == ref.id {
				sum, _ := f.reference(ev.JSON)
				return base64.RawStdEncoding.EncodeToString(sum[:]), nil
			}
		}
		return "", fmt.Errorf("no event %s", ref.id)
	}
	ev, err := f.build(d, roomID, depth+1, refs(prev), refs(auth), hash, w.signer(serverOf(d.sender)))
	require.NoError(w.t, err)
	return ev
}

// authFor returns the auth events that the node's current state gives a draft.
func (n *netNode) authFor(roomID string, d *draft) []*Event {
	n.t.Helper()
	var auth []*Event
	require.NoError(n.t, n.do(context.Background(), roomID, true, func(b *batch) error {
		refs, err := b.authorise(d)
		if refs == nil {
			return err
		}
		for _, ref := range refs {
			ev, err := b.event(ref.nid)
			if err != nil {
				return err
			}
			auth = append(auth, ev)
		}
		return nil
	}))
	return auth
}

// tips returns the node's forward extremities.
func (n *netNode) tips(roomID string) []*Event {
	events, err := n.inOrder(context.Background(), n.snap(roomID).Extremities)
	require.NoError(n.t, err)
	return events
}

// netRemote is the Remote of one node of a network.
type netRemote struct {
	net  *network
	from string
}

func (f *netRemote) to(request, server string) (*netNode, error) {
	f.net.mu.Lock()
	defer f.net.mu.Unlock()
	f.net.calls[request]++
	n := f.net.nodes[server]
	if n == nil || f.net.down[server] {
		return nil, fmt.Errorf("server %s: %w", server, ErrUnreachable)
	}
	if f.net.hook != nil {
		if err := f.net.hook(request, f.from, server); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func (f *netRemote) altered(request, server string, pdus [][]byte) [][]byte {
	f.net.mu.Lock()
	defer f.net.mu.Unlock()
	if f.net.alter != nil {
		return f.net.alter(request, server, pdus)
	}
	return pdus
}

func (f *netRemote) MakeMembership(ctx context.Context, server, roomID, userID, membership string, versions []string) (*Template, error) {
	n, err := f.to("make_"+membership, server)
	if err != nil {
		return nil, err
	}
	return n.MakeMembership(ctx, f.from, roomID, userID, membership, versions)
}

func (f *netRemote) SendJoin(ctx context.Context, server, roomID, eventID string, pdu []byte, _ string) (*JoinedState, error) {
	n, err := f.to("send_join", server)
	if err != nil {
		return nil, err
	}
	joined, err := n.AcceptJoin(ctx, f.from, roomID, eventID, pdu, f.net.omit)
	if err == nil {
		joined.State = f.altered("send_join", server, joined.State)
	}
	return joined, err
}

func (f *netRemote) SendLeave(ctx context.Context, server, roomID, eventID string, pdu []byte, _ string) error {
	n, err := f.to("send_leave", server)
	if err != nil {
		return err
	}
	return n.AcceptLeave(ctx, f.from, roomID, eventID, pdu)
}

func (f *netRemote) SendKnock(ctx context.Context, server, roomID, eventID string, pdu []byte, _ string) ([]byte, error) {
	n, err := f.to("send_knock", server)
	if err != nil {
		return nil, err
	}
	return n.AcceptKnock(ctx, f.from, roomID, eventID, pdu)
}

func (f *netRemote) SendInvite(ctx context.Context, server, roomID, eventID string, pdu []byte, version string, stripped []json.RawMessage) ([]byte, error) {
	n, err := f.to("invite", server)
	if err != nil {
		return nil, err
	}
	return n.AcceptInvite(ctx, f.from, roomID, eventID, version, pdu, stripped)
}

func (f *netRemote) MissingEvents(ctx context.Context, server, roomID string, earliest, latest []string, limit int, minDepth int64) ([][]byte, error) {
	n, err := f.to("get_missing_events", server)
	if err != nil {
		return nil, err
	}
	events, err := n.ServeMissing(ctx, f.from, roomID, earliest, latest, limit, minDepth)
	return f.altered("get_missing_events", server, pdusOf(events)), err
}

func (f *netRemote) Backfill(ctx context.Context, server, roomID string, from []string, limit int) ([][]byte, error) {
	n, err := f.to("backfill", server)
	if err != nil {
		return nil, err
	}
	events, err := n.ServeBackfill(ctx, f.from, roomID, from, limit)
	return f.altered("backfill", server, pdusOf(events)), err
}

func (f *netRemote) Event(ctx context.Context, server, eventID string) ([]byte, error) {
	n, err := f.to("event", server)
	if err != nil {
		return nil, err
	}
	ev, err := n.ServeEvent(ctx, f.from, eventID)
	if err != nil {
		return nil, err
	}
	return f.altered("event", server, [][]byte{ev.JSON})[0], nil
}

func (f *netRemote) EventAuth(ctx context.Context, server, roomID, eventID string) ([][]byte, error) {
	n, err := f.to("event_auth", server)
	if err != nil {
		return nil, err
	}
	events, err := n.ServeEventAuth(ctx, f.from, roomID, eventID)
	return pdusOf(events), err
}

func (f *netRemote) StateIDs(ctx context.Context, server, roomID, eventID string) (state, auth []string, err error) {
	n, err := f.to("state_ids", server)
	if err != nil {
		return nil, nil, err
	}
	return n.ServeStateIDs(ctx, f.from, roomID, eventID)
}

func (f *netRemote) State(ctx context.Context, server, roomID, eventID string) (state, auth [][]byte, err error) {
	n, err := f.to("state", server)
	if err != nil {
		return nil, nil, err
	}
	events, chain, err := n.ServeState(ctx, f.from, roomID, eventID)
	return pdusOf(events), pdusOf(chain), err
}

func (f *netRemote) Directory(context.Context, string, string) (string, []string, error) {
	return "", nil, ErrUnreachable
}

func (f *netRemote) TimestampToEvent(ctx context.Context, server, roomID string, ts int64, dir string) (string, int64, error) {
	n, err := f.to("timestamp_to_event", server)
	if err != nil {
		return "", 0, err
	}
	direction := Forward
	if dir == "b" {
		direction = Backward
	}
	ev, err := n.EventNearHere(ctx, roomID, ts, direction)
	if err != nil {
		return "", 0, err
	}
	return ev.ID, ev.OriginServerTS, nil
}

// VerifyPDUs checks the signatures for real.
func (f *netRemote) VerifyPDUs(_ context.Context, version string, pdus [][]byte) []error {
	errs := make([]error, len(pdus))
	var all sync.WaitGroup
	for start := range 2 {
		all.Go(func() {
			for i := start; i < len(pdus); i += 2 {
				errs[i] = f.net.verify(version, pdus[i])
			}
		})
	}
	all.Wait()
	return errs
}

func (w *network) verify(version string, pdu []byte) error {
	_, covered := formats[version].reference(pdu)
	servers := []string{serverOf(gjson.GetBytes(pdu, "sender").Str)}
	if id := gjson.GetBytes(pdu, "event_id").Str; id != "" && formats[version].ownIDs {
		servers = append(servers, serverOf(id))
	}
	if via := gjson.GetBytes(pdu, "content.join_authorised_via_users_server").Str; via != "" {
		servers = append(servers, serverOf(via))
	}
	for _, server := range servers {
		w.mu.Lock()
		unreachable := w.noKey[server]
		w.mu.Unlock()
		if unreachable {
			return ErrKeysUnreachable
		}
		key := w.key(server)
		signature, _ := base64.RawStdEncoding.DecodeString(gjson.GetBytes(pdu, "signatures").Map()[server].Map()[key.ID].Str)
		if !ed25519.Verify(key.Public(), covered, signature) {
			return fmt.Errorf("not signed by %s", server)
		}
	}
	return nil
}

func base64Of(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }
