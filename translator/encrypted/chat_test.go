package encrypted

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"medixchange/translator/replies"
)

// leaving is a Host that knows a chat which everybody but the bot has left.
type leaving struct{ powers }

func (leaving) Chats(context.Context, string) ([]replies.Chat, error) {
	return []replies.Chat{{RoomID: "!left:x", Left: true}}, nil
}

// TestWhoHasLeftAChatIsInvitedToItAgain: and to another where that is refused.
func TestWhoHasLeftAChatIsInvitedToItAgain(t *testing.T) {
	status := http.StatusOK
	var invited int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := object{}
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/rooms/!left:x/invite"):
			invited++
			w.WriteHeader(status)
		case strings.HasSuffix(r.URL.Path, "/createRoom"):
			answer["room_id"] = "!new:x"
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	b := idleBot(t)
	b.o.Host = leaving{}
	var err error
	b.client, err = mautrix.NewClient(server.URL, "@bot:x", "token")
	require.NoError(t, err)
	b.noteEncrypted("!left:x", true)
	b.members["!left:x"] = &members{users: []id.UserID{"@bot:x"}}

	room, err := b.chatWith(t.Context(), "@a:x")
	require.NoError(t, err)
	require.Equal(t, id.RoomID("!left:x"), room)
	require.Equal(t, 1, invited)
	require.NotContains(t, b.members, room, "they get the key")

	status = http.StatusForbidden
	room, err = b.chatWith(t.Context(), "@a:x")
	require.NoError(t, err)
	require.Equal(t, id.RoomID("!new:x"), room)
}
