package federation

import (
	"crypto/ed25519"
	"net/http"
	"time"

	"github.com/sirupsen/logrus"

	"medixchange/internal/config"
	"medixchange/internal/web"
)

// ServerOptions is what a Server is built from. Every field without "optional" must be set.
type ServerOptions struct {
	Rooms    ServerRooms
	Accounts ServerAccounts
	View     ServerView
	Media    ServerMedia
	Client   *Client // whose key ring proves origins
	// Heard is told of every server that has proved itself in a request; optional.
	Heard func(server string)
	// AllowServer says whether a server may take part at all; optional.
	AllowServer func(server string) bool
	// AllowKey says whether a server may sign requests with a key that it publishes; optional.
	AllowKey  func(server, keyID string, key ed25519.PublicKey) bool
	Alliance  AlliancePages  // optional
	Directory DirectoryPages // optional
	Reach     ReachPages     // optional
	// Recordings shows recordings of conferences to other servers; optional.
	Recordings RecordingPages
	// More is what other parts of the node answer, by path: POST, signed; optional.
	More     map[string]SignedHandler
	Handbook HandbookPages // optional
	Config   *config.Config
	Log      *logrus.Entry
	Metrics  *web.Metrics               // optional
	MapError func(err error) *web.Error // errors of the storage; optional
	Now      func() time.Time           // optional: time.Now
	Version  string                     // of the program
}

// Server answers the Server-Server API. It is safe for concurrent use.
type Server struct {
	o            ServerOptions
	name         string
	keys         *Keys
	router       *web.Router
	rate         *web.Limiter
	proofs       chan struct{} // bounds the requests whose keys are being fetched
	bodies       *bodies
	transactions *transactions
}

const (
	// smallBody bounds bodies that hold one event or a question; an event is at most 64 KiB.
	smallBody = 1 << 20
	// transactionBody bounds a transaction: 50 events and 100 EDUs, some of which carry many device messages.
	transactionBody = 32 << 20
	// maxProofs bounds the requests that wait for the keys of their origin at the same time.
	maxProofs = 64
	// maxOrigins bounds the servers whose rate is remembered.
	maxOrigins = 10_000
)

// NewServer returns the API with all its routes.
func NewServer(o ServerOptions) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.AllowServer == nil {
		o.AllowServer = func(string) bool { return true }
	}
	if o.AllowKey == nil {
		o.AllowKey = func(string, string, ed25519.PublicKey) bool { return true }
	}
	if o.Heard == nil {
		o.Heard = func(string) {}
	}
	s := &Server{o: o, name: o.Config.ServerName, keys: o.Client.keys, proofs: make(chan struct{}, maxProofs), bodies: newBodies(maxBodies), transactions: newTransactions()}
	if o.Config.Limits.RatesEnabled {
		rate := o.Config.Limits.Rates.Federation
		s.rate = web.NewLimiter(rate.PerSecond, rate.Burst, maxOrigins)
	}
	s.router = web.NewRouter(web.Options{Name: "federation", Log: o.Log, Metrics: o.Metrics, MapError: s.mapError})
	s.routes()
	return s
}

// Handler returns what answers under /_matrix/federation and /_matrix/key.
func (s *Server) Handler() http.Handler { return s.router }

func (s *Server) routes() {
	const v1, v2 = "/_matrix/federation/v1", "/_matrix/federation/v2"
	s.router.Handle(http.MethodGet, v1+"/version", s.version)
	s.router.Handle(http.MethodGet, v1+"/openid/userinfo", s.openIDUser)
	s.keyRoutes()

	s.router.Handle(http.MethodPut, v1+"/send/{txnID}", s.signed(transactionBody, s.send))

	s.inRoom(http.MethodGet, v1+"/make_join/{roomID}/{userID}", s.makeMembership("join"))
	s.inRoom(http.MethodGet, v1+"/make_leave/{roomID}/{userID}", s.makeMembership("leave"))
	s.inRoom(http.MethodGet, v1+"/make_knock/{roomID}/{userID}", s.makeMembership("knock"))
	s.inRoom(http.MethodPut, v1+"/send_join/{roomID}/{eventID}", s.sendJoinV1)
	s.inRoom(http.MethodPut, v2+"/send_join/{roomID}/{eventID}", s.sendJoin)
	s.inRoom(http.MethodPut, v1+"/send_leave/{roomID}/{eventID}", s.sendLeaveV1)
	s.inRoom(http.MethodPut, v2+"/send_leave/{roomID}/{eventID}", s.sendLeave)
	s.inRoom(http.MethodPut, v1+"/send_knock/{roomID}/{eventID}", s.sendKnock)
	s.inRoom(http.MethodPut, v1+"/invite/{roomID}/{eventID}", s.inviteV1)
	s.inRoom(http.MethodPut, v2+"/invite/{roomID}/{eventID}", s.invite)
	s.inRoom(http.MethodPut, v1+"/exchange_third_party_invite/{roomID}", s.exchangeInvite)

	s.inRoom(http.MethodGet, v1+"/backfill/{roomID}", s.backfill)
	s.inRoom(http.MethodPost, v1+"/get_missing_events/{roomID}", s.missingEvents)
	s.inRoom(http.MethodGet, v1+"/state/{roomID}", s.state)
	s.inRoom(http.MethodGet, v1+"/state_ids/{roomID}", s.stateIDs)
	s.inRoom(http.MethodGet, v1+"/event_auth/{roomID}/{eventID}", s.eventAuth)
	s.inRoom(http.MethodGet, v1+"/timestamp_to_event/{roomID}", s.timestampToEvent)
	s.get(v1+"/event/{eventID}", s.event)

	s.get(v1+"/query/directory", s.queryDirectory)
	s.get(v1+"/query/profile", s.queryProfile)
	s.get(v1+"/publicRooms", s.publicRooms)
	s.post(v1+"/publicRooms", s.searchPublicRooms)
	s.get(v1+"/hierarchy/{roomID}", s.hierarchy)
	s.get(v1+"/user/devices/{userID}", s.userDevices)
	s.post(v1+"/user/keys/query", s.queryKeys)
	s.post(v1+"/user/keys/claim", s.claimKeys)
	s.get(v1+"/media/download/{mediaID}", s.download)
	s.get(v1+"/media/thumbnail/{mediaID}", s.thumbnail)
	s.allianceRoutes()
	s.directoryRoutes()
	s.reachRoutes()
	s.recordingRoutes()
	s.moreRoutes()
	s.handbookRoutes()
}

func (s *Server) get(template string, h signedHandler) {
	s.router.Handle(http.MethodGet, template, s.signed(smallBody, s.limited(h)))
}

func (s *Server) post(template string, h signedHandler) {
	s.router.Handle(http.MethodPost, template, s.signed(smallBody, s.limited(h)))
}

// inRoom registers an endpoint that is about the room in its path.
func (s *Server) inRoom(method, template string, h signedHandler) {
	s.router.Handle(method, template, s.signed(smallBody, s.limited(s.admitted(h))))
}

// version answers GET /version.
func (s *Server) version(http.ResponseWriter, *http.Request) (any, error) {
	return map[string]any{"server": map[string]string{"name": "MediXchange", "version": s.o.Version}}, nil
}

// openIDUser answers GET /openid/userinfo.
func (s *Server) openIDUser(_ http.ResponseWriter, r *http.Request) (any, error) {
	token := r.URL.Query().Get("access_token")
	if token == "" {
		return nil, web.MissingToken()
	}
	userID, err := s.o.Accounts.OpenIDUser(r.Context(), token)
	if err != nil {
		return nil, err
	}
	return map[string]string{"sub": userID}, nil
}
