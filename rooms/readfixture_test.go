package rooms

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/signing"
	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/stream"
)

const readServer = "north.example"

// readNode is a node for tests of what is read.
type readNode struct {
	*Rooms
	t      testing.TB
	remote *fakeRemote
}

func openReadNode(t testing.TB, address string) *readNode {
	return openReadNodeAs(t, address, readServer)
}

func openReadNodeAs(t testing.TB, address, server string) *readNode {
	db := sqldbtest.Open(t, address)
	key, err := signing.GenerateKey()
	require.NoError(t, err)
	remote := &fakeRemote{}
	r, err := New(context.Background(), Options{
		DB: db, Hub: stream.New(db, stream.Options{Logger: sqldbtest.Quiet()}), ServerName: server,
		Signer: &signing.Signer{ServerName: server, Key: key}, Remote: remote, DefaultVersion: "12",
		Now: time.Now, Log: sqldbtest.Quiet(),
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, r.Close(ctx))
	})
	return &readNode{Rooms: r, t: t, remote: remote}
}

func newReadNode(t testing.TB) *readNode { return openReadNode(t, sqldbtest.SQLite(t)) }

// bareRoom is a room of events put into the database as they are, without the rules: for tests of paging and relations.
type bareRoom struct {
	*readNode
	nid int64
	id  string
}

func (n *readNode) bareRoom(id string) *bareRoom {
	nid := n.db.IDs("room").Next()
	n.write(func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`INSERT INTO rooms (room_nid, room_id, version, extremities) VALUES ($1, $2, '11', $3)`, nid, id, []byte{})
		return err
	})
	return &bareRoom{readNode: n, nid: nid, id: id}
}

func (n *readNode) write(fn func(tx *sqldb.Tx) error) {
	n.t.Helper()
	require.NoError(n.t, n.db.Write(context.Background(), fn))
}

// bareEvent is an event to be put; zero fields take defaults.
type bareEvent struct {
	id, typ, sender string
	content         map[string]any
	key             *HistoryKey // nil: live, at the next position
	ts              int64
	outcome         Outcome
	afterGap        []string // the event ids that are missing before it
	servers         int64
	threadRoot      int64
}

// put stores events, each live one at its own position, and publishes them as the write path does.
func (b *bareRoom) put(events ...bareEvent) []*Event {
	b.t.Helper()
	var stored []*Event
	b.write(func(tx *sqldb.Tx) error {
		stored = stored[:0]
		for _, e := range events {
			ev, err := b.insert(tx, e)
			if err != nil {
				return err
			}
			stored = append(stored, ev)
		}
		return nil
	})
	return stored
}

func (b *bareRoom) insert(tx *sqldb.Tx, e bareEvent) (*Event, error) {
	nid := b.db.IDs("event").Next()
	if e.id == "" {
		e.id = fmt.Sprintf("$e%d", nid)
	}
	if e.typ == "" {
		e.typ = "m.room.message"
	}
	if e.sender == "" {
		e.sender = "@nurse:" + readServer
	}
	if e.content == nil {
		e.content = map[string]any{"body": e.id}
	}
	pdu, err := json.Marshal(map[string]any{"type": e.typ, "sender": e.sender, "content": e.content})
	if err != nil {
		return nil, err
	}
	ev := &Event{
		NID: nid, ID: e.id, RoomNID: b.nid, RoomID: b.id, Version: "11", Type: e.typ, Sender: e.sender, OriginServerTS: e.ts,
		Outcome: e.outcome, Servers: e.servers, ThreadRoot: e.threadRoot, JSON: pdu, AfterGap: e.afterGap != nil,
	}
	ev.readJSON()
	var position, anchor, sub any
	switch {
	case e.key != nil:
		ev.Key = *e.key
		anchor, sub = ev.Key.Anchor, ev.Key.Sub
	case e.outcome == Accepted:
		ev.Position = tx.NextPosition()
		ev.Key = HistoryKey{Anchor: ev.Position}
		position, anchor, sub = ev.Position, ev.Position, int64(0)
		tx.OnCommit(func() {
			b.hub.Append(stream.Entry{Position: ev.Position, Topic: RoomTopic(b.id), Kind: EntryEvent, Value: ev, Size: sizeOf(ev)})
		})
	}
	if e.afterGap != nil {
		missing, _ := json.Marshal(e.afterGap)
		if _, err := tx.Exec(`INSERT INTO gaps (room_nid, anchor, sub, missing) VALUES ($1, $2, 0, $3)`, b.nid, anchor, string(missing)); err != nil {
			return nil, err
		}
	}
	if _, err := tx.Exec(insertEvent, ev.NID, ev.ID, b.nid, ev.Type, int64(0), ev.Sender, int64(1), ev.OriginServerTS, ev.Outcome, "",
		position, anchor, sub, int64(0), int64(0), int64(0), int64(0), ev.Servers, ev.ThreadRoot, packNIDs(nil), ev.JSON); err != nil {
		return nil, err
	}
	if err := storeRelation(tx, ev); err != nil {
		return nil, err
	}
	return ev, storeRoot(tx, ev)
}

// redact makes a redaction of the event take effect.
func (b *bareRoom) redact(target string) *Event {
	redaction := b.put(bareEvent{typ: "m.room.redaction", content: map[string]any{"redacts": target}})[0]
	b.write(func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`INSERT INTO redactions (room_nid, target_event_id, redaction_nid, position) VALUES ($1, $2, $3, $4)`,
			b.nid, target, redaction.NID, redaction.Position)
		tx.OnCommit(func() { b.redactionCommitted(target) })
		return err
	})
	return redaction
}

func eventIDs(events []*Event) []string {
	ids := make([]string, len(events))
	for i, ev := range events {
		ids[i] = ev.ID
	}
	return ids
}

func (n *readNode) insertSet(nid int64, servers string) {
	n.write(func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`INSERT INTO server_sets (servers_nid, servers) VALUES ($1, $2)`, nid, servers)
		return err
	})
}
