package tests

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// reader is a visitor of the pages of a hospital, with cookies and without scripts.
type reader struct {
	*http.Client
	t        *testing.T
	hospital *testhospital.Hospital
}

func newReader(t *testing.T, h *testhospital.Hospital) *reader {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &reader{&http.Client{Jar: jar}, t, h}
}

// send gives the status, the last address and the page.
func (b *reader) send(method, path string, form url.Values, site string) (int, string, string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.hospital.URL+path, strings.NewReader(form.Encode()))
	require.NoError(b.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", site)
	r.Header.Set("Accept-Language", "fa")
	resp, err := b.Do(r)
	require.NoError(b.t, err)
	defer resp.Body.Close()
	page, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	require.NoError(b.t, err)
	return resp.StatusCode, resp.Request.URL.RequestURI(), string(page)
}

func (b *reader) logIn(name, password, to string) (int, string, string) {
	b.t.Helper()
	return b.send(http.MethodPost, "/_medix/login", url.Values{"user": {name}, "password": {password}, "to": {to}}, "same-origin")
}

func TestPeopleLogInToPagesAndOut(t *testing.T) {
	h := testhospital.Start(t, func(c *config.Config) { c.Handbook.Enabled, c.Handbook.Public = true, false })
	ana := h.User("ana")
	b := newReader(t, h)

	status, _, page := b.send(http.MethodGet, "/_medix/login?to=%2Fhandbook%2Fen%2F", nil, "none")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, `dir="rtl"`)
	require.Contains(t, page, `name="to" value="/handbook/en/"`)

	status, _, page = b.logIn("ana", "wrong", "/handbook/en/")
	require.Equal(t, http.StatusForbidden, status)
	require.Contains(t, page, `role="alert"`)

	status, at, _ := b.logIn("ana", "pw-ana", "/handbook/en/")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "/handbook/en/", at, "the handbook lets in who is logged in")

	status, _, page = b.send(http.MethodGet, "/_medix/login/token", nil, "same-origin")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, ana.ID)
	status, _, _ = b.send(http.MethodGet, "/_medix/login/token", nil, "cross-site")
	require.Equal(t, http.StatusForbidden, status, "another site gets no token")

	status, _, _ = b.send(http.MethodPost, "/_medix/login/out", nil, "cross-site")
	require.Equal(t, http.StatusForbidden, status, "another site cannot log people out")
	status, _, _ = b.send(http.MethodPost, "/_medix/login/out", nil, "same-origin")
	require.Equal(t, http.StatusOK, status)
	status, _, _ = b.send(http.MethodGet, "/_medix/login/token", nil, "same-origin")
	require.Equal(t, http.StatusUnauthorized, status)
	require.Len(t, ana.Must(http.MethodGet, "/_matrix/client/v3/devices", nil).Get("devices").Array(), 1, "the login is gone from her sessions")
}
