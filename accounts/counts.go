package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/rooms"
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
}

func newCountCache() *countCache { return &countCache{counters: map[[2]string]*counter{}} }

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
}

// counter counts for one user in one room. at 0 means that nothing is known.
type counter struct {
	mu             sync.Mutex
	userID, roomID string
	at             int64
	unread         []unread // ascending
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
	for _, u := range c.unread {
		if u.Position <= upto {
			add(u.Thread, u.counts())
		}
	}
	return out
}

func (u unread) counts() ThreadCounts { return ThreadCounts{1, number(u.Highlight)} }

// add counts a notification.
func (c *counter) add(u unread) {
	c.unread = append(c.unread, u)
	if len(c.unread) <= maxUnread {
		return
	}
	half := c.unread[:maxUnread/2]
	if c.older == nil {
		c.older = map[string]ThreadCounts{}
	}
	for _, old := range half {
		sum := c.older[old.Thread]
		c.older[old.Thread] = ThreadCounts{sum.Notify + 1, sum.Highlight + old.counts().Highlight}
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
	c.unread = slices.DeleteFunc(c.unread, func(u unread) bool {
		return covers(u.Thread) && !key.Less(rooms.HistoryKey{Anchor: u.Position})
	})
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
	var e *evaluator
	for _, entry := range merge(inRoom, ofUser) {
		switch v := entry.Value.(type) {
		case *rooms.Event:
			if e == nil {
				room, err := a.room(ctx, c.roomID)
				if err != nil || room == nil {
					return err
				}
				if e, err = a.evaluator(ctx, c.userID, room); err != nil {
					return err
				}
			}
			if err := c.take(e, v); err != nil {
				return err
			}
		case *rooms.Receipt:
			if v.UserID != c.userID || v.RoomID != c.roomID {
				continue
			}
			if err := c.read(v.Key, v.ThreadID); err != nil {
				return err
			}
		case *rooms.MembershipChange:
			if v.RoomID == c.roomID && v.Membership == "join" && v.Previous != "join" {
				c.clear()
			}
		}
	}
	return nil
}

// merge puts two ascending lists together.
func merge(x, y []stream.Entry) []stream.Entry {
	if len(y) == 0 {
		return x
	}
	out := make([]stream.Entry, 0, len(x)+len(y))
	for len(x) > 0 && len(y) > 0 {
		if x[0].Position <= y[0].Position {
			out, x = append(out, x[0]), x[1:]
		} else {
			out, y = append(out, y[0]), y[1:]
		}
	}
	return append(append(out, x...), y...)
}

func (c *counter) clear() { c.unread, c.older, c.olderUpto = nil, nil, 0 }

// take evaluates one event. A message of the user marks everything before it as read, one in a thread that thread.
func (c *counter) take(e *evaluator, ev *rooms.Event) error {
	if ev.Outcome != rooms.Accepted || ev.Position == 0 {
		return nil
	}
	if ev.Sender == c.userID {
		return c.takeOwn(e, ev)
	}
	c.evaluated++
	result := e.evaluate(ev)
	if !result.Notify {
		return nil
	}
	thread, err := e.a.threadID(e.ctx, ev)
	if err != nil {
		return err
	}
	c.add(unread{Position: ev.Position, Thread: thread, Highlight: result.Highlight})
	return nil
}

func (c *counter) takeOwn(e *evaluator, ev *rooms.Event) error {
	if !marksRead(ev) || len(c.unread) == 0 && len(c.older) == 0 {
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

// recount counts from the database: from the last checkpoint if it still holds, else from what was read last.
func (a *Accounts) recount(ctx context.Context, c *counter, upto int64) error {
	room, err := a.room(ctx, c.roomID)
	if err != nil {
		return err
	}
	if room == nil || room.Membership(c.userID) != "join" {
		c.clear()
		c.at = upto
		return nil
	}
	r := &recounting{a: a, c: c, upto: upto, from: a.loadCheckpoint(ctx, c, upto)}
	if r.e, err = a.evaluator(ctx, c.userID, room); err != nil {
		return err
	}
	if err := r.readReceipts(ctx); err != nil {
		return err
	}
	if err := r.run(ctx); err != nil {
		return err
	}
	c.at = upto
	return a.checkpoint(ctx, c, checkpointAfter)
}

// recounting is one recount. It goes backwards, since what was read last is mostly near.
type recounting struct {
	a        *Accounts
	c        *counter
	e        *evaluator
	upto     int64
	from     int64                       // the checkpoint holds everything up to here
	floor    rooms.HistoryKey            // everything up to here is read
	threads  map[string]rooms.HistoryKey // as well, per thread; mainThread for the main timeline
	receipts []rooms.Receipt
}

// readReceipts finds from where on events may be unread: after the receipts, and after the user joined.
func (r *recounting) readReceipts(ctx context.Context) error {
	receipts, err := r.a.rooms.UserReceipts(ctx, r.c.roomID, r.c.userID)
	if err != nil {
		return fmt.Errorf("reading a user's receipts: %w", err)
	}
	intervals, err := r.a.rooms.Intervals(ctx, r.c.roomID, r.c.userID)
	if err != nil {
		return fmt.Errorf("reading since when a user is joined: %w", err)
	}
	for i := len(intervals) - 1; i >= 0 && intervals[i].Membership == "join"; i-- {
		r.floor = intervals[i].From
	}
	r.threads = map[string]rooms.HistoryKey{}
	r.receipts = receipts
	for _, receipt := range receipts {
		r.mark(receipt.Key, receipt.ThreadID)
	}
	return nil
}

func (r *recounting) mark(key rooms.HistoryKey, threadID string) {
	if threadID == "" {
		if r.floor.Less(key) {
			r.floor = key
		}
		return
	}
	if r.threads[threadID].Less(key) {
		r.threads[threadID] = key
	}
}

// run reads backwards and then applies what it found forwards.
func (r *recounting) run(ctx context.Context) error {
	bottom := r.floor
	if checkpoint := (rooms.HistoryKey{Anchor: r.from}); bottom.Less(checkpoint) {
		bottom = checkpoint
	}
	var found []unread // newest first
	at := rooms.HistoryKey{Anchor: r.upto}
	for bottom.Less(at) {
		page, err := r.a.rooms.Timeline(ctx, r.c.roomID, at, bottom, rooms.Backward, countPage, false)
		if err != nil {
			return fmt.Errorf("reading what may be unread: %w", err)
		}
		for _, ev := range page.Events {
			if found, err = r.take(found, ev); err != nil {
				return err
			}
		}
		if page.Gap || page.Done || len(page.Events) == 0 || !page.Next.Less(at) {
			break
		}
		at = page.Next
		if bottom.Less(r.floor) {
			bottom = r.floor // an own message was found
		}
	}
	return r.apply(found)
}

// take evaluates one event on the way back.
func (r *recounting) take(found []unread, ev *rooms.Event) ([]unread, error) {
	if ev.Position == 0 || ev.Outcome != rooms.Accepted || !r.floor.Less(ev.Key) {
		return found, nil
	}
	if ev.Sender == r.c.userID {
		if !marksRead(ev) {
			return found, nil
		}
		thread, err := r.a.threadID(r.e.ctx, ev)
		if err == nil {
			r.mark(ev.Key, thread)
		}
		return found, err
	}
	r.c.evaluated++
	result := r.e.evaluate(ev)
	if !result.Notify {
		return found, nil
	}
	thread, err := r.a.threadID(r.e.ctx, ev)
	if err != nil || !r.threads[threadName(thread)].Less(ev.Key) {
		return found, err
	}
	return append(found, unread{Position: ev.Position, Thread: thread, Highlight: result.Highlight}), nil
}

func threadName(thread string) string {
	if thread == "" {
		return mainThread
	}
	return thread
}

// apply takes what is read out of the checkpoint and adds what was found.
func (r *recounting) apply(found []unread) error {
	if err := r.c.read(r.floor, ""); err != nil {
		return r.withoutCheckpoint(err)
	}
	for thread, key := range r.threads {
		if err := r.c.read(key, thread); err != nil {
			return r.withoutCheckpoint(err)
		}
	}
	for _, u := range slices.Backward(found) {
		r.c.add(u)
	}
	return nil
}

// withoutCheckpoint counts everything when a receipt lies among the sums of the checkpoint.
func (r *recounting) withoutCheckpoint(err error) error {
	if !errors.Is(err, errRecount) {
		return err
	}
	r.c.clear()
	r.from = 0
	return r.run(r.e.ctx)
}

// checkpoint is a counter as it is stored.
type checkpoint struct {
	Unread    []unread                `json:"unread,omitempty"`
	Older     map[string]ThreadCounts `json:"older,omitempty"`
	OlderUpto int64                   `json:"older_upto,omitempty"`
}

// loadCheckpoint puts a stored counter into c and returns the position up to which it holds; 0 if there is none.
func (a *Accounts) loadCheckpoint(ctx context.Context, c *counter, upto int64) int64 {
	c.clear()
	position, raw, err := a.readCheckpoint(ctx, c.userID, c.roomID)
	if err != nil || position == 0 || position > upto {
		return 0 // counting from the beginning is always right
	}
	var stored checkpoint
	if json.Unmarshal(raw, &stored) != nil {
		return 0
	}
	c.unread, c.older, c.olderUpto = stored.Unread, stored.Older, stored.OlderUpto
	return position
}

// checkpoint stores the counter after many evaluations.
func (a *Accounts) checkpoint(ctx context.Context, c *counter, after int) error {
	if c.evaluated < after {
		return nil
	}
	raw, err := json.Marshal(checkpoint{c.unread, maps.Clone(c.older), c.olderUpto})
	if err != nil {
		return fmt.Errorf("encoding notification counts: %w", err)
	}
	position := c.at
	err = a.db.Write(ctx, func(tx *sqldb.Tx) error { return upsertCheckpoint(tx, c.userID, c.roomID, position, raw) })
	if err != nil {
		a.log.WithError(err).Warn("storing notification counts") // they are only counted again
		return nil
	}
	c.evaluated = 0
	return nil
}
