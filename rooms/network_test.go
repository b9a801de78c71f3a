package rooms

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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

// with changes what the network does, which its nodes read in the background.
func (w *network) with(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// setAlter has the network change what is fetched.
func (w *network) setAlter(alter func(request, to string, pdus [][]byte) [][]byte) {
	w.with(func() { w.alter = alter })
}

// asked returns how many requests of the kind there were.
func (w *network) asked(request string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[request]
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
	n.inbox.patience = 20 * directTime // on a busy machine the inbox would take over what tests want to know
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
	}, time.Minute, 5*time.Millisecond)
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
