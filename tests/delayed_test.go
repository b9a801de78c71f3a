package tests

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/testhospital"
)

const (
	unstableDelayed = "/_matrix/client/unstable/org.matrix.msc4140"
	callMember      = "org.matrix.msc3401.call.member"
)

// later schedules a state event with the parameter that deployed clients use, and returns the delay id.
func later(u *testhospital.User, room, typ, key string, content any, delay string) string {
	return u.Must(http.MethodPut, statePath(room, typ, key)+"?org.matrix.msc4140.delay="+delay, content).Get("delay_id").Str
}

func statePath(room, typ, key string) string {
	return v3 + "/rooms/" + url.PathEscape(room) + "/state/" + typ + "/" + url.PathEscape(key)
}

// on gives each hospital a database of its own.
func on(fresh func() string) testhospital.Option {
	return func(c *config.Config) { c.Database.URL = fresh() }
}

// stateIs waits until the state of the room as u sees it is so.
func stateIs(u *testhospital.User, room, typ, key, want string) {
	u.WaitUntil("state "+want, func(gjson.Result) bool {
		_, got := u.Do(http.MethodGet, statePath(room, typ, key), nil)
		return got.Raw == want
	})
}

func TestAMemberWhoCrashesIsSeenToLeaveTheCallAtTheOtherHospital(t *testing.T) {
	a, b := twoHospitals(t)
	ana, bo := a.User("ana"), b.User("bo")
	room := ana.CreateRoom(testhospital.Room{Preset: "private_chat", Invite: []string{bo.ID}})
	bo.WaitForInvite(room)
	bo.Join(room, a.Name)

	// Members, not only moderators, say that they are in a call, and schedule that they are not.
	key := "_" + bo.ID + "_" + bo.DeviceID + "_m.call"
	leave := later(bo, room, callMember, key, map[string]any{}, "3600000")
	require.NotEmpty(t, leave)
	bo.SetState(room, callMember, key, map[string]any{"application": "m.call"})
	stateIs(ana, room, callMember, key, `{"application":"m.call"}`)
	bo.Must(http.MethodPost, unstableDelayed+"/delayed_events/"+leave+"/restart", nil)

	listed := bo.Must(http.MethodGet, unstableDelayed+"/delayed_events", nil)
	require.Equal(t, leave, listed.Get("delayed_events.0.delay_id").Str, listed.Raw)
	require.Equal(t, "{}", listed.Get("delayed_events.0.content").Raw)
	require.Equal(t, key, listed.Get("scheduled.0.state_key").Str)
	require.EqualValues(t, 3600000, listed.Get("scheduled.0.delay").Int())

	// The token service, to which the client gave the id, has no access token.
	service := b.With("", "")
	service.Must(http.MethodPost, unstableDelayed+"/delayed_events/"+leave+"/restart", nil)
	status, refused := service.Do(http.MethodPost, unstableDelayed+"/delayed_events/"+leave+"/cancel", nil)
	require.Equal(t, http.StatusUnauthorized, status, refused.Raw)
	service.Must(http.MethodPost, unstableDelayed+"/delayed_events/"+leave, map[string]string{"action": "send"})
	stateIs(ana, room, callMember, key, `{}`)
	stateIs(bo, room, callMember, key, `{}`)

	// It says to its owner alone that it was delayed, and how it ended.
	sent := bo.Must(http.MethodGet, unstableDelayed+"/delayed_events/"+leave, nil)
	event := sent.Get("event_id").Str
	path := v3 + "/rooms/" + url.PathEscape(room) + "/event/" + url.PathEscape(event)
	require.Equal(t, leave, bo.Must(http.MethodGet, path, nil).Get(`unsigned.org\.matrix\.msc4140\.delay_id`).Str)
	require.False(t, ana.Must(http.MethodGet, path, nil).Get(`unsigned.org\.matrix\.msc4140\.delay_id`).Exists())
	bo.Must(http.MethodPost, unstableDelayed+"/delayed_events/"+leave+"/send", nil) // may be repeated
	status, refused = bo.Do(http.MethodPost, unstableDelayed+"/delayed_events/"+leave+"/restart", nil)
	require.Equal(t, http.StatusNotFound, status, refused.Raw)
}

func TestDelayedEventsAreSentWhenTheirTimeComesAlsoAfterARestart(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) { sendsWhatIsDue(t, on(fresh)) })
}

func sendsWhatIsDue(t *testing.T, on testhospital.Option) {
	h := testhospital.Start(t, on)
	ana := h.User("ana")
	room := ana.CreateRoom(testhospital.Room{})
	say := func(body, delay string) string {
		return ana.Must(http.MethodPut, v3+"/rooms/"+url.PathEscape(room)+"/send/m.room.message/"+body+"?org.matrix.msc4140.delay="+delay,
			map[string]string{"msgtype": "m.text", "body": body}).Get("delay_id").Str
	}
	first := say("soon", "300")
	require.Equal(t, first, say("soon", "300"), "the same transaction id gives the same delay id")
	ana.WaitUntil("the event", func(sync gjson.Result) bool { return hasBody(sync, room, "soon") })

	say("third", "400")
	say("second", "200")
	h.Stop()
	time.Sleep(500 * time.Millisecond) // both become due while nobody is there; a longer pause changes nothing
	h.Start()
	var order []string
	ana.WaitUntil("what became due meanwhile", func(sync gjson.Result) bool {
		for _, ev := range testhospital.Timeline(sync, room) {
			order = append(order, ev.Get("content.body").Str)
		}
		return len(order) >= 2
	})
	require.Equal(t, []string{"second", "third"}, order)
}

func hasBody(sync gjson.Result, room, body string) bool {
	for _, ev := range testhospital.Timeline(sync, room) {
		if ev.Get("content.body").Str == body {
			return true
		}
	}
	return false
}

func TestADelayedEventIsOvertakenByTheStateOfSomebodyElse(t *testing.T) {
	h := testhospital.Start(t)
	ana, bo := h.User("ana"), h.User("bo")
	room := ana.CreateRoom(testhospital.Room{Invite: []string{bo.ID}, Preset: "trusted_private_chat"})
	bo.Join(room)
	own := later(ana, room, "org.example.bed", "7", map[string]any{"free": true}, "3600000")
	ana.SetState(room, "org.example.bed", "7", map[string]any{"free": false})
	ana.Must(http.MethodPost, unstableDelayed+"/delayed_events/"+own+"/restart", nil) // one's own state cancels nothing

	bo.SetState(room, "org.example.bed", "7", map[string]any{"closed": true})
	status, answer := ana.Do(http.MethodPost, unstableDelayed+"/delayed_events/"+own+"/restart", nil)
	require.Equal(t, http.StatusNotFound, status, answer.Raw)
	require.True(t, ana.Must(http.MethodGet, unstableDelayed+"/delayed_events/"+own, nil).Get("finalised_ts").Exists())
	stateIs(ana, room, "org.example.bed", "7", `{"closed":true}`)
}

func TestWhatOfDelayedEventsIsRefused(t *testing.T) {
	h := testhospital.Start(t, func(c *config.Config) {
		c.Rooms.MaxEventDelay, c.Rooms.MaxDelayedEvents = config.Duration(time.Hour), 2
	})
	ana, bo := h.User("ana"), h.User("bo")
	room := ana.CreateRoom(testhospital.Room{})
	ask := func(u *testhospital.User, query string, content any) (int, gjson.Result) {
		return u.Do(http.MethodPut, statePath(room, "org.example.bed", "7")+query, content)
	}
	status, answer := ask(ana, "?org.matrix.msc4140.delay=3600001", map[string]any{})
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, "M_UNKNOWN", answer.Get("errcode").Str)
	require.Equal(t, "M_MAX_DELAY_EXCEEDED", answer.Get(`org\.matrix\.msc4140\.errcode`).Str)
	require.EqualValues(t, 3600000, answer.Get(`org\.matrix\.msc4140\.max_delay`).Int())
	for _, query := range []string{"0", "-5", "soon", "99999999999999999999", ""} {
		status, answer = ask(ana, "?org.matrix.msc4140.delay="+query, map[string]any{})
		require.Equal(t, http.StatusBadRequest, status, "%q: %s", query, answer.Raw)
	}
	status, answer = ask(bo, "?org.matrix.msc4140.delay=1000", map[string]any{})
	require.Equal(t, http.StatusForbidden, status, answer.Raw)
	status, answer = ask(ana, "?org.matrix.msc4140.delay=1000&org.matrix.msc4354.sticky_duration_ms=3600001", map[string]any{})
	require.Equal(t, http.StatusBadRequest, status, answer.Raw)
	status, answer = ana.Do(http.MethodPut, statePath(room, "m.room.member", bo.ID)+"?org.matrix.msc4140.delay=1000", map[string]string{"membership": "ban"})
	require.Equal(t, http.StatusForbidden, status, answer.Raw)

	id := later(ana, room, "org.example.bed", "7", map[string]any{}, "3000000")
	body, err := json.Marshal(map[string]any{"delay_ms": 3000000, "state_key": "8", "content": map[string]any{}})
	require.NoError(t, err)
	ana.Must(http.MethodPut, unstableDelayed+"/rooms/"+url.PathEscape(room)+"/delayed_event/org.example.bed/t1", json.RawMessage(body))
	status, answer = ask(ana, "?org.matrix.msc4140.delay=1000", map[string]any{})
	require.Equal(t, http.StatusTooManyRequests, status, answer.Raw)
	require.Greater(t, answer.Get("retry_after_ms").Int(), int64(1000))

	for path, want := range map[string]int{
		"/delayed_events/" + id + "/cancel": http.StatusNotFound, "/delayed_events/" + id + "/send": http.StatusNotFound,
		"/delayed_events/none/restart": http.StatusNotFound, "/delayed_events/" + id + "/explode": http.StatusBadRequest,
	} {
		status, answer = bo.Do(http.MethodPost, unstableDelayed+path, nil)
		require.Equal(t, want, status, "%s: %s", path, answer.Raw)
	}
	ana.Must(http.MethodPost, unstableDelayed+"/delayed_events/"+id+"/cancel", nil)
	ana.Must(http.MethodPost, unstableDelayed+"/delayed_events/"+id+"/cancel", nil)
	status, _ = ana.Do(http.MethodGet, statePath(room, "org.example.bed", "7"), nil)
	require.Equal(t, http.StatusNotFound, status)

	limits := ana.Must(http.MethodGet, v3+"/capabilities", nil).Get(`capabilities.org\.matrix\.msc4140\.delayed_events`)
	require.JSONEq(t, `{"max_delay_ms":3600000,"max_scheduled":2}`, limits.Raw)
}

// TestDelayedEventsOfOneUserAreRationedWhenTheyAreSent: of three that are due at once the third waits, and a leave waits for none.
func TestDelayedEventsOfOneUserAreRationedWhenTheyAreSent(t *testing.T) {
	h := testhospital.Start(t, func(c *config.Config) { c.Limits.Rates.Message = config.Rate{PerSecond: 0.001, Burst: 2} })
	ana := h.User("ana")
	room := ana.CreateRoom(testhospital.Room{})
	const note = "org.example.note"
	ids := []string{
		later(ana, room, note, "1", map[string]string{"n": "one"}, "3600000"),
		later(ana, room, note, "2", map[string]string{"n": "two"}, "3600000"),
		later(ana, room, note, "3", map[string]string{"n": "three"}, "3600000"),
		later(ana, room, callMember, ana.ID, map[string]any{}, "3600000"),
	}
	require.NoError(t, h.Node().DB.Write(t.Context(), func(tx *sqldb.Tx) error {
		for i, id := range ids {
			if _, err := tx.Exec(`UPDATE delayed_events SET send_at = $1 WHERE delay_id = $2`, i+1, id); err != nil {
				return err
			}
		}
		return nil
	}))
	h.Stop()
	h.Config.Limits.RatesEnabled = true
	h.Start()
	stateIs(ana, room, callMember, ana.ID, `{}`)
	for i, sent := range []bool{true, true, false, true} {
		var told gjson.Result
		require.Eventually(t, func() bool { // that one was sent is noted after its event
			told = ana.Must(http.MethodGet, unstableDelayed+"/delayed_events/"+ids[i], nil)
			return told.Get("event_id").Exists() == sent
		}, 20*time.Second, 5*time.Millisecond, ids[i])
		require.Equal(t, sent, told.Get("finalised_ts").Exists(), told.Raw)
	}
}
