package rooms

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb/sqldbtest"
)

func TestSharedRoomsAreThoseWithMembersHereAndElsewhere(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		w := newNetwork(t)
		n, s := w.addAt(north, fresh()), w.addAt(south, fresh())
		n.publicRoom("12")
		left := n.publicRoom("12")
		for _, roomID := range []string{n.publicRoom("12"), n.publicRoom("12"), left} {
			s.join(roomID, s.user("doctor"), north)
		}
		require.NoError(t, s.member(left, s.user("doctor"), s.user("doctor"), "leave"))
		shared := map[string]int64{}
		require.NoError(t, s.EachShared(t.Context(), func(servers []string, rooms int64) { shared[strings.Join(servers, " ")] += rooms }))
		require.Equal(t, map[string]int64{north + " " + south: 2}, shared)
		clear(shared)
		require.NoError(t, n.EachShared(t.Context(), func(servers []string, rooms int64) { shared[strings.Join(servers, " ")] += rooms }))
		require.Equal(t, map[string]int64{north: 1, north + " " + south: 3}, shared, "it has not heard of the leave")
	})
}
