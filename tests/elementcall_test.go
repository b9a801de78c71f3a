package tests

import (
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// elementCallFolder is Element Call's own package as it comes from npm, which is no part of this repository for its licence.
func elementCallFolder(t *testing.T) string {
	t.Helper()
	return filepath.Join(installed(t), "node_modules", "@element-hq", "element-call-embedded", "dist")
}

// widgetHost serves a page that shows Element Call as a widget, as a Matrix client does; it returns the address.
func widgetHost(t *testing.T) string {
	t.Helper()
	v := &visit{script: bundled(t, "element-call-host.mjs"), input: []byte("{}"), over: make(chan struct{})}
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(v.over) })
	return server.URL
}

// namesOf gives hospitals one letter each, by their addresses.
func namesOf(t *testing.T, hospitals []*testhospital.Hospital) map[string]string {
	t.Helper()
	names := map[string]string{}
	for i, h := range hospitals {
		address, err := url.Parse(h.URL)
		require.NoError(t, err)
		names[address.Host] = string(rune('A' + i))
	}
	return names
}

// TestElementCallMeets has users of two hospitals meet in Element Call, which each hospital serves, by sticky member events.
// TestElementCallMeetsTheConferencePage sees how it meets by events in the room's state, comes back, and is killed.
func TestElementCallMeets(t *testing.T) {
	folder, chromium := elementCallFolder(t), chromiumIn(t)
	hospitals := testhospital.Alliance(t, 2, conferencing(t), func(cfg *config.Config) { cfg.Conference.ElementCall = folder })
	a, b := hospitals[0], hospitals[1]
	ana, bo := a.User("ana"), b.User("bo")
	room := ana.CreateRoom(testhospital.Room{Preset: "private_chat", Invite: []string{bo.ID}})
	bo.WaitForInvite(room)
	bo.Join(room, a.Name)
	steps := runScript(t, "element-call.mjs", map[string]any{
		"chromium": chromium, "shots": os.Getenv("MEDIX_SHOTS"), "page": widgetHost(t), "room": room, "mode": "matrix_2_0",
		"names": namesOf(t, hospitals), "name": "element-call", "verbose": os.Getenv("MEDIX_VERBOSE") != "",
		"seats": []seat{{URL: a.URL, Server: a.Name, User: "ana", Password: "pw-ana"}, {URL: b.URL, Server: b.Name, User: "bo", Password: "pw-bo"}},
	})
	for _, step := range []string{"ana", "bo", "members", "tiles", "hungup"} {
		t.Logf("%s: %s", step, steps[step].Raw)
	}
	for _, who := range []string{"ana", "bo"} {
		require.Contains(t, steps["asked"].Get(who).Raw, "delay_id", "the leave is handed over")
		for _, line := range steps["asked"].Get(who).Array() {
			t.Logf("%s asked %s", who, line.Str)
		}
		for _, line := range steps["complaints"].Get(who).Array() {
			t.Logf("%s complains: %s", who, line.Str)
		}
		require.Greater(t, steps[who].Get("frames").Int(), int64(20), "%s sees the other", who)
		require.Positive(t, steps[who].Get("energy").Float(), "%s hears the other", who)
	}
}
