package notify_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/accounts/notify"
	"medixchange/internal/config"
	"medixchange/internal/push"
	"medixchange/internal/testhospital"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

const patience = 20 * time.Second

func loopback(cfg *config.Config) {
	cfg.Push.AllowPrivate = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
}

func translating(cfg *config.Config) {
	cfg.Translator.Enabled = true
	cfg.Translator.Engines = []config.Engine{{Type: "phrases"}}
	cfg.Translator.HoldBudget = config.Duration(patience) // on a loaded machine a translation may take its time
}

// gateway is a push gateway that remembers what it was told.
type gateway struct {
	*httptest.Server
	t        *testing.T
	mu       sync.Mutex
	down     bool
	rejected []string
	got      []gjson.Result // notifications that were taken
	tries    int
}

func newGateway(t *testing.T) *gateway {
	g := &gateway{t: t, rejected: []string{}}
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil || r.URL.Path != push.Path || r.Method != http.MethodPost {
		g.t.Errorf("%s %s: %v", r.Method, r.URL, err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tries++
	if g.down {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	g.got = append(g.got, gjson.GetBytes(raw, "notification"))
	_ = json.NewEncoder(w).Encode(map[string]any{"rejected": g.rejected})
}

func (g *gateway) set(down bool, rejected ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.down, g.rejected = down, append([]string{}, rejected...)
}

func (g *gateway) all() []gjson.Result {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]gjson.Result{}, g.got...)
}

// about waits for the notification of an event.
func (g *gateway) about(eventID string) gjson.Result {
	g.t.Helper()
	var found gjson.Result
	require.Eventually(g.t, func() bool {
		for _, n := range g.all() {
			if n.Get("event_id").Str == eventID {
				found = n
				return true
			}
		}
		return false
	}, patience, 5*time.Millisecond, "no notification of %s", eventID)
	return found
}

// counts waits for a notification of counts alone.
func (g *gateway) counts(unread int64) {
	g.t.Helper()
	require.Eventually(g.t, func() bool {
		for _, n := range g.all() {
			if !n.Get("event_id").Exists() && n.Get("counts.unread").Int() == unread {
				return true
			}
		}
		return false
	}, patience, 5*time.Millisecond)
}

func (g *gateway) events() []string {
	ids := []string{}
	for _, n := range g.all() {
		if id := n.Get("event_id").Str; id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

func (g *gateway) pusher(u *testhospital.User, key, format string) {
	u.Must(http.MethodPost, "/_matrix/client/v3/pushers/set", g.body(key, format))
}

func (g *gateway) body(key, format string) map[string]any {
	data := map[string]any{"url": g.URL + push.Path, "brand": "ward"}
	if format != "" {
		data["format"] = format
	}
	return map[string]any{"pushkey": key, "app_id": "org.example.phone", "kind": "http", "app_display_name": "App",
		"device_display_name": "Phone", "lang": "es", "data": data}
}

// ward is a hospital with ana, who writes, and bo and cy, who read in a room of three.
type ward struct {
	*testhospital.Hospital
	ana, bo, cy *testhospital.User
	room        string
}

func newWard(t *testing.T, options ...testhospital.Option) ward {
	h := testhospital.Start(t, append([]testhospital.Option{loopback}, options...)...)
	w := ward{Hospital: h, ana: h.User("ana"), bo: h.User("bo"), cy: h.User("cy")}
	w.room = w.ana.CreateRoom(testhospital.Room{Name: "Ward 3", Invite: []string{w.bo.ID, w.cy.ID}})
	w.bo.Join(w.room)
	w.cy.Join(w.room)
	return w
}

// places is how many pushers lag behind, as the database has it.
func (w ward) places(t *testing.T) (n int) {
	require.NoError(t, w.Node().DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM push_places`).Scan(&n))
	return n
}

func path(format string, args ...string) string {
	escaped := make([]any, len(args))
	for i, a := range args {
		escaped[i] = url.PathEscape(a)
	}
	return "/_matrix/client/v3" + fmt.Sprintf(format, escaped...)
}

func TestAMessageIsTold(t *testing.T) {
	w, full, ids := newWard(t), newGateway(t), newGateway(t)
	full.pusher(w.bo, "full", "")
	ids.pusher(w.bo, "ids", "event_id_only")

	first := w.ana.Say(w.room, "bed 4 needs oxygen")
	got := full.about(first)
	device := got.Get("devices.0")
	require.InDelta(t, time.Now().Unix(), device.Get("pushkey_ts").Int(), 60)
	var without map[string]any
	require.NoError(t, json.Unmarshal([]byte(got.Raw), &without))
	delete(without["devices"].([]any)[0].(map[string]any), "pushkey_ts")
	require.Empty(t, cmp.Diff(map[string]any{
		"event_id": first, "room_id": w.room, "type": "m.room.message", "sender": w.ana.ID, "sender_display_name": "ana",
		"room_name": "Ward 3", "prio": "low", "counts": map[string]any{"unread": 1.0},
		"content": map[string]any{"msgtype": "m.text", "body": "bed 4 needs oxygen"},
		"devices": []any{map[string]any{"app_id": "org.example.phone", "pushkey": "full", "data": map[string]any{"brand": "ward"},
			"tweaks": map[string]any{}}},
	}, without))

	second := w.ana.Say(w.room, "and bed 5")
	require.EqualValues(t, 2, full.about(second).Get("counts.unread").Int())
	short := ids.about(second)
	require.ElementsMatch(t, []string{"event_id", "room_id", "prio", "counts", "devices"}, keys(short))
	require.EqualValues(t, 2, short.Get("counts.unread").Int())

	w.bo.Must(http.MethodPost, path("/rooms/%s/receipt/m.read/%s", w.room, second), map[string]any{})
	full.counts(0)
	ids.counts(0)
	require.Equal(t, []string{first, second}, full.events())
}

func keys(object gjson.Result) []string {
	var names []string
	object.ForEach(func(key, _ gjson.Result) bool {
		names = append(names, key.Str)
		return true
	})
	return names
}

func TestRulesSayWhatIsTold(t *testing.T) {
	w, g := newWard(t), newGateway(t)
	g.pusher(w.bo, "key", "")
	w.bo.Must(http.MethodPut, path("/pushrules/global/room/%s", w.room), map[string]any{"actions": []any{}})
	w.ana.Say(w.room, "nobody has to know")
	mention := w.ana.Send(w.room, "m.room.message", map[string]any{"msgtype": "m.text", "body": "bo: come",
		"m.mentions": map[string]any{"user_ids": []string{w.bo.ID}}})
	got := g.about(mention)
	require.True(t, got.Get("devices.0.tweaks.highlight").Bool(), got.Raw)
	require.Equal(t, "high", got.Get("prio").Str)
	require.Equal(t, []string{mention}, g.events(), "the room is muted")

	other := w.ana.CreateRoom(testhospital.Room{Name: "Ward 4", Invite: []string{w.bo.ID}})
	require.Eventually(t, func() bool { return len(g.events()) == 2 }, patience, 5*time.Millisecond)
	invite := g.all()[len(g.all())-1]
	require.Equal(t, other, invite.Get("room_id").Str)
	require.True(t, invite.Get("user_is_target").Bool(), invite.Raw)
}

func TestAnInviteFromAnotherHospitalIsTold(t *testing.T) {
	g := newGateway(t)
	hospitals := testhospital.Alliance(t, 2, loopback)
	ana, bo := hospitals[0].User("ana"), hospitals[1].User("bo")
	g.pusher(bo, "key", "")
	room := ana.CreateRoom(testhospital.Room{Name: "Board", Invite: []string{bo.ID}})
	require.Eventually(t, func() bool { return len(g.events()) == 1 }, patience, 5*time.Millisecond)
	invite := g.all()[0]
	require.Equal(t, room, invite.Get("room_id").Str)
	require.Equal(t, "Board", invite.Get("room_name").Str)
	require.Equal(t, ana.ID, invite.Get("sender").Str)
	require.Equal(t, "invite", invite.Get("content.membership").Str)
}

// What an invite from outside says of translations was written by its server.
func TestNoForgedTranslationOfAnInviteReachesTheGateway(t *testing.T) {
	invite := func(content string) rooms.OutsideMembership {
		return rooms.OutsideMembership{RoomID: "!r:b", EventID: "$invite", Sender: "@ana:b", JSON: []byte(
			`{"type":"m.room.member","sender":"@ana:b","state_key":"@bo:a","content":` + content + `}`)}
	}
	for _, key := range []string{view.TranslationKey, view.ReadAsKey} {
		note := notify.NoteOfInvite(invite(`{"membership":"invite","reason":"a conference","` + key + `":{"state":"translated","verdict":"pass"}}`))
		require.JSONEq(t, `{"membership":"invite","reason":"a conference"}`, string(note.Content))
	}
}

func TestARejectedPusherGoes(t *testing.T) {
	w, g := newWard(t), newGateway(t)
	g.set(false, "key")
	g.pusher(w.bo, "key", "")
	g.pusher(w.cy, "other", "")
	first := w.ana.Say(w.room, "one")
	g.about(first)
	require.Eventually(t, func() bool {
		return len(w.bo.Must(http.MethodGet, path("/pushers"), nil).Get("pushers").Array()) == 0
	}, patience, 5*time.Millisecond)
	require.Len(t, w.cy.Must(http.MethodGet, path("/pushers"), nil).Get("pushers").Array(), 1)
	second := w.ana.Say(w.room, "two")
	require.Equal(t, "other", g.about(second).Get("devices.0.pushkey").Str)
}

func TestNothingIsLostWhileAGatewayIsDown(t *testing.T) {
	w, g := newWard(t), newGateway(t)
	g.set(true)
	g.pusher(w.bo, "key", "")
	var sent []string
	for i := range 4 {
		sent = append(sent, w.ana.Say(w.room, fmt.Sprint("message ", i)))
	}
	require.Eventually(t, func() bool { g.mu.Lock(); defer g.mu.Unlock(); return g.tries > 0 }, patience, 5*time.Millisecond)
	require.Equal(t, 1, w.places(t), "a crash would not lose them either")
	w.Restart()
	for i := range 3 {
		sent = append(sent, w.ana.Say(w.room, fmt.Sprint("after the restart ", i)))
	}
	g.set(false)
	g.about(sent[len(sent)-1])
	require.Equal(t, sent, g.events(), "each once, in order")
	require.EqualValues(t, len(sent), g.about(sent[0]).Get("counts.unread").Int(), "counts are those of now")

	require.Eventually(t, func() bool { return w.places(t) == 0 }, patience, 50*time.Millisecond)
	w.Restart()
	last := w.ana.Say(w.room, "what was delivered is not delivered again")
	g.about(last)
	require.Equal(t, append(sent, last), g.events())
}

func TestWhatWasReadOrRedactedMeanwhileIsNotTold(t *testing.T) {
	w, g := newWard(t), newGateway(t)
	g.set(true)
	g.pusher(w.bo, "key", "")
	read := w.ana.Say(w.room, "read on another device")
	w.bo.Must(http.MethodPost, path("/rooms/%s/receipt/m.read/%s", w.room, read), map[string]any{})
	redacted := w.ana.Say(w.room, "a mistake")
	w.ana.Must(http.MethodPut, path("/rooms/%s/redact/%s/t1", w.room, redacted), map[string]any{})
	told := w.ana.Say(w.room, "the end")
	require.Eventually(t, func() bool { g.mu.Lock(); defer g.mu.Unlock(); return g.tries > 0 }, patience, 5*time.Millisecond)
	g.set(false)
	g.about(told)
	require.NotContains(t, g.events(), redacted)
}

func TestATranslationIsTold(t *testing.T) {
	w, g := newWard(t, translating), newGateway(t)
	g.pusher(w.bo, "key", "")
	g.pusher(w.cy, "other", "")
	w.bo.Must(http.MethodPut, path("/user/%s/account_data/org.medixchange.language", w.bo.ID), map[string]any{"language": "es"})
	w.cy.Must(http.MethodPut, path("/user/%s/account_data/org.medixchange.language", w.cy.ID), map[string]any{"language": "zh"})
	w.ana.Must(http.MethodPut, path("/user/%s/account_data/org.medixchange.language", w.ana.ID), map[string]any{"language": "zh"})
	w.bo.Must(http.MethodPut, path("/pushrules/global/room/%s", w.room), map[string]any{"actions": []any{}})
	w.bo.Must(http.MethodPut, path("/pushrules/global/content/oxygen"), map[string]any{
		"pattern": "oxígeno", "actions": []any{"notify", map[string]any{"set_tweak": "highlight"}}})

	w.bo.Must(http.MethodPut, path("/pushrules/global/content/ours"), map[string]any{"pattern": "chino", "actions": []any{"notify"}})

	w.ana.Say(w.room, "患者不发烧。") // "del chino" is what the node says of the translation
	sent := w.ana.Say(w.room, "患者需要吸氧。")
	require.Eventually(t, func() bool { return len(g.events()) == 3 }, patience, 5*time.Millisecond)
	bodies := map[string][]string{}
	for _, n := range g.all() {
		if n.Get("event_id").Exists() {
			key := n.Get("devices.0.pushkey").Str
			bodies[key] = append(bodies[key], n.Get("content.body").Str)
		}
		if n.Get("devices.0.pushkey").Str == "key" {
			require.Equal(t, sent, n.Get("event_id").Str, "only the keyword passes the muted room")
			require.True(t, n.Get("devices.0.tweaks.highlight").Bool(), n.Raw)
		}
	}
	require.Len(t, bodies["key"], 1)
	require.Contains(t, bodies["key"][0], "El paciente necesita oxígeno.")
	require.Equal(t, []string{"患者不发烧。", "患者需要吸氧。"}, bodies["other"])
}

func TestOnlyGatewaysMayBeNamed(t *testing.T) {
	w := newWard(t)
	g := &gateway{Server: &httptest.Server{URL: "http://192.0.2.1"}}
	status, answer := w.bo.Do(http.MethodPost, path("/pushers/set"), g.body("key", ""))
	require.Equal(t, http.StatusBadRequest, status, answer.Raw)
	require.Equal(t, "M_INVALID_PARAM", answer.Get("errcode").Str)
}
