package tests

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// gateway is a push gateway that keeps what it is told.
type gateway struct {
	*httptest.Server
	mu   sync.Mutex
	told []gjson.Result
}

func newGateway(t *testing.T) *gateway {
	t.Helper()
	g := &gateway{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		g.mu.Lock()
		g.told = append(g.told, gjson.GetBytes(body, "notification"))
		g.mu.Unlock()
		_, _ = w.Write([]byte(`{"rejected":[]}`))
	}))
	t.Cleanup(g.Close)
	return g
}

// of returns what the gateway was told of an event; it does not exist if that is nothing.
func (g *gateway) of(eventID string) gjson.Result {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, n := range g.told {
		if n.Get("event_id").Str == eventID {
			return n
		}
	}
	return gjson.Result{}
}

// TestACallRingsTheTelephonesOfThoseWhomItNames: by every name that its event has had, across hospitals, and nobody else's.
func TestACallRingsTheTelephonesOfThoseWhomItNames(t *testing.T) {
	a, b := twoHospitals(t, func(c *config.Config) { c.Push.AllowPrivate = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	ana, bo, cleo := a.User("ana"), b.User("bo"), b.User("cleo")
	room := ana.CreateRoom(testhospital.Room{Preset: "public_chat"})
	telephones := map[*testhospital.User]*gateway{}
	for _, u := range []*testhospital.User{bo, cleo} {
		u.Join(room, a.Name)
		telephones[u] = newGateway(t)
		u.Must(http.MethodPost, v3+"/pushers/set", map[string]any{
			"kind": "http", "app_id": "org.example", "pushkey": u.ID, "app_display_name": "App", "device_display_name": "Phone", "lang": "en",
			"data": map[string]string{"url": telephones[u].URL + "/_matrix/push/v1/notify"},
		})
	}
	member := ana.SetState(room, callMember, "_"+ana.ID+"_"+ana.DeviceID+"_m.call", map[string]any{"application": "m.call", "device_id": ana.DeviceID})
	about := map[string]string{"rel_type": "m.reference", "event_id": member}
	me := map[string]any{"user_ids": []string{bo.ID}}
	const ring, sound = "ring", "default"
	for _, c := range []struct {
		typ      string
		content  map[string]any
		boHears  string // the sound, "" for nothing
		allHears bool
	}{
		{"org.matrix.msc4075.rtc.notification", map[string]any{"notification_type": "ring", "m.mentions": me, "m.relates_to": about, "lifetime": 30000}, ring, false},
		{"m.rtc.notification", map[string]any{"notification_type": "ring", "m.mentions": me, "m.relates_to": about, "lifetime": 30000}, ring, false},
		{"m.rtc.invite", map[string]any{"m.mentions": me}, ring, false},
		{"org.matrix.msc4075.call.notify", map[string]any{"application": "m.call", "notify_type": "ring", "m.mentions": me, "call_id": ""}, ring, false},
		{"m.call.notify", map[string]any{"application": "m.call", "notify_type": "ring", "m.mentions": me, "call_id": ""}, sound, false},
		{"org.matrix.msc4075.rtc.notification", map[string]any{"notification_type": "ring", "m.mentions": map[string]any{"room": true}}, ring, true},
		{"m.rtc.notification", map[string]any{"notification_type": "ring", "m.mentions": map[string]any{"room": true}}, ring, true},
		{"org.matrix.msc4310.rtc.decline", map[string]any{"m.relates_to": about}, "", false},
		{"m.rtc.decline", map[string]any{"m.relates_to": about}, "", false},
		{"m.reaction", map[string]any{"m.relates_to": map[string]string{"rel_type": "m.annotation", "event_id": member, "key": "🖐️"}}, "", false},
		{"io.element.call.reaction", map[string]any{"emoji": "👏", "name": "clap", "m.relates_to": about}, "", false},
	} {
		id := ana.Send(room, c.typ, c.content)
		end := ana.Say(room, "the end of "+c.typ) // is told in order after it
		want, err := json.Marshal(c.content)
		require.NoError(t, err)
		require.JSONEq(t, string(want), bo.WaitFor(room, id).Get("content").Raw, c.typ)
		for _, u := range []*testhospital.User{bo, cleo} {
			heard := c.boHears
			if u == cleo && !c.allHears {
				heard = ""
			}
			require.Eventually(t, func() bool { return telephones[u].of(end).Exists() }, 20*time.Second, 5*time.Millisecond, "no push at all")
			told := telephones[u].of(id)
			require.Equal(t, heard != "", told.Exists(), "%s, %s", c.typ, u.ID)
			require.Equal(t, heard, told.Get("devices.0.tweaks.sound").Str, c.typ)
			require.Equal(t, heard == sound, told.Get("devices.0.tweaks.highlight").Bool(), "calls are no highlights")
		}
	}
	decline := bo.Send(room, "org.matrix.msc4310.rtc.decline", map[string]any{"m.relates_to": about})
	ana.WaitFor(room, decline)
	path := v3 + "/rooms/" + url.PathEscape(room) + "/relations/" + url.PathEscape(member) + "/m.reference"
	declined := ana.Must(http.MethodGet, "/_matrix/client/v1"+path[len(v3):], nil).Get(`chunk.#(type=="org.matrix.msc4310.rtc.decline").sender`).Str
	require.Equal(t, bo.ID, declined, "who called sees who declined")
}
