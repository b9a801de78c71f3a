package rooms

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/stream"
)

// receiptRoom is a room with one local and one remote member and some events.
type receiptRoom struct {
	*twoNodes
	node   *readNode
	events []*Event
}

func newReceiptRoom(t *testing.T, address string) *receiptRoom {
	w := newTwoNodes(t, address, sqldbtest.SQLite(t), "11", 0)
	var events []*Event
	for i := range 5 {
		events = append(events, w.event(w.say(northDoctor, fmt.Sprint("e", i))))
	}
	return &receiptRoom{twoNodes: w, node: w.north, events: events}
}

func (r *receiptRoom) set(typ, thread string, ev *Event) error {
	return r.node.SetReceipt(context.Background(), Receipt{RoomID: r.roomID, UserID: northDoctor, Type: typ, ThreadID: thread, EventID: ev.ID})
}

func (r *receiptRoom) mine() map[string]string {
	all, err := r.node.UserReceipts(context.Background(), r.roomID, northDoctor)
	require.NoError(r.t, err)
	at := map[string]string{}
	for _, one := range all {
		at[one.Type+"/"+one.ThreadID] = one.EventID
	}
	return at
}

func TestReceiptsNeverGoBackwards(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		r := newReceiptRoom(t, fresh())
		require.NoError(t, r.set("m.read", "", r.events[2]))
		position := r.node.hub.Position()
		require.NoError(t, r.set("m.read", "", r.events[1]))
		require.NoError(t, r.set("m.read", "", r.events[2]))
		require.Equal(t, position, r.node.hub.Position(), "nothing changed, so nothing is told")
		require.Equal(t, map[string]string{"m.read/": r.events[2].ID}, r.mine())
		require.NoError(t, r.set("m.read", "", r.events[3]))
		require.Equal(t, map[string]string{"m.read/": r.events[3].ID}, r.mine())
		require.NoError(t, r.set("m.read.private", "", r.events[0]))
		require.Equal(t, r.events[0].ID, r.mine()["m.read.private/"], "types do not hold each other back")
	})
}

func TestReceiptsOfThreadsAreKeptApart(t *testing.T) {
	ctx := context.Background()
	r := newReceiptRoom(t, sqldbtest.SQLite(t))
	root := r.events[0]
	reply, err := r.node.Send(ctx, SendRequest{RoomID: r.roomID, Sender: northDoctor, Type: "m.room.message",
		Content: json.RawMessage(`{"body":"x","m.relates_to":{"rel_type":"m.thread","event_id":"` + root.ID + `"}}`)})
	require.NoError(t, err)
	inThread := r.event(reply)
	require.NoError(t, r.set("m.read", root.ID, inThread))
	require.NoError(t, r.set("m.read", "main", r.events[1]))
	require.NoError(t, r.set("m.read", "", r.events[2]))
	require.Equal(t, map[string]string{
		"m.read/" + root.ID: inThread.ID, "m.read/main": r.events[1].ID, "m.read/": r.events[2].ID,
	}, r.mine())
	require.NoError(t, r.set("m.read", "main", root), "the root is of both")
	require.ErrorIs(t, r.set("m.read", "main", inThread), ErrInvalidParam)
	require.ErrorIs(t, r.set("m.read", root.ID, r.events[1]), ErrInvalidParam)
	require.ErrorIs(t, r.set("m.read", longText(300), inThread), ErrInvalidParam)
	require.ErrorIs(t, r.set("m.fully_read", "", r.events[1]), ErrInvalidParam)
	require.ErrorIs(t, r.set("m.read", "", &Event{ID: "$unknown"}), ErrNotFound)
	err = r.node.SetReceipt(ctx, Receipt{RoomID: r.roomID, UserID: northNurse, Type: "m.read", EventID: root.ID})
	require.ErrorIs(t, err, ErrForbidden, "who has left reads no more")
}

func TestPrivateReceiptsAreForTheirUserAlone(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		ctx := context.Background()
		r := newReceiptRoom(t, fresh())
		since := r.node.hub.Position()
		require.NoError(t, r.set("m.read.private", "", r.events[4]))
		require.NoError(t, r.set("m.read", "", r.events[1]))
		upto := r.node.hub.Position()
		cold := *r.node.Rooms
		cold.hub = stream.New(r.node.db, stream.Options{Logger: sqldbtest.Quiet()})
		for name, node := range map[string]*Rooms{"memory": r.node.Rooms, "database": &cold} {
			public, err := node.Receipts(ctx, r.roomID, since, upto)
			require.NoError(t, err)
			require.Len(t, public, 1, name)
			require.Equal(t, "m.read", public[0].Type)
			require.Equal(t, r.events[1].Key, public[0].Key)
			private, err := node.PrivateReceipts(ctx, northDoctor, since, upto)
			require.NoError(t, err)
			require.Len(t, private, 1, name)
			require.Equal(t, r.events[4].ID, private[0].EventID)
			require.Equal(t, r.roomID, private[0].RoomID)
			none, err := node.PrivateReceipts(ctx, southDoctor, since, upto)
			require.NoError(t, err)
			require.Empty(t, none)
		}
		onRoom, _ := r.node.hub.Since(RoomTopic(r.roomID), since, upto)
		for _, entry := range onRoom {
			if receipt, ok := entry.Value.(*Receipt); ok {
				require.Equal(t, "m.read", receipt.Type)
			}
		}
	})
}

func TestReceiptsAreTheSameFromMemoryAndFromTheDatabase(t *testing.T) {
	ctx := context.Background()
	r := newReceiptRoom(t, sqldbtest.SQLite(t))
	since := r.node.hub.Position()
	for _, ev := range r.events {
		require.NoError(t, r.set("m.read", "", ev))
		require.NoError(t, r.set("m.read", "main", ev))
	}
	upto := r.node.hub.Position()
	hot, err := r.node.Receipts(ctx, r.roomID, since, upto)
	require.NoError(t, err)
	ref, err := r.node.roomRef(ctx, r.roomID)
	require.NoError(t, err)
	stored, err := r.node.loadReceipts(ctx, ref, since, upto)
	require.NoError(t, err)
	require.Len(t, hot, 2)
	require.Empty(t, cmp.Diff(stored, hot))
}

func (r *receiptRoom) edu(user, thread string, ts int64, events ...string) json.RawMessage {
	data := map[string]any{"ts": ts}
	if thread != "" {
		data["thread_id"] = thread
	}
	edu, _ := json.Marshal(map[string]any{r.roomID: map[string]any{
		"m.read":         map[string]any{user: map[string]any{"event_ids": events, "data": data}},
		"m.read.private": map[string]any{user: map[string]any{"event_ids": events, "data": data}},
	}})
	return edu
}

func TestReceiptsOfOtherServers(t *testing.T) {
	ctx := context.Background()
	r := newReceiptRoom(t, sqldbtest.SQLite(t))
	receive := func(origin string, edu json.RawMessage) {
		require.NoError(t, r.node.ReceiveReceipts(ctx, origin, edu))
	}
	theirs := func() []Receipt {
		all, err := r.node.UserReceipts(ctx, r.roomID, southDoctor)
		require.NoError(t, err)
		return all
	}
	receive("evil.example", r.edu(southDoctor, "", 5, r.events[1].ID))
	receive("south.example", r.edu("@guest:south.example", "", 5, r.events[1].ID))
	receive("south.example", json.RawMessage(`{"!nowhere:x":{"m.read":{"@doctor:south.example":{"event_ids":["$a"]}}}}`))
	receive("south.example", json.RawMessage(`{"`+r.roomID+`":{"m.read":{"@doctor:south.example":{"event_ids":["a",7]}}}}`))
	require.Empty(t, theirs())
	require.Error(t, r.node.ReceiveReceipts(ctx, "south.example", json.RawMessage(`{`)))

	receive("south.example", r.edu(southDoctor, "", 5, r.events[1].ID, r.events[3].ID, r.events[2].ID))
	require.Len(t, theirs(), 1, "a private one never comes from another server")
	require.Equal(t, r.events[3].ID, theirs()[0].EventID, "the newest of those named")
	require.EqualValues(t, 5, theirs()[0].TS)
	receive("south.example", r.edu(southDoctor, "", 6, r.events[0].ID))
	require.Equal(t, r.events[3].ID, theirs()[0].EventID)
}

// TestReceiptsForUnknownEventsWaitForThem sends a receipt for an event of south before the event itself.
func TestReceiptsForUnknownEventsWaitForThem(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		ctx := context.Background()
		r := newReceiptRoom(t, fresh())
		tip := r.events[4]
		in := r.parse(r.forge(r.south, &draft{typ: "m.room.message", sender: southDoctor, content: []byte(`{"body":"later"}`)}, tip.Depth+1, []*Event{tip}))
		require.NoError(t, r.node.ReceiveReceipts(ctx, "south.example", r.edu(southDoctor, "main", 9, in.event.ID)))
		all, err := r.node.UserReceipts(ctx, r.roomID, southDoctor)
		require.NoError(t, err)
		require.Empty(t, all)

		since := r.node.hub.Position()
		require.NoError(t, r.node.do(ctx, r.roomID, true, func(b *batch) error { _, err := b.admit(in); return err }))
		all, err = r.node.UserReceipts(ctx, r.roomID, southDoctor)
		require.NoError(t, err)
		require.Len(t, all, 1)
		require.Equal(t, in.event.ID, all[0].EventID)
		require.Equal(t, "main", all[0].ThreadID)
		require.Equal(t, r.event(in.event.ID).Key, all[0].Key)
		news, err := r.node.Receipts(ctx, r.roomID, since, r.node.hub.Position())
		require.NoError(t, err)
		require.Len(t, news, 1, "and it is told")
		require.Zero(t, r.waiting())
	})
}

func (r *receiptRoom) waiting() (n int) {
	require.NoError(r.t, r.node.db.QueryRow(context.Background(), `SELECT COUNT(*) FROM receipts_waiting`).Scan(&n))
	return n
}

func TestWaitingReceiptsAreBounded(t *testing.T) {
	ctx := context.Background()
	r := newReceiptRoom(t, sqldbtest.SQLite(t))
	for i := range maxWaiting + 50 {
		thread := fmt.Sprintf("$thread%d", i)
		require.NoError(t, r.node.ReceiveReceipts(ctx, "south.example", r.edu(southDoctor, thread, 1, "$never"+thread)))
	}
	require.Equal(t, maxWaiting, r.waiting())
}

func TestTypingEndsByItselfAndIsBounded(t *testing.T) {
	n := newReadNode(t)
	const room = "!typing:north.example"
	n.SetTyping(room, northDoctor, 40*time.Millisecond)
	n.SetTyping(room, northNurse, time.Hour)
	require.Equal(t, []string{northDoctor, northNurse}, n.Typing(room))
	sequence := n.hub.EphemeralLast(RoomTopic(room), EphemeralTyping)
	n.SetTyping(room, northNurse, time.Hour)
	require.Equal(t, sequence, n.hub.EphemeralLast(RoomTopic(room), EphemeralTyping), "still typing is no news")

	watch := n.hub.Watch(RoomTopic(room))
	defer watch.Close()
	select {
	case <-watch.C():
	case <-time.After(20 * time.Second):
		t.Fatal("nobody was told that the time is over")
	}
	require.Equal(t, []string{northNurse}, n.Typing(room))
	require.LessOrEqual(t, time.Until(n.read.typing.rooms[room].users[northNurse].until), 2*time.Minute)
	n.SetTyping(room, northNurse, 0)
	require.Empty(t, n.Typing(room))
	require.Empty(t, n.read.typing.rooms, "a room where nobody types costs nothing")
	for i := range maxTypingUsers + 5 {
		n.SetTyping(room, fmt.Sprintf("@u%d:x", i), time.Minute)
	}
	require.Len(t, n.Typing(room), maxTypingUsers)
}

func TestTypingOfOtherServers(t *testing.T) {
	ctx := context.Background()
	r := newReceiptRoom(t, sqldbtest.SQLite(t))
	require.ErrorIs(t, r.node.ReceiveTyping(ctx, "evil.example", r.roomID, southDoctor, true), ErrForbidden)
	require.ErrorIs(t, r.node.ReceiveTyping(ctx, "south.example", r.roomID, "@guest:south.example", true), ErrForbidden)
	require.Empty(t, r.node.Typing(r.roomID))
	require.NoError(t, r.node.ReceiveTyping(ctx, "south.example", r.roomID, southDoctor, true))
	require.Equal(t, []string{southDoctor}, r.node.Typing(r.roomID))
	require.NoError(t, r.node.ReceiveTyping(ctx, "south.example", r.roomID, southDoctor, false))
	require.Empty(t, r.node.Typing(r.roomID))
	key := ""
	_, err := r.node.Send(ctx, SendRequest{RoomID: r.roomID, Sender: northDoctor, Type: "m.room.server_acl", StateKey: &key,
		Content: json.RawMessage(`{"allow":["*"],"deny":["south.*"]}`)})
	require.NoError(t, err)
	require.ErrorIs(t, r.node.ReceiveTyping(ctx, "south.example", r.roomID, southDoctor, true), ErrForbidden)
	require.NoError(t, r.node.ReceiveReceipts(ctx, "south.example", r.edu(southDoctor, "", 5, r.events[1].ID)))
	all, err := r.node.UserReceipts(ctx, r.roomID, southDoctor)
	require.NoError(t, err)
	require.Empty(t, all, "a server that the room denies says nothing")
}

func TestOtherServersAreToldOfLocalTypingOnly(t *testing.T) {
	n := newReadNode(t)
	changes, stop := n.WatchTyping(10)
	n.SetTyping("!r:x", southDoctor, time.Minute)
	n.SetTyping("!r:x", northDoctor, time.Minute)
	n.SetTyping("!r:x", northDoctor, time.Minute)
	n.SetTyping("!r:x", northDoctor, 0)
	n.SetTyping("!r:x", northNurse, 20*time.Millisecond)
	var got []TypingChange
	for range 4 {
		select {
		case c := <-changes:
			got = append(got, c)
		case <-time.After(20 * time.Second):
			t.Fatal("a change is missing")
		}
	}
	require.Equal(t, []TypingChange{
		{"!r:x", northDoctor, true}, {"!r:x", northDoctor, false}, {"!r:x", northNurse, true}, {"!r:x", northNurse, false},
	}, got)

	later := time.Now().Add(repeatTyping + time.Second)
	n.SetTyping("!r:x", northDoctor, time.Minute)
	n.read.typing.mu.Lock()
	n.read.typing.now = func() time.Time { return later }
	n.read.typing.mu.Unlock()
	n.SetTyping("!r:x", northDoctor, time.Minute)
	require.Equal(t, TypingChange{"!r:x", northDoctor, true}, <-changes)
	require.Equal(t, TypingChange{"!r:x", northDoctor, true}, <-changes, "said again, or the others would let it end")
	stop()
	n.SetTyping("!r:x", northDoctor, 0)
	require.Empty(t, changes)
}
