package clientapi

import "net/http"

func (a *API) syncRoutes() {
	a.v3(http.MethodGet, "/sync", a.authed(a.Sync.Sync))
}
