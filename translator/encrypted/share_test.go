package encrypted

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"
)

// TestWhoAsksForMembersWhileTheyAreAskedForGetsAllOfThem: a key that is given to half of the members is worse than one that
// comes later, and several messages of a room may be on their way at once.
func TestWhoAsksForMembersWhileTheyAreAskedForGetsAllOfThem(t *testing.T) {
	asked, answer := make(chan struct{}, 8), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		<-answer
		_, _ = w.Write([]byte(`{"chunk":[{"type":"m.room.member","state_key":"@a:x","content":{"membership":"join"}},` +
			`{"type":"m.room.member","state_key":"@b:x","content":{"membership":"invite"}},` +
			`{"type":"m.room.member","state_key":"@c:x","content":{"membership":"ban"}}]}`))
	}))
	defer server.Close()
	client, err := mautrix.NewClient(server.URL, "@bot:x", "token")
	require.NoError(t, err)
	b := &Bot{client: client, members: map[id.RoomID]*members{}}
	found := make(chan *members, 2)
	ask := func() {
		m, err := b.membersOf(t.Context(), "!r:x")
		if err != nil {
			m = &members{}
		}
		found <- m
	}
	go ask()
	<-asked
	go ask()
	var first *members
	select {
	case <-asked:
	case first = <-found:
	}
	close(answer)
	if first == nil {
		first = <-found
	}
	require.Equal(t, []id.UserID{"@a:x", "@b:x"}, first.users, "the joined and the invited")
	require.Equal(t, first.users, (<-found).users)
	b.forgetMembers("!r:x")
	require.Empty(t, b.members)
}

// TestWhoJoinsWhileTheBotAsksForMembersIsAmongThem: they were invited before, and get the key whichever of the two they are then.
func TestWhoJoinsWhileTheBotAsksForMembersIsAmongThem(t *testing.T) {
	membership := "invite" // until the bot has asked once
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		chunk := []object{}
		if only := r.URL.Query().Get("membership"); only == "" || only == membership {
			chunk = append(chunk, object{"type": "m.room.member", "state_key": "@a:x", "content": object{"membership": membership}})
		}
		membership = "join"
		if err := json.NewEncoder(w).Encode(object{"chunk": chunk}); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	client, err := mautrix.NewClient(server.URL, "@bot:x", "token")
	require.NoError(t, err)
	b := &Bot{client: client, members: map[id.RoomID]*members{}}
	found, err := b.membersOf(t.Context(), "!r:x")
	require.NoError(t, err)
	require.Equal(t, []id.UserID{"@a:x"}, found.users)
}

// TestWhoHasLeftGetsNoFurtherKey, whatever the server says of their devices.
func TestWhoHasLeftGetsNoFurtherKey(t *testing.T) {
	for name, lists := range map[string]mautrix.DeviceLists{"told": {Left: []id.UserID{"@a:y"}}, "not told": {}} {
		d, b := newDistant(t)
		d.answersAtOnce()
		require.NoError(t, <-b.says(t, "txn1"), name)
		require.Equal(t, []string{"PHONE"}, d.devicesGiven(), name)
		first := b.sessionOf(t)
		d.mu.Lock()
		d.empty = true
		d.mu.Unlock()
		b.forgetMembers(ward)
		b.takes(t, &mautrix.RespSync{DeviceLists: lists})
		require.NoError(t, <-b.says(t, "txn2"), name)
		require.NotEqual(t, first, b.sessionOf(t), "%s: they have the key of before", name)
		require.Equal(t, []string{"PHONE"}, d.devicesGiven(), name)
	}
}

// TestDevicesOfWhoHasLeftAreNotKnownAnyMore: the server tells no changes of them while no room is shared, so that the bot would write to
// those of before when they come again.
func TestDevicesOfWhoHasLeftAreNotKnownAnyMore(t *testing.T) {
	d, b := newDistant(t)
	d.answersAtOnce()
	require.NoError(t, <-b.says(t, "txn1"))
	require.NoError(t, <-b.says(t, "txn2"))
	require.Equal(t, 1, d.timesAsked("/keys/query"))
	b.takes(t, &mautrix.RespSync{DeviceLists: mautrix.DeviceLists{Left: []id.UserID{"@a:y"}}})
	tracked, err := b.keys.FilterTrackedUsers(t.Context(), []id.UserID{"@a:y"})
	require.NoError(t, err)
	require.Empty(t, tracked)
	require.NoError(t, <-b.says(t, "txn3")) // they have come again
	require.Equal(t, 2, d.timesAsked("/keys/query"))
	require.NoError(t, <-b.says(t, "txn4"))
	require.Equal(t, 2, d.timesAsked("/keys/query"))
}

// answersAtOnce lets each request go that waits.
func (d *distant) answersAtOnce() {
	go func() {
		for {
			select {
			case <-d.held:
				d.letGo <- struct{}{}
			case <-d.t.Context().Done():
				return
			}
		}
	}()
}

func (d *distant) devicesGiven() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.given)
}

func (d *distant) timesAsked(path string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked[path]
}

// takes has the bot take an answer of /sync in which nobody says anything.
func (b *Bot) takes(t *testing.T, answer *mautrix.RespSync) {
	t.Helper()
	require.NoError(t, b.takeWork(t.Context(), func() error { return b.take(t.Context(), answer, nil) }))
}

// sessionOf is the session of the bot's own messages in the ward.
func (b *Bot) sessionOf(t *testing.T) id.SessionID {
	t.Helper()
	session, err := b.keys.GetOutboundGroupSession(t.Context(), ward)
	require.NoError(t, err)
	require.NotNil(t, session)
	return session.ID()
}
