package encrypted

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"maunium.net/go/mautrix"
)

// TestWhatWasSaidBeforeTheBotChangedItsNameIsNotMissed: a gap ends where the bot came, not where it was renamed, nor before that.
func TestWhatWasSaidBeforeTheBotChangedItsNameIsNotMissed(t *testing.T) {
	joined := object{"membership": "join", "displayname": "Translator"}
	member := func(id string, before object) object {
		return object{"event_id": id, "type": "m.room.member", "state_key": "@bot:x", "sender": "@bot:x", "content": joined, "unsigned": object{"prev_content": before}}
	}
	message := func(id string) object {
		return object{"event_id": id, "type": "m.room.encrypted", "sender": "@a:x", "content": object{}}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(object{"start": "t2", "end": "t1", "chunk": []object{
			message("$3"), member("$renamed", object{"membership": "join"}), message("$2"),
			member("$joined", object{"membership": "invite"}), message("$1"),
		}})
	}))
	defer server.Close()
	client, err := mautrix.NewClient(server.URL, "@bot:x", "token")
	require.NoError(t, err)
	b := &Bot{client: client}
	events, err := b.missed(t.Context(), ward, "t2")
	require.NoError(t, err)
	var ids []string
	for _, ev := range events {
		ids = append(ids, ev.ID.String())
	}
	require.Equal(t, []string{"$joined", "$2", "$renamed", "$3"}, ids)
}
