package tests

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/testhospital"
)

// A raised hand, a reaction in a call, a ringing and its decline are no messages: the translator, which stands between the
// sender and a reader of another language at either hospital, gives every byte of them as it was sent.
func TestWhatCallsSendPassesTheTranslatorUnharmed(t *testing.T) {
	a, b := twoHospitals(t, translating)
	ana, bo, cleo := a.User("ana"), b.User("bo"), a.User("cleo")
	for reader, language := range map[*testhospital.User]string{ana: "es", cleo: "fr"} {
		path := v3 + "/user/" + url.PathEscape(reader.ID) + "/account_data/org.medixchange.language"
		reader.Must(http.MethodPut, path, map[string]string{"language": language, "mode": "in_place"})
	}
	room := ana.CreateRoom(testhospital.Room{Preset: "private_chat", Invite: []string{bo.ID, cleo.ID}})
	bo.WaitForInvite(room)
	bo.Join(room, a.Name)
	cleo.Join(room)

	member := bo.SetState(room, callMember, "_"+bo.ID+"_"+bo.DeviceID+"_m.call", map[string]any{
		"application": "m.call", "call_id": "", "scope": "m.room", "device_id": bo.DeviceID, "expires": 14400000,
		"m.call.intent": "video", "foci_preferred": []any{map[string]any{"type": "livekit", "livekit_service_url": "https://sfu.example"}},
		"focus_active": map[string]string{"type": "livekit", "focus_selection": "oldest_membership"},
		"feeds":        []any{map[string]string{"purpose": "m.screenshare", "name": "The patient is stable"}},
	})
	annotation := map[string]any{"m.relates_to": map[string]string{"rel_type": "m.annotation", "event_id": member, "key": "🖐️"}}
	ring := bo.Send(room, "org.matrix.msc4075.rtc.notification", map[string]any{
		"notification_type": "ring", "m.mentions": map[string]any{"room": true, "user_ids": []string{}}, "lifetime": 30000,
		"m.text": []any{map[string]string{"body": "The patient is stable."}}, "m.relates_to": map[string]string{"rel_type": "m.reference", "event_id": member},
	})
	sent := []struct {
		typ     string
		content any
	}{
		{"m.reaction", annotation},
		{"io.element.call.reaction", map[string]any{
			"emoji": "👏", "name": "clap: The patient is stable.", "body": "Where is the pain?",
			"m.relates_to": map[string]string{"rel_type": "m.reference", "event_id": member},
		}},
		{"org.matrix.msc4310.rtc.decline", map[string]any{"m.relates_to": map[string]string{"rel_type": "m.reference", "event_id": ring}}},
		{"org.matrix.msc4075.call.notify", map[string]any{"application": "m.call", "notify_type": "ring", "m.mentions": map[string]any{}}},
	}
	for _, s := range sent {
		id := bo.Send(room, s.typ, s.content)
		want, err := json.Marshal(s.content)
		require.NoError(t, err)
		for name, got := range map[string]gjson.Result{"same hospital": bo.WaitFor(room, id), "Spanish": ana.WaitFor(room, id), "French": cleo.WaitFor(room, id)} {
			require.JSONEq(t, string(want), got.Get("content").Raw, "%s, %s", s.typ, name)
		}
	}
	path := v3 + "/rooms/" + url.PathEscape(room) + "/event/" + url.PathEscape(member)
	require.Equal(t, bo.Must(http.MethodGet, path, nil).Get("content").Raw, ana.Must(http.MethodGet, path, nil).Get("content").Raw)
	path = v3 + "/rooms/" + url.PathEscape(room) + "/event/" + url.PathEscape(ring)
	require.Equal(t, bo.Must(http.MethodGet, path, nil).Get("content").Raw, cleo.Must(http.MethodGet, path, nil).Get("content").Raw)

	// Who may send what: anyone their own membership, nobody another's, and slots are for those with power.
	status, answer := bo.Do(http.MethodPut, statePath(room, callMember, "_"+ana.ID+"_X_m.call"), map[string]any{})
	require.Equal(t, http.StatusForbidden, status, answer.Raw)
	status, answer = bo.Do(http.MethodPut, statePath(room, "org.matrix.msc4143.rtc.slot", "m.call#"), map[string]any{})
	require.Equal(t, http.StatusForbidden, status, answer.Raw)
	ana.SetState(room, callMember, "_"+bo.ID+"_"+bo.DeviceID+"_m.call", map[string]any{}) // who has power puts things in order
}
