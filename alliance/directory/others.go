package directory

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// others is what is known of the people of other members, in memory. A hospital is asked when somebody searches and what is
// known of it is older than listingAge; what was known before is used meanwhile, for listingHeld at most.
type others struct {
	d      *Directory
	asking singleflight.Group
	slots  chan struct{}
	work   context.Context // of requests, which go on without who asked for them
	stop   context.CancelFunc
	under  sync.WaitGroup

	mu    sync.Mutex
	known map[string]*otherPeople
	total int // people in known
}

type otherPeople struct {
	hash    string
	people  []Person
	got     time.Time // when the hospital last answered; zero: never
	tried   time.Time // when it was last asked
	failing error     // what the last attempt came to
}

const (
	// listingAge is how long a listing is used without asking again, listingHeld how long one is used of a hospital that does not
	// answer, retryAfter how long a hospital that did not answer is left alone.
	listingAge  = 2 * time.Minute
	listingHeld = 30 * time.Minute
	retryAfter  = 30 * time.Second
	// askTimeout bounds one question to a hospital, askedAtOnce the hospitals that are asked at the same time.
	askTimeout  = 15 * time.Second
	askedAtOnce = 16
	// personPatience is how long it is waited for a hospital that is asked about one user.
	personPatience = 5 * time.Second
	// maxTotal bounds the people of all other members together.
	maxTotal = 200_000
)

func newOthers(d *Directory) *others {
	work, stop := context.WithCancel(context.Background())
	return &others{d: d, slots: make(chan struct{}, askedAtOnce), work: work, stop: stop, known: map[string]*otherPeople{}}
}

func (o *others) close(ctx context.Context) error {
	o.stop()
	done := make(chan struct{})
	go func() {
		o.under.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// people returns what is known of all other members now. waiting says that some, of which nothing is known yet, have not
// answered within patience.
func (o *others) people(ctx context.Context, patience time.Duration) (lists [][]Person, waiting bool) {
	members := o.d.o.Members()
	o.keepOnly(members)
	var first sync.WaitGroup
	for _, h := range members {
		if h.ServerName == o.d.o.Self || !o.due(h.ServerName) {
			continue
		}
		answered := o.ask(h.ServerName)
		if !o.has(h.ServerName) {
			first.Go(func() { <-answered })
		}
	}
	waiting = !within(ctx, patience, first.Wait)
	for _, h := range members {
		if people := o.usable(h.ServerName); len(people) > 0 {
			lists = append(lists, people)
		}
	}
	return lists, waiting
}

// within reports whether wait returned in time. Requests end by their own timeout, so that no goroutine stays.
func within(ctx context.Context, patience time.Duration, wait func()) bool {
	done := make(chan struct{})
	go func() {
		wait()
		close(done)
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// errNotMember means that a server is no admitted member now: nothing is asked of it.
var errNotMember = errors.New("not a member of the alliance")

// of returns the people of one member, asking it if need be.
func (o *others) of(ctx context.Context, server string) ([]Person, error) {
	if _, ok := o.d.o.Member(server); !ok {
		return nil, fmt.Errorf("%s: %w", server, errNotMember)
	}
	if o.due(server) {
		answered := o.ask(server)
		within(ctx, personPatience, func() { <-answered })
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	k := o.known[server]
	if k == nil || k.got.IsZero() || o.d.o.Now().Sub(k.got) > listingHeld {
		why := error(errors.New("no answer yet"))
		if k != nil && k.failing != nil {
			why = k.failing
		}
		return nil, fmt.Errorf("asking %s for its clinicians: %w", server, why)
	}
	return k.people, nil
}

// due reports whether a member is to be asked now.
func (o *others) due(server string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	k := o.known[server]
	if k == nil {
		return true
	}
	now := o.d.o.Now()
	return now.Sub(k.got) > listingAge && (k.failing == nil || now.Sub(k.tried) > retryAfter)
}

func (o *others) has(server string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	k := o.known[server]
	return k != nil && !k.got.IsZero()
}

func (o *others) usable(server string) []Person {
	o.mu.Lock()
	defer o.mu.Unlock()
	k := o.known[server]
	if k == nil || o.d.o.Now().Sub(k.got) > listingHeld {
		return nil
	}
	return k.people
}

// keepOnly forgets the people of whoever is a member no longer.
func (o *others) keepOnly(members []Hospital) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := make(map[string]bool, len(members))
	for _, h := range members {
		now[h.ServerName] = true
	}
	for server, k := range o.known {
		if !now[server] {
			o.total -= len(k.people)
			delete(o.known, server)
		}
	}
}

// ask asks a member in the background; the channel is closed when it is over. Questions to one member at the same time are
// one.
func (o *others) ask(server string) <-chan struct{} {
	answered := make(chan struct{})
	o.under.Go(func() {
		defer close(answered)
		_, _, _ = o.asking.Do(server, func() (any, error) {
			select {
			case o.slots <- struct{}{}:
				defer func() { <-o.slots }()
				o.askNow(server)
			case <-o.work.Done():
			}
			return nil, nil
		})
	})
	return answered
}

func (o *others) askNow(server string) {
	if !o.due(server) {
		return // somebody else has just asked
	}
	o.mu.Lock()
	hash := ""
	if k := o.known[server]; k != nil {
		hash = k.hash
	}
	o.mu.Unlock()
	ctx, cancel := context.WithTimeout(o.work, askTimeout)
	defer cancel()
	raw, err := o.d.o.Remote.DirectoryPeople(ctx, server, hash, maxListing)
	var l *listing
	if err == nil {
		l, err = readListing(raw, server)
	}
	if err != nil {
		o.d.o.Log.WithError(err).WithField("peer", server).Debug("asking for the directory of a member")
	}
	o.keep(server, l, err)
}

// keep takes what a member answered.
func (o *others) keep(server string, l *listing, err error) {
	var people []Person
	if err == nil && !l.Unchanged {
		hospital, country := o.d.hospital(server)
		people = make([]Person, 0, len(l.People))
		for _, p := range l.People {
			people = append(people, p.of(server, hospital, country))
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	k := o.known[server]
	if k == nil {
		k = &otherPeople{}
		o.known[server] = k
	}
	k.tried, k.failing = o.d.o.Now(), err
	switch {
	case err != nil:
		return
	case l.Unchanged && l.Hash == k.hash && !k.got.IsZero():
	case o.total-len(k.people)+len(people) > maxTotal:
		k.failing = errors.New("there are too many people in the alliance for this node")
		return
	default:
		o.total += len(people) - len(k.people)
		k.people, k.hash = people, l.Hash
	}
	k.got = k.tried
}
