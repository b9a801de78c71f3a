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

// TestElementCallMeets has two users meet in Element Call, which their hospitals serve: with member events in the room's state at one
// hospital, and with sticky ones at two.
func TestElementCallMeets(t *testing.T) {
	folder, chromium := elementCallFolder(t), chromiumIn(t)
	for _, c := range []struct {
		mode      string
		hospitals int
	}{{"compatibility", 1}, {"matrix_2_0", 2}} {
		t.Run(c.mode, func(t *testing.T) {
			hospitals := testhospital.Alliance(t, c.hospitals, conferencing(t), func(cfg *config.Config) { cfg.Conference.ElementCall = folder })
			meetInElementCall(t, c.mode, chromium, hospitals)
		})
	}
}

func meetInElementCall(t *testing.T, mode, chromium string, hospitals []*testhospital.Hospital) {
	t.Helper()
	a, b := hospitals[0], hospitals[len(hospitals)-1]
	ana, bo := a.User("ana"), b.User("bo")
	room := ana.CreateRoom(testhospital.Room{Preset: "private_chat", Invite: []string{bo.ID}})
	bo.WaitForInvite(room)
	bo.Join(room, a.Name)
	names := map[string]string{}
	for i, h := range hospitals {
		address, err := url.Parse(h.URL)
		require.NoError(t, err)
		names[address.Host] = string(rune('A' + i))
	}
	v := &visit{script: bundled(t, "element-call-host.mjs"), input: []byte("{}"), over: make(chan struct{})}
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(v.over) })
	steps := runScript(t, "element-call.mjs", map[string]any{
		"chromium": chromium, "shots": os.Getenv("MEDIX_SHOTS"), "page": server.URL, "room": room, "mode": mode, "names": names,
		"name": mode + "-" + string(rune('0'+len(hospitals))), "verbose": os.Getenv("MEDIX_VERBOSE") != "",
		"seats": []seat{{URL: a.URL, Server: a.Name, User: "ana", Password: "pw-ana"}, {URL: b.URL, Server: b.Name, User: "bo", Password: "pw-bo"}},
	})
	for _, step := range []string{"ana", "bo", "members", "tiles", "hungup", "again", "killed"} {
		t.Logf("%s: %s", step, steps[step].Raw)
	}
	t.Logf("a browser that is gone is seen to be after %d ms", steps["killed"].Get("ana.ms").Int()) // 20 s are promised
	require.Less(t, steps["killed"].Get("ana.ms").Int(), int64(60_000), "a browser that is gone is seen to be, also on a busy machine")
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
