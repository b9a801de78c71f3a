package encrypted

import (
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
		_, _ = w.Write([]byte(`{"chunk":[{"type":"m.room.member","state_key":"@a:x","content":{"membership":"join"}}]}`))
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
	require.Len(t, first.users, 2, "the joined and the invited")
	require.Len(t, (<-found).users, 2)
	b.forgetMembers("!r:x")
	require.Empty(t, b.members)
}
