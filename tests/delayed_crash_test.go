package tests

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
	"medixchange/internal/testhospital"
)

// TestDelayedEventsSurviveKill9 kills the node as soon as it has acknowledged that it will send something: it is sent all the
// same, in order and once.
func TestDelayedEventsSurviveKill9(t *testing.T) {
	node := newProcess(t, "")
	node.start()
	u := testhospital.Elsewhere(t, node.url).User("nurse")
	room := u.CreateRoom(testhospital.Room{})
	var want []string
	for i, body := range []string{"first", "second", "third"} {
		path := v3 + "/rooms/" + url.PathEscape(room) + "/send/m.room.message/" + body + "?org.matrix.msc4140.delay=" + []string{"1", "1500", "1600"}[i]
		require.NotEmpty(t, u.Must(http.MethodPut, path, map[string]string{"msgtype": "m.text", "body": body}).Get("delay_id").Str)
		want = append(want, body)
	}
	node.kill()
	time.Sleep(200 * time.Millisecond) // the first is due, the others may or may not be
	node.start()
	require.NotEmpty(t, lastSaid(u, room, "third"))
	node.kill()
	node.start()
	require.Equal(t, want, saidIn(u, room))
	_, err := node.terminate()
	require.NoError(t, err)
}

// lastSaid waits until the room holds a message and returns its id.
func lastSaid(u *testhospital.User, room, body string) string {
	id := ""
	for deadline := time.Now().Add(time.Minute); id == "" && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		for _, ev := range u.Must(http.MethodGet, v3+"/rooms/"+url.PathEscape(room)+"/messages?dir=b&limit=20", nil).Get("chunk").Array() {
			if ev.Get("content.body").Str == body {
				id = ev.Get("event_id").Str
			}
		}
	}
	return id
}

// saidIn are the messages of a room, oldest first.
func saidIn(u *testhospital.User, room string) []string {
	var bodies []string
	for _, ev := range u.Must(http.MethodGet, v3+"/rooms/"+url.PathEscape(room)+"/messages?dir=f&limit=100", nil).Get("chunk").Array() {
		if body := ev.Get("content.body").Str; body != "" {
			bodies = append(bodies, body)
		}
	}
	return bodies
}

// A node that ends after the event was sent, but before that was noted, knows it by its transaction id.
func TestADelayedEventIsSentOnceThoughThatWasNotNoted(t *testing.T) {
	h := testhospital.Start(t)
	ana := h.User("ana")
	room := ana.CreateRoom(testhospital.Room{})
	path := v3 + "/rooms/" + url.PathEscape(room) + "/send/m.room.message/t1?org.matrix.msc4140.delay=1"
	id := ana.Must(http.MethodPut, path, map[string]string{"msgtype": "m.text", "body": "once"}).Get("delay_id").Str
	finalised := func() string {
		event := ""
		require.Eventually(t, func() bool {
			event = ana.Must(http.MethodGet, unstableDelayed+"/delayed_events/"+id, nil).Get("event_id").Str
			return event != ""
		}, time.Minute, 10*time.Millisecond)
		return event
	}
	event := finalised()
	require.NoError(t, h.Node().DB.Write(context.Background(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`UPDATE delayed_events SET finalised_at = 0, event_id = '', claimed = 1 WHERE delay_id = $1`, id)
		return err
	}))
	h.Restart()
	require.Equal(t, event, finalised())
	require.Equal(t, []string{"once"}, saidIn(ana, room))
}
