package reach

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"medixchange/rooms"
)

// others is what other members told of themselves, in memory.
type others struct {
	o    Options
	turn chan struct{} // one collection at a time

	mu   sync.Mutex
	told map[question]told
}

type question struct {
	server string
	days   int
}

type told struct {
	page Page
	at   time.Time
}

const (
	// toldAge is how long an answer is used without asking again.
	toldAge = time.Hour
	// askTimeout bounds one question, askedAtOnce the members that are asked at the same time, collectTimeout all questions of one
	// report together.
	askTimeout     = 10 * time.Second
	askedAtOnce    = 16
	collectTimeout = 3 * time.Minute
)

func newOthers(o Options) *others {
	return &others{o: o, turn: make(chan struct{}, 1), told: map[question]told{}}
}

// State is what became of the question to a member.
type State string

// States.
const (
	Answered State = "answered"
	Closed   State = "not_shared" // it does not share its reach
	NoAnswer State = "no_answer"
)

// answer is what one member said.
type answer struct {
	state State
	page  Page
}

// collect asks the members of which nothing is known that is new enough. What they say comes by server name; it has an entry
// for each of servers unless ctx ended.
func (t *others) collect(ctx context.Context, servers []string, days int) (map[string]answer, error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	t.keepOnly(servers)
	asking, cancel := context.WithTimeout(ctx, collectTimeout)
	defer cancel()
	answers := make([]answer, len(servers))
	var group errgroup.Group
	group.SetLimit(askedAtOnce)
	for i, server := range servers {
		group.Go(func() error {
			answers[i] = t.of(asking, question{server, days})
			return nil
		})
	}
	_ = group.Wait() // none fails
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	by := make(map[string]answer, len(servers))
	for i, server := range servers {
		by[server] = answers[i]
	}
	return by, nil
}

func (t *others) of(ctx context.Context, q question) answer {
	t.mu.Lock()
	known, ok := t.told[q]
	t.mu.Unlock()
	if ok && t.o.Now().Sub(known.at) < toldAge {
		return answer{Answered, known.page}
	}
	page, err := t.ask(ctx, q)
	switch {
	case errors.Is(err, rooms.ErrNotFound):
		return answer{state: Closed}
	case err != nil:
		t.o.Log.WithError(err).WithField("peer", q.server).Debug("asking for the reach of a member")
		return answer{state: NoAnswer}
	}
	t.mu.Lock()
	t.told[q] = told{page, t.o.Now()}
	t.mu.Unlock()
	return answer{Answered, page}
}

func (t *others) ask(ctx context.Context, q question) (Page, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	raw, err := t.o.Remote.ReachPage(ctx, q.server, q.days, maxPage)
	if err != nil {
		return Page{}, err
	}
	return ReadPage(raw, q.days)
}

// keepOnly forgets whoever is a member no longer, and what is too old.
func (t *others) keepOnly(servers []string) {
	members := make(map[string]bool, len(servers))
	for _, server := range servers {
		members[server] = true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for q, told := range t.told {
		if !members[q.server] || t.o.Now().Sub(told.at) >= toldAge {
			delete(t.told, q)
		}
	}
}
