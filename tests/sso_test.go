package tests

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

const webClient = "https://app.example/#/welcome"

// signOns is a hospital with a login service.
type signOns struct {
	t        *testing.T
	service  *loginService
	hospital *testhospital.Hospital
}

func newSignOns(t *testing.T, change func(*config.SSOProvider), options ...testhospital.Option) *signOns {
	service := newLoginService(t)
	h := testhospital.Start(t, append(options, func(c *config.Config) {
		p := config.SSOProvider{ID: "staff", Name: "Staff", Issuer: service.server.URL, ClientID: serviceClient, ClientSecret: serviceSecret}
		change(&p)
		c.PublicBaseURL = "http://" + c.Listen.Client[0]
		c.SSO = config.SSO{
			TrustedClients: []string{"https://trusted.example/"}, TrustedCA: service.authority(),
			AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Providers: []config.SSOProvider{p},
		}
	})...)
	return &signOns{t, service, h}
}

// browser follows redirects but those to clients, and keeps cookies.
type browser struct {
	t    *testing.T
	http *http.Client
}

func (s *signOns) browser() *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	return &browser{s.t, &http.Client{
		Jar: jar, Transport: s.service.server.Client().Transport,
		CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			if r.URL.Hostname() != "127.0.0.1" {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}}
}

func (b *browser) get(address string) (status int, location, page string) {
	b.t.Helper()
	req, err := http.NewRequest(http.MethodGet, address, nil)
	require.NoError(b.t, err)
	req.Header.Set("Accept-Language", "ar,en;q=0.5")
	res, err := b.http.Do(req)
	require.NoError(b.t, err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	require.NoError(b.t, err)
	return res.StatusCode, res.Header.Get("Location"), string(raw)
}

func (s *signOns) redirect(client string) string {
	return s.hospital.URL + "/_matrix/client/v3/login/sso/redirect/staff?redirectUrl=" + url.QueryEscape(client)
}

var goOn = regexp.MustCompile(`class="go" href="([^"]+)"`)

// signOn goes through the service and logs in with the token.
func (s *signOns) signOn() (status int, session gjson.Result) {
	s.t.Helper()
	status, _, page := s.browser().get(s.redirect(webClient))
	if status != http.StatusOK {
		return status, gjson.Result{}
	}
	link := goOn.FindStringSubmatch(page)
	require.NotNil(s.t, link, page)
	target, err := url.Parse(regexp.MustCompile(`&amp;`).ReplaceAllString(link[1], "&"))
	require.NoError(s.t, err)
	require.Equal(s.t, "app.example", target.Host)
	require.Equal(s.t, "/welcome", target.Fragment)
	return s.login(target.Query().Get("loginToken"))
}

func (s *signOns) login(token string) (int, gjson.Result) {
	s.t.Helper()
	return s.hospital.With("", "").Do(http.MethodPost, "/_matrix/client/v3/login", map[string]string{"type": "m.login.token", "token": token})
}

func (s *signOns) user(session gjson.Result) *testhospital.User {
	return s.hospital.With(session.Get("user_id").Str, session.Get("access_token").Str)
}

func TestStaffSignOnByTheHospitalsLoginService(t *testing.T) {
	s := newSignOns(t, func(*config.SSOProvider) {})
	var flows []string
	for _, flow := range s.hospital.With("", "").Must(http.MethodGet, "/_matrix/client/v3/login", nil).Get("flows").Array() {
		flows = append(flows, flow.Get("type").Str)
	}
	require.Contains(t, flows, "m.login.sso")

	s.service.as(map[string]any{"sub": "7", "preferred_username": "Ana.Núñez@a.example", "name": "Dr. Ana Núñez", "locale": "es_ES"})
	status, session := s.signOn()
	require.Equal(t, http.StatusOK, status, session.Raw)
	ana := s.user(session)
	require.Equal(t, "@ana.n=c3=ba=c3=b1ez:"+s.hospital.Name, ana.ID)
	at := "/_matrix/client/v3/profile/" + url.PathEscape(ana.ID)
	require.Equal(t, "Dr. Ana Núñez", ana.Must(http.MethodGet, at, nil).Get("displayname").Str)
	choice := "/_matrix/client/v3/user/" + url.PathEscape(ana.ID) + "/account_data/org.medixchange.language"
	require.Equal(t, "es-ES", ana.Must(http.MethodGet, choice, nil).Get("language").Str)

	// The same person with another name is the same account; the language follows until she chooses.
	s.service.as(map[string]any{"sub": "7", "preferred_username": "ana.married", "locale": "fr"})
	_, session = s.signOn()
	require.Equal(t, ana.ID, session.Get("user_id").Str)
	require.Equal(t, "fr", ana.Must(http.MethodGet, choice, nil).Get("language").Str)
	ana.Must(http.MethodPut, choice, map[string]string{"language": "it", "mode": "original_first"})
	s.service.as(map[string]any{"sub": "7", "preferred_username": "ana.married", "locale": "de"})
	_, _ = s.signOn()
	require.JSONEq(t, `{"language":"it","mode":"original_first"}`, ana.Must(http.MethodGet, choice, nil).Raw)

	// Another person does not get her account by her name.
	s.service.as(map[string]any{"sub": "8", "preferred_username": "Ana.Núñez"})
	status, _ = s.signOn()
	require.Equal(t, http.StatusConflict, status)
}

func TestWhatALoginServiceDoesNotProveLetsNobodyIn(t *testing.T) {
	s := newSignOns(t, func(*config.SSOProvider) {})
	s.service.as(map[string]any{"sub": "7", "preferred_username": "ana"})
	for name, spoil := range map[string]func(claims map[string]any){
		"another nonce":    func(c map[string]any) { c["nonce"] = "x" },
		"another audience": func(c map[string]any) { c["aud"] = "x" },
		"another issuer":   func(c map[string]any) { c["iss"] = "https://evil.example" },
		"expired":          func(c map[string]any) { c["exp"] = 1 },
		"no subject":       func(c map[string]any) { delete(c, "sub") },
		"NUL in it":        func(c map[string]any) { c["sub"] = "a\x00b" },
	} {
		s.service.set(func() { s.service.spoil = spoil })
		status, _ := s.signOn()
		require.GreaterOrEqual(t, status, 400, name)
	}
	s.service.set(func() { s.service.spoil = func(map[string]any) {} })
	s.service.as(nil)
	status, _ := s.signOn()
	require.Equal(t, http.StatusForbidden, status, "the service refuses")

	// What only the service's information tells is asked for, and is to be about the same person.
	s.service.as(map[string]any{"sub": "7"})
	s.service.set(func() { s.service.inInfo = map[string]any{"sub": "9", "preferred_username": "ana"} })
	status, _ = s.signOn()
	require.Equal(t, http.StatusForbidden, status)
	s.service.set(func() { s.service.inInfo = map[string]any{"sub": "7", "preferred_username": "ana"} })
	status, _ = s.signOn()
	require.Equal(t, http.StatusOK, status)
}

func TestAVisitBelongsToOneBrowserAndEndsOnce(t *testing.T) {
	s := newSignOns(t, func(*config.SSOProvider) {})
	s.service.as(map[string]any{"sub": "7", "preferred_username": "ana"})
	victim, attacker := s.browser(), s.browser()

	// The attacker goes as far as the service's answer and has the victim open it.
	stopped := *attacker.http
	stopped.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Query().Has("code") {
			return http.ErrUseLastResponse
		}
		return nil
	}
	res, err := stopped.Get(s.redirect(webClient))
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	callback := res.Header.Get("Location")
	status, _, _ := victim.get(callback)
	require.Equal(t, http.StatusBadRequest, status)
	status, _, _ = attacker.get(callback)
	require.Equal(t, http.StatusOK, status)
	status, _, _ = attacker.get(callback)
	require.Equal(t, http.StatusBadRequest, status, "twice")
}

func TestALoginTokenGoesToAClientOnlyWhenAskedOrTrusted(t *testing.T) {
	s := newSignOns(t, func(*config.SSOProvider) {})
	s.service.as(map[string]any{"sub": "7", "preferred_username": "ana"})
	status, location, _ := s.browser().get(s.redirect("https://trusted.example/app"))
	require.Equal(t, http.StatusFound, status)
	target, err := url.Parse(location)
	require.NoError(t, err)
	token := target.Query().Get("loginToken")
	status, _ = s.login(token)
	require.Equal(t, http.StatusOK, status)
	status, _ = s.login(token)
	require.Equal(t, http.StatusForbidden, status, "a token is good once")

	for client, want := range map[string]int{
		"https://trusted.example.evil.example/": http.StatusOK, // asks
		"io.element.app:/callback":              http.StatusOK,
		"javascript:alert(1)":                   http.StatusBadRequest,
		"JavaScript:alert(1)":                   http.StatusBadRequest,
		"data:text/html,x":                      http.StatusBadRequest,
		"//evil.example":                        http.StatusBadRequest,
		"https://user@evil.example/":            http.StatusBadRequest,
		"https:evil.example":                    http.StatusBadRequest,
		"":                                      http.StatusBadRequest,
	} {
		status, _, page := s.browser().get(s.redirect(client))
		require.Equal(t, want, status, client)
		if want == http.StatusOK {
			require.Contains(t, page, `dir="rtl"`, "the page is in the browser's language")
			require.Contains(t, page, "loginToken=")
		}
	}
}

func TestWhoSignsOnConfirmsByTheLoginService(t *testing.T) {
	s := newSignOns(t, func(*config.SSOProvider) {})
	s.service.as(map[string]any{"sub": "7", "preferred_username": "ana"})
	_, session := s.signOn()
	ana := s.user(session)
	at := "/_matrix/client/v3/devices/" + session.Get("device_id").Str
	status, challenge := ana.Do(http.MethodDelete, at, map[string]any{})
	require.Equal(t, http.StatusUnauthorized, status)
	require.Equal(t, `["m.login.sso"]`, challenge.Get("flows.0.stages").Raw)
	uiaSession := challenge.Get("session").Str
	fallback := s.hospital.URL + "/_matrix/client/v3/auth/m.login.sso/fallback/web?session=" + uiaSession
	confirm := map[string]any{"auth": map[string]string{"session": uiaSession}}

	s.service.as(map[string]any{"sub": "8", "preferred_username": "bo"})
	status, _, _ = s.browser().get(fallback)
	require.Equal(t, http.StatusForbidden, status, "somebody else")
	status, _ = ana.Do(http.MethodDelete, at, confirm)
	require.Equal(t, http.StatusUnauthorized, status)

	s.service.as(map[string]any{"sub": "7", "preferred_username": "ana"})
	status, _, _ = s.browser().get(fallback)
	require.Equal(t, http.StatusOK, status)
	s.service.set(func() { require.Equal(t, "login", s.service.prompt, "the service asks once more") })
	ana.Must(http.MethodDelete, at, confirm)
}

func TestAnAccountWithAPasswordIsTakenOverOnlyWhereTheAdministratorSaysSo(t *testing.T) {
	for _, link := range []bool{false, true} {
		s := newSignOns(t, func(p *config.SSOProvider) { p.LinkExisting = link })
		ana := s.hospital.User("ana")
		s.service.as(map[string]any{"sub": "7", "preferred_username": "ana"})
		status, session := s.signOn()
		if !link {
			require.Equal(t, http.StatusConflict, status)
			continue
		}
		require.Equal(t, ana.ID, session.Get("user_id").Str)
		s.service.as(map[string]any{"sub": "8", "preferred_username": "ana"})
		status, _ = s.signOn()
		require.Equal(t, http.StatusConflict, status, "by one person")
	}
}
