package tests

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/testhospital"
)

// TestUnreadThreads: what is unread is counted for each thread, and a receipt reads its thread, the main timeline or
// everything before it (Client-Server API, Receipts and Threading).
func TestUnreadThreads(t *testing.T) {
	h := testhospital.Start(t)
	ana, bo := h.User("ana"), h.User("bo")
	room := ana.CreateRoom(testhospital.Room{Preset: "public_chat"})
	bo.Join(room)
	bo.Must(http.MethodPut, v3+"/pushrules/global/content/urgent", object{"pattern": "urgent", "actions": []any{"notify",
		object{"set_tweak": "highlight"}}})
	since := bo.Must(http.MethodGet, v3+"/sync", nil).Get("next_batch").Str
	related := func(text, typ, to string) string {
		return ana.Send(room, "m.room.message", object{"msgtype": "m.text", "body": text, "m.relates_to": object{"rel_type": typ, "event_id": to}})
	}
	root := ana.Say(room, "bed 4")
	second := related("who?", "m.thread", root)
	related("urgent", "m.thread", root)
	main := ana.Say(room, "urgent, all")
	related("done", "m.thread", root)
	reference := related("see above", "m.reference", root)
	reaction := ana.Send(room, "m.reaction", object{"m.relates_to": object{"rel_type": "m.annotation", "event_id": reference, "key": "+"}})

	// unread returns notifications and highlights: of everything, of the main timeline, of the thread.
	unread := func() [6]int64 {
		path := v3 + "/sync?since=" + since
		all := bo.Must(http.MethodGet, path, nil).Get("rooms.join.*.unread_notifications")
		split := bo.Must(http.MethodGet, path+"&filter="+url.QueryEscape(`{"room":{"timeline":{"unread_thread_notifications":true}}}`), nil).Get("rooms.join.*")
		thread := split.Get("unread_thread_notifications.*")
		return [6]int64{
			all.Get("notification_count").Int(), all.Get("highlight_count").Int(),
			split.Get("unread_notifications.notification_count").Int(), split.Get("unread_notifications.highlight_count").Int(),
			thread.Get("notification_count").Int(), thread.Get("highlight_count").Int(),
		}
	}
	require.Equal(t, [6]int64{6, 2, 3, 1, 3, 1}, unread())
	for _, step := range []struct {
		event, thread string
		want          [6]int64
		why           string
	}{
		{root, "main", [6]int64{5, 2, 2, 1, 3, 1}, "the root is in the main timeline"},
		{second, root, [6]int64{4, 2, 2, 1, 2, 1}, "a thread is read up to an event"},
		{main, "", [6]int64{2, 0, 1, 0, 1, 0}, "without a thread everything before it is read"},
		{reaction, root, [6]int64{1, 0, 1, 0, 0, 0}, "the rest of the thread, not of the main timeline"},
	} {
		body := object{}
		if step.thread != "" {
			body["thread_id"] = step.thread
		}
		bo.Must(http.MethodPost, v3+"/rooms/"+url.PathEscape(room)+"/receipt/m.read/"+url.PathEscape(step.event), body)
		require.Equal(t, step.want, unread(), step.why)
	}
}
