package accounts

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPresenceAcrossServers tells other servers of our users who share rooms with theirs, and takes what they tell.
func TestPresenceAcrossServers(t *testing.T) {
	n := newNode(t, func(o *Options) { o.Presence = true })
	ana, li, mo := n.user("ana"), "@li:b.example", "@mo:c.example"
	n.town.square("!ward:a.example").join(t, ana, li)
	changes, stop := n.WatchPresence(10)

	require.NoError(t, n.SetPresence(ctx, ana, "unavailable", "in theatre"))
	change := <-changes
	require.Equal(t, []string{"b.example"}, change.Servers, "only those who share a room")
	require.Equal(t, "in theatre", change.State.StatusMsg)
	require.NoError(t, n.SetPresence(ctx, ana, "unavailable", "in theatre"))
	require.Empty(t, changes, "nothing changed")
	n.clock.advance(repeatPresence * 2)
	n.repeatPresences(ctx)
	require.Equal(t, ana, (<-changes).UserID, "told again before they forget it")

	push := func(origin, userID, presence string) error {
		return n.ReceivePresence(ctx, origin, fmt.Appendf(nil, `{"push":[{"user_id":%q,"presence":%q,"last_active_ago":1000,"currently_active":true}]}`, userID, presence))
	}
	presence := func(userID string) string {
		state, err := n.Presence(ctx, ana, userID)
		require.NoError(t, err)
		return state.Presence
	}
	require.NoError(t, push("c.example", li, "online"))
	require.Equal(t, "offline", presence(li), "a server speaks for its own users only")
	require.NoError(t, push("b.example", li, "dancing"))
	require.Equal(t, "offline", presence(li))
	require.NoError(t, push("c.example", mo, "online"))
	require.NotContains(t, n.presences.known(), mo, "who shares no room is not kept")
	require.NoError(t, push("b.example", li, "online"))
	require.Equal(t, "online", presence(li))
	require.Empty(t, changes, "what others say is not passed on")
	found, err := n.PresenceNews(ctx, ana, 0, []string{"!ward:a.example"}, nil)
	require.NoError(t, err)
	require.Contains(t, found, li)
	require.ErrorIs(t, n.ReceivePresence(ctx, "b.example", []byte(`{"push":5}`)), ErrBadJSON)

	n.clock.advance(presenceLife * 2)
	require.NotContains(t, n.silentUsers(), li)
	n.clock.advance(remotePresenceLife)
	require.Contains(t, n.silentUsers(), li, "their server is gone")
	stop()
	require.NoError(t, n.SetPresence(ctx, ana, "online", ""))
	require.Empty(t, changes)
}
