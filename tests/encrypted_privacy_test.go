package tests

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
	"medixchange/translator/language"
)

// heldWard is an encrypted ward of ana, who writes English, and bo, who reads Spanish. What ana says there holds a telephone number, and is
// held.
type heldWard struct {
	*testhospital.Hospital
	t       *testing.T
	bot     id.UserID
	room    id.RoomID
	user    *testhospital.User // who ana is
	ana, bo *mautrixClient
	seen    *atomic.Int64 // how often an engine was asked
}

const (
	heldEnglish = "Please call the daughter tomorrow at "
	heldSpanish = "Por favor, llame a la hija mañana al "
)

func newHeldWard(t *testing.T) *heldWard {
	configure, seen := othersEngine(t, map[string]string{strings.TrimSpace(heldEnglish): strings.TrimSpace(heldSpanish)})
	h := testhospital.Start(t, configure, func(cfg *config.Config) { cfg.Translator.Encrypted.Enabled = true })
	w := &heldWard{Hospital: h, t: t, bot: id.UserID("@translator:" + h.Name), seen: seen}
	person := func(name, language string) (*testhospital.User, *mautrixClient) {
		u := h.User(name)
		reads(u, language)
		return u, newMautrix(t, h, name).encrypting().syncing()
	}
	w.user, w.ana = person("ana", "en")
	_, w.bo = person("bo", "es")
	request := encryptedRoom()
	request.Name = "Ward 7"
	w.room = w.ana.room(request, w.bo)
	w.ana.knowsEncryption(w.room)
	_, err := w.ana.InviteUser(t.Context(), w.room, &mautrix.ReqInviteUser{UserID: w.bot})
	require.NoError(t, err)
	for _, c := range []*mautrixClient{w.ana, w.bo} {
		c.wait("the greeting", func(ev *event.Event) bool { return ev.Sender == w.bot && ev.Type == event.EventMessage })
	}
	return w
}

// chat waits until the bot has invited ana to a chat.
func (w *heldWard) chat() id.RoomID {
	w.t.Helper()
	return w.ana.wait("an invitation by the bot", func(ev *event.Event) bool {
		return ev.Sender == w.bot && ev.Type == event.StateMember && ev.GetStateKey() == w.ana.UserID.String() && ev.RoomID != w.room
	}).RoomID
}

// warns waits until a device of ana's has read the bot's warning of a message.
func (w *heldWard) warns(c *mautrixClient, chat id.RoomID, held id.EventID) *event.Event {
	w.t.Helper()
	return c.wait("the warning", func(ev *event.Event) bool {
		return ev.RoomID == chat && ev.Sender == w.bot && ev.Type == event.EventMessage && strings.Contains(ev.Content.AsMessage().Body, held.String())
	})
}

// hasWarned waits until a warning is the last event of a chat.
func (w *heldWard) hasWarned(chat id.RoomID) {
	w.t.Helper()
	all := w.Node().Rooms
	require.Eventually(w.t, func() bool {
		room, err := all.Snapshot(w.t.Context(), chat.String())
		if err != nil {
			return false
		}
		last, err := all.Events(w.t.Context(), room.Extremities)
		return err == nil && len(last) == 1 && last[room.Extremities[0]].Type == event.EventEncrypted.Type
	}, clientPatience, 10*time.Millisecond, "the bot does not warn")
}

// TestTheAuthorOfAHeldMessageInAnEncryptedRoomIsToldAloneAndReleasesIt: in a chat of the bot and the author, which is there once and
// encrypted; the node starts anew between the two.
func TestTheAuthorOfAHeldMessageInAnEncryptedRoomIsToldAloneAndReleasesIt(t *testing.T) {
	w := newHeldWard(t)
	ana, bo, bot, ward, seen := w.ana, w.bo, w.bot, w.room, w.seen
	held := ana.say(ward, heldEnglish+"+44 7700 900123")
	bo.wait("why it is not translated", func(ev *event.Event) bool {
		return ev.Sender == bot && ev.Type == event.EventMessage && strings.Contains(ev.Content.AsMessage().Body, language.String("es", "reason_identifiers"))
	})
	require.Zero(t, seen.Load())

	chat := w.chat()
	_, err := ana.JoinRoomByID(t.Context(), chat)
	require.NoError(t, err)
	warning := w.warns(ana, chat, held)
	text := warning.Content.AsMessage().Body
	require.Contains(t, text, language.Say("en", "privacy_where", "room", "Ward 7"), "it is the first that is said there")
	require.Contains(t, text, language.Say("en", "privacy_held", "items", language.String("en", "privacy_phone")))
	require.NotContains(t, text, "7700")
	require.True(t, warning.Mautrix.WasEncrypted)

	w.Restart()
	require.Zero(t, seen.Load())
	_, err = ana.SendReaction(t.Context(), chat, warning.ID, "✅")
	require.NoError(t, err)
	answer := bo.wait("the translation", func(ev *event.Event) bool {
		return ev.RoomID == ward && ev.Sender == bot && ev.Type == event.EventMessage && ev.Content.AsMessage().NewContent != nil &&
			strings.Contains(ev.Content.AsMessage().NewContent.Body, strings.TrimSpace(heldSpanish))
	})
	require.EqualValues(t, 1, seen.Load())

	second := ana.say(ward, heldEnglish+"+44 7700 900124")
	w.warns(ana, chat, second)
	w.user.WaitUntil("a warning to be counted", func(sync gjson.Result) bool { // the first may be older than the joining
		return sync.Get("rooms.join").Map()[chat.String()].Get("unread_notifications.notification_count").Int() > 0
	})
	_, err = bo.SendReaction(t.Context(), ward, second, "✅")
	require.NoError(t, err)
	_, err = ana.RedactEvent(t.Context(), ward, held)
	require.NoError(t, err)
	bo.wait("the answer's redaction", func(ev *event.Event) bool { return ev.Type == event.EventRedaction && ev.Redacts == answer.ID })
	require.EqualValues(t, 1, seen.Load(), "its author alone releases it")
}

// TestAnAuthorReadsWhatTheyWereWarnedOfBeforeTheyJoined: an invitation is all that says so until then, and each of their devices gets the
// key with it; so it is when they have left the chat and are invited back.
func TestAnAuthorReadsWhatTheyWereWarnedOfBeforeTheyJoined(t *testing.T) {
	w := newHeldWard(t)
	phone := newMautrix(t, w.Hospital, "ana").encrypting().syncing()
	phone.knowsEncryption(w.room)
	for _, number := range []string{"+44 7700 900123", "+44 7700 900124"} {
		held := w.ana.say(w.room, heldEnglish+number)
		chat := w.chat() // there is one
		w.hasWarned(chat)
		_, err := w.ana.JoinRoomByID(t.Context(), chat)
		require.NoError(t, err)
		for _, device := range []*mautrixClient{w.ana, phone} {
			require.True(t, w.warns(device, chat, held).Mautrix.WasEncrypted)
		}
		_, err = w.ana.LeaveRoom(t.Context(), chat)
		require.NoError(t, err)
	}
}
