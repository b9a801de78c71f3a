package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"medixchange/internal/sqldb"
	"medixchange/rooms"
)

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
	a       *Accounts
	c       *counter
	e       *evaluator
	upto    int64
	from    int64                       // the checkpoint holds everything up to here
	floor   rooms.HistoryKey            // everything up to here is read
	threads map[string]rooms.HistoryKey // as well, per thread; mainThread for the main timeline
}

// readReceipts finds from where on events may be unread.
func (r *recounting) readReceipts(ctx context.Context) error {
	receipts, err := r.a.rooms.UserReceipts(ctx, r.c.roomID, r.c.userID)
	if err != nil {
		return fmt.Errorf("reading a user's receipts: %w", err)
	}
	r.threads = map[string]rooms.HistoryKey{}
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
	var found []counted // newest first
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
func (r *recounting) take(found []counted, ev *rooms.Event) ([]counted, error) {
	if ev.Position == 0 || ev.Outcome != rooms.Accepted || !r.floor.Less(ev.Key) {
		return found, nil
	}
	if ev.Sender == r.c.userID {
		if ev.Membership() == "join" {
			return found, r.joined(ev)
		}
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
	seen, err := r.e.count(ev)
	if err != nil || !seen.concerns() {
		return found, err
	}
	seen.thread, err = r.a.threadID(r.e.ctx, ev)
	if err != nil || !r.threads[threadName(seen.thread)].Less(ev.Key) {
		return found, err
	}
	return append(found, seen), nil
}

// joined raises the floor if the user was not joined before ev, which may also be a new display name.
func (r *recounting) joined(ev *rooms.Event) error {
	intervals, err := r.a.rooms.Intervals(r.e.ctx, r.c.roomID, r.c.userID)
	if err != nil {
		return fmt.Errorf("reading since when a user is joined: %w", err)
	}
	for i, interval := range intervals {
		if interval.From == ev.Key && (i == 0 || intervals[i-1].Membership != "join") {
			r.mark(ev.Key, "")
		}
	}
	return nil
}

func threadName(thread string) string {
	if thread == "" {
		return mainThread
	}
	return thread
}

// apply takes what is read out of the checkpoint and adds what was found.
func (r *recounting) apply(found []counted) error {
	if err := r.c.read(r.floor, ""); err != nil {
		return r.withoutCheckpoint(err)
	}
	for thread, key := range r.threads {
		if err := r.c.read(key, thread); err != nil {
			return r.withoutCheckpoint(err)
		}
	}
	for _, seen := range slices.Backward(found) {
		r.c.put(seen)
	}
	return r.c.lookUp(r.e, r.upto)
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
	Waiting   []waiting               `json:"waiting,omitempty"`
	Older     map[string]ThreadCounts `json:"older,omitempty"`
	OlderUpto int64                   `json:"older_upto,omitempty"`
}

// loadCheckpoint puts a stored counter into c and returns the position up to which it holds; 0 if there is none.
func (a *Accounts) loadCheckpoint(ctx context.Context, c *counter, upto int64) int64 {
	c.clear()
	if there, err := a.hasCheckpoint(ctx, c.userID, c.roomID); err != nil || !there {
		return 0
	}
	position, raw, err := a.readCheckpoint(ctx, c.userID, c.roomID)
	if err != nil || position == 0 || position > upto {
		return 0 // counting from the beginning is always right
	}
	var stored checkpoint
	if json.Unmarshal(raw, &stored) != nil {
		return 0
	}
	c.unread, c.waiting, c.older, c.olderUpto = stored.Unread, stored.Waiting, stored.Older, stored.OlderUpto
	return position
}

// hasCheckpoint asks the database once for each user.
func (a *Accounts) hasCheckpoint(ctx context.Context, userID, roomID string) (bool, error) {
	cc := a.counts
	cc.mu.Lock()
	stored := cc.stored[userID]
	_, there := stored[roomID]
	cc.mu.Unlock()
	if stored != nil {
		return there, nil
	}
	ids, err := a.readCheckpointRooms(ctx, userID)
	if err != nil {
		return false, err
	}
	stored = make(map[string]struct{}, len(ids))
	for _, id := range ids {
		stored[id] = struct{}{}
	}
	_, there = stored[roomID]
	cc.mu.Lock()
	defer cc.mu.Unlock()
	if len(cc.stored) >= maxCounters {
		clear(cc.stored)
	}
	cc.stored[userID] = stored
	return there, nil
}

// checkpoint stores the counter after many evaluations.
func (a *Accounts) checkpoint(ctx context.Context, c *counter, after int) error {
	if c.evaluated < after {
		return nil
	}
	raw, err := json.Marshal(checkpoint{c.unread, c.waiting, maps.Clone(c.older), c.olderUpto})
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
	a.counts.mu.Lock()
	defer a.counts.mu.Unlock()
	if stored := a.counts.stored[c.userID]; stored != nil {
		stored[c.roomID] = struct{}{}
	}
	return nil
}
