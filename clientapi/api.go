package clientapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/sirupsen/logrus"

	"medixchange/accounts"
	"medixchange/accounts/delayed"
	"medixchange/accounts/finder"
	"medixchange/accounts/sso"
	"medixchange/clientapi/sync"
	"medixchange/internal/config"
	"medixchange/internal/media"
	"medixchange/internal/web"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

// Remote is what the Client-Server API needs of other servers, besides what rooms, accounts and media ask them for.
// federation implements it; each method has a deadline of its own.
type Remote interface {
	// PublicRooms asks server for its directory; query is the body of POST /publicRooms, the answer that of the endpoint.
	PublicRooms(ctx context.Context, server string, query json.RawMessage) (json.RawMessage, error)
	// Hierarchy asks server for a space and its children (Server-Server API, Spaces).
	Hierarchy(ctx context.Context, server, roomID string, suggestedOnly bool) (json.RawMessage, error)
}

// Options is what the API is built from. Every field must be set, but what is called optional.
type Options struct {
	Accounts *accounts.Accounts
	Rooms    *rooms.Rooms
	View     *view.View
	Sync     *sync.Handler
	Media    *media.Store
	Delayed  *delayed.Delayed
	Finder   *finder.Finder // optional: messages are not searched
	Remote   Remote
	Config   *config.Config
	Log      *logrus.Entry
	Metrics  *web.Metrics // optional
	Now      func() time.Time
	// MapError turns errors of the storage (full disk, busy writer) into answers; optional.
	MapError func(error) *web.Error
	// Unlimited says whose requests are not rationed: the node's own bot, whose work grows with that of everybody; optional.
	Unlimited func(userID string) bool
	// Turn gives a user credentials of the relay for calls; optional.
	Turn func(userID string) TurnServer
	// More adds what other parts of the node answer clients; optional.
	More []func(*web.Router)
	// Foci is what the well-known file tells clients of conferences; optional.
	Foci any
	// SSO are the hospital's login services; optional.
	SSO []*sso.Provider
	// Version is the program's, for /_matrix/client/versions' server field; optional.
	Version string
}

// API answers the Client-Server API. It is safe for concurrent use.
type API struct {
	Options
	router *web.Router
	limits limits
	visits *sso.Visits
}

// New returns the API with all its routes.
func New(o Options) *API {
	a := &API{Options: o, limits: newLimits(o.Config.Limits), visits: sso.NewVisits(o.Now)}
	a.router = web.NewRouter(web.Options{
		Name:         "client",
		Log:          o.Log,
		Metrics:      o.Metrics,
		MapError:     a.mapError,
		CORS:         true,
		CompressFrom: int(o.Config.Listen.CompressFrom),
	})
	for _, register := range []func(){
		a.discoveryRoutes, a.loginRoutes, a.ssoRoutes, a.registerRoutes, a.accountRoutes, a.deviceRoutes, a.profileRoutes,
		a.roomRoutes, a.membershipRoutes, a.sendRoutes, a.messageRoutes, a.stateRoutes, a.relationRoutes,
		a.receiptRoutes, a.directoryRoutes, a.spaceRoutes, a.syncRoutes, a.dataRoutes, a.pushRoutes,
		a.keyRoutes, a.backupRoutes, a.mediaRoutes, a.moderationRoutes, a.callRoutes, a.thirdPartyRoutes,
		a.searchRoutes, a.delayedRoutes,
	} {
		register()
	}
	for _, add := range o.More {
		add(a.router)
	}
	return a
}

// Handler returns what answers under /_matrix/client, /_matrix/media and /.well-known/matrix.
func (a *API) Handler() http.Handler { return a.router }

// v3 registers an endpoint of the v3 API, also under its older name r0.
func (a *API) v3(method, path string, h web.Handler) {
	a.router.Handle(method, "/_matrix/client/v3"+path, h)
	a.router.Handle(method, "/_matrix/client/r0"+path, h)
}

// v1 registers an endpoint that came after the v3 API; unstable names are given whole.
func (a *API) v1(method, path string, h web.Handler, unstable ...string) {
	a.router.Handle(method, "/_matrix/client/v1"+path, h)
	for _, name := range unstable {
		a.router.Handle(method, "/_matrix/client/unstable/"+name+path, h)
	}
}
