package tests

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
	"medixchange/translator/language"
)

// inThread reports whether a speaker answers in the thread of the first one.
func inThread(speaker int) bool { return speaker%2 == 1 }

// say sends what a speaker says.
func (c *council) say(speaker int) {
	writer := language.Chat[speaker]
	content := object{"msgtype": "m.text", "body": c.wording(speaker, writer)}
	if inThread(speaker) {
		content["m.relates_to"] = object{"rel_type": "m.thread", "event_id": c.ids[language.Chat[0]]}
	}
	c.ids[writer] = c.clients[writer].send(id.RoomID(c.room), event.EventMessage, content).String()
}

// readsElsewhere reads the room on every surface that shows events, other than /sync, /messages and the results of a search.
func (c *council) readsElsewhere(where string) {
	c.t.Helper()
	root := c.ids[language.Chat[0]]
	everybody := func(int) bool { return true }
	first := func(speaker int) bool { return speaker == 0 }
	last := func(speaker int) bool { return speaker == len(language.Chat)-2 }
	require.True(c.t, inThread(len(language.Chat)-2))
	for _, reader := range language.Chat {
		u := c.members[reader]
		get := func(path string) gjson.Result { return u.Must(http.MethodGet, "/_matrix/client/"+path, nil) }
		inRoom := "/rooms/" + url.PathEscape(c.room)

		around := get("v3" + inRoom + "/context/" + url.PathEscape(root) + "?limit=100")
		c.reads(where+" /context", reader, first, around.Get("event"))
		c.reads(where+" /context after", reader, func(speaker int) bool { return speaker > 0 }, around.Get("events_after").Array()...)
		around = get("v3" + inRoom + "/context/" + url.PathEscape(c.ids[language.Chat[len(language.Chat)-1]]) + "?limit=100")
		c.reads(where+" /context before", reader, func(speaker int) bool { return speaker < len(language.Chat)-1 }, around.Get("events_before").Array()...)

		c.reads(where+" /event", reader, first, get("v3"+inRoom+"/event/"+url.PathEscape(root)))
		c.reads(where+" /relations", reader, inThread, get("v1"+inRoom+"/relations/"+url.PathEscape(root)+"/m.thread").Get("chunk").Array()...)
		threads := get("v1" + inRoom + "/threads").Get("chunk").Array()
		c.reads(where+" /threads", reader, first, threads...)
		c.reads(where+" latest event of a thread", reader, last, threads[0].Get(`unsigned.m\.relations.m\.thread.latest_event`))

		found := look(u, c.wording(0, reader), object{"event_context": object{"before_limit": 20, "after_limit": 20}}).Get("results").Array()
		require.NotEmpty(c.t, found)
		hit := found[0]
		near := append(hit.Get("context.events_before").Array(), hit.Get("context.events_after").Array()...)
		c.reads(where+" /search and what is around", reader, everybody, append(near, hit.Get("result"))...)
	}
}

// reads checks what a member is shown of the speakers that are wanted, and that all of them are there.
func (c *council) reads(where string, reader language.Code, wanted func(speaker int) bool, events ...gjson.Result) {
	c.t.Helper()
	byID := map[string]gjson.Result{}
	for _, event := range events {
		byID[event.Get("event_id").Str] = event
	}
	for speaker, writer := range language.Chat {
		if !wanted(speaker) {
			continue
		}
		require.Contains(c.t, byID, c.ids[writer], "%s: %s", where, reader)
		c.check(where, speaker, reader, byID[c.ids[writer]])
	}
}

// TestRelationsListRealEditsOnly: a late translation is an edit for one reader's devices (TRANSLATION 7); whoever asks for the
// edits of the message gets those that its author made.
func TestRelationsListRealEditsOnly(t *testing.T) {
	l := newLateWards(t)
	ana, bo := l.a.User("ana"), l.a.User("bo")
	for u, tag := range map[*testhospital.User]string{ana: "zh", bo: "es"} {
		u.Must(put, v3+"/user/"+url.PathEscape(u.ID)+"/account_data/org.medixchange.language", object{"language": tag})
	}
	room := ana.CreateRoom(testhospital.Room{Preset: "public_chat"})
	bo.Join(room)
	bo.Sync(0)
	switchGate(t, l.gate, "close")
	id := ana.Say(room, l.zh(0))
	require.Equal(t, l.zh(0), bo.WaitFor(room, id).Get("content.body").Str)
	switchGate(t, l.gate, "open")
	edits := func() (ids []string) {
		for _, ev := range bo.Must(get, "/_matrix/client/v1/rooms/"+url.PathEscape(room)+"/relations/"+url.PathEscape(id)+"/m.replace", nil).Get("chunk").Array() {
			ids = append(ids, ev.Get("event_id").Str)
		}
		return ids
	}
	var late gjson.Result
	bo.WaitUntil("the late translation", func(sync gjson.Result) bool {
		for _, ev := range testhospital.Timeline(sync, room) {
			if ev.Get(`content.m\.relates_to.event_id`).Str == id {
				late = ev
			}
		}
		return late.Exists()
	})
	require.Contains(t, late.Get(`content.m\.new_content.body`).Str, l.es(0))
	require.Empty(t, edits())
	edit := ana.Send(room, "m.room.message", object{"msgtype": "m.text", "body": "* " + l.zh(1),
		"m.new_content": object{"msgtype": "m.text", "body": l.zh(1)}, "m.relates_to": object{"rel_type": "m.replace", "event_id": id}})
	bo.WaitFor(room, edit)
	require.Equal(t, []string{edit}, edits())
}

func switchGate(t *testing.T, gate, to string) {
	t.Helper()
	r, err := http.Post(gate+"/gate/"+to, "", nil)
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())
}

// TestASearchWaitsOneBudgetForAllThatItShows: its results and what is around each of them (TRANSLATION 5).
func TestASearchWaitsOneBudgetForAllThatItShows(t *testing.T) {
	engine := newInterpreter(t)
	engine.hanging = true
	h := testhospital.Start(t, func(cfg *config.Config) {
		engine.engine(t, cfg)
		cfg.Translator.HoldBudget = config.Duration(200 * time.Millisecond)
		cfg.Limits.RatesEnabled = false
	})
	ana, bo, cy := h.User("ana"), h.User("bo"), h.User("cy")
	for u, tag := range map[*testhospital.User]string{ana: "en", cy: "fr"} {
		u.Must(put, v3+"/user/"+url.PathEscape(u.ID)+"/account_data/org.medixchange.language", object{"language": tag})
	}
	hit, near := engine.memory.Forms(said[0], "en")[0], engine.memory.Forms(said[5], "en")[0]
	for range 2 {
		room := ana.CreateRoom(testhospital.Room{Preset: "public_chat"})
		ana.Say(room, hit)
		ana.Say(room, near)
		bo.Join(room)
	}
	last := engine.memory.Forms(said[6], "en")[0]
	wards := ana.CreateRoom(testhospital.Room{Preset: "public_chat"})
	cy.Join(wards)
	ana.Say(wards, last)
	// What is asked for when it is said is asked for in order, so that all before it has found that nobody reads Spanish yet.
	require.Eventually(t, func() bool { return engine.requests()["en to fr: "+last] == 1 }, time.Minute, 5*time.Millisecond)
	bo.Must(put, v3+"/user/"+url.PathEscape(bo.ID)+"/account_data/org.medixchange.language", object{"language": "es"})
	require.Len(t, look(ana, hit, nil).Get("results").Array(), 2) // and so it is in the index
	results := lookOnce(bo, hit, "", object{"event_context": object{}}).Get("results").Array()
	require.Len(t, results, 2)
	for _, r := range results {
		require.Contains(t, r.Get("context").Raw, near)
	}
	require.Contains(t, engine.requests(), "en to es: "+hit)
	require.NotContains(t, engine.requests(), "en to es: "+near, "nothing was left to wait with")
}
