package tests

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/alliance/directory"
	"medixchange/alliance/signed/signedtest"
	"medixchange/internal/testhospital"
)

// admitted starts n hospitals that are members of one alliance and know it.
func (e *exchange) admitted(n int, options ...testhospital.Option) []*testhospital.Hospital {
	e.t.Helper()
	hospitals := testhospital.Alliance(e.t, n, append(options, e.member())...)
	e.admit(hospitals...)
	return hospitals
}

// admit makes a list of these hospitals and gives it to each of them.
func (e *exchange) admit(hospitals ...*testhospital.Hospital) {
	e.t.Helper()
	var members []directory.Hospital
	for _, h := range hospitals {
		members = append(members, signedtest.Hospital(h.Name))
	}
	list := e.issue(time.Hour, nil, members...)
	for _, h := range hospitals {
		e.take(h, list)
	}
}

func setData(u *testhospital.User, typ string, content any) {
	u.Must(put, v3+"/user/"+url.PathEscape(u.ID)+"/account_data/"+typ, content)
}

// enlist has a user agree to be in the directory, and the administrator verify it.
func enlist(t *testing.T, u *testhospital.User, e directory.Entry) {
	t.Helper()
	e.Listed = true
	setData(u, directory.TypeEntry, e)
	require.NoError(t, u.Hospital.Node().Directory.Verify(t.Context(), u.ID, "Registrar Ito"))
}

// colleagues searches as clients do, with every letter anew.
func colleagues(u *testhospital.User, term string) []string {
	names := []string{}
	for _, r := range u.Must(post, v3+"/user_directory/search", map[string]any{"search_term": term}).Get("results").Array() {
		names = append(names, r.Get("display_name").Str)
	}
	return names
}

func TestCliniciansFindVerifiedColleaguesOfOtherHospitals(t *testing.T) {
	e := newExchange(t)
	hospitals := e.admitted(3)
	a, b := hospitals[0], hospitals[1]
	ana, carla, bo := a.User("ana"), a.User("carla"), b.User("bo")
	entry := directory.Entry{Listed: true, Name: "Dra. Ana García", Role: "Consultant", Specialty: "cardiology", Languages: []string{"es", "en"}}
	setData(ana, directory.TypeEntry, entry)
	enlist(t, carla, directory.Entry{Name: "Carla", Specialty: "nephrology"})

	require.Eventually(t, func() bool { return len(colleagues(bo, "nephrology")) == 1 }, 20*time.Second, 10*time.Millisecond)
	require.Empty(t, colleagues(bo, "cardiology"), "nobody has verified her yet")
	page := people(t, a, b.Name)
	require.NotContains(t, string(page), "Ana")

	require.NoError(t, a.Node().Directory.Verify(t.Context(), ana.ID, "Registrar Ito"))
	chen := hospitals[2].User("chen")
	found := func(term string) []string { return colleagues(chen, term) }
	name := lineOf(t, a, ana.ID)
	for _, term := range []string{"cardiology es", "心内科", "Kardiologie", "garcia", "GARCÍA", "ana consultant", "cardio"} {
		require.Eventually(t, func() bool { return equal(found(term), name) }, 20*time.Second, 10*time.Millisecond, term)
	}
	for _, term := range []string{"cardiology fr", "garcia nephrology", "nobody", "x"} {
		require.Empty(t, found(term), term)
	}
	require.True(t, equal(colleagues(carla, "garcia"), name), "colleagues of her own hospital find her, too")

	for _, change := range []func(*directory.Entry){
		func(e *directory.Entry) { e.Listed = false },
		func(e *directory.Entry) { e.Name = "Prof. Ana García" },
		func(e *directory.Entry) { e.Role = "Head of department" },
		func(e *directory.Entry) { e.Specialty = "surgery" },
	} {
		changed := entry
		change(&changed)
		setData(ana, directory.TypeEntry, changed)
		require.NotContains(t, string(people(t, a, b.Name)), ana.ID, "what was not verified leaves the hospital no longer: %v", changed)
		setData(ana, directory.TypeEntry, entry)
		require.Contains(t, string(people(t, a, b.Name)), ana.ID)
	}
	onDuty := entry
	onDuty.OnDuty, onDuty.Languages = true, nil
	setData(ana, directory.TypeEntry, onDuty)
	require.Contains(t, string(people(t, a, b.Name)), `"on_duty":true`, "duty and languages are nobody's to verify")

	status, answer := ana.Do(put, v3+"/user/"+url.PathEscape(ana.ID)+"/account_data/"+directory.TypeEntry, object{"listed": true, "name": "A", "specialty": "astrology"})
	require.Equal(t, http.StatusBadRequest, status, answer.Raw)
}

func people(t *testing.T, h *testhospital.Hospital, asker string) []byte {
	t.Helper()
	page, err := h.Node().Directory.PeoplePage(t.Context(), asker, "")
	require.NoError(t, err)
	return page
}

func lineOf(t *testing.T, h *testhospital.Hospital, userID string) string {
	t.Helper()
	p, err := h.Node().Directory.Person(t.Context(), userID)
	require.NoError(t, err)
	require.NotNil(t, p)
	return p.Line("")
}

func equal(found []string, want string) bool { return len(found) == 1 && found[0] == want }

func TestTheDirectoryIsForMembersOnly(t *testing.T) {
	e := newExchange(t)
	hospitals := e.admitted(2)
	a, b := hospitals[0], hospitals[1]
	enlist(t, a.User("ana"), directory.Entry{Name: "Ana", Specialty: "cardiology"})
	bo := b.User("bo")
	require.Eventually(t, func() bool { return len(colleagues(bo, "cardiology")) == 1 }, 20*time.Second, 10*time.Millisecond)

	_, err := a.Node().Directory.PeoplePage(t.Context(), "stranger.example", "")
	require.ErrorContains(t, err, "members")

	openID := bo.Must(post, v3+"/user/"+url.PathEscape(bo.ID)+"/openid/request_token", object{}).Get("access_token").Str
	ask := func(token, server string) (int, gjson.Result) {
		return askDirectly(t, a, object{"openid": object{"access_token": token, "matrix_server_name": server}, "search_term": "cardiology"})
	}
	status, answer := ask(openID, b.Name)
	require.Equal(t, http.StatusOK, status, answer.Raw)
	require.Equal(t, "Ana", answer.Get("people.0.name").Str)
	status, answer = ask("forged", b.Name)
	require.Equal(t, http.StatusUnauthorized, status, answer.Raw)
	status, answer = ask(openID, "stranger.example")
	require.Equal(t, http.StatusForbidden, status, answer.Raw)

	list := e.issue(time.Hour, nil, suspended(a.Name), signedtest.Hospital(b.Name))
	e.take(a, list)
	e.list = list
	_, err = b.Node().Alliance.TakeMembers(t.Context(), list.Raw(), "")
	require.NoError(t, err)
	require.Empty(t, colleagues(bo, "cardiology"), "the clinicians of a suspended hospital are found no longer")
	status, answer = ask(openID, b.Name)
	require.Equal(t, http.StatusOK, status, "a suspended hospital's own answers are its own affair: %s", answer.Raw)
}

// askDirectly asks a hospital as the client of another one does.
func askDirectly(t *testing.T, h *testhospital.Hospital, question any) (int, gjson.Result) {
	t.Helper()
	body, err := json.Marshal(question)
	require.NoError(t, err)
	insecure := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: 20 * time.Second}
	defer insecure.CloseIdleConnections()
	resp, err := insecure.Post(fmt.Sprintf("https://%s/_matrix/federation/unstable/org.medixchange.directory/search", h.Name), "application/json", bytes.NewReader(body))
	require.NoError(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, gjson.ParseBytes(answer)
}
