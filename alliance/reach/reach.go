package reach

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/sirupsen/logrus"

	"medixchange/accounts"
	"medixchange/alliance/signed"
	"medixchange/internal/pace"
	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/rooms"
)

// Remote asks other members; *federation.Client implements it.
type Remote interface {
	// ReachPage fetches what a member tells of itself; max bounds the answer in bytes.
	ReachPage(ctx context.Context, server string, days int, max int64) ([]byte, error)
}

// Options is what a Reach is built from. Every field must be set.
type Options struct {
	DB       *sqldb.DB
	Hub      *stream.Hub
	Accounts *accounts.Accounts
	Rooms    *rooms.Rooms
	Remote   Remote
	Self     string
	// Enabled has this hospital counted; Share tells other members, and asks them.
	Enabled, Share bool
	// Members are the admitted members that may be talked to now, this hospital among them; Member returns one of them.
	Members func() []signed.Hospital
	Member  func(server string) (signed.Hospital, bool)
	// Own reports whether an account belongs to the node itself, such as the translator's bot.
	Own func(ctx context.Context, userID string) bool
	Now func() time.Time
	Log *logrus.Entry
}

// Reach counts. All methods are safe for concurrent use.
type Reach struct {
	o       Options
	others  *others
	own     pages
	persons *lru.Cache[string, bool] // whether a local user id is a person's
}

const (
	cursorName = "alliance.reach"
	// snapshotEvery is how often what is true now is noted. A user who is seen after midnight counts for the day before if that
	// was noted in time: figures are off by what happens within this.
	snapshotEvery = 10 * time.Minute
	// kept is how long the sums of a day are kept, in days.
	kept = 400
	// gather is how long a few messages wait for more before they are counted, so that a quiet hour costs few writes; enough
	// makes it wait no longer.
	gather = time.Second
	enough = 200
	// keptPersons bounds the users of whom is remembered, in memory, whether they are persons.
	keptPersons = 10_000
	// maxEvents bounds the events that are read at a time; a step of the stream has fewer.
	maxEvents = 1000
)

const (
	typeMessage   = "m.room.message"
	typeEncrypted = "m.room.encrypted"
)

// ErrOff means that this hospital does not count its reach.
var ErrOff = errors.New("alliance.reach is not enabled")

// New returns a Reach, which counts while Run does.
func New(o Options) (*Reach, error) {
	persons, err := lru.New[string, bool](keptPersons)
	if err != nil {
		return nil, fmt.Errorf("building the reach: %w", err)
	}
	return &Reach{o: o, others: newOthers(o), own: pages{now: o.Now}, persons: persons}, nil
}

// Run counts until ctx ends, whose error it returns. The place in the stream is stored together with the sums: nothing is lost
// and nothing counted twice when the node stops, or sees a part of the stream again. When counting is not enabled it forgets
// that place, so that what happens meanwhile is never counted, and removes what is too old.
func (r *Reach) Run(ctx context.Context) error {
	for {
		err := r.begin(ctx)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.o.Log.WithError(err).Warn("the reach cannot begin to be counted, trying again")
		if !pace.Pause(ctx, time.Minute) {
			return ctx.Err()
		}
	}
	if !r.o.Enabled {
		<-ctx.Done()
		return ctx.Err()
	}
	counted := make(chan error, 1)
	go func() {
		counted <- r.o.Hub.Follow(ctx, cursorName, stream.FollowOptions{SaveEvery: 10 * time.Second, Gather: stream.Unhurried}, r.count)
	}()
	r.keepSnapshots(ctx)
	return <-counted
}

func (r *Reach) begin(ctx context.Context) error {
	if !r.o.Enabled {
		return errors.Join(r.forgetPosition(ctx), r.sweep(ctx, r.today()))
	}
	return r.beginAt(ctx, r.o.Hub.Position())
}

func (r *Reach) keepSnapshots(ctx context.Context) {
	for {
		if err := r.snapshot(ctx); err != nil && ctx.Err() == nil {
			r.o.Log.WithError(err).Warn("noting the reach failed; it is tried again")
		}
		if !pace.Pause(ctx, snapshotEvery) {
			return
		}
	}
}

// sent is a message that counts.
type sent struct {
	position, day int64
}

// count counts the messages of one range of the stream.
func (r *Reach) count(ctx context.Context, from, upto int64) error {
	if upto-from < enough {
		if !pace.Pause(ctx, gather) {
			return ctx.Err()
		}
	}
	messages, err := r.messages(ctx, from, upto)
	if err != nil || len(messages) == 0 {
		return err
	}
	return r.addMessages(ctx, messages, upto)
}

// messages returns what counts in a range.
func (r *Reach) messages(ctx context.Context, from, upto int64) ([]sent, error) {
	var found []sent
	shared := map[int64]bool{} // set of servers → another member is among them
	for from < upto {
		events, err := r.o.Rooms.OutgoingEvents(ctx, from, upto, maxEvents)
		if err != nil {
			return nil, fmt.Errorf("reading what was sent: %w", err)
		}
		for _, ev := range events {
			counts, err := r.counts(ctx, ev, shared)
			if err != nil {
				return nil, err
			}
			if counts {
				found = append(found, sent{ev.Position, r.dayOf(ev.OriginServerTS)})
			}
		}
		if len(events) < maxEvents {
			return found, nil
		}
		from = events[len(events)-1].Position
	}
	return found, nil
}

// counts reports whether an event is a message of a person here into a room that is shared with another member.
func (r *Reach) counts(ctx context.Context, ev *rooms.Event, shared map[int64]bool) (bool, error) {
	if ev.StateKey != nil || ev.Type != typeMessage && ev.Type != typeEncrypted || !strings.HasSuffix(ev.Sender, ":"+r.o.Self) {
		return false, nil
	}
	with, known := shared[ev.Servers]
	if !known {
		servers, err := r.o.Rooms.ServerSet(ctx, ev.Servers)
		if err != nil {
			return false, fmt.Errorf("reading with whom a room is shared: %w", err)
		}
		with = len(r.membersAmong(servers)) > 0
		shared[ev.Servers] = with
	}
	if !with {
		return false, nil
	}
	return r.person(ctx, ev.Sender)
}

// membersAmong returns the other members among servers.
func (r *Reach) membersAmong(servers []string) []string {
	var members []string
	for _, server := range servers {
		if _, ok := r.o.Member(server); ok && server != r.o.Self {
			members = append(members, server)
		}
	}
	return members
}

// person reports whether a local user is a person, not a program.
func (r *Reach) person(ctx context.Context, userID string) (bool, error) {
	if person, ok := r.persons.Get(userID); ok {
		return person, nil
	}
	user, err := r.o.Accounts.User(ctx, userID)
	switch {
	case errors.Is(err, accounts.ErrNotFound):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("reading who sent a message: %w", err)
	}
	person := user.AppserviceID == "" && !r.o.Own(ctx, userID)
	r.persons.Add(userID, person)
	return person, nil
}

const dayMS = 24 * 60 * 60 * 1000

func (r *Reach) today() int64 { return r.o.Now().UnixMilli() / dayMS }

// dayOf is the day of a time; what says that it is of the future is of today.
func (r *Reach) dayOf(ms int64) int64 { return min(max(ms, 0)/dayMS, r.today()) }

// date writes a day.
func date(day int64) string { return time.UnixMilli(day * dayMS).UTC().Format(time.DateOnly) }
