package accounts

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"medixchange/accounts/password"
	"medixchange/accounts/uia"
	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

// Options is what Accounts is built from. Every field without "optional" must be set.
type Options struct {
	DB         *sqldb.DB
	Hub        *stream.Hub
	Rooms      *rooms.Rooms
	Remote     Remote
	ServerName string
	Now        func() time.Time // optional: time.Now
	Log        *logrus.Entry
	Registerer prometheus.Registerer // optional

	// Registration.
	OpenRegistration   bool // anyone may register, without a token
	TokenRegistration  bool // whoever has a registration token may
	RegistrationSecret string
	MinPasswordLength  int             // 8 when 0
	Terms              json.RawMessage // optional: params of m.login.terms; makes it a stage of registration
	// Exclusive says whether a user id belongs to an application service other than asID ("" for none); optional.
	Exclusive func(userID, asID string) bool
	// AllowServer says whether this node may talk to a server at all; optional.
	AllowServer func(server string) bool

	// Tokens. Zero: access tokens do not expire unless the client asked for a refresh token, then after AccessLifetime.
	AccessLifetime  time.Duration // of access tokens with a refresh token; 1 hour when 0
	RefreshLifetime time.Duration // of refresh tokens; 0: they do not expire

	// Language of those who chose none: BCP 47 ("" for none), and the mode of showing ("" for in_place).
	Language     string
	LanguageMode string
	// CheckLanguage says in a sentence why a tag that a user chooses cannot be read here; optional: every tag can.
	CheckLanguage func(tag string) error
	// CheckData says in a sentence why global account data of a type cannot be what a user sets; optional.
	CheckData map[string]func(content json.RawMessage) error

	// PrivateGateways are the networks whose push gateways may be called without https; optional.
	PrivateGateways []netip.Prefix

	// Translations is what users are shown in other words; it is asked for when something is counted, since what shows events
	// stands above the accounts. Optional: nothing is translated.
	Translations func() Translations

	// Quiet says which events never notify anybody here, whatever the push rules say; optional.
	Quiet func(ev *rooms.Event) bool

	Presence bool // presence is kept and shown
	// Fast makes password hashing cheap; only tests may set it.
	FastHash bool
}

// Accounts is the people of this node. All methods are safe for concurrent use.
type Accounts struct {
	// UIA keeps the sessions of user-interactive authentication; Stages are what this node knows.
	UIA *uia.Sessions

	o      Options
	db     *sqldb.DB
	hub    *stream.Hub
	rooms  roomPort
	hasher *password.Hasher
	log    *logrus.Entry
	now    func() time.Time

	tokens     *tokenCache
	seen       *lastSeen
	data       *dataCache
	rules      *ruleCache
	counts     *countCache
	lists      *listLog
	profiles   *remoteProfiles
	resyncs    *resyncer
	keyCounts  *keyCountCache
	keyIDs     *sqldb.IDs
	revisions  *sqldb.IDs
	inboxes    *inboxCache
	allowances *allowances
	pushers    *pusherSet
	nonces     *nonces
	presences  *presences
	departures departures

	stop    context.CancelFunc
	running sync.WaitGroup
}

// New builds Accounts on an open database and starts its background work, which ends with Close.
func New(ctx context.Context, o Options) (*Accounts, error) {
	return newWith(ctx, o, &roomsOfNode{o.Rooms})
}

func newWith(ctx context.Context, o Options, port roomPort) (*Accounts, error) {
	o = o.withDefaults()
	a := &Accounts{o: o, db: o.DB, hub: o.Hub, rooms: port, log: o.Log, now: o.Now}
	a.hasher = password.New(password.Options{Cheap: o.FastHash})
	a.UIA = uia.New(uia.Options{Now: o.Now, Stages: a.stages(), Params: o.uiaParams()})
	a.tokens = newTokenCache()
	a.seen = newLastSeen()
	a.data = newDataCache()
	a.rules = newRuleCache()
	a.counts = newCountCache()
	a.lists = newListLog()
	a.profiles = newRemoteProfiles(o.Now)
	a.resyncs = newResyncer()
	a.keyCounts = newKeyCountCache()
	a.keyIDs = o.DB.IDs("one_time_keys")
	a.revisions = o.DB.IDs("profile_revisions")
	a.inboxes = newInboxCache()
	a.allowances = newAllowances()
	a.pushers = &pusherSet{}
	a.nonces = newNonces(o.Now)
	a.presences = newPresences(o.Now)
	if err := a.load(ctx); err != nil {
		return nil, fmt.Errorf("loading accounts: %w", err)
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop = stop
	a.start(work)
	return a, nil
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MinPasswordLength == 0 {
		o.MinPasswordLength = 8
	}
	if o.AccessLifetime == 0 {
		o.AccessLifetime = time.Hour
	}
	if o.LanguageMode == "" {
		o.LanguageMode = view.ModeInPlace
	}
	return o
}

// Close ends the background work and writes what was kept back (last seen, checkpoints of counts). The database must
// still be open.
func (a *Accounts) Close(ctx context.Context) error {
	a.stop()
	a.running.Wait()
	if err := a.flushSeen(ctx); err != nil {
		return fmt.Errorf("closing accounts: %w", err)
	}
	return nil
}

// ServerName returns the name of this node, the domain of its users.
func (a *Accounts) ServerName() string { return a.o.ServerName }

// load reads what is kept in memory from the start.
func (a *Accounts) load(ctx context.Context) error {
	if err := a.loadPushers(ctx); err != nil {
		return err
	}
	return a.loadListLog(ctx)
}

// start begins the background work; ctx ends it.
func (a *Accounts) start(ctx context.Context) {
	for _, work := range []func(context.Context){a.flushSeenLoop, a.propagateProfiles, a.resyncStale, a.followMemberships, a.followUpgrades, a.sweepExpired, a.expirePresences} {
		a.running.Add(1)
		go func() {
			defer a.running.Done()
			work(ctx)
		}()
	}
}

func (a *Accounts) nowMS() int64 { return a.now().UnixMilli() }
