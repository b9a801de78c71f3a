package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"medixchange/accounts"
	"medixchange/accounts/delayed"
	"medixchange/accounts/finder"
	"medixchange/accounts/notify"
	"medixchange/accounts/pagelogin"
	"medixchange/admin"
	"medixchange/alliance"
	"medixchange/alliance/directory"
	"medixchange/alliance/reach"
	"medixchange/alliance/topics"
	"medixchange/clientapi"
	"medixchange/clientapi/sync"
	"medixchange/conference/audit"
	"medixchange/conference/captions"
	"medixchange/conference/recording"
	"medixchange/conference/relay"
	"medixchange/conference/replay"
	"medixchange/conference/rtc"
	"medixchange/conference/schedule"
	"medixchange/conference/sfu"
	"medixchange/federation"
	"medixchange/handbook"
	"medixchange/handbook/desk"
	"medixchange/handbook/edit"
	"medixchange/handbook/editions"
	"medixchange/handbook/find"
	"medixchange/handbook/site"
	"medixchange/handbook/updates"
	"medixchange/internal/config"
	"medixchange/internal/media"
	"medixchange/internal/signing"
	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/internal/web"
	"medixchange/rooms"
	"medixchange/rooms/view"
	"medixchange/translator"
	"medixchange/translator/approvals"
	"medixchange/translator/bridge"
	"medixchange/translator/encrypted"
	"medixchange/translator/glossary"
	"medixchange/translator/transcribe"
)

// Options is what tests and the command line add to the configuration. The zero value is right for `medix serve`.
type Options struct {
	// Log takes all log entries; nil makes one as the configuration says.
	Log *logrus.Logger
	// Listen replaces net.Listen, so that tests can choose free ports; nil is net.Listen.
	Listen func(ctx context.Context, network, address string) (net.Listener, error)
	// TLS replaces the certificate files of the federation listener; optional.
	TLS *tls.Config
	// Now replaces the clock; optional.
	Now func() time.Time
	// Alone says that the process is this node and nothing else, so that it may give back what the start needed of the
	// program's file.
	Alone bool
}

// Node is a hospital's node, built and not yet serving. Its parts are exported for tests in the same process.
type Node struct {
	Config   *config.Config
	DB       *sqldb.DB
	Hub      *stream.Hub
	Rooms    *rooms.Rooms
	Accounts *accounts.Accounts
	Delayed  *delayed.Delayed
	Media    *media.Store
	View     *view.View
	Alliance *alliance.Keeper // nil outside of an alliance

	// Directory is the clinicians of this hospital and of other members.
	Directory *directory.Directory
	// Reach counts how much this hospital takes part; nil outside of an alliance.
	Reach *reach.Reach
	// Topics keeps the topic rooms of the alliance; nil outside of one.
	Topics *topics.Keeper

	log      *logrus.Entry
	registry *prometheus.Registry
	requests *web.Metrics
	remote   *federation.Client
	sender   *federation.Sender
	signer   *signing.Signer
	newKeys  map[string]bool // key files that were made at this start

	listed func(server string) bool // what the administrator's lists say of a server
	allow  func(server string) bool // the one place that says which servers this node has to do with
	gate   *alliance.Gate           // nil outside of an alliance
	allianceParts
	contacts *directory.Contacts

	login    *pagelogin.Login // who is behind a page
	notifier *notify.Notifier
	finder   *finder.Finder // nil when messages are not searched

	bridge    *bridge.Bridge
	pipeline  *translator.Pipeline // nil without a translator
	glossary  *glossary.Book       // likewise
	approvals *approvals.Book      // likewise
	device    *encrypted.Bot       // nil when the bot reads no encrypted rooms

	shelf     *handbook.Shelf  // nil without a handbook, as those that follow
	editions  *editions.Store  // what is on the shelf
	updates   *updates.Updates // editions of other hospitals
	bookIndex *find.Index      // its search
	book      *site.Site       // its pages
	bookDesk  *desk.Desk       // what its editors work on
	bookEdit  *edit.Editing    // their pages

	// Conferences lets people in and out of conferences; nil without an SFU.
	Conferences   *rtc.RTC
	relay         *relay.Relay                             // nil without one of its own
	relays        []sfu.Turn                               // what participants of conferences are told of
	turn          func(userID string) clientapi.TurnServer // nil without any relay
	sfu           *sfu.SFU                                 // nil without conferences
	schedule      *schedule.Schedule                       // nil without the bot
	recording     *recording.Service
	recordingsLog *audit.Log         // who looked at which recording
	captions      *captions.Service  // nil when nothing is written down
	speech        *transcribe.Client // nil without a speech recogniser
	replay        *replay.Replay
	confPage      http.Handler // nil without conferences
	elementCall   http.Handler // nil without a folder of it

	client     http.Handler
	federation http.Handler
	admin      *admin.Server
	listeners  []web.Listener
	addresses  [][2]string // kind and address of each listener
	started    time.Time
	alone      bool
	ready      atomic.Bool
	closers    []func(context.Context) error // in the order of building
}

// New opens the database and builds every part. It answers on no address yet. On an error everything that was opened is
// closed again.
func New(ctx context.Context, cfg *config.Config, o Options) (*Node, error) {
	n := &Node{Config: cfg, registry: prometheus.NewRegistry(), started: time.Now(), alone: o.Alone, newKeys: map[string]bool{}}
	n.requests = web.NewMetrics(n.registry)
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := n.build(ctx, o); err != nil {
		return nil, errors.Join(err, n.Close(context.WithoutCancel(ctx)))
	}
	return n, nil
}

func (n *Node) build(ctx context.Context, o Options) error {
	n.log = Logger(n.Config.Log, o.Log).WithField("server", n.Config.ServerName)
	for _, step := range []func(context.Context, Options) error{
		n.buildStorage, n.buildGate, n.buildRemote, n.buildAlliance, n.buildRooms, n.buildAccounts, n.buildDirectory, n.buildReach, n.buildLogin, n.buildDesk, n.buildHandbook, n.buildTranslator, n.buildSchedule, n.buildDoors, n.buildHandbookDesk, n.buildSearch, n.buildPush, n.buildMedia, n.buildRelay, n.buildConference, n.buildCaptions, n.buildReplay, n.buildRecording, n.buildPage, n.buildAPIs, n.buildEncrypted, n.listen,
	} {
		if err := step(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

func (n *Node) part(name string) *logrus.Entry { return n.log.WithField("part", name) }

// onClose registers what ends a part; the last part built ends first.
func (n *Node) onClose(fn func(context.Context) error) { n.closers = append(n.closers, fn) }

func (n *Node) buildStorage(ctx context.Context, _ Options) error {
	if err := os.MkdirAll(n.Config.DataDir, 0o700); err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	db, err := sqldb.Open(ctx, sqldb.Options{
		URL: n.Config.Database.URL, MaxReaders: n.Config.Database.MaxReaders, Logger: n.part("database"), Registerer: n.registry,
	})
	if err != nil {
		return fmt.Errorf("opening the database: %w", err)
	}
	n.DB = db
	n.onClose(func(context.Context) error { return db.Close() })
	n.Hub = stream.New(db, stream.Options{Registerer: n.registry, Logger: n.part("stream")})
	return nil
}

func (n *Node) buildRemote(_ context.Context, o Options) error {
	key, err := signing.LoadOrCreateKey(n.Config.SigningKey)
	if err != nil {
		return fmt.Errorf("loading the signing key: %w", err)
	}
	n.signer = &signing.Signer{ServerName: n.Config.ServerName, Key: key}
	n.remote, err = federation.NewClient(federation.ClientOptions{
		ServerName: n.Config.ServerName, Signer: n.signer, DB: n.DB, Config: n.Config.Federation, Log: n.part("federation"),
		AllowServer: n.allow, Now: o.Now, UserAgent: "medix/" + Version,
	})
	if err != nil {
		return fmt.Errorf("building the federation client: %w", err)
	}
	n.onClose(func(context.Context) error { n.HangUp(); return nil })
	return nil
}

// HangUp closes the connections to other servers on which nothing is under way. A server that stops waits a second for each of
// those that stand.
func (n *Node) HangUp() { n.remote.Close() }

func (n *Node) buildRooms(ctx context.Context, o Options) error {
	r, err := rooms.New(ctx, rooms.Options{
		DB: n.DB, Hub: n.Hub, ServerName: n.Config.ServerName, Signer: n.signer, Remote: n.remote,
		DefaultVersion: n.Config.Rooms.DefaultVersion, Now: o.Now, Log: n.part("rooms"), Registerer: n.registry,
		AllowServer: n.allow, MayInvite: n.mayInvite,
	})
	if err != nil {
		return fmt.Errorf("building the rooms: %w", err)
	}
	n.Rooms = r
	n.onClose(r.Close)
	return nil
}

func (n *Node) buildAccounts(ctx context.Context, o Options) error {
	language := ""
	var checkLanguage func(tag string) error
	if n.Config.Translator.Enabled {
		language = n.Config.Translator.DefaultLanguage
		var err error
		if checkLanguage, err = bridge.CheckLanguage(n.Config.Translator); err != nil {
			return fmt.Errorf("translator.languages: %w", err)
		}
	}
	a, err := accounts.New(ctx, accounts.Options{
		DB: n.DB, Hub: n.Hub, Rooms: n.Rooms, Remote: n.remote, ServerName: n.Config.ServerName, Now: o.Now,
		Log: n.part("accounts"), Registerer: n.registry,
		OpenRegistration:   n.Config.Registration.Enabled && !n.Config.Registration.RequireToken,
		TokenRegistration:  n.Config.Registration.RequireToken,
		RegistrationSecret: n.Config.Registration.SharedSecret,
		MinPasswordLength:  n.Config.Passwords.MinLength,
		AllowServer:        n.allow,
		AccessLifetime:     n.Config.Sessions.AccessToken.Std(),
		RefreshLifetime:    n.Config.Sessions.RefreshToken.Std(),
		Language:           language,
		CheckLanguage:      checkLanguage,
		CheckData:          checkData(),
		Translations:       func() accounts.Translations { return n.View },
		Quiet:              n.quiet(),
		PrivateGateways:    n.Config.Push.AllowPrivate,
		Presence:           n.Config.Presence.Enabled,
		FastHash:           os.Getenv(config.CheapPasswordsEnv) == "1",
	})
	if err != nil {
		return fmt.Errorf("building the accounts: %w", err)
	}
	n.Accounts = a
	n.Delayed = delayed.New(delayed.Options{
		DB: n.DB, Rooms: n.Rooms, Accounts: a, MaxDelay: n.Config.Rooms.MaxEventDelay.Std(),
		MaxScheduled: n.Config.Rooms.MaxDelayedEvents, Limit: n.delayedLimit(), Now: o.Now, Log: n.part("delayed events"),
	})
	n.onClose(a.Close)
	return nil
}

// delayedLimit rations what was scheduled as messages are; those who schedule wait for both.
func (n *Node) delayedLimit() *web.Limiter {
	if !n.Config.Limits.RatesEnabled {
		return nil
	}
	rate := n.Config.Limits.Rates.Message
	return web.NewLimiter(rate.PerSecond, rate.Burst, keptAttempts)
}

func (n *Node) buildPush(_ context.Context, o Options) error {
	var err error
	n.notifier, err = notify.New(notify.Options{
		DB: n.DB, Hub: n.Hub, Rooms: n.Rooms, Accounts: n.Accounts, View: n.View, AllowPrivate: n.Config.Push.AllowPrivate,
		UserAgent: "medix/" + Version, Now: o.Now, Log: n.part("push"), Registerer: n.registry,
	})
	if err != nil {
		return fmt.Errorf("building the notifications: %w", err)
	}
	return nil
}

func (n *Node) buildMedia(_ context.Context, _ Options) error {
	c := n.Config.Media
	sizes := make([]media.Size, 0, len(c.Thumbnails))
	for _, t := range c.Thumbnails {
		sizes = append(sizes, media.Size{Width: t.Width, Height: t.Height, Method: t.Method})
	}
	store, err := media.New(n.DB, n.remote, media.Options{
		ServerName: n.Config.ServerName, Dir: c.Dir, MaxUpload: int64(c.MaxUpload), UserQuota: int64(c.UserQuota),
		Thumbnails: sizes, MaxThumbnail: c.MaxThumbnail, MaxPixels: c.MaxPixels, RemoteCache: int64(c.RemoteCache),
		RemoteMax: int64(c.RemoteMaxFile), Unauthenticated: c.Unauthenticated, PendingPerUser: c.PendingPerUser,
		PendingLifetime: c.PendingLifetime.Std(), Log: n.part("media"),
	})
	if err != nil {
		return fmt.Errorf("opening the media folder: %w", err)
	}
	n.Media = store
	return nil
}

func (n *Node) buildAPIs(_ context.Context, o Options) error {
	metrics := n.requests
	syncing := sync.New(sync.Options{Rooms: n.Rooms, Accounts: n.Accounts, View: n.View, Hub: n.Hub, Now: o.Now, Log: n.part("sync")})
	services, err := n.loginServices(o.Now)
	if err != nil {
		return err
	}
	more, foci := n.conferenceRoutes()
	n.client = clientapi.New(clientapi.Options{
		Accounts: n.Accounts, Delayed: n.Delayed, Rooms: n.Rooms, View: n.View, Sync: syncing, Media: n.Media, Finder: n.finder, Remote: n.remote, Config: n.Config,
		Log: n.part("client"), Metrics: metrics, Now: o.Now, MapError: storageError, Version: Version, Unlimited: n.isBot,
		SSO: services, Turn: n.turn, Colleagues: n.colleagues, More: more, Foci: foci,
	}).Handler()
	n.sender, err = federation.NewSender(federation.SenderOptions{
		Client: n.remote, DB: n.DB, Hub: n.Hub, Rooms: n.Rooms, Accounts: n.Accounts, Log: n.part("sender"),
		BackoffMax: n.Config.Federation.BackoffMax.Std(), Destinations: n.Config.Federation.Destinations,
		AllowServer: n.allow, Now: o.Now, Registerer: n.registry,
	})
	if err != nil {
		return fmt.Errorf("building the federation sender: %w", err)
	}
	serving := federation.ServerOptions{
		Rooms: n.Rooms, Accounts: n.Accounts, View: n.View, Media: n.Media, Client: n.remote,
		Heard: n.sender.Heard, AllowServer: n.allow, Config: n.Config, Log: n.part("federation"), Metrics: metrics,
		MapError: storageError, Now: o.Now, Version: Version, Directory: n.Directory,
	}
	serving.Recordings = n.replay
	if n.Conferences != nil {
		serving.More = n.Conferences.FederationRoutes()
	}
	if n.Alliance != nil {
		serving.Alliance, serving.AllowKey, serving.Reach = n.Alliance, n.gate.AllowsKey, n.Reach
	}
	if n.updates != nil {
		serving.Handbook = n.updates
	}
	n.federation = federation.NewServer(serving).Handler()
	options := admin.Options{
		Accounts: n.Accounts, Rooms: n.Rooms, DB: n.DB, ServerName: n.Config.ServerName, Version: Version,
		Started: n.started, Log: n.part("admin"), More: n.adminRoutes(),
	}
	if n.pipeline != nil {
		options.Translator = engineDesk{n.pipeline}
	}
	n.admin = admin.NewServer(options)
	return nil
}

// storageError says what a client is told when the storage cannot take a write.
func storageError(err error) *web.Error {
	switch {
	case sqldb.IsDiskFull(err):
		return web.NewError(http.StatusInsufficientStorage, "M_UNKNOWN", "The server's disk is full: nothing was stored. Reading still works.").Because(err)
	case errors.Is(err, sqldb.ErrBusy):
		return web.LimitExceeded(time.Second).Because(err)
	case sqldb.IsUnstorableText(err):
		return web.InvalidParam("A parameter holds a NUL character.").Because(err)
	case errors.Is(err, sqldb.ErrClosed):
		return web.Unavailable("The server is stopping.").Because(err)
	}
	return nil
}

// Close ends every part, the last built first. It is for a node that was never run; Run closes by itself.
func (n *Node) Close(ctx context.Context) error {
	var errs []error
	for i := len(n.closers) - 1; i >= 0; i-- {
		errs = append(errs, n.closers[i](ctx))
	}
	n.closers = nil
	for _, l := range n.listeners {
		errs = append(errs, ignoreClosed(l.Close()))
	}
	return errors.Join(errs...)
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// ClientAddr and FederationAddr are the addresses that the node answers on, "" without one.
func (n *Node) ClientAddr() string { return n.address("client") }

// FederationAddr is the address of the federation listener.
func (n *Node) FederationAddr() string { return n.address("federation") }

// AdminSocket is the path of the local socket.
func (n *Node) AdminSocket() string {
	if filepath.IsAbs(n.Config.Listen.AdminSocket) {
		return n.Config.Listen.AdminSocket
	}
	return filepath.Join(n.Config.DataDir, n.Config.Listen.AdminSocket)
}
