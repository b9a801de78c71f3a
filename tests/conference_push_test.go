package tests

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// phones is a push gateway that keeps what each phone was told; a phone's key is its owner's name.
type phones struct {
	*httptest.Server
	mu   sync.Mutex
	told map[string][]gjson.Result
}

func newPhones(t *testing.T) *phones {
	p := &phones{told: map[string][]gjson.Result{}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		note := gjson.GetBytes(raw, "notification")
		p.mu.Lock()
		defer p.mu.Unlock()
		if key := note.Get("devices.0.pushkey").Str; note.Get("event_id").Exists() {
			p.told[key] = append(p.told[key], note)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"rejected": []string{}})
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *phones) give(name string, u *testhospital.User) {
	u.Must(http.MethodPost, v3+"/pushers/set", map[string]any{
		"pushkey": name, "app_id": "org.example.phone", "kind": "http", "app_display_name": "App", "device_display_name": "Phone",
		"lang": "en", "data": map[string]string{"url": p.URL + "/_matrix/push/v1/notify"},
	})
}

func (p *phones) notes(name string) []gjson.Result {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.told[name])
}

// rang waits until a phone was told something of which is holds.
func (p *phones) rang(t *testing.T, name string, is func(gjson.Result) bool) gjson.Result {
	t.Helper()
	var found gjson.Result
	require.Eventually(t, func() bool {
		for _, note := range p.notes(name) {
			if is(note) {
				found = note
				return true
			}
		}
		return false
	}, time.Minute, 10*time.Millisecond, "nothing for %s", name)
	return found
}

// TestAPlannedConferenceCallsThePhonesOfThoseWhoComeAndOfNobodyElse: at two hospitals, Cy and Bo come, Di and Ed do not, Fay says
// nothing, and Gus comes but has the room muted.
func TestAPlannedConferenceCallsThePhonesOfThoseWhoComeAndOfNobodyElse(t *testing.T) {
	p := newPlanning(t, func(c *config.Config) {
		c.Push.AllowPrivate = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	gateway := newPhones(t)
	users := map[string]*testhospital.User{
		"bo": p.bo, "cy": p.a.User("cy"), "di": p.a.User("di"), "ed": p.b.User("ed"), "fay": p.a.User("fay"), "gus": p.a.User("gus"),
	}
	for _, u := range users {
		if u != p.bo {
			p.ana.Invite(p.room, u.ID)
			u.WaitForInvite(p.room)
			u.Join(p.room, p.a.Name)
			u.Sync(0)
		}
	}
	users["gus"].Must(http.MethodPut, v3+"/pushrules/global/override/"+url.PathEscape(p.room), map[string]any{
		"conditions": []map[string]string{{"kind": "event_match", "key": "room_id", "pattern": p.room}}, "actions": []string{},
	})

	plan := func(start time.Time) {
		p.ana.SetState(p.room, "org.medixchange.conference", "c1", map[string]any{
			"title": "Ward round", "start": start.UnixMilli(), "hosts": []string{p.ana.ID},
		})
	}
	plan(time.Now().Add(24 * time.Hour))
	for name, mark := range map[string]string{"bo": "👍🏽", "di": "❌", "ed": "❌"} {
		p.react(users[name], "📅", mark)
	}
	users["cy"].Say(p.room, "!conference no 1")
	users["cy"].Say(p.room, "!conference yes")
	users["gus"].Say(p.room, "!conference yes 1")
	for server, h := range map[string]*testhospital.Hospital{"a": p.a, "b": p.b} {
		require.Eventually(t, func() bool {
			var n, comes int
			row := h.Node().DB.QueryRow(t.Context(), `SELECT COUNT(*), COUNT(CASE WHEN answer = 'yes' THEN 1 END) FROM conference_answers`)
			return row.Scan(&n, &comes) == nil && n == 5 && comes == 3
		}, time.Minute, 10*time.Millisecond, "the answers at %s", server)
	}

	for name, u := range users {
		gateway.give(name, u)
	}
	plan(time.Now().Add(time.Minute)) // in a minute: it is time to remind
	is := func(part string) func(gjson.Result) bool {
		return func(note gjson.Result) bool { return strings.Contains(note.Get("content.body").Str, part) }
	}
	gateway.rang(t, "bo", is("📅 Conférence modifiée : Ward round"))
	reminded := gateway.rang(t, "bo", is("⏰ Conférence bientôt : Ward round"))
	require.Equal(t, "m.room.message", reminded.Get("type").Str)
	require.Equal(t, "high", reminded.Get("prio").Str)
	require.Equal(t, "default", reminded.Get("devices.0.tweaks.sound").Str)
	gateway.rang(t, "cy", is("⏰"))
	opened := p.bo.Must(http.MethodGet, v3+"/rooms/"+url.PathEscape(p.room)+"/event/"+url.PathEscape(reminded.Get("event_id").Str), nil)
	require.Equal(t, reminded.Get("content.body").Str, opened.Get("content.body").Str, "an app that is told ids only fetches it")
	around := p.bo.Must(http.MethodGet, v3+"/rooms/"+url.PathEscape(p.room)+"/context/"+url.PathEscape(reminded.Get("event_id").Str), nil)
	require.Equal(t, opened.Get("content").Raw, around.Get("event.content").Raw)

	p.ana.SetState(p.room, "org.matrix.msc3401.call.member", "_"+p.ana.ID+"_D_m.call", map[string]any{
		"application": "m.call", "call_id": "", "scope": "m.room", "device_id": "D", "expires": 14400000,
	})
	ring := func(note gjson.Result) bool { return note.Get("type").Str == "org.matrix.msc4075.rtc.notification" }
	for _, name := range []string{"bo", "cy"} {
		begun := gateway.rang(t, name, ring)
		require.Equal(t, p.ana.ID, begun.Get("sender").Str)
		require.Equal(t, "ring", begun.Get("devices.0.tweaks.sound").Str)
		require.Equal(t, "m.call#ROOM", begun.Get("content.slot_id").Str)
	}

	last := p.ana.Say(p.room, "@room") // what comes before it in the stream was told, or never is
	for name := range users {
		if name != "gus" {
			gateway.rang(t, name, func(note gjson.Result) bool { return note.Get("event_id").Str == last })
		}
	}
	for _, name := range []string{"di", "ed", "fay", "gus"} {
		for _, note := range gateway.notes(name) {
			require.Equal(t, last, note.Get("event_id").Str, "%s was told %s", name, note.Raw)
		}
	}
	for _, name := range []string{"bo", "cy"} {
		require.Len(t, gateway.notes(name), 4, "the change, the reminder, the call and the message")
	}
}

// react answers what the bot told with a reaction, and waits until the bot has understood.
func (p *planning) react(u *testhospital.User, beginning, mark string) {
	var id string
	u.WaitUntil(beginning, func(sync gjson.Result) bool {
		for _, ev := range testhospital.Timeline(sync, p.room) {
			if strings.HasPrefix(ev.Get("content.body").Str, beginning) {
				id = ev.Get("event_id").Str
			}
		}
		return id != ""
	})
	u.Send(p.room, "m.reaction", map[string]any{"m.relates_to": map[string]string{"rel_type": "m.annotation", "event_id": id, "key": mark}})
	u.WaitUntil("the bot's answer", func(sync gjson.Result) bool {
		for _, ev := range testhospital.Timeline(sync, p.room) {
			if strings.HasPrefix(ev.Get(`content.org\.medixchange\.conference.kind`).Str, "conference_said_") {
				return true
			}
		}
		return false
	})
}
