package rooms

import (
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
)

func TestEventsOfAStretchOfTheStream(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		const said, put = "m.room.message", "m.sticker"
		n := openReadNode(t, fresh())
		first, second := n.bareRoom("!first:north.example"), n.bareRoom("!second:north.example")
		before := first.put(bareEvent{typ: said})[0]
		mine := first.put(bareEvent{typ: said}, bareEvent{typ: put}, bareEvent{typ: said, outcome: Rejected}, bareEvent{typ: said})
		other := second.put(bareEvent{typ: said})[0]
		first.put(bareEvent{typ: said, key: &HistoryKey{mine[0].Position, -1}}) // fetched history
		from, to := mine[0].Position, other.Position
		after := first.put(bareEvent{typ: said})[0]
		ctx := t.Context()

		found, err := first.EventsIn(ctx, first.nid, from, to, said, 10)
		require.NoError(t, err)
		require.Equal(t, []string{mine[3].ID, mine[0].ID}, eventIDs(found), "newest first, without what was fetched or rejected")
		found, err = first.EventsIn(ctx, first.nid, before.Position, after.Position, said, 1)
		require.NoError(t, err)
		require.Equal(t, []string{after.ID}, eventIDs(found))
		found, err = n.LastEvents(ctx, from, to, said, 2)
		require.NoError(t, err)
		require.Equal(t, []string{other.ID, mine[3].ID}, eventIDs(found), "of all rooms")
		nids, err := n.RoomsWith(ctx, said, from, to, 10)
		require.NoError(t, err)
		require.ElementsMatch(t, []int64{first.nid, second.nid}, nids)
		nids, err = n.RoomsWith(ctx, put, to, after.Position, 10)
		require.NoError(t, err)
		require.Empty(t, nids)

		first.redact(mine[0].ID)
		var redacted map[string]bool
		require.NoError(t, n.db.Write(ctx, func(tx *sqldb.Tx) (err error) {
			redacted, err = n.RedactedIn(tx, []string{mine[0].ID, mine[3].ID})
			return err
		}))
		require.Equal(t, map[string]bool{mine[0].ID: true}, redacted)
	})
}

func TestWhatAReaderHearsIsTheSameFromMemoryAndFromTheDatabase(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		const said, asked, other = "m.room.message", "org.example.asked", "m.sticker"
		n := openTestNode(t, fresh())
		room := n.create(CreateRequest{})
		from := n.hub.Position()
		put := func(typ string) string {
			id, err := n.Send(t.Context(), SendRequest{RoomID: room, Sender: doctor, Type: typ, Content: []byte(`{"body": "x"}`)})
			require.NoError(t, err)
			return id
		}
		want := []string{put(asked), put(said)}
		put(other)
		want = append(want, put(asked))
		upto := n.hub.Position()
		put(said)

		heeded := func(typ string) bool { return typ == said || typ == asked }
		heard := func() []string {
			found, err := n.EventsHeard(t.Context(), from, upto, heeded, said, asked)
			require.NoError(t, err)
			return eventIDs(found)
		}
		require.Equal(t, want, heard(), "from memory")
		n.restart()
		require.Equal(t, want, heard(), "after a restart, from the database")
		stored, err := n.EventsHeard(t.Context(), from, upto, heeded, said)
		require.NoError(t, err)
		require.Equal(t, want[1:2], eventIDs(stored), "of what memory has forgotten, the types alone that are named")
	})
}
