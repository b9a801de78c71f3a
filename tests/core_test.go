package tests

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// TestCore21ALateTranslationIsNamedInNoRequest sends the id of a late translation wherever a client may: the room gets the
// real one, and redacting it is refused.
func TestCore21ALateTranslationIsNamedInNoRequest(t *testing.T) {
	engine := httptest.NewServer(slowEngine(t, time.Second))
	t.Cleanup(engine.Close)
	host, err := url.Parse(engine.URL)
	require.NoError(t, err)
	h := testhospital.Start(t, func(cfg *config.Config) {
		cfg.Translator.Enabled = true
		cfg.Translator.HoldBudget = config.Duration(100 * time.Millisecond)
		cfg.Translator.AllowExternal = []string{host.Hostname()}
		cfg.Translator.AllowPivot = true // from Chinese into Spanish, LibreTranslate goes through English
		cfg.Translator.Engines = []config.Engine{{Type: "libretranslate", URL: engine.URL, Timeout: config.Duration(10 * time.Second)}}
	})
	ana, bo := h.User("ana"), h.User("bo")
	for u, language := range map[*testhospital.User]string{ana: "zh", bo: "es"} {
		u.Must(http.MethodPut, "/_matrix/client/v3/user/"+url.PathEscape(u.ID)+"/account_data/org.medixchange.language", map[string]any{"language": language})
	}
	room := bo.CreateRoom(testhospital.Room{Preset: "public_chat"})
	ana.Join(room)
	bo.Sync(0)
	original := ana.Say(room, "今天天气很好，我们在花园里。")
	late := ""
	bo.WaitUntil("the late translation", func(sync gjson.Result) bool {
		for _, ev := range testhospital.Timeline(sync, room) {
			if ev.Get(`content.m\.relates_to.rel_type`).Str == "m.replace" {
				late = ev.Get("event_id").Str
			}
		}
		return late != ""
	})
	inRoom := "/_matrix/client/v3/rooms/" + url.PathEscape(room)

	for _, version := range []string{inRoom + "/redact/" + url.PathEscape(late) + "/t1", inRoom + "/send/m.room.redaction/t2"} {
		status, answer := bo.Do(http.MethodPut, version, map[string]any{"redacts": late})
		require.Equal(t, http.StatusForbidden, status, "%s: %s", version, answer.Raw)
	}
	status, answer := bo.Do(http.MethodPut, unstableDelayed+"/rooms/"+url.PathEscape(room)+"/delayed_event/m.room.redaction/t3",
		map[string]any{"delay_ms": 1, "content": map[string]any{"redacts": late}})
	require.Equal(t, http.StatusForbidden, status, answer.Raw)
	message := bo.Must(http.MethodGet, inRoom+"/event/"+url.PathEscape(late), nil)
	require.Equal(t, original, message.Get("event_id").Str)
	require.False(t, message.Get("unsigned.redacted_because").Exists(), "the moderator's redaction of a translation is none of the message")

	bo.Must(http.MethodPost, inRoom+"/receipt/m.read/"+url.PathEscape(late), map[string]any{"thread_id": "main"})
	bo.Must(http.MethodPost, inRoom+"/read_markers", map[string]any{"m.fully_read": late, "m.read": late})
	bo.Must(http.MethodGet, inRoom+"/context/"+url.PathEscape(late), nil)
	bo.Must(http.MethodGet, "/_matrix/client/v1/rooms/"+url.PathEscape(room)+"/relations/"+url.PathEscape(late), nil)
	bo.Must(http.MethodPost, inRoom+"/report/"+url.PathEscape(late), map[string]any{"reason": "x"})
	data := "/_matrix/client/v3/user/" + url.PathEscape(bo.ID) + "/rooms/" + url.PathEscape(room) + "/account_data/org.example.kept"
	bo.Must(http.MethodPut, data, map[string]any{"list": []string{late}})
	require.Equal(t, original, bo.Must(http.MethodGet, data, nil).Get("list.0").Str)
	bo.SetState(room, "m.room.pinned_events", "", map[string]any{"pinned": []string{late}})
	pinned := bo.CreateRoom(testhospital.Room{State: []map[string]any{{"type": "m.room.pinned_events", "content": map[string]any{"pinned": []string{late}}}}})
	for _, id := range []string{room, pinned} {
		state := bo.Must(http.MethodGet, "/_matrix/client/v3/rooms/"+url.PathEscape(id)+"/state/m.room.pinned_events/", nil)
		require.Equal(t, original, state.Get("pinned.0").Str)
	}
	reply := bo.Send(room, "m.room.message", map[string]any{"msgtype": "m.text", "body": "https://matrix.to/#/" + room + "/" + late,
		"m.relates_to": map[string]any{"m.in_reply_to": map[string]any{"event_id": late}}})
	bo.Must(http.MethodPost, inRoom+"/read_markers", map[string]any{"m.fully_read": reply})
	bo.Must(http.MethodPost, inRoom+"/read_markers", map[string]any{"m.fully_read": late})
	marker := bo.Must(http.MethodGet, strings.Replace(data, "org.example.kept", "m.fully_read", 1), nil)
	require.Equal(t, reply, marker.Get("event_id").Str, "never backwards")
	sent := ana.Must(http.MethodGet, inRoom+"/event/"+url.PathEscape(reply), nil).Raw
	require.NotContains(t, sent, late[1:])
	require.Contains(t, sent, original[1:])
}

// TestATimeNamesNoEventThatIsHidden asks for the event at a time before the asker may see anything.
func TestATimeNamesNoEventThatIsHidden(t *testing.T) {
	h := testhospital.Start(t)
	owner, late := h.User("owner"), h.User("late")
	room := owner.CreateRoom(testhospital.Room{Preset: "public_chat", State: []map[string]any{
		{"type": "m.room.history_visibility", "content": map[string]any{"history_visibility": "joined"}},
	}})
	secret := owner.Say(room, "before")
	late.Join(room)
	owner.Say(room, "after")
	at := owner.Must(http.MethodGet, "/_matrix/client/v3/rooms/"+url.PathEscape(room)+"/event/"+url.PathEscape(secret), nil).Get("origin_server_ts").Int()
	near := func(u *testhospital.User) string {
		path := fmt.Sprintf("/_matrix/client/v1/rooms/%s/timestamp_to_event?ts=%d&dir=f", url.PathEscape(room), at)
		return u.Must(http.MethodGet, path, nil).Get("event_id").Str
	}
	require.Equal(t, secret, near(owner))
	seen := near(late)
	require.NotEqual(t, secret, seen)
	late.Must(http.MethodGet, "/_matrix/client/v3/rooms/"+url.PathEscape(room)+"/event/"+url.PathEscape(seen), nil)
}
