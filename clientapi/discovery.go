package clientapi

import (
	"net/http"

	"medixchange/accounts"
	"medixchange/internal/config"
	"medixchange/internal/web"
)

func (a *API) discoveryRoutes() {
	a.router.Handle(http.MethodGet, "/_matrix/client/versions", a.versions)
	a.v3(http.MethodGet, "/capabilities", a.authed(a.capabilities))
	a.router.Handle(http.MethodGet, "/.well-known/matrix/client", a.wellKnownClient)
	a.router.Handle(http.MethodGet, "/.well-known/matrix/server", a.wellKnownServer)
}

// versions announces what is really there, and nothing else: clients act on it.
func (a *API) versions(http.ResponseWriter, *http.Request) (any, error) {
	return map[string]any{
		"versions": []string{
			"r0.0.1", "r0.1.0", "r0.2.0", "r0.3.0", "r0.4.0", "r0.5.0", "r0.6.0", "r0.6.1",
			"v1.1", "v1.2", "v1.3", "v1.4", "v1.5", "v1.6", "v1.7", "v1.8", "v1.9", "v1.10", "v1.11", "v1.12", "v1.13",
			"v1.14", "v1.15", "v1.16",
		},
		"unstable_features": map[string]bool{
			"org.matrix.e2e_cross_signing": true,
			"org.matrix.msc2285.stable":    true, // private read receipts
			"org.matrix.msc3440.stable":    true, // threads
			"org.matrix.msc3771":           true, // read receipts in threads
			"org.matrix.msc3773":           true, // notifications in threads
			"org.matrix.msc3916.stable":    true, // authenticated media
			"org.matrix.msc4140":           true, // delayed events
			"org.matrix.msc4222":           true, // state_after
			"org.matrix.msc4354":           true, // sticky events
			"uk.tcpip.msc4133":             true, // extended profiles
			"uk.tcpip.msc4133.stable":      true,
			"org.medixchange.translation":  a.Config.Translator.Enabled,
		},
	}, nil
}

// capabilities answers GET /capabilities (Client-Server API, Capabilities negotiation).
func (a *API) capabilities(http.ResponseWriter, *http.Request, *accounts.Device) (any, error) {
	available := map[string]string{}
	for _, v := range a.Rooms.Versions() {
		available[v] = "stable"
	}
	yes := map[string]bool{"enabled": true}
	no := map[string]bool{"enabled": false}
	return map[string]any{"capabilities": map[string]any{
		"m.room_versions":                   map[string]any{"default": a.Config.Rooms.DefaultVersion, "available": available},
		"m.change_password":                 yes,
		"m.set_displayname":                 yes,
		"m.set_avatar_url":                  yes,
		"m.profile_fields":                  yes,
		"m.get_login_token":                 yes,
		"m.3pid_changes":                    no,
		"m.forget_forced_upon_leave":        no,
		"org.matrix.msc3283.set_avatar_url": yes,
		"org.matrix.msc4140.delayed_events": a.delayedLimits(),
	}}, nil
}

func (a *API) wellKnownClient(http.ResponseWriter, *http.Request) (any, error) {
	url := a.Config.WellKnown.Client
	if url == "" {
		url = a.Config.PublicBaseURL
	}
	if url == "" {
		return nil, web.NotFound("This server publishes no client configuration.")
	}
	answer := map[string]any{"m.homeserver": map[string]string{"base_url": url}}
	if a.Foci != nil {
		answer["org.matrix.msc4143.rtc_foci"] = a.Foci
	}
	if encrypted, said := a.newRoomsEncrypted(); said {
		answer["io.element.e2ee"] = map[string]bool{"default": encrypted, "force_disable": false}
	}
	return answer, nil
}

// newRoomsEncrypted returns how rooms begin where nobody chooses, and whether clients are told at all.
func (a *API) newRoomsEncrypted() (encrypted, said bool) {
	switch a.Config.Rooms.Encrypted {
	case config.EncryptedYes:
		return true, true
	case config.EncryptedNo:
		return false, true
	case config.EncryptedAuto:
		return false, a.Config.Translator.Enabled
	}
	return false, false
}

func (a *API) wellKnownServer(http.ResponseWriter, *http.Request) (any, error) {
	if a.Config.WellKnown.Server == "" {
		return nil, web.NotFound("This server publishes no delegation.")
	}
	return map[string]string{"m.server": a.Config.WellKnown.Server}, nil
}
