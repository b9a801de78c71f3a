package tests

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/testhospital"
)

// person is somebody who logs in to a page.
type person struct {
	URL      string `json:"url"`
	Path     string `json:"path"`
	Name     string `json:"name"`
	Password string `json:"password"`
}

func newPerson(u *testhospital.User, name, path string) person {
	return person{URL: u.Hospital.URL, Path: path, Name: name, Password: "pw-" + name}
}

// TestARecordingIsReplayedInTheBrowserAtBothHospitals plays three tracks in Chromium, at the hospital that made the recording and
// at the other one.
func TestARecordingIsReplayedInTheBrowserAtBothHospitals(t *testing.T) {
	chromium := chromiumIn(t)
	installed(t)
	c := newRecorded(t)
	sent := c.es.Say(c.room, "La radiografía está en el sistema.")
	c.zh.WaitFor(c.room, sent)
	steps := runScript(t, "replay.mjs", map[string]any{
		"chromium": chromium, "shots": os.Getenv("MEDIX_SHOTS"),
		"zh": newPerson(c.zh, "doctor-zh", "/replay/"+sampleID), "es": newPerson(c.es, "doctor-es", "/replay/"+c.there()),
	})
	for step, want := range map[string][2]string{"here": {"zh-Hans", "ltr"}, "there": {"ar", "rtl"}} {
		seen := steps[step]
		require.Equal(t, want, [2]string{seen.Get("lang").Str, seen.Get("dir").Str})
		require.EqualValues(t, 3, seen.Get("tracks").Int())
		require.EqualValues(t, 2, seen.Get("speakers").Int())
		require.True(t, seen.Get("moving").Bool(), "%s: all tracks play", step)
		require.Less(t, seen.Get("apart").Float(), 0.3, "%s: the tracks are together, on however loaded a machine", step)
	}
	require.InDelta(t, 10_000, steps["keys"].Get("jumped").Float(), 300)
	require.InDelta(t, 12_600, steps["transcript"].Get("position").Float(), 300)
	require.Contains(t, steps["transcript"].Get("current").Str, "头孢曲松两克")
	require.InDelta(t, 12_000, steps["chapter"].Get("position").Float(), 300)
	require.JSONEq(t, `{"step":"captions","dir":"ltr","lang":"es"}`, steps["captions"].Raw)
	require.EqualValues(t, 0, steps["voices"].Get("videos").Int(), "pictures are not even loaded")
	require.Equal(t, "La radiografía está en el sistema.", steps["chat"].Get("texts.0").Str)
	require.False(t, steps["phone"].Get("wide").Bool())
	require.InDelta(t, 7_000, steps["after-login"].Get("position").Float(), 300, "a link leads to its moment though one had to log in first")
	require.InDelta(t, 13_000, steps["phone"].Get("position").Float(), 300, "a link leads to its moment")
	for _, step := range []string{"axe-zh", "axe-ar"} {
		require.JSONEq(t, `[]`, steps[step].Get("violations").Raw, step)
	}
	require.Empty(t, steps["complaints"].Get("complaints").Array(), func(all gjson.Result) string { return all.Raw }(steps["complaints"]))
}
