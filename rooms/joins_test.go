package rooms

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	north = "north.example"
	south = "south.example"
	east  = "east.example"
)

var testVersions = []string{"1", "6", "10", "11", "12"}

func TestJoiningARoomOfAnotherServer(t *testing.T) {
	for _, version := range testVersions {
		t.Run(version, func(t *testing.T) {
			w := newNetwork(t)
			n, s := w.add(north), w.add(south)
			roomID := n.publicRoom(version)
			n.join(roomID, n.user("nurse"))
			said := n.say(roomID, n.user("nurse"), "before")

			before := s.db.Position()
			s.join(roomID, s.user("doctor"), north)

			require.Equal(t, n.current(roomID), s.current(roomID))
			require.Equal(t, "join", n.snap(roomID).Membership(s.user("doctor")))
			require.Equal(t, []string{north, south}, s.snap(roomID).Servers())
			require.Equal(t, []string{north, south}, n.snap(roomID).Servers())
			require.Equal(t, before+1, s.db.Position(), "one position: the join; everything else has none")
			join := s.tips(roomID)
			require.Len(t, join, 1)
			require.Equal(t, s.user("doctor"), *join[0].StateKey)
			require.True(t, join[0].AfterGap)
			require.Equal(t, join[0].ID, n.tips(roomID)[0].ID)
			require.Zero(t, join[0].Servers, "the resident server sends it on")
			g, err := s.openGapAt(t.Context(), s.snap(roomID).RoomNID, join[0].Key.Anchor)
			require.NoError(t, err)
			require.Equal(t, []string{said.ID}, g.missing)
			require.Equal(t, 3, s.count(`SELECT COUNT(*) FROM memberships`))

			rooms, err := s.UserRooms(t.Context(), s.user("doctor"))
			require.NoError(t, err)
			require.Equal(t, "join", rooms[0].Membership)

			reply := s.say(roomID, s.user("doctor"), "after")
			require.Nil(t, n.receive(south, reply)[0].Err)
			require.Equal(t, Accepted, n.outcome(reply.ID))
			s.restart()
			require.Equal(t, n.current(roomID), s.current(roomID))
		})
	}
}
