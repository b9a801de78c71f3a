package rooms

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/signing"
	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/stream"
)

const (
	hospital = "hospital.example"
	doctor   = "@doctor:" + hospital
	nurse    = "@nurse:" + hospital
	surgeon  = "@surgeon:" + hospital
	stranger = "@stranger:elsewhere.example"
)

// testNode is a node whose rooms write to a real database.
type testNode struct {
	*Rooms
	t       testing.TB
	address string
	key     signing.Key
	ahead   atomic.Int64 // ns by which its clock is before the real one
	closeDB func()
}

func (n *testNode) clock() time.Time { return time.Now().Add(time.Duration(n.ahead.Load())) }

func newTestNode(t testing.TB) *testNode { return openTestNode(t, sqldbtest.SQLite(t)) }

func openTestNode(t testing.TB, address string) *testNode {
	key, err := signing.GenerateKey()
	require.NoError(t, err)
	n := &testNode{t: t, address: address, key: key}
	n.start()
	t.Cleanup(n.shut)
	return n
}

func (n *testNode) start() {
	db, err := sqldb.Open(context.Background(), sqldb.Options{URL: n.address, Logger: sqldbtest.Quiet()})
	require.NoError(n.t, err)
	r, err := New(context.Background(), Options{
		DB: db, Hub: stream.New(db, stream.Options{Logger: sqldbtest.Quiet()}), ServerName: hospital,
		Signer: &signing.Signer{ServerName: hospital, Key: n.key}, Remote: &fakeRemote{}, DefaultVersion: "12", Now: n.clock,
		Log: sqldbtest.Quiet(),
	})
	require.NoError(n.t, err)
	n.Rooms = r
	n.closeDB = func() { require.NoError(n.t, db.Close()) }
}

func (n *testNode) shut() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	require.NoError(n.t, n.Close(ctx))
	n.closeDB()
}

// restart ends the node and starts it on the same database with nothing in memory.
func (n *testNode) restart() {
	n.shut()
	n.start()
}

func (n *testNode) create(req CreateRequest) string {
	n.t.Helper()
	if req.Creator == "" {
		req.Creator = doctor
	}
	id, err := n.Create(context.Background(), req)
	require.NoError(n.t, err)
	return id
}

func (n *testNode) publicRoom(version string) string {
	return n.create(CreateRequest{Version: version, Preset: "public_chat"})
}

func (n *testNode) say(roomID, sender, body string) string {
	n.t.Helper()
	content, _ := json.Marshal(map[string]string{"msgtype": "m.text", "body": body})
	id, err := n.Send(context.Background(), SendRequest{RoomID: roomID, Sender: sender, Type: "m.room.message", Content: content})
	require.NoError(n.t, err)
	return id
}

func (n *testNode) setState(roomID, sender, typ, key, content string) (string, error) {
	return n.Send(context.Background(), SendRequest{
		RoomID: roomID, Sender: sender, Type: typ, StateKey: &key, Content: json.RawMessage(content),
	})
}

func (n *testNode) membership(roomID, sender, target, membership string) error {
	_, err := n.SetMembership(context.Background(), MembershipRequest{
		RoomID: roomID, Sender: sender, Target: target, Membership: membership,
	})
	return err
}

func (n *testNode) join(roomID, user string) {
	n.t.Helper()
	require.NoError(n.t, n.membership(roomID, user, user, "join"))
}

func (n *testNode) snap(roomID string) *Snapshot {
	n.t.Helper()
	s, err := n.Snapshot(context.Background(), roomID)
	require.NoError(n.t, err)
	return s
}

func (n *testNode) event(id string) *Event {
	n.t.Helper()
	ev, err := n.Event(context.Background(), id)
	require.NoError(n.t, err)
	return ev
}

// count runs a query for one number.
func (n *testNode) count(query string, args ...any) (c int) {
	n.t.Helper()
	require.NoError(n.t, n.db.QueryRow(context.Background(), query, args...).Scan(&c))
	return c
}
