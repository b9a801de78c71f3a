package tests

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/admin"
	"medixchange/internal/config"
	"medixchange/internal/testhospital"
	"medixchange/translator/bridge"
)

// TestATranslationIsFoundByThoseWhoReadItAndWhileItHolds: by nobody else, not by its sender, not after an edit, a redaction or
// when translations were removed.
func TestATranslationIsFoundByThoseWhoReadItAndWhileItHolds(t *testing.T) {
	engine := newInterpreter(t)
	h := testhospital.Start(t, func(cfg *config.Config) {
		engine.engine(t, cfg)
		cfg.Translator.HoldBudget = config.Duration(20 * time.Second)
		cfg.Limits.RatesEnabled = false
	})
	reads := func(u *testhospital.User, room, content string) {
		path := v3 + "/user/" + url.PathEscape(u.ID)
		if room != "" {
			path += "/rooms/" + url.PathEscape(room)
		}
		u.Must(put, path+"/account_data/org.medixchange.language", jsonOf(t, content))
	}
	alice, bob, carla := h.User("alice"), h.User("bob"), h.User("carla")
	reads(alice, "", `{"language":"en"}`)
	reads(bob, "", `{"language":"es"}`)
	reads(carla, "", `{"language":"fr"}`)
	room := alice.CreateRoom(testhospital.Room{Preset: "public_chat"})
	bob.Join(room)
	carla.Join(room)
	id := alice.Say(room, "The patient is pregnant.")
	bob.WaitFor(room, id)
	carla.WaitFor(room, id)
	require.True(t, finds(bob, "embarazada", id))
	require.True(t, finds(bob, "patient pregnant", id), "and by the original")
	require.False(t, finds(alice, "embarazada", id), "who wrote it reads their own words")
	require.False(t, finds(carla, "embarazada", id), "who reads another language")
	reads(bob, room, `{"language":"es","mode":"off"}`)
	require.False(t, finds(bob, "embarazada", id), "who reads originals")
	reads(bob, room, `{"language":"es","mode":"in_place"}`)
	require.True(t, finds(bob, "embarazadas", id))

	edit := alice.Send(room, "m.room.message", object{"msgtype": "m.text", "body": "* The patient has diabetes.",
		"m.new_content": object{"msgtype": "m.text", "body": "The patient has diabetes."}, "m.relates_to": object{"rel_type": "m.replace", "event_id": id}})
	bob.WaitFor(room, edit)
	require.False(t, finds(bob, "embarazada", id), "what the message does not say any more")
	require.True(t, finds(bob, "tiene diabetes", id))
	notStored(t, h, "embarazada")

	client := admin.NewClient(h.Node().AdminSocket())
	require.NoError(t, client.Call(t.Context(), http.MethodPost, bridge.PathCache+"/purge", bridge.Purge{}, nil))
	h.Restart()
	notStored(t, h, "tiene") // removed translations leave the index
	require.True(t, finds(bob, "has diabetes", id))

	alice.Must(put, v3+"/rooms/"+url.PathEscape(room)+"/redact/"+url.PathEscape(id)+"/r", object{})
	require.False(t, finds(bob, "diabetes", id))
	notStored(t, h, "diabetes")
}

func jsonOf(t *testing.T, text string) (v any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &v))
	return v
}

// TestFetchedHistoryIsFound: what was said at another hospital before anybody here was in the room.
func TestFetchedHistoryIsFound(t *testing.T) {
	both := testhospital.Alliance(t, 2, func(c *config.Config) { c.Limits.RatesEnabled = false })
	ana, bo := both[0].User("ana"), both[1].User("bo")
	room := ana.CreateRoom(testhospital.Room{Preset: "public_chat"})
	id := ana.Say(room, "tracheostomy planned for Monday")
	for range 5 {
		ana.Say(room, "something else")
	}
	bo.Join(room, both[0].Name)
	require.Eventually(t, func() bool {
		page := bo.Must(get, v3+"/rooms/"+url.PathEscape(room)+"/messages?dir=b&limit=50", nil)
		for _, ev := range page.Get("chunk").Array() {
			if ev.Get("event_id").Str == id {
				return true
			}
		}
		return false
	}, 20*time.Second, 50*time.Millisecond)
	both[1].Restart() // which looks for fetched events at once
	require.Eventually(t, func() bool { return finds(bo, "tracheostomies", id) }, 20*time.Second, 50*time.Millisecond)
}
