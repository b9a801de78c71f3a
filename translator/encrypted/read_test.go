package encrypted

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"medixchange/translator/replies"
)

// powers is a Host that knows who may redact: @doctor may, and of @someone nobody knows.
type powers struct{ replies.Host }

func (powers) Forget(string) {}

func (powers) Redacts(_ context.Context, _, userID, _ string) (bool, error) {
	if userID == "@someone:x" {
		return false, errors.New("the database is busy")
	}
	return userID == "@doctor:x", nil
}

// TestARedactionWithoutPowerIsNoWork: it would take the bot's answers back, and keep a message from being translated.
func TestARedactionWithoutPowerIsNoWork(t *testing.T) {
	log := logrus.New()
	log.SetOutput(io.Discard)
	b := &Bot{
		o: Options{Host: powers{}}, client: &mautrix.Client{UserID: "@bot:x"}, rooms: map[id.RoomID]bool{ward: true}, since: "before",
		desk: replies.New(replies.Options{Host: powers{}, Log: logrus.NewEntry(log)}),
	}
	redaction := func(sender id.UserID, content string) *event.Event {
		ev := &event.Event{ID: id.EventID("$by" + sender), Sender: sender, Type: event.EventRedaction}
		ev.Content.VeryRaw = []byte(content)
		return ev
	}
	message := &event.Event{ID: "$message", Sender: "@mallory:y", Type: event.EventEncrypted}
	joined := &mautrix.SyncJoinedRoom{}
	joined.Timeline.Events = []*event.Event{
		redaction("@mallory:y", `{"redacts":"$1"}`), redaction("@doctor:x", `{"redacts":"$1"}`), redaction("@doctor:x", `{}`),
		redaction("@someone:x", `{"redacts":"$1"}`), message,
	}
	answer := &mautrix.RespSync{}
	answer.Rooms.Join = map[id.RoomID]*mautrix.SyncJoinedRoom{ward: joined}
	told, err := b.complete(t.Context(), answer)
	require.NoError(t, err)
	require.Len(t, told, 1)
	var kept []id.EventID
	for _, ev := range told[0].events {
		kept = append(kept, ev.ID)
	}
	require.Equal(t, []id.EventID{"$by@doctor:x", "$by@someone:x", "$message"}, kept, "what nobody can say counts")
}
