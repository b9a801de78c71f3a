package notify

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"medixchange/accounts"
	"medixchange/internal/pace"
	"medixchange/internal/push"
	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

const (
	// cursorName is where the place in the stream is kept.
	cursorName = "accounts.push"
	// maxAge is how long after its arrival an event is still told.
	maxAge = time.Hour
	// saveEvery is how long the places of pushers may lag behind in the database.
	saveEvery = time.Second
	// lastSave bounds the saving when the node stops.
	lastSave = 5 * time.Second
	// retryPause follows an error of the database at the start.
	retryPause = time.Second
	// maxHolds bounds the events that wait for a translation; with more, the reader of the stream waits too.
	maxHolds = 256
	// maxAudiences bounds the rooms of which it is remembered who has pushers.
	maxAudiences = 4096
)

// Options is what a Notifier is built from. Every field without "optional" must be set.
type Options struct {
	DB       *sqldb.DB
	Hub      *stream.Hub
	Rooms    *rooms.Rooms
	Accounts *accounts.Accounts
	View     *view.View
	// AllowPrivate are networks that are not public and may be called as gateways.
	AllowPrivate []netip.Prefix
	UserAgent    string
	Now          func() time.Time // optional: time.Now
	// MinPause and MaxPause are those of [push.Options]; optional.
	MinPause, MaxPause time.Duration
	Log                *logrus.Entry
	Registerer         prometheus.Registerer // optional
}

// Notifier tells pushers. It is safe for concurrent use.
type Notifier struct {
	o         Options
	sender    *push.Sender
	audiences *lru.Cache[string, *audience]
	places    places
	badges    badges
	holds     chan struct{}
	holding   sync.WaitGroup
}

// New makes a Notifier; Run starts it.
func New(o Options) (*Notifier, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	n := &Notifier{o: o, holds: make(chan struct{}, maxHolds)}
	n.places.stored = map[push.Key]int64{}
	n.badges.told = map[push.Key]int{}
	var err error
	if n.audiences, err = lru.New[string, *audience](maxAudiences); err != nil {
		return nil, fmt.Errorf("making the cache of audiences: %w", err)
	}
	n.sender, err = push.New(push.Options{
		Source: n, AllowPrivate: o.AllowPrivate, UserAgent: o.UserAgent, MinPause: o.MinPause, MaxPause: o.MaxPause,
		Log: o.Log, Registerer: o.Registerer,
	})
	if err != nil {
		return nil, fmt.Errorf("building the sender of notifications: %w", err)
	}
	return n, nil
}

// Run tells pushers until ctx ends, whose error it returns.
func (n *Notifier) Run(ctx context.Context) error {
	start := n.o.Hub.Position() // for a node that never told anything
	if err := n.resume(ctx, start); err != nil {
		return err
	}
	var parts sync.WaitGroup
	parts.Go(func() { _ = n.sender.Run(ctx) }) // it ends with ctx only
	parts.Go(func() { n.keepPlaces(ctx) })
	err := n.o.Hub.Follow(ctx, cursorName, stream.FollowOptions{Start: start}, n.read)
	parts.Wait()
	n.holding.Wait()
	saving, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSave)
	defer cancel()
	n.savePlaces(saving)
	return err
}

// resume queues what lagging pushers were not told before the start; errors of the database are waited out.
func (n *Notifier) resume(ctx context.Context, start int64) error {
	for {
		err := n.catchUp(ctx, start)
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		n.o.Log.WithError(err).Warn("looking up what pushers were not told")
		if !pace.Pause(ctx, retryPause) {
			return ctx.Err()
		}
	}
}

func keyOf(p *accounts.Pusher) push.Key {
	return push.Key{UserID: p.UserID, AppID: p.AppID, PushKey: p.PushKey}
}
