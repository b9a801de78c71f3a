package clientapi

import (
	"net/http"

	"medixchange/accounts"
)

// TurnServer is what a client needs to use a relay (Client-Server API, Voice over IP).
type TurnServer struct {
	Username string   `json:"username"`
	Password string   `json:"password"`
	URIs     []string `json:"uris"`
	TTL      int64    `json:"ttl"` // seconds
}

func (a *API) callRoutes() {
	a.v3(http.MethodGet, "/voip/turnServer", a.limited(a.limits.other, a.turnServer))
}

// turnServer gives credentials of the relay for a while; where there is none, clients try to reach each other directly.
func (a *API) turnServer(_ http.ResponseWriter, _ *http.Request, d *accounts.Device) (any, error) {
	if a.Turn == nil {
		return struct{}{}, nil
	}
	return a.Turn(d.UserID), nil
}
