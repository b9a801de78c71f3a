package notify_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/testhospital"
)

// unreadIn is what /sync says to a device that begins of a user's unread messages in a room.
func unreadIn(u *testhospital.User, room string) (notify, highlight int64) {
	in := u.Must(http.MethodGet, path("/sync")+"?timeout=0", nil).Get("rooms.join").Map()[room]
	n := in.Get("unread_notifications")
	return n.Get("notification_count").Int(), n.Get("highlight_count").Int()
}

func requireUnread(t *testing.T, u *testhospital.User, room string, notify, highlight int64) {
	t.Helper()
	gotNotify, gotHighlight := unreadIn(u, room)
	require.Equal(t, [2]int64{notify, highlight}, [2]int64{gotNotify, gotHighlight})
}

func keyword(u *testhospital.User, pattern string) {
	u.Must(http.MethodPut, path("/pushrules/global/content/%s", pattern), map[string]any{
		"pattern": pattern, "actions": []any{"notify", map[string]any{"set_tweak": "highlight"}}})
}

func reads(u *testhospital.User, language string) {
	u.Must(http.MethodPut, path("/user/%s/account_data/org.medixchange.language", u.ID), map[string]any{"language": language})
}

// TestRule13KeywordsOfTheTranslationAreCounted: what highlights on the phone does so in the counts of the notification and of
// /sync, in a muted room as well, and after a restart.
func TestRule13KeywordsOfTheTranslationAreCounted(t *testing.T) {
	w, g := newWard(t, translating), newGateway(t)
	g.pusher(w.bo, "key", "")
	reads(w.bo, "es")
	reads(w.cy, "zh")
	reads(w.ana, "zh")
	w.bo.Must(http.MethodPut, path("/pushrules/global/room/%s", w.room), map[string]any{"actions": []any{}})
	keyword(w.bo, "oxígeno")
	keyword(w.bo, "chino") // which the node says around translations
	keyword(w.cy, "oxígeno")
	w.bo.Sync(0)

	w.ana.Say(w.room, "患者不发烧。")
	sent := w.ana.Say(w.room, "患者需要吸氧。")
	told := g.about(sent)
	require.True(t, told.Get("devices.0.tweaks.highlight").Bool(), told.Raw)
	require.EqualValues(t, 1, told.Get("counts.unread").Int(), told.Raw)
	w.bo.WaitFor(w.room, sent)
	requireUnread(t, w.bo, w.room, 1, 1)
	requireUnread(t, w.cy, w.room, 2, 0)

	w.Restart()
	requireUnread(t, w.bo, w.room, 1, 1)
	again := w.ana.Say(w.room, "患者需要吸氧。")
	require.EqualValues(t, 2, g.about(again).Get("counts.unread").Int())
	requireUnread(t, w.bo, w.room, 2, 2)
	w.bo.Must(http.MethodPost, path("/rooms/%s/receipt/m.read/%s", w.room, sent), map[string]any{})
	requireUnread(t, w.bo, w.room, 1, 1)
	w.bo.Must(http.MethodPost, path("/rooms/%s/receipt/m.read/%s", w.room, again), map[string]any{})
	requireUnread(t, w.bo, w.room, 0, 0)
	g.counts(0)
}

// TestRule13KeywordsOfALateTranslationAreCounted: they count once the edit comes that brings the translation, and notify nobody.
func TestRule13KeywordsOfALateTranslationAreCounted(t *testing.T) {
	release := make(chan struct{})
	w := lateWard(t, 200*time.Millisecond, release)
	keyword(w.bo, "jardín")
	w.bo.Sync(0)
	sent := w.ana.Say(w.room, chinese)
	w.bo.WaitFor(w.room, sent)
	requireUnread(t, w.bo, w.room, 1, 0)

	close(release)
	w.bo.WaitUntil("the late translation", func(sync gjson.Result) bool {
		for _, ev := range testhospital.Timeline(sync, w.room) {
			if ev.Get(`content.m\.relates_to.event_id`).Str == sent {
				return sync.Get("rooms.join").Map()[w.room].Get("unread_notifications.highlight_count").Int() == 1
			}
		}
		return false
	})
	requireUnread(t, w.bo, w.room, 1, 1)
	w.Restart()
	requireUnread(t, w.bo, w.room, 1, 1)
}
