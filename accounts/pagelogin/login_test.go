package pagelogin

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/markup/markuptest"
)

func TestTheFormIsInEveryLanguage(t *testing.T) { markuptest.Complete(t, catalogue) }

func TestNobodyIsSentToAnotherSite(t *testing.T) {
	for asked, want := range map[string]string{
		"/replay/x?t=3":       "/replay/x?t=3",
		"":                    "/",
		"replay":              "/",
		"//evil.example/":     "/",
		"/\\evil.example":     "/",
		"https://evil.test/":  "/",
		"javascript:alert(1)": "/",
		"/a\r\nSet-Cookie: x": "/",
	} {
		require.Equal(t, want, way(asked), "%q", asked)
	}
}

func TestOtherSitesCannotSendForms(t *testing.T) {
	l := New(Options{BaseURL: "https://ward.example/"})
	for _, tt := range []struct {
		name, site, origin string
		refused            bool
	}{
		{"a browser on the node's page", "same-origin", "https://ward.example", false},
		{"typed by the person", "none", "", false},
		{"another site", "cross-site", "https://ward.example", true},
		{"a sister site", "same-site", "https://ward.example", true},
		{"an old browser on the node's page", "", "https://ward.example", false},
		{"an old browser by the address it asked", "", "http://10.0.0.7:8008", false},
		{"an old browser elsewhere", "", "https://evil.example", true},
		{"a sandbox", "", "null", true},
		{"no sign at all", "", "", true},
	} {
		r := httptest.NewRequest("POST", "http://10.0.0.7:8008/_medix/login", nil)
		r.Header.Set("Sec-Fetch-Site", tt.site)
		r.Header.Set("Origin", tt.origin)
		require.Equal(t, tt.refused, l.SameOrigin(r) != nil, tt.name)
	}
}
