package clientapi

import (
	"net/http"

	"medixchange/accounts"
	"medixchange/internal/web"
)

func (a *API) thirdPartyRoutes() {
	a.v3(http.MethodGet, "/thirdparty/protocols", a.authed(a.protocols))
	for _, path := range []string{
		"/thirdparty/protocol/{protocol}", "/thirdparty/location/{protocol}", "/thirdparty/user/{protocol}",
		"/thirdparty/location", "/thirdparty/user",
	} {
		a.v3(http.MethodGet, path, a.authed(a.noProtocol))
	}
}

// protocols says that this node bridges to no other network. Clients ask before they show the room directory, and some
// show none without an answer (Client-Server API, Third-party Lookup).
func (a *API) protocols(http.ResponseWriter, *http.Request, *accounts.Device) (any, error) {
	return struct{}{}, nil
}

func (a *API) noProtocol(http.ResponseWriter, *http.Request, *accounts.Device) (any, error) {
	return nil, web.NotFound("This server is not bridged to another network.")
}
