package tests

import (
	"net/url"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// firefoxIn finds Debian's Firefox, or the one that MEDIX_FIREFOX names.
func firefoxIn(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("MEDIX_FIREFOX"), "firefox-esr", "firefox"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	lacks(t, "Firefox is not installed: run scripts/install-needs test")
	return ""
}

// TestFirefoxReplaysAndMeets has a clinician replay a recording with captions in Firefox, and then meet a colleague of another hospital,
// who has Chromium, on the conference page.
func TestFirefoxReplaysAndMeets(t *testing.T) {
	firefox, chromium := firefoxIn(t), chromiumIn(t)
	installed(t)
	c := newRecorded(t, conferencing(t), translating)
	c.es.Must("PUT", "/_matrix/client/v3/user/"+c.es.ID+"/account_data/org.medixchange.language", map[string]string{"language": "es"})
	steps := runScript(t, "page-firefox.mjs", map[string]any{
		"firefox": firefox, "chromium": chromium, "shots": os.Getenv("MEDIX_SHOTS"),
		"message": "病人发烧。", "read": "fiebre", "caption": "درجة الحرارة", "silent": "muted",
		"zh": newPerson(c.zh, "doctor-zh", "/conference/"+url.PathEscape(c.room)+"?lang=en"), "es": newPerson(c.es, "doctor-es", "/replay/"+c.there()),
	})
	for _, step := range []string{"replay", "meets", "seen", "left"} {
		t.Logf("%s: %s", step, steps[step].Raw)
	}
	require.EqualValues(t, 3, steps["replay"].Get("tracks").Int())
	require.Equal(t, "rtl", steps["replay"].Get("dir").Str)
	for _, who := range []string{"firefox", "chromium"} {
		require.EqualValues(t, 1, steps["meets"].Get(who+".pictures").Int(), "who has %s sees the other", who)
		require.EqualValues(t, 1, steps["meets"].Get(who+".voices").Int(), "who has %s hears the other", who)
	}
	require.EqualValues(t, 2, steps["seen"].Get("people").Int())
	require.EqualValues(t, 1, steps["left"].Get("people").Int(), "a Firefox that ends is seen to leave")
	require.Empty(t, steps["seen"].Get("trouble").Str)
	require.JSONEq(t, `[]`, steps["complaints"].Get("complaints").Raw)
}
