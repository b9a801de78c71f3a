package encrypted

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
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
