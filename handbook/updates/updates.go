package updates

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"medixchange/handbook"
	"medixchange/handbook/bundle"
	"medixchange/handbook/editions"
	"medixchange/internal/signing"
	"medixchange/internal/sqldb"
)

// EventType is the state event by which a publisher announces an edition; its state key is the publisher's server name, its
// content a Head.
const EventType = "org.medixchange.handbook.edition"

// Remote asks other servers; *federation.Client implements it.
type Remote interface {
	// HandbookHead asks for a server's newest edition, a Head in JSON of at most max bytes.
	HandbookHead(ctx context.Context, server string, max int64) ([]byte, error)
	// HandbookPart asks for a Part of one in JSON, from a byte on.
	HandbookPart(ctx context.Context, server string, serial, from, max int64) ([]byte, error)
}

// Publisher is a server whose editions are taken.
type Publisher struct {
	Server string
	// Keys that must have signed, one of them, by id; none: a key that the server itself signs with now.
	Keys map[string]ed25519.PublicKey
}

// Mode says what becomes of an edition that was fetched.
type Mode string

// The modes.
const (
	Stage Mode = "stage" // the administrator activates it
	Apply Mode = "apply" // it is shown at once, unless what is shown is pinned or is this hospital's own work
)

// Options of Updates. All but Trusted, Announce and Now are needed.
type Options struct {
	DB       *sqldb.DB
	Editions *editions.Store
	Remote   Remote
	// Dir is where bundles lie that are published here or on their way.
	Dir    string
	Self   string
	Signer *signing.Signer
	// Key gives the key of a server that is valid at a time (ms); its error wraps signing.ErrSignature if there is none.
	Key     func(ctx context.Context, server, keyID string, ts int64) (ed25519.PublicKey, error)
	Trusted []Publisher
	Mode    Mode
	// Announce writes the state event; nil announces nothing.
	Announce func(ctx context.Context, stateKey string, content json.RawMessage) error
	Now      func() time.Time
	Log      *logrus.Entry
}

// Updates publishes and fetches. It is safe for concurrent use.
type Updates struct {
	o     Options
	hints chan string

	publishing sync.Mutex
	fetching   sync.Mutex
}

// Errors of a bundle.
var (
	// ErrUntrusted means that the node does not take editions of a publisher.
	ErrUntrusted = errors.New("handbook.updates.trusted does not name this publisher")
	// ErrSignature means that none of the keys has signed that must.
	ErrSignature = bundle.ErrSignature
)

const (
	// maxHints bounds the servers that wait to be asked.
	maxHints = 64
	// firstRound is how long after the start all publishers are asked, and round how often.
	firstRound = time.Minute
	round      = 6 * time.Hour
	// retryFirst and retryLast bound the pause after a failure, which doubles each time.
	retryFirst = time.Minute
	retryLast  = time.Hour
)

// New makes Updates. It reads and asks nothing yet.
func New(o Options) *Updates {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Updates{o: o, hints: make(chan string, maxHints)}
}

// publisher finds a trusted one.
func (u *Updates) publisher(server string) (Publisher, bool) {
	i := slices.IndexFunc(u.o.Trusted, func(p Publisher) bool { return p.Server == server })
	if i < 0 {
		return Publisher{}, false
	}
	return u.o.Trusted[i], true
}

// Hinted notes that a server says that it has a new edition. It never waits; one that is not trusted is ignored.
func (u *Updates) Hinted(server string) {
	if _, trusted := u.publisher(server); !trusted || server == u.o.Self {
		return
	}
	select {
	case u.hints <- server:
	default:
	}
}

// Run fetches what is announced, and asks all publishers now and then, until ctx ends.
func (u *Updates) Run(ctx context.Context) {
	due, failures := map[string]time.Time{}, map[string]int{}
	for _, p := range u.o.Trusted {
		if p.Server == u.o.Self {
			continue
		}
		due[p.Server] = time.Now().Add(firstRound)
	}
	for {
		server, at := earliest(due)
		var timer <-chan time.Time
		if server != "" {
			timer = time.After(time.Until(at))
		}
		select {
		case <-ctx.Done():
			return
		case server = <-u.hints:
		case <-timer:
		}
		_, err := u.Fetch(ctx, server)
		due[server] = time.Now().Add(round)
		switch {
		case err == nil, lasting(err):
			failures[server] = 0
		case ctx.Err() == nil:
			due[server] = time.Now().Add(min(retryLast, retryFirst<<min(failures[server], 6)))
			failures[server]++
		}
	}
}

func earliest(due map[string]time.Time) (server string, at time.Time) {
	for s, t := range due {
		if server == "" || t.Before(at) {
			server, at = s, t
		}
	}
	return server, at
}

// lasting reports whether asking again would give the same error.
func lasting(err error) bool {
	var problems handbook.Problems
	for _, known := range []error{ErrUntrusted, ErrSignature, editions.ErrOlder, editions.ErrFork} {
		if errors.Is(err, known) {
			return true
		}
	}
	return errors.As(err, &problems)
}
