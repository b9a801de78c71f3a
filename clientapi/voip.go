package clientapi

import (
	"net/http"

	"medixchange/accounts"
)

func (a *API) callRoutes() {
	a.v3(http.MethodGet, "/voip/turnServer", a.authed(a.turnServer))
}

// turnServer says that this node offers no relay: clients then try to reach each other directly.
func (a *API) turnServer(http.ResponseWriter, *http.Request, *accounts.Device) (any, error) {
	return struct{}{}, nil
}
