package tests

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// TestElementCallMeetsTheConferencePage has a clinician with Element Call meet two who have no client, one at the same hospital and one with
// a telephone at another: in each form of member events that Element Call writes, all see and hear each other, and see hands, mutes and leaves.
func TestElementCallMeetsTheConferencePage(t *testing.T) {
	folder, chromium := elementCallFolder(t), chromiumIn(t)
	hospitals := testhospital.Alliance(t, 2, conferencing(t), func(cfg *config.Config) { cfg.Conference.ElementCall = folder })
	a, b := hospitals[0], hospitals[1]
	near, caller, far := a.User("near"), a.User("caller"), b.User("far")
	room := near.CreateRoom(testhospital.Room{Preset: "private_chat", Invite: []string{caller.ID, far.ID}})
	caller.WaitForInvite(room)
	caller.Join(room)
	far.WaitForInvite(room)
	far.Join(room, a.Name)
	path := "/conference/" + url.PathEscape(room) + "?lang=en"
	steps := runScript(t, "element-call-page.mjs", map[string]any{
		"chromium": chromium, "shots": os.Getenv("MEDIX_SHOTS"), "page": widgetHost(t), "room": room, "names": namesOf(t, hospitals),
		"name": "meets", "verbose": os.Getenv("MEDIX_VERBOSE") != "", "silent": "muted", "silentFar": "مكتوم",
		"seats": []seat{{URL: a.URL, Server: a.Name, User: "caller", Password: "pw-caller"}},
		"near":  newPerson(near, "near", path), "far": newPerson(far, "far", strings.Replace(path, "=en", "=ar", 1)),
	})
	for _, step := range []string{"state", "hands", "silenced", "muted", "telephone", "hungup", "sticky", "left", "killed"} {
		t.Logf("%s: %s", step, steps[step].Raw)
	}
	require.Len(t, steps["state"].Get("members.state").Array(), 3)
	require.Len(t, steps["sticky"].Get("members.state").Array(), 1, "the moderator's")
	require.Len(t, steps["sticky"].Get("members.sticky").Array(), 2, "Element Call's, and the one of a page that may not write state")
	for _, form := range []string{"state", "sticky"} {
		for _, who := range []string{"element", "near", "far"} {
			require.EqualValues(t, 2, steps[form].Get(who+".pictures").Int(), "%s sees both others", who)
			require.EqualValues(t, 2, steps[form].Get(who+".voices").Int(), "%s hears both others", who)
		}
	}
	require.JSONEq(t, `["join", "microphone", "camera", "hand"]`, steps["telephone"].Get("inReach").Raw)
	require.Equal(t, "rtl", steps["telephone"].Get("dir").Str)
	require.JSONEq(t, `[]`, steps["telephone"].Get("axe").Raw)
	require.LessOrEqual(t, steps["telephone"].Get("over").Int(), int64(0), "nothing is wider than the screen")
	require.False(t, steps["telephone"].Get("captions").Bool(), "they are switched off by a tap")
	for step, ms := range map[string]int64{"hungup": 30_000, "left": 30_000, "killed": 60_000} { // on a busy machine; a second or two otherwise, and 20 s
		require.Less(t, steps[step].Get("ms").Int(), ms, step)
	}
	require.JSONEq(t, `[]`, steps["complaints"].Get("complaints").Raw)
}
