package rooms

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
)

func relates(typ, target string, more ...string) map[string]any {
	to := map[string]any{"rel_type": typ, "event_id": target}
	for i := 0; i+1 < len(more); i += 2 {
		to[more[i]] = more[i+1]
	}
	return map[string]any{"m.relates_to": to, "body": "*", "m.new_content": map[string]any{"body": "new"}}
}

func TestRelationOf(t *testing.T) {
	for content, want := range map[string]Relation{
		`{"m.relates_to":{"rel_type":"m.thread","event_id":"$a"}}`:                              {Type: "m.thread", EventID: "$a"},
		`{"m.relates_to":{"rel_type":"m.annotation","event_id":"$a","key":"👍"}}`:                {Type: "m.annotation", EventID: "$a", Key: "👍"},
		`{"m.relates_to":{"rel_type":"m.reference","event_id":"$a","key":"not an annotation"}}`: {Type: "m.reference", EventID: "$a"},
		`{"m.relates_to":{"rel_type":"m.annotation","event_id":"$a"}}`:                          {},
		`{"m.relates_to":{"rel_type":"m.annotation","event_id":"$a","key":""}}`:                 {},
		`{"m.relates_to":{"rel_type":"m.thread","event_id":"a"}}`:                               {},
		`{"m.relates_to":{"rel_type":7,"event_id":"$a"}}`:                                       {},
		`{"m.relates_to":{"rel_type":"","event_id":"$a"}}`:                                      {},
		`{"m.relates_to":{"m.in_reply_to":{"event_id":"$a"}}}`:                                  {},
		`{"m.relates_to":["rel_type"]}`:                                                         {},
		`{"m":{"relates_to":{"rel_type":"m.thread","event_id":"$a"}}}`:                          {},
		fmt.Sprintf(`{"m.relates_to":{"rel_type":"m.thread","event_id":"$%s"}}`, longText(300)): {},
	} {
		require.Equal(t, want, relationOf(gjson.Parse(content)), content)
	}
}

func longText(n int) string { return fmt.Sprintf("%0*d", n, 0) }

func FuzzRelationOf(f *testing.F) {
	f.Add([]byte(`{"m.relates_to":{"rel_type":"m.annotation","event_id":"$a","key":"k"}}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		r := relationOf(gjson.ParseBytes(content))
		if (r.Type == "") != (r.EventID == "") || r.Key != "" && r.Type != relAnnotation || len(r.EventID) > maxRelationField {
			t.Fatalf("%+v", r)
		}
	})
}

func TestThreadRootOf(t *testing.T) {
	root, inThread := &Event{NID: 1}, &Event{NID: 2, ThreadRoot: 1}
	require.Equal(t, int64(1), threadRootOf(Relation{Type: relThread, EventID: "$root"}, root))
	require.Equal(t, int64(1), threadRootOf(Relation{Type: relAnnotation, EventID: "$x"}, inThread), "a reaction within")
	require.Equal(t, int64(1), threadRootOf(Relation{Type: relReplace, EventID: "$x"}, inThread), "an edit within")
	require.Zero(t, threadRootOf(Relation{Type: relAnnotation, EventID: "$root"}, root), "a reaction to the root is not")
	require.Zero(t, threadRootOf(Relation{Type: relThread, EventID: "$root"}, nil))
	require.Zero(t, threadRootOf(Relation{}, root))
}

func TestRelationsArePagedByHistoryAndFiltered(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		ctx := context.Background()
		n := openReadNode(t, fresh())
		b := n.bareRoom("!relations:north.example")
		b.put(bareEvent{id: "$root"})
		b.put(
			bareEvent{id: "$r1", typ: "m.reaction", content: relates(relAnnotation, "$root", "key", "1")},
			bareEvent{id: "$t1", content: relates(relThread, "$root")},
			bareEvent{id: "$t2", content: relates(relThread, "$root")},
			bareEvent{id: "$e1", content: relates(relReplace, "$t1")},
			bareEvent{id: "$r2", typ: "m.reaction", content: relates(relAnnotation, "$e1", "key", "2")},
			bareEvent{id: "$far", typ: "m.reaction", content: relates(relAnnotation, "$r2", "key", "3")},
			bareEvent{id: "$gone", content: relates(relThread, "$root")},
			bareEvent{id: "$refused", outcome: Rejected, content: relates(relThread, "$root")},
		)
		b.redact("$gone")
		n.bareRoom("!elsewhere:north.example").put(bareEvent{id: "$foreign", content: relates(relThread, "$root")})

		ask := func(q RelationQuery) []string {
			q.RoomID, q.EventID = b.id, "$root"
			var ids []string
			for q.Limit = 1; ; {
				page, err := b.Relations(ctx, q)
				require.NoError(t, err)
				require.LessOrEqual(t, len(page.Events), 1)
				ids = append(ids, eventIDs(page.Events)...)
				if page.Done {
					return ids
				}
				q.From = page.Next
			}
		}
		require.Equal(t, []string{"$t2", "$t1", "$r1"}, ask(RelationQuery{Dir: Backward}))
		require.Equal(t, []string{"$r1", "$t1", "$t2"}, ask(RelationQuery{Dir: Forward}))
		require.Equal(t, []string{"$t2", "$t1"}, ask(RelationQuery{Dir: Backward, RelType: relThread}))
		require.Equal(t, []string{"$r1"}, ask(RelationQuery{Dir: Backward, RelType: relAnnotation, EventType: "m.reaction"}))
		require.Equal(t, []string{"$r2", "$e1", "$t2", "$t1", "$r1"}, ask(RelationQuery{Dir: Backward, Recurse: true}), "three steps, not four")
		require.Equal(t, []string{"$r2", "$r1"}, ask(RelationQuery{Dir: Backward, Recurse: true, RelType: relAnnotation}))
	})
}

func TestRelationsThatGoInACircleEnd(t *testing.T) {
	b := newReadNode(t).bareRoom("!circle:north.example")
	b.put(bareEvent{id: "$a", content: relates(relReference, "$b")}, bareEvent{id: "$b", content: relates(relReference, "$a")})
	page, err := b.Relations(context.Background(), RelationQuery{RoomID: b.id, EventID: "$a", Dir: Backward, Recurse: true})
	require.NoError(t, err)
	require.Equal(t, []string{"$b", "$a"}, eventIDs(page.Events))
}

func TestAggregates(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		ctx := context.Background()
		b := openReadNode(t, fresh()).bareRoom("!aggregates:north.example")
		b.put(bareEvent{id: "$root", sender: "@a:x"}, bareEvent{id: "$plain"}, bareEvent{id: "$only_edit", sender: "@a:x"})
		b.put(
			bareEvent{id: "$old", sender: "@a:x", ts: 10, content: relates(relReplace, "$root")},
			bareEvent{id: "$tie1", sender: "@a:x", ts: 20, content: relates(relReplace, "$root")},
			bareEvent{id: "$tie2", sender: "@a:x", ts: 20, content: relates(relReplace, "$root")},
			bareEvent{id: "$late", sender: "@a:x", ts: 15, content: relates(relReplace, "$root")},
			bareEvent{id: "$stranger", sender: "@b:x", ts: 90, content: relates(relReplace, "$root")},
			bareEvent{id: "$othertype", sender: "@a:x", typ: "m.sticker", ts: 91, content: relates(relReplace, "$root")},
			bareEvent{id: "$nocontent", sender: "@a:x", ts: 92, content: map[string]any{
				"m.relates_to": map[string]any{"rel_type": relReplace, "event_id": "$root"}}},
			bareEvent{id: "$editofedit", sender: "@a:x", ts: 93, content: relates(relReplace, "$old")},
			bareEvent{id: "$t1", sender: "@b:x", content: relates(relThread, "$root")},
			bareEvent{id: "$t2", sender: "@c:x", content: relates(relThread, "$root")},
			bareEvent{id: "$t3", sender: "@d:x", content: relates(relThread, "$root")},
			bareEvent{id: "$ref", content: relates(relReference, "$root")},
			bareEvent{id: "$react", content: relates(relAnnotation, "$plain", "key", "k")},
		)
		b.redact("$t3")
		all, err := b.Aggregates(ctx, []string{"$root", "$plain", "$old", "$unknown"})
		require.NoError(t, err)
		require.Len(t, all, 1, "annotations are not bundled, and an edit is not edited")
		got := all["$root"]
		require.Equal(t, "$tie2", got.Edit.ID, "the newest by time, then by id, that is valid")
		require.Equal(t, 2, got.Thread.Count)
		require.Equal(t, "$t2", got.Thread.Latest.ID)
		require.Equal(t, map[string]bool{"@a:x": true, "@b:x": true, "@c:x": true}, got.Thread.Participants)
		require.Equal(t, []string{"$ref"}, got.References)

		b.redact("$tie2")
		all, err = b.Aggregates(ctx, []string{"$root"})
		require.NoError(t, err)
		require.Equal(t, "$tie1", all["$root"].Edit.ID)
	})
}

func TestThreadsComeByTheirNewestEvent(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		ctx := context.Background()
		b := openReadNode(t, fresh()).bareRoom("!threads:north.example")
		b.put(bareEvent{id: "$a", sender: "@a:x"}, bareEvent{id: "$b", sender: "@b:x"}, bareEvent{id: "$c", sender: "@c:x"})
		b.put(
			bareEvent{sender: "@z:x", content: relates(relThread, "$c")},
			bareEvent{sender: "@a:x", content: relates(relThread, "$b")},
			bareEvent{sender: "@b:x", content: relates(relThread, "$a")},
			bareEvent{sender: "@z:x", content: relates(relThread, "$unknown")},
		)
		ask := func(participant string) []string {
			var ids []string
			var from HistoryKey
			for {
				page, err := b.Threads(ctx, b.id, participant, from, 1)
				require.NoError(t, err)
				ids = append(ids, eventIDs(page.Events)...)
				if page.Done {
					return ids
				}
				from = page.Next
			}
		}
		require.Equal(t, []string{"$a", "$b", "$c"}, ask(""))
		require.Equal(t, []string{"$a", "$b"}, ask("@a:x"))
		require.Equal(t, []string{"$c"}, ask("@z:x"))
		b.put(bareEvent{sender: "@q:x", content: relates(relThread, "$c")})
		require.Equal(t, []string{"$c", "$a", "$b"}, ask(""))
	})
}

func TestAThreadGetsItsRootWhenThatComesLater(t *testing.T) {
	ctx := context.Background()
	b := newReadNode(t).bareRoom("!late:north.example")
	early := b.put(bareEvent{id: "$reply", content: relates(relThread, "$root")})[0]
	require.Zero(t, early.ThreadRoot)
	root := b.put(bareEvent{id: "$root"})[0]
	stored, err := b.selectEvents(ctx, []int64{early.NID})
	require.NoError(t, err)
	require.Equal(t, root.NID, stored[0].ThreadRoot)
}

func TestOutgoingEventsAreTheSameFromMemoryAndFromTheDatabase(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		ctx := context.Background()
		n := openReadNode(t, fresh())
		for nid, servers := range map[int64]string{71: `["b.example","c.example"]`, 72: `["c.example"]`} {
			n.insertSet(nid, servers)
		}
		b, other := n.bareRoom("!out1:north.example"), n.bareRoom("!out2:north.example")
		first := b.put(bareEvent{servers: 71}, bareEvent{}, bareEvent{servers: 72})
		other.put(bareEvent{servers: 71})
		last := n.hub.Position()
		hot, complete := n.outgoingFromRing(0, last, 100)
		require.True(t, complete)
		nids, err := n.outgoing(ctx, 0, last, 100)
		require.NoError(t, err)
		cold, err := n.inOrder(ctx, nids)
		require.NoError(t, err)
		require.Equal(t, eventIDs(cold), eventIDs(hot))
		require.Len(t, cold, 3)
		some, err := n.OutgoingEvents(ctx, first[0].Position, last, 1)
		require.NoError(t, err)
		require.Equal(t, []string{first[2].ID}, eventIDs(some))

		set, err := n.ServerSet(ctx, 71)
		require.NoError(t, err)
		require.Equal(t, []string{"b.example", "c.example"}, set)
		_, err = n.ServerSet(ctx, 99)
		require.ErrorIs(t, err, ErrNotFound)
		for server, want := range map[string]*Event{"b.example": first[0], "c.example": first[2], "d.example": nil} {
			got, err := n.LatestOutgoing(ctx, b.id, server, last)
			require.NoError(t, err)
			if want == nil {
				require.Nil(t, got)
				continue
			}
			require.Equal(t, want.ID, got.ID, server)
		}
	})
}

func TestAnnotated(t *testing.T) {
	ctx := context.Background()
	b := newReadNode(t).bareRoom("!annotated:north.example")
	b.put(bareEvent{id: "$x"}, bareEvent{id: "$r", sender: "@a:x", typ: "m.reaction", content: relates(relAnnotation, "$x", "key", "1")})
	ask := func(user, typ, key string) bool {
		yes, err := b.Annotated(ctx, "$x", user, typ, key)
		require.NoError(t, err)
		return yes
	}
	require.True(t, ask("@a:x", "m.reaction", "1"))
	require.False(t, ask("@b:x", "m.reaction", "1"))
	require.False(t, ask("@a:x", "m.other", "1"))
	require.False(t, ask("@a:x", "m.reaction", "2"))
	b.redact("$r")
	require.False(t, ask("@a:x", "m.reaction", "1"), "taken back")
}

// TestRelationsOfOneEventDoNotGoThroughItsRoom asks SQLite how it would find them: by the event, not by the room.
func TestRelationsOfOneEventDoNotGoThroughItsRoom(t *testing.T) {
	db := sqldbtest.New(t)
	plan := func(statement string, args ...any) {
		rows, err := db.Query(context.Background(), "EXPLAIN QUERY PLAN "+statement, args...)
		require.NoError(t, err)
		defer rows.Close()
		for rows.Next() {
			var id, parent, unused int
			var step string
			require.NoError(t, rows.Scan(&id, &parent, &unused, &step))
			require.NotContains(t, step, "(room_nid=?", statement)
		}
		require.NoError(t, rows.Err())
	}
	for _, recurse := range []bool{false, true} {
		for _, dir := range []Direction{Backward, Forward} {
			statement, args := relatingStatement(1, RelationQuery{EventID: "$a", Dir: dir, Recurse: recurse})
			plan(statement, args...)
		}
	}
	plan(threadSenders, sqldb.List([]string{"$a"}))
}
