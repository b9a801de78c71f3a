package tests

import (
	"encoding/base64"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/admin"
	"medixchange/alliance/applicant"
	"medixchange/alliance/desk"
	"medixchange/alliance/signed/signedtest"
	"medixchange/internal/testhospital"
)

// TestAHospitalIsAdmittedInABrowser goes from the form to the first message, in Chromium.
func TestAHospitalIsAdmittedInABrowser(t *testing.T) {
	chromium := chromiumIn(t)
	installed(t)
	e := newExchange(t)
	a := testhospital.Start(t, e.member(), desks)
	c := testhospital.Start(t, e.member(a.Name))
	e.take(a, e.issue(time.Hour, nil, signedtest.Hospital(a.Name)))
	ana, _, chen := a.User("ana"), a.User("bo"), c.User("chen")

	keys := map[string]any{}
	for _, id := range []string{"ana", "bo"} {
		keys[id] = map[string]string{"keyID": e.council[id].ID, "seed": base64.StdEncoding.EncodeToString(e.council[id].Private.Seed())}
	}
	script := startScript(t, "alliance.mjs", map[string]any{"url": a.URL, "chromium": chromium, "keys": keys, "form": map[string]string{
		"legal_name": `Hôpital "Saint-Luc" <b>`, "server_name": c.Name, "contact": "Dr Martin", "email": "dsi@luc.example", "languages": "fr en",
	}})
	before := script.steps("applied")
	applied := before["applied"]
	require.Equal(t, "No member was found.", before["readers"].Get("nothing").Str)
	require.Equal(t, "rtl", before["readers"].Get("dir").Str)
	require.Equal(t, "fa", before["readers"].Get("remembered").Str)
	require.Contains(t, applied.Get("trouble").Str, "another look")
	require.Contains(t, applied.Get("server").Str, "not in the right form")
	require.Contains(t, applied.Get("papers").Str, "no PDF")
	require.Equal(t, `Hôpital "Saint-Luc" <b>`, applied.Get("kept").Str)
	require.Contains(t, applied.Get("missing").Str, "not found")

	var status applicant.Status
	socket := admin.NewClient(c.Node().AdminSocket())
	require.NoError(t, socket.Call(t.Context(), http.MethodPost, applicant.PathOwn, applicant.Request{Link: applied.Get("link").Str}, &status))
	require.Equal(t, desk.Proven, status.State)
	after := script.steps("seen")
	seen := after["seen"]
	require.Contains(t, after["proven"].Get("state").Str, "domain is proven")
	require.Contains(t, after["reviewed"].Get("drafted").Str, "drafted")
	require.Equal(t, "rtl", after["reviewed"].Get("arabic.dir").Str)
	require.Equal(t, "قائمة أعضاء للتوقيع", after["reviewed"].Get("arabic.draft").Str)
	require.Contains(t, after["reviewed"].Get("first").Str, "More are needed")
	require.Contains(t, after["reviewed"].Get("second").Str, "Published")
	require.Contains(t, after["admitted"].Get("state").Str, "you are a member")
	require.Contains(t, after["decided"].Get("out").Str, "Published")
	require.Contains(t, after["decided"].Get("listed").Str, "suspended")
	require.Contains(t, after["decided"].Get("back").Str, "Published")
	require.NotContains(t, after["decided"].Get("again").Str, "suspended")
	require.JSONEq(t, `[]`, seen.Get("violations").Raw)
	require.JSONEq(t, `[]`, seen.Get("wide").Raw)
	for _, complaint := range seen.Get("complaints").Array() {
		require.Contains(t, complaint.Str, "400", "only the form with faults")
	}
	script.steps("")

	require.Eventually(t, func() bool { return c.Node().Alliance.Head() == a.Node().Alliance.Head() }, 20*time.Second, 5*time.Millisecond)
	room := ana.CreateRoom(testhospital.Room{Invite: []string{chen.ID}})
	chen.WaitForInvite(room)
	chen.Join(room, a.Name)
	ana.WaitFor(room, chen.Say(room, "bonjour"))
}
