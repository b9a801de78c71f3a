package rtc

import (
	"context"
	"net/http"
	"strings"

	"medixchange/accounts"
	"medixchange/internal/web"
)

const (
	maxBody = 64 << 10
	// ServicePrefix is where deployed clients find what used to be a service of its own (lk-jwt-service).
	ServicePrefix = "/livekit/jwt"

	clientV1   = "/_matrix/client/v1"
	transports = "/_matrix/client/unstable/org.matrix.msc4143"
	tokens     = "/_matrix/client/unstable/io.element.msc4195"
	own        = "/_matrix/client/unstable/org.medixchange.conference"

	federationV1     = "/_matrix/federation/v1"
	federationTokens = "/_matrix/federation/unstable/io.element.msc4195"
	federationOwn    = "/_matrix/federation/unstable/org.medixchange.conference"
)

// ClientRoutes adds what clients ask (MSC4143, MSC4195) to the router of the Client-Server API.
func (r *RTC) ClientRoutes(router *web.Router) {
	for _, prefix := range []string{clientV1, transports} {
		router.Handle(http.MethodGet, prefix+"/rtc/transports", r.authed(r.getTransports))
	}
	for _, prefix := range []string{clientV1, tokens} {
		router.Handle(http.MethodPost, prefix+"/rtc/livekit/get_token", r.authed(r.getToken))
		router.Handle(http.MethodPost, prefix+"/rtc/livekit/delegate_delayed_leave", r.authed(r.delegateLeave))
	}
	router.Handle(http.MethodGet, own+"/rooms/{roomID}", r.authed(r.conference))
	router.Handle(http.MethodPost, own+"/rooms/{roomID}/mute", r.authed(r.mute))
	router.Handle(http.MethodPost, own+"/rooms/{roomID}/remove", r.authed(r.remove))
	router.Handle(http.MethodPost, ServicePrefix+"/sfu/get", r.byAddress(r.serviceSFUGet))
	router.Handle(http.MethodPost, ServicePrefix+"/get_token", r.byAddress(r.serviceGetToken))
	router.Handle(http.MethodPost, ServicePrefix+"/delegate_delayed_leave", r.byAddress(r.serviceDelegate))
	router.Handle(http.MethodGet, ServicePrefix+"/healthz", func(http.ResponseWriter, *http.Request) (any, error) { return struct{}{}, nil })
}

// SignedHandler answers a request of another server that has proved who it is; the body is strict JSON.
type SignedHandler = func(ctx context.Context, origin string, body []byte) (any, error)

// FederationRoutes are what other servers ask, by path; all are POST and signed.
func (r *RTC) FederationRoutes() map[string]SignedHandler {
	return map[string]SignedHandler{
		federationV1 + "/rtc/livekit/get_token":     r.remoteGetToken,
		federationTokens + "/rtc/livekit/get_token": r.remoteGetToken,
		federationOwn + "/moderate":                 r.remoteModerate,
		federationOwn + "/doctor":                   r.remoteDoctor,
		exchangePath:                                r.remotePictures,
	}
}

type authedHandler func(r *http.Request, d *accounts.Device) (any, error)

// authed asks for an access token, and bounds how often its user may ask.
func (r *RTC) authed(h authedHandler) web.Handler {
	return func(_ http.ResponseWriter, req *http.Request) (any, error) {
		token, ok := web.AccessToken(req)
		if !ok {
			return nil, web.MissingToken()
		}
		d, err := r.o.Accounts.Authenticate(req.Context(), token)
		if err != nil {
			return nil, err
		}
		if d.Suspended {
			return nil, accounts.ErrSuspended
		}
		if err := r.limit.Check(d.UserID); err != nil {
			return nil, err
		}
		return h(req, d)
	}
}

func (r *RTC) byAddress(h func(req *http.Request) (any, error)) web.Handler {
	return func(_ http.ResponseWriter, req *http.Request) (any, error) {
		if err := r.strangers.Check(r.o.ClientIP(req)); err != nil {
			return nil, err
		}
		return h(req)
	}
}

// getTransports answers GET /rtc/transports, by the names that the proposal has had for the list.
func (r *RTC) getTransports(*http.Request, *accounts.Device) (any, error) {
	list := r.transports()
	return map[string]any{"transports": list, "rtc_transports": list}, nil
}

func sameURL(a, b string) bool { return strings.TrimRight(a, "/") == strings.TrimRight(b, "/") }
