package tests

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// mediaProgram finds medix-media, which make test builds.
func mediaProgram(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../bin/medix-media")
	require.NoError(t, err)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if path, err := exec.LookPath("medix-media"); err == nil {
		return path
	}
	lacks(t, "medix-media is not built: run make bin/medix-media (make test does)")
	return ""
}

// conferencing gives each hospital an SFU on this machine.
func conferencing(t *testing.T) testhospital.Option {
	t.Helper()
	program := mediaProgram(t)
	return func(cfg *config.Config) {
		cfg.PublicBaseURL = "http://" + cfg.Listen.Client[0]
		s := &cfg.Conference.SFU
		s.PublicIP, s.Program = "127.0.0.1", program
		cfg.Conference.Recording.Enabled = true
		s.UDPPort, s.TCPPort = freePort(t), freePort(t)
	}
}

// TestTwoBrowsersMeetAcrossHospitals has two clinicians without a client meet on the pages of their own hospitals: each publishes to
// the SFU of the own one, and sees and hears the other from the other's.
func TestTwoBrowsersMeetAcrossHospitals(t *testing.T) {
	chromium := chromiumIn(t)
	installed(t)
	hospitals := testhospital.Alliance(t, 2, conferencing(t), translating)
	a, b := hospitals[0], hospitals[1]
	zh, es := a.User("doctor-zh"), b.User("doctor-es")
	for u, language := range map[*testhospital.User]string{zh: "zh", es: "es"} {
		u.Must("PUT", "/_matrix/client/v3/user/"+u.ID+"/account_data/org.medixchange.language", map[string]string{"language": language})
	}
	room := zh.CreateRoom(testhospital.Room{Invite: []string{es.ID}})
	zh.SetState(room, "m.room.power_levels", "", map[string]any{ // as Element Web makes rooms for calls
		"users": map[string]int{}, "events": map[string]int{"org.matrix.msc3401.call.member": 0, "org.matrix.msc3401.call": 0},
	})
	zh.SetState(room, "m.room.name", "", map[string]string{"name": "Sepsis 会诊"})
	es.WaitForInvite(room)
	es.Join(room)
	path := "/conference/" + url.PathEscape(room)
	steps := runScript(t, "conference.mjs", map[string]any{
		"chromium": chromium, "shots": os.Getenv("MEDIX_SHOTS"), "message": "病人发烧。", "read": "fiebre",
		"zh": newPerson(zh, "doctor-zh", path), "es": newPerson(es, "doctor-es", path+"?lang=ar"),
	})
	for _, who := range []string{"zh", "es"} {
		require.Greater(t, steps[who].Get("frames").Int(), int64(20), "%s sees the other", who)
		require.Positive(t, steps[who].Get("energy").Float(), "%s hears the other", who)
		require.Positive(t, steps["heard"].Get(who).Int())
		require.EqualValues(t, 2, steps["people"].Get(who).Int())
		require.JSONEq(t, `[]`, steps["axe"].Get(who).Raw)
	}
	for who, elsewhere := range map[string]string{"zh": "false", "es": "true"} {
		require.JSONEq(t, `{"audio":2,"video":2,"speakers":2,"elsewhere":`+elsewhere+`}`, steps["replay"].Get(who).Raw, "%s replays all that was recorded", who)
	}
	t.Logf("from joining to the first remote picture or sound: %s", steps["heard"].Raw)
	require.EqualValues(t, 2, steps["people"].Get("tiles").Int())
	require.Equal(t, "病人发烧。", steps["chat"].Get("own").Str, "one's own words stay")
	require.Equal(t, "rtl", steps["axe"].Get("dir").Str)
	require.Equal(t, "false", steps["muted"].Get("es").Str, "a moderator mutes at the other hospital's SFU, too")
	require.EqualValues(t, 1, steps["camera"].Get("tiles").Int())
	require.LessOrEqual(t, steps["phone"].Get("over").Int(), int64(0))
	require.EqualValues(t, 1, steps["gone"].Get("people").Int(), "a browser that ends is seen to leave")
	require.EqualValues(t, 0, steps["left"].Get("people").Int())
	require.JSONEq(t, `[]`, steps["complaints"].Get("complaints").Raw)
}
