package sync

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/accounts"
)

// whoIsHere is a presencePort in which everyone is online whose presence the device needs.
type whoIsHere struct{ asked, noted []string }

func (p *whoIsHere) SyncPresence(_ context.Context, userID, presence string) error {
	p.noted = append(p.noted, userID+" "+presence)
	return nil
}

func (p *whoIsHere) PresenceNews(_ context.Context, viewer string, _ int64, seen, newcomers []string) (map[string]accounts.PresenceState, error) {
	p.asked = append(append([]string{}, seen...), newcomers...)
	if len(p.asked) == 0 {
		return nil, nil
	}
	return map[string]accounts.PresenceState{alice: {Presence: "online", StatusMsg: "on call", LastActive: 1}}, nil
}

func TestPresenceOfNewRoomsAndNewcomers(t *testing.T) {
	n := newNode(t)
	here := &whoIsHere{}
	n.handler.presence = here
	room := n.create(alice, bob)
	b := n.client(bob)
	b.sync()
	require.Empty(t, here.asked)
	n.member(room, bob, bob, "join")
	b.sync()
	require.Equal(t, []string{room.id}, here.asked, "a room that is new to the device")
	event := b.last.Get("presence.events.0")
	require.Equal(t, "m.presence "+alice, event.Get("type").Str+" "+event.Get("sender").Str)
	require.Equal(t, "online", event.Get("content.presence").Str)
	require.True(t, event.Get("content.currently_active").Bool())
	n.member(room, "@cy:a.example", "@cy:a.example", "join")
	b.sync()
	require.Equal(t, []string{"@cy:a.example"}, here.asked, "who came in")
	n.say(room, alice, "nobody comes")
	b.sync()
	require.Empty(t, here.asked)
	require.Empty(t, b.last.Get("presence.events").Array())
	require.Contains(t, here.noted, bob+" online", "who syncs is online unless they say otherwise")
}
