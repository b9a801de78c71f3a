package rtc

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/sirupsen/logrus"

	"medixchange/accounts"
	"medixchange/accounts/delayed"
	"medixchange/conference/sfu"
	"medixchange/internal/netguard"
	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/internal/web"
	"medixchange/rooms"
)

// Remote is what conferences need of other servers; federation implements it. Errors are those of its Client.
type Remote interface {
	// OpenIDUser asks a server whose OpenID token it is.
	OpenIDUser(ctx context.Context, server, token string) (userID string, err error)
	// Conference sends a signed request about conferences: body and answer are JSON. Of the paths the first one that the server
	// knows is taken.
	Conference(ctx context.Context, server string, body any, answer any, paths ...string) error
}

// Options is what an RTC is built from. Every field without "optional" must be set.
type Options struct {
	SFU        *sfu.SFU
	DB         *sqldb.DB
	Hub        *stream.Hub
	Rooms      *rooms.Rooms
	Accounts   *accounts.Accounts
	Remote     Remote
	Delayed    *delayed.Delayed
	ServerName string
	// ClientURL is where clients find this node.
	ClientURL string
	// AllowServer says which servers this node has to do with.
	AllowServer func(server string) bool
	// Program finds the media program, which tries whether an SFU is to be reached.
	Program func() (string, error)
	// Outside is where this node may connect to when it examines itself, and Abroad when it tries another hospital's SFU.
	Outside, Abroad netguard.Policy
	// PerSecond and Burst bound the requests of one user or server; 0: no bound.
	PerSecond float64
	Burst     int
	// ClientIP is whose request it is, for what is asked without a login.
	ClientIP func(*http.Request) string
	Now      func() time.Time
	Log      *logrus.Entry
}

// RTC is the conferences of this node. It is safe for concurrent use.
type RTC struct {
	o         Options
	members   *registry
	limit     *web.Limiter
	strangers *web.Limiter
	tellers   *web.Limiter // by server
	words     words
	proofs    *lru.Cache[[32]byte, proof] // OpenID tokens that were used
	knocks    *lru.Cache[string, int64]   // when somebody last knocked, ms
	removed   *lru.Cache[place, int64]    // until when a user (in place of the identity) stays out, ms
	evicted   *lru.Cache[place, int64]    // until when an old token may be good for an SFU that others run, ms
	departed  *lru.Cache[device, int64]   // until when a token may still be asked for that its server granted before, ms
	probes    probes
	trials    *web.Limiter  // by server
	trying    chan struct{} // held by the one trial that runs
	watched   delegations

	evicting chan place
	pending  struct {
		sync.Mutex
		places map[place]bool
	}
	enforced chan string
	owing    atomic.Bool // something that the SFU should have done has failed
}

const (
	maxProofs   = 20_000
	maxKnocks   = 10_000
	maxRemoved  = 10_000
	maxLimited  = 20_000
	maxEvicting = 4096
	maxEnforced = 1024

	trialsPerSecond = 1.0 / 30
	trialsAtOnce    = 3
)

// New reads who has a token.
func New(ctx context.Context, o Options) (*RTC, error) {
	r := &RTC{o: o, evicting: make(chan place, maxEvicting), enforced: make(chan string, maxEnforced)}
	r.probes.all, r.trying = map[place]time.Time{}, make(chan struct{}, 1)
	r.trials = web.NewLimiter(trialsPerSecond, trialsAtOnce, maxLimited)
	r.pending.places = map[place]bool{}
	r.limit = web.NewLimiter(o.PerSecond, o.Burst, maxLimited)
	r.strangers, r.tellers = web.NewLimiter(o.PerSecond, o.Burst, maxLimited), web.NewLimiter(o.PerSecond, o.Burst, maxLimited)
	r.words.all = map[string]map[string]*word{}
	r.proofs, r.knocks, r.removed = newCache[[32]byte, proof](maxProofs), newCache[string, int64](maxKnocks), newCache[place, int64](maxRemoved)
	r.evicted, r.departed = newCache[place, int64](maxRemoved), newCache[device, int64](maxRemoved)
	members, err := r.loadParticipants(ctx)
	if err != nil {
		return nil, err
	}
	r.members = newRegistry(members)
	if err := r.loadDelegations(ctx); err != nil {
		return nil, err
	}
	o.SFU.Subscribe(r.reported)
	o.Accounts.WhenDevicesGo(r.devicesGone)
	return r, nil
}

func newCache[K comparable, V any](size int) *lru.Cache[K, V] {
	c, err := lru.New[K, V](size)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return c
}

// Run removes from the SFU whoever may not take part any more, until ctx ends.
func (r *RTC) Run(ctx context.Context) error {
	var parts sync.WaitGroup
	for _, part := range []func(context.Context){r.follow, r.evictAll, r.enforceAll, r.sweep, r.delegate} {
		parts.Go(func() { part(ctx) })
	}
	parts.Wait()
	return ctx.Err()
}

// Transports is what a client's server offers (MSC4143).
type transport struct {
	Type       string `json:"type"`
	URL        string `json:"url,omitempty"`
	ServiceURL string `json:"livekit_service_url,omitempty"`
}

func (r *RTC) transports() []transport {
	return []transport{
		{Type: "m.livekit", URL: r.o.SFU.URL()},
		{Type: "livekit", URL: r.o.SFU.URL(), ServiceURL: r.ServiceURL()},
	}
}

// ServiceURL is where deployed clients ask for tokens.
func (r *RTC) ServiceURL() string { return r.o.ClientURL + ServicePrefix }

// Foci is what the client's well-known file says (org.matrix.msc4143.rtc_foci).
func (r *RTC) Foci() any {
	return []transport{{Type: "livekit", ServiceURL: r.ServiceURL()}}
}

// serverOf returns the server of a user ID, "" for what is none.
func serverOf(userID string) string {
	for i := range len(userID) {
		if userID[i] == ':' && userID[0] == '@' {
			return userID[i+1:]
		}
	}
	return ""
}

func decode(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return web.BadJSON("The body is not what this endpoint takes.").Because(fmt.Errorf("reading a request about conferences: %w", err))
	}
	return nil
}
