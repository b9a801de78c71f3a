package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// TestEveryFormOfDiscoveryNamesTheSameSFU: what deployed clients find must lead where new ones are led.
func TestEveryFormOfDiscoveryNamesTheSameSFU(t *testing.T) {
	const elsewhere = "wss://sfu.example/livekit"
	for name, c := range map[string]struct {
		setting testhospital.Option
		url     func(h *testhospital.Hospital) string
	}{
		"embedded": {func(*config.Config) {}, func(h *testhospital.Hospital) string { return "ws" + h.URL[len("http"):] + "/livekit/sfu" }},
		"external": {func(c *config.Config) {
			s := &c.Conference.SFU
			s.Mode, s.URL, s.Key, s.Secret, s.PublicIP = config.SFUExternal, elsewhere, "key", "a secret that is long enough to be one", ""
		}, func(*testhospital.Hospital) string { return elsewhere }},
	} {
		t.Run(name, func(t *testing.T) {
			h := hospitals(t, 1, c.setting)[0]
			ana := h.User("ana")
			stable := ana.Must(http.MethodGet, "/_matrix/client/v1/rtc/transports", nil)
			unstable := ana.Must(http.MethodGet, "/_matrix/client/unstable/org.matrix.msc4143/rtc/transports", nil)
			require.JSONEq(t, stable.Raw, unstable.Raw)
			require.JSONEq(t, stable.Get("transports").Raw, stable.Get("rtc_transports").Raw, "by both names of the list")
			byType := map[string]string{}
			for _, transport := range stable.Get("transports").Array() {
				byType[transport.Get("type").Str] = transport.Get("url").Str
			}
			require.Equal(t, map[string]string{"m.livekit": c.url(h), "livekit": c.url(h)}, byType)

			service := stable.Get(`transports.#(type=="livekit").livekit_service_url`).Str
			foci := h.With("", "").Must(http.MethodGet, "/.well-known/matrix/client", nil).Get(`org\.matrix\.msc4143\.rtc_foci`)
			require.Len(t, foci.Array(), 1)
			require.Equal(t, "livekit", foci.Get("0.type").Str)
			require.Equal(t, service, foci.Get("0.livekit_service_url").Str)
			require.Equal(t, h.URL+"/livekit/jwt", service)
			h.With("", "").Must(http.MethodGet, service[len(h.URL):]+"/healthz", nil)

			status, _ := h.With("", "").Do(http.MethodGet, "/_matrix/client/v1/rtc/transports", nil)
			require.Equal(t, http.StatusUnauthorized, status, "what a hospital has is for its users")
		})
	}
}

// TestWithoutAnSFUNothingIsDiscovered: clients are told in Matrix form that there is none, wherever they ask.
func TestWithoutAnSFUNothingIsDiscovered(t *testing.T) {
	h := hospitals(t, 1, func(c *config.Config) { c.Conference.SFU.Mode = config.SFUOff })[0]
	ana := h.User("ana")
	foci := h.With("", "").Must(http.MethodGet, "/.well-known/matrix/client", nil).Get(`org\.matrix\.msc4143\.rtc_foci`)
	require.False(t, foci.Exists(), foci.Raw)
	for path, method := range map[string]string{
		"/_matrix/client/v1/rtc/transports": http.MethodGet, "/_matrix/client/unstable/org.matrix.msc4143/rtc/transports": http.MethodGet,
		"/_matrix/client/v1/rtc/livekit/get_token": http.MethodPost, "/livekit/jwt/sfu/get": http.MethodPost, "/livekit/jwt/get_token": http.MethodPost,
		"/livekit/jwt/healthz": http.MethodGet, "/livekit/sfu/rtc": http.MethodGet, "/livekit/webhook": http.MethodPost,
	} {
		answer := send(t, h, method, path, ana.Token, `{}`)
		require.Equal(t, http.StatusNotFound, answer.status, path)
		require.Equal(t, "M_UNRECOGNIZED", answer.code, path)
		require.Equal(t, "*", answer.header.Get("Access-Control-Allow-Origin"), path)
	}
}
