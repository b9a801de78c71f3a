package tests

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/admin"
	"medixchange/alliance/applicant"
	"medixchange/alliance/desk"
	"medixchange/alliance/signed"
	"medixchange/alliance/signed/signedtest"
	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// desks makes a node one that takes applications, with two coordinators' accounts.
func desks(c *config.Config) {
	c.Alliance.Applications.Enabled = true
	c.Alliance.Applications.Coordinators = []config.AllianceCoordinator{
		{ID: "ana", User: "@ana:" + c.ServerName}, {ID: "bo", User: "@bo:" + c.ServerName},
	}
}

// applies makes a node one that knows what it would apply with.
func applies(c *config.Config) {
	c.Alliance.Hospital = config.AllianceHospital{LegalName: "Hôpital <b>Saint-Luc</b>", Country: "FR", Kind: "hospital", Contact: "Dr Martin",
		Email: "dsi@luc.example", Languages: []string{"fr"}}
}

// surfer is a browser without scripts.
type surfer struct {
	t      *testing.T
	h      *testhospital.Hospital
	token  string
	client http.Client
}

func newSurfer(t *testing.T, h *testhospital.Hospital, token string) *surfer {
	return &surfer{t, h, token, http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (s *surfer) send(method, path, kind string, body io.Reader) (int, string, http.Header) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.h.URL+path, body)
	require.NoError(s.t, err)
	req.Header.Set("Accept", "text/html")
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	res, err := s.client.Do(req)
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, res.Body.Close()) }()
	page, err := io.ReadAll(res.Body)
	require.NoError(s.t, err)
	return res.StatusCode, string(page), res.Header
}

func (s *surfer) get(path string) string {
	s.t.Helper()
	status, page, _ := s.send(http.MethodGet, path, "", nil)
	require.Equal(s.t, http.StatusOK, status, "%s: %s", path, page)
	return page
}

// post sends a form and returns the page to which it leads.
func (s *surfer) post(path string, values url.Values) (int, string) {
	s.t.Helper()
	status, page, h := s.send(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(values.Encode()))
	if status == http.StatusSeeOther {
		return http.StatusOK, s.get(h.Get("Location"))
	}
	return status, page
}

// multipart sends a form with files; the address that it leads to comes back.
func (s *surfer) multipart(path string, values map[string]string, files map[string][]byte) (int, string, string) {
	s.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range values {
		require.NoError(s.t, form.WriteField(name, value))
	}
	for name, content := range files {
		part, err := form.CreateFormFile("papers", name)
		require.NoError(s.t, err)
		_, err = part.Write(content)
		require.NoError(s.t, err)
	}
	require.NoError(s.t, form.Close())
	status, page, h := s.send(http.MethodPost, path, form.FormDataContentType(), &body)
	return status, page, h.Get("Location")
}

func filledIn(server string) map[string]string {
	return map[string]string{
		"legal_name": `Clínica "><script>alert(1)</script>`, "country": "ES", "server_name": server, "kind": "clinic", "contact": "Dra. García",
		"email": "ti@clinica.example", "languages": "es, ca", "note": "<img src=x onerror=alert(1)>",
	}
}

// TestAHospitalAppliesIsAdmittedByTwoCoordinatorsAndTalks goes the whole way: from a server that nobody talks to.
func TestAHospitalAppliesIsAdmittedByTwoCoordinatorsAndTalks(t *testing.T) {
	e := newExchange(t)
	a := testhospital.Start(t, e.member(), desks)
	c := testhospital.Start(t, e.member(a.Name), applies)
	e.take(a, e.issue(time.Hour, nil, signedtest.Hospital(a.Name)))
	ana, bo, chen := a.User("ana"), a.User("bo"), c.User("chen")

	socket := admin.NewClient(c.Node().AdminSocket())
	var status applicant.Status
	require.NoError(t, socket.Call(t.Context(), http.MethodPost, applicant.PathOwn, applicant.Request{To: a.URL, Form: ownForm(c)}, &status))
	require.Equal(t, desk.Proven, status.State, "%+v", status)
	require.Equal(t, desk.ByWellKnown, status.ProvenBy)

	first, second := newSurfer(t, a, ana.Token), newSurfer(t, a, bo.Token)
	queue := first.get("/alliance/review")
	require.Contains(t, queue, "Hôpital &lt;b&gt;Saint-Luc&lt;/b&gt;")
	code, page := first.post("/alliance/review/application/"+status.ID, url.Values{"action": {"accept"}})
	require.Equal(t, http.StatusBadRequest, code)
	require.Contains(t, page, "needs a reason")
	_, page = first.post("/alliance/review/application/"+status.ID, url.Values{"action": {"accept"}, "reason": {"visited in May"}})
	require.Contains(t, page, c.Name+"</bdi> is admitted")

	sign := func(s *surfer, id string) string {
		document := s.get("/alliance/review/draft/document")
		code, page, to := s.multipart("/alliance/review/draft/signatures", map[string]string{"copy": string(e.council.Sign(t, []byte(document), id))}, nil)
		require.Equal(t, http.StatusSeeOther, code, page)
		return s.get(to)
	}
	require.Contains(t, sign(first, "ana"), "More are needed")
	require.Contains(t, sign(second, "bo"), "Published")
	require.NoError(t, socket.Call(t.Context(), http.MethodGet, applicant.PathOwn+"?to="+url.QueryEscape(a.URL), nil, &status))
	require.Equal(t, desk.Admitted, status.State)
	require.Contains(t, newSurfer(t, a, "").get("/alliance"), "Hôpital &lt;b&gt;Saint-Luc&lt;/b&gt;")

	require.Eventually(t, func() bool { return c.Node().Alliance.Head() == a.Node().Alliance.Head() }, 20*time.Second, 5*time.Millisecond)
	room := ana.CreateRoom(testhospital.Room{Invite: []string{chen.ID}})
	chen.WaitForInvite(room)
	chen.Join(room, a.Name)
	ana.WaitFor(room, chen.Say(room, "hello"))
}

func ownForm(h *testhospital.Hospital) desk.Form {
	own := h.Config.Alliance.Hospital
	return desk.Form{LegalName: own.LegalName, Country: own.Country, Kind: signed.Kind(own.Kind), Contact: own.Contact, Email: own.Email, Languages: own.Languages}
}

// TestStrangersCannotReviewAndFormsAreHarmless sends what should not be sent.
func TestStrangersCannotReviewAndFormsAreHarmless(t *testing.T) {
	e := newExchange(t)
	a := testhospital.Start(t, e.member(), desks)
	e.take(a, e.issue(time.Hour, nil, signedtest.Hospital(a.Name)))
	ana, nurse := a.User("ana"), a.User("nurse")
	reader, coordinator := newSurfer(t, a, ""), newSurfer(t, a, ana.Token)

	code, _, to := reader.send(http.MethodGet, "/alliance/review", "", nil)
	require.Equal(t, http.StatusSeeOther, code)
	require.Contains(t, to.Get("Location"), "/_medix/login")
	code, _, _ = newSurfer(t, a, nurse.Token).send(http.MethodGet, "/alliance/review", "", nil)
	require.Equal(t, http.StatusForbidden, code)

	pdf := []byte("%PDF-1.7 licence")
	code, page, _ := reader.multipart("/alliance/apply", filledIn("Clinica.example"), map[string][]byte{"x.html": []byte("<script>alert(1)</script>")})
	require.Equal(t, http.StatusBadRequest, code)
	require.NotContains(t, page, "<script")
	require.NotContains(t, page, "<img")
	require.Contains(t, page, `aria-describedby="papers-hint papers-fault"`)
	code, page, link := reader.multipart("/alliance/apply", filledIn("127.0.0.9:7"), map[string][]byte{`"><script>.pdf`: pdf})
	require.Equal(t, http.StatusSeeOther, code, page)
	status, _, header := reader.send(http.MethodGet, link, "", nil)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "no-referrer", header.Get("Referrer-Policy"))
	require.NotContains(t, reader.get(link), "<script")
	_, page = reader.post(link+"/prove", nil)
	require.Contains(t, page, "The proof was not found")

	queue := coordinator.get("/alliance/review")
	require.NotContains(t, queue, "<script")
	dossier := regexp.MustCompile(`/alliance/review/application/[a-z0-9]+`).FindString(queue)
	require.NotContains(t, coordinator.get(dossier), "<img src")
	status, body, header := coordinator.send(http.MethodGet, dossier+"/papers/1", "", nil)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, string(pdf), body)
	require.Contains(t, header.Get("Content-Disposition"), "attachment")
	require.Contains(t, header.Get("Content-Security-Policy"), "sandbox")
	code, page = coordinator.post(dossier, url.Values{"action": {"accept"}, "reason": {"x"}})
	require.Equal(t, http.StatusBadRequest, code)
	require.Contains(t, page, "not proven")

	code, _, _ = reader.multipart("/alliance/apply", filledIn("127.0.0.9:8"), map[string][]byte{"big.pdf": append(pdf, make([]byte, 9<<20)...)})
	require.Equal(t, http.StatusRequestEntityTooLarge, code)
	code, _, _ = reader.send(http.MethodPost, "/alliance/apply", "text/plain", strings.NewReader("hello"))
	require.Equal(t, http.StatusBadRequest, code)
	code, _, _ = reader.send(http.MethodGet, "/alliance/application/nobody", "", nil)
	require.Equal(t, http.StatusNotFound, code)
	_, page = reader.post(link+"/withdraw", nil)
	require.Contains(t, page, "Withdrawn")

	code, _, _ = coordinator.multipart("/alliance/review/draft/signatures", map[string]string{"copy": "{}"}, nil)
	require.Equal(t, http.StatusBadRequest, code)
	var list struct{ Serial int64 }
	require.NoError(t, json.Unmarshal([]byte(reader.get("/alliance/members.json")), &list))
	require.Equal(t, int64(1), list.Serial)
}

// TestACoordinatorsBrowserIsNotUsedByOtherSites: a form on another site is sent with the coordinator's cookie.
func TestACoordinatorsBrowserIsNotUsedByOtherSites(t *testing.T) {
	e := newExchange(t)
	a := testhospital.Start(t, e.member(), desks)
	e.take(a, e.issue(time.Hour, nil, signedtest.Hospital(a.Name), signedtest.Hospital("127.0.0.9:9")))
	ana := a.User("ana")
	for site, want := range map[string]int{"cross-site": http.StatusForbidden, "same-origin": http.StatusSeeOther} {
		values := url.Values{"action": {"suspend"}, "server_name": {"127.0.0.9:9"}, "reason": {"forged"}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL+"/alliance/review/members", strings.NewReader(values.Encode()))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", site)
		req.AddCookie(&http.Cookie{Name: "medix_session", Value: ana.Token})
		res, err := newSurfer(t, a, "").client.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, want, res.StatusCode, site)
	}
}
