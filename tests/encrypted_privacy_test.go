package tests

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
	"medixchange/translator/language"
)

// TestTheAuthorOfAHeldMessageInAnEncryptedRoomIsToldAloneAndReleasesIt: in a chat of the bot and the author, which is there once and
// encrypted; the node starts anew between the two.
func TestTheAuthorOfAHeldMessageInAnEncryptedRoomIsToldAloneAndReleasesIt(t *testing.T) {
	const english, spanish, number = "Please call the daughter tomorrow at ", "Por favor, llame a la hija mañana al ", "+44 7700 900123"
	configure, seen := othersEngine(t, map[string]string{strings.TrimSpace(english): strings.TrimSpace(spanish)})
	h := testhospital.Start(t, configure, func(cfg *config.Config) { cfg.Translator.Encrypted.Enabled = true })
	bot := id.UserID("@translator:" + h.Name)
	person := func(name, language string) (*testhospital.User, *mautrixClient) {
		u := h.User(name)
		reads(u, language)
		return u, newMautrix(t, h, name).encrypting().syncing()
	}
	user, ana := person("ana", "en")
	_, bo := person("bo", "es")
	request := encryptedRoom()
	request.Name = "Ward 7"
	ward := ana.room(request, bo)
	ana.knowsEncryption(ward)
	_, err := ana.InviteUser(t.Context(), ward, &mautrix.ReqInviteUser{UserID: bot})
	require.NoError(t, err)
	for _, c := range []*mautrixClient{ana, bo} {
		c.wait("the greeting", func(ev *event.Event) bool { return ev.Sender == bot && ev.Type == event.EventMessage })
	}
	held := ana.say(ward, english+number)
	bo.wait("why it is not translated", func(ev *event.Event) bool {
		return ev.Sender == bot && ev.Type == event.EventMessage && strings.Contains(ev.Content.AsMessage().Body, language.String("es", "reason_identifiers"))
	})
	require.Zero(t, seen.Load())

	invited := ana.wait("an invitation by the bot", func(ev *event.Event) bool {
		return ev.Sender == bot && ev.Type == event.StateMember && ev.GetStateKey() == ana.UserID.String() && ev.RoomID != ward
	})
	chat := invited.RoomID
	_, err = ana.JoinRoomByID(t.Context(), chat)
	require.NoError(t, err)
	isWarning := func(ev *event.Event) bool {
		return ev.RoomID == chat && ev.Sender == bot && ev.Type == event.EventMessage
	}
	warning := ana.wait("the warning", isWarning)
	text := warning.Content.AsMessage().Body
	require.Contains(t, text, language.Say("en", "privacy_where", "room", "Ward 7"), "it is the first that is said there")
	require.Contains(t, text, language.Say("en", "privacy_held", "items", language.String("en", "privacy_phone")))
	require.NotContains(t, text, "7700")
	require.True(t, warning.Mautrix.WasEncrypted)

	h.Stop()
	h.Start()
	require.Zero(t, seen.Load())
	_, err = ana.SendReaction(t.Context(), chat, warning.ID, "✅")
	require.NoError(t, err)
	answer := bo.wait("the translation", func(ev *event.Event) bool {
		return ev.RoomID == ward && ev.Sender == bot && ev.Type == event.EventMessage && ev.Content.AsMessage().NewContent != nil &&
			strings.Contains(ev.Content.AsMessage().NewContent.Body, strings.TrimSpace(spanish))
	})
	require.EqualValues(t, 1, seen.Load())

	second := ana.say(ward, english+"+44 7700 900124")
	ana.wait("the second warning, in the same chat", func(ev *event.Event) bool {
		return isWarning(ev) && strings.Contains(ev.Content.AsMessage().Body, second.String())
	})
	user.WaitUntil("a warning to be counted", func(sync gjson.Result) bool { // the first may be older than the joining
		return sync.Get("rooms.join").Map()[chat.String()].Get("unread_notifications.notification_count").Int() > 0
	})
	_, err = bo.SendReaction(t.Context(), ward, second, "✅")
	require.NoError(t, err)
	_, err = ana.RedactEvent(t.Context(), ward, held)
	require.NoError(t, err)
	bo.wait("the answer's redaction", func(ev *event.Event) bool { return ev.Type == event.EventRedaction && ev.Redacts == answer.ID })
	require.EqualValues(t, 1, seen.Load(), "its author alone releases it")
}
