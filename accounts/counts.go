package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"medixchange/internal/stream"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

const (
	// maxCounters bounds the counters in memory.
	maxCounters = 50000
	// maxUnread bounds the notifications that a counter keeps one by one; older ones are kept as sums.
	maxUnread = 2000
	// countPage is how many events are read at a time when counting from the database.
	countPage = 100
	// checkpointAfter is after how many evaluated events a counter is written down.
	checkpointAfter = 1000
	mainThread      = "main"
)

// Counts returns the unread notifications of a user in a room, exact at stream position upto (CORE 18): those after the
// user's read receipts and own messages, per thread. It goes on from where it counted last, so that one new event costs
// one evaluation and no SQL.
func (a *Accounts) Counts(ctx context.Context, userID, roomID string, upto int64) (Counts, error) {
	c := a.counts.get(userID, roomID)
	c.mu.Lock()
	defer c.mu.Unlock()
	if upto > c.at {
		if err := a.advance(ctx, c, upto); err != nil {
			c.at = 0
			return Counts{}, fmt.Errorf("counting notifications: %w", err)
		}
	}
	return c.sum(upto), nil
}

// countCache keeps counters.
type countCache struct {
	mu       sync.Mutex
	counters map[[2]string]*counter
	// stored are the rooms with a checkpoint, of users who counted: most have none, and need not look in each room.
	stored map[string]map[string]struct{}
}

func newCountCache() *countCache {
	return &countCache{counters: map[[2]string]*counter{}, stored: map[string]map[string]struct{}{}}
}

func (cc *countCache) get(userID, roomID string) *counter {
	key := [2]string{userID, roomID}
	cc.mu.Lock()
	defer cc.mu.Unlock()
	c := cc.counters[key]
	if c == nil {
		if len(cc.counters) >= maxCounters {
			cc.evict()
		}
		c = &counter{userID: userID, roomID: roomID}
		cc.counters[key] = c
	}
	return c
}

// evict drops an arbitrary tenth: those are counted again when they are needed.
func (cc *countCache) evict() {
	drop := maxCounters / 10
	for key := range cc.counters {
		if drop--; drop < 0 {
			return
		}
		delete(cc.counters, key)
	}
}

// unread is one notification.
type unread struct {
	Position  int64  `json:"p"`
	Thread    string `json:"t,omitempty"` // event id of the root; "" main timeline
	Highlight bool   `json:"h,omitempty"`
	Only      bool   `json:"o,omitempty"` // the translation alone notifies, not the original
	// Placed is the position of the translation that says more than the original, from which on it counts; 0: none does.
	Placed int64 `json:"w,omitempty"`
}

// counter counts for one user in one room. at 0 means that nothing is known.
type counter struct {
	mu             sync.Mutex
	userID, roomID string
	at             int64
	unread         []unread  // ascending
	waiting        []waiting // ascending
	older          map[string]ThreadCounts
	olderUpto      int64 // position of the last notification in older
	evaluated      int   // since the last checkpoint
}

// sum adds up what lies at or before upto.
func (c *counter) sum(upto int64) Counts {
	var out Counts
	add := func(thread string, t ThreadCounts) {
		if thread == "" {
			out.Notify += t.Notify
			out.Highlight += t.Highlight
			return
		}
		if out.Threads == nil {
			out.Threads = map[string]ThreadCounts{}
		}
		sum := out.Threads[thread]
		out.Threads[thread] = ThreadCounts{sum.Notify + t.Notify, sum.Highlight + t.Highlight}
	}
	for thread, t := range c.older {
		add(thread, t)
	}
	for i := range c.unread {
		if u := &c.unread[i]; u.notifiesAt(upto) {
			add(u.Thread, ThreadCounts{1, number(u.Highlight && u.Placed <= upto)})
		}
	}
	return out
}

func (u *unread) notifiesAt(upto int64) bool {
	return u.Position <= upto && (!u.Only || u.Placed <= upto)
}

// add counts a notification.
func (c *counter) add(u unread) {
	c.unread = append(c.unread, u)
	c.bound()
}

// bound leaves the sums of what is older than the newest notifications.
func (c *counter) bound() {
	if len(c.unread) <= maxUnread {
		return
	}
	half := c.unread[:maxUnread/2]
	if c.older == nil {
		c.older = map[string]ThreadCounts{}
	}
	for _, old := range half {
		sum := c.older[old.Thread]
		c.older[old.Thread] = ThreadCounts{sum.Notify + 1, sum.Highlight + number(old.Highlight)}
	}
	c.olderUpto = half[len(half)-1].Position
	c.unread = slices.Clone(c.unread[maxUnread/2:])
}

// errRecount says that a receipt lies among what is only known as sums.
var errRecount = errors.New("notifications have to be counted anew")

// read takes out what a receipt covers: everything up to key in its thread, or in all of them for threadID "".
func (c *counter) read(key rooms.HistoryKey, threadID string) error {
	covers := func(thread string) bool {
		return threadID == "" || thread == threadID || thread == "" && threadID == mainThread
	}
	if len(c.older) > 0 {
		inSums := key.Less(rooms.HistoryKey{Anchor: c.olderUpto})
		for thread := range c.older {
			if !covers(thread) {
				continue
			}
			if inSums {
				return errRecount
			}
			delete(c.older, thread)
		}
	}
	read := func(thread string, position int64) bool {
		return covers(thread) && !key.Less(rooms.HistoryKey{Anchor: position})
	}
	c.unread = slices.DeleteFunc(c.unread, func(u unread) bool { return read(u.Thread, u.Position) })
	c.waiting = slices.DeleteFunc(c.waiting, func(w waiting) bool { return read(w.Thread, w.Position) })
	return nil
}

// advance counts up to upto.
func (a *Accounts) advance(ctx context.Context, c *counter, upto int64) error {
	room, own := rooms.RoomTopic(c.roomID), rooms.UserTopic(c.userID)
	if c.at > 0 {
		if a.hub.LastChange(room) <= c.at && a.hub.LastChange(own) <= c.at {
			c.at = upto
			return nil
		}
		inRoom, complete := a.hub.Since(room, c.at, upto)
		if complete {
			var ofUser []stream.Entry
			if ofUser, complete = a.hub.Since(own, c.at, upto); complete {
				err := a.follow(ctx, c, inRoom, ofUser)
				if err == nil {
					c.at = upto
					return a.checkpoint(ctx, c, checkpointAfter)
				}
				if !errors.Is(err, errRecount) {
					return err
				}
			}
		}
	}
	return a.recount(ctx, c, upto)
}

// follow takes recent entries of the stream, in the order of positions.
func (a *Accounts) follow(ctx context.Context, c *counter, inRoom, ofUser []stream.Entry) error {
	f := following{a: a, ctx: ctx, c: c}
	for _, entry := range stream.Merge(inRoom, ofUser) {
		if err := f.take(entry); err != nil {
			return err
		}
	}
	return nil
}

// following is one way of a counter along the stream.
type following struct {
	a   *Accounts
	ctx context.Context
	c   *counter
	e   *evaluator // nil until something is evaluated
}

func (f *following) take(entry stream.Entry) error {
	switch v := entry.Value.(type) {
	case *rooms.Event:
		e, err := f.evaluator()
		if err != nil || e == nil {
			return err
		}
		return f.c.take(e, v)
	case *rooms.Receipt:
		if v.UserID == f.c.userID && v.RoomID == f.c.roomID {
			return f.c.read(v.Key, v.ThreadID)
		}
	case *rooms.MembershipChange:
		if v.RoomID == f.c.roomID && v.Membership == "join" && v.Previous != "join" {
			f.c.clear()
		}
	default:
		if entry.Kind == rooms.EntryRendering && len(f.c.waiting) > 0 {
			return f.translated(view.RenderingOf(v))
		}
	}
	return nil
}

// evaluator returns nil for a room that is not known.
func (f *following) evaluator() (*evaluator, error) {
	if f.e != nil {
		return f.e, nil
	}
	room, err := f.a.room(f.ctx, f.c.roomID)
	if err != nil || room == nil {
		return nil, err
	}
	f.e, err = f.a.evaluator(f.ctx, f.c.userID, room)
	return f.e, err
}

func (c *counter) clear() { c.unread, c.waiting, c.older, c.olderUpto = nil, nil, nil, 0 }

// take evaluates one event. A message of the user marks everything before it as read, one in a thread that thread.
func (c *counter) take(e *evaluator, ev *rooms.Event) error {
	if ev.Outcome != rooms.Accepted || ev.Position == 0 {
		return nil
	}
	if ev.Sender == c.userID {
		return c.takeOwn(e, ev)
	}
	c.evaluated++
	seen, err := e.count(ev)
	if err != nil || !seen.concerns() {
		return err
	}
	if seen.thread, err = e.a.threadID(e.ctx, ev); err != nil {
		return err
	}
	c.put(seen)
	return nil
}

// counted is what an event is to a counter.
type counted struct {
	nid, position     int64
	thread            string
	notify, highlight bool
	waits             bool // a translation may say more
}

func (e *evaluator) count(ev *rooms.Event) (counted, error) {
	result := e.evaluate(ev)
	seen := counted{nid: ev.NID, position: ev.Position, notify: result.Notify, highlight: result.Highlight}
	var err error
	if !seen.highlight {
		seen.waits, err = e.awaitsWords(ev)
	}
	return seen, err
}

func (s *counted) concerns() bool { return s.notify || s.waits }

// put takes an event after all others.
func (c *counter) put(s counted) {
	if s.notify {
		c.add(unread{Position: s.position, Thread: s.thread, Highlight: s.highlight})
	}
	if s.waits {
		c.wait(waiting{NID: s.nid, Position: s.position, Thread: s.thread})
	}
}

func (c *counter) takeOwn(e *evaluator, ev *rooms.Event) error {
	if !marksRead(ev) || len(c.unread) == 0 && len(c.older) == 0 && len(c.waiting) == 0 {
		return nil
	}
	thread, err := e.a.threadID(e.ctx, ev)
	if err != nil {
		return err
	}
	return c.read(rooms.HistoryKey{Anchor: ev.Position}, thread)
}

// marksRead leaves out member events: a new display name is sent to every room without the user having looked at it.
func marksRead(ev *rooms.Event) bool { return ev.Type != "m.room.member" }

// threadID returns the event id of the root of an event's thread; "" for the main timeline.
func (a *Accounts) threadID(ctx context.Context, ev *rooms.Event) (string, error) {
	if ev.ThreadRoot == 0 {
		return "", nil
	}
	if id, ok := a.rules.roots.Get(ev.ThreadRoot); ok {
		return id, nil
	}
	events, err := a.rooms.Events(ctx, []int64{ev.ThreadRoot})
	if err != nil {
		return "", fmt.Errorf("reading the root of a thread: %w", err)
	}
	root := events[ev.ThreadRoot]
	if root == nil {
		return "", nil
	}
	a.rules.roots.Add(ev.ThreadRoot, root.ID)
	return root.ID, nil
}
