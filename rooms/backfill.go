package rooms

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"medixchange/internal/sqldb"
	"medixchange/rooms/resolve"
)

const (
	fillLimit    = 100 // events asked for at a time
	maxMissing   = 200 // event ids that a gap names
	maxAsked     = 5   // servers asked to fill one gap
	retryFill    = 30 * time.Second
	maxFrontier  = 1000 // refused events walked through to find what a gap misses
	maxEntries   = 5    // events of one answer for which the state before has to be fetched
	maxAuthFetch = 100  // auth events fetched one by one for one answer
)

// fillGap asks other servers for the events before a gap and puts them into their place. It returns nil when the gap
// moved down or closed, by this call or another one; several calls for one gap share the work, which a caller that
// gives up does not end. ErrUnreachable: nobody had anything of use; for a while nobody is asked again.
func (r *Rooms) fillGap(ctx context.Context, room roomRef, g *gap) error {
	key := strconv.FormatInt(room.nid, 10) + "/" + strconv.FormatInt(g.key.Anchor, 10)
	if at, ok := r.read.failures.Get(g.failureKey(room)); ok && r.now().Sub(at) < retryFill {
		return fmt.Errorf("filling a gap that could not be filled before: %w", ErrUnreachable)
	}
	done := r.read.fills.DoChan(key, func() (any, error) {
		if !r.read.begin() {
			return nil, fmt.Errorf("filling a gap while stopping: %w", ErrUnreachable)
		}
		defer r.read.working.Done()
		ctx, cancel := context.WithTimeout(r.read.background, fillDeadline)
		defer cancel()
		return nil, r.fillOnce(ctx, room, g)
	})
	select {
	case result := <-done:
		return result.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// failure names a gap in its present form.
type failure struct {
	room int64
	key  HistoryKey
}

func (g *gap) failureKey(room roomRef) failure { return failure{room.nid, g.key} }

func (r *Rooms) fillOnce(ctx context.Context, room roomRef, seen *gap) error {
	g, err := r.openGapAt(ctx, room.nid, seen.key.Anchor)
	if err != nil {
		return err
	}
	if g == nil || g.key != seen.key {
		return nil // done meanwhile
	}
	missing, err := r.frontier(ctx, room, g.missing)
	if err != nil {
		return err
	}
	if !slices.Equal(missing, g.missing) {
		return r.db.Write(ctx, func(tx *sqldb.Tx) error { return moveGap(tx, room.nid, g.key, g.key, missing) })
	}
	servers, err := r.serversToAsk(ctx, room, g)
	if err != nil {
		return err
	}
	for _, server := range servers {
		err := r.fillFrom(ctx, room, server, g)
		if err == nil {
			r.read.metrics.fills.WithLabelValues("filled").Inc()
			return nil
		}
		r.log.WithError(err).WithField("room_id", room.id).WithField("server", server).Info("filling a gap failed")
		if ctx.Err() != nil {
			break
		}
	}
	r.read.metrics.fills.WithLabelValues("failed").Inc()
	r.read.failures.Add(g.failureKey(room), r.now())
	return fmt.Errorf("filling a gap: %w", ErrUnreachable)
}

// serversToAsk lists servers that may have what a gap misses: that of the event after it, then those in the room.
func (r *Rooms) serversToAsk(ctx context.Context, room roomRef, g *gap) ([]string, error) {
	snap, err := r.Snapshot(ctx, room.id)
	if err != nil {
		return nil, err
	}
	after, err := r.historyDown(ctx, room.nid, g.key, g.key.before(), 1)
	if err != nil {
		return nil, err
	}
	events, err := r.inOrder(ctx, nidsOf(after))
	if err != nil {
		return nil, err
	}
	var first []string
	for _, ev := range events {
		first = append(first, serverOf(ev.Sender))
	}
	return r.askable(append(first, snap.Servers()...)), nil
}

// askable keeps the first few servers that are neither this one, nor denied, nor named twice.
func (r *Rooms) askable(servers []string) []string {
	var ask []string
	for _, server := range servers {
		if server != r.server && server != "" && r.allow(server) && !slices.Contains(ask, server) && len(ask) < maxAsked {
			ask = append(ask, server)
		}
	}
	return ask
}

// fillFrom asks one server. It returns nil only if the gap moved or closed.
func (r *Rooms) fillFrom(ctx context.Context, room roomRef, server string, g *gap) error {
	pdus, err := r.remote.Backfill(ctx, server, room.id, g.missing, fillLimit)
	if err != nil {
		return fmt.Errorf("asking for older events: %w", err)
	}
	if len(pdus) > fillLimit {
		r.dropped("too_many", len(pdus)-fillLimit)
		pdus = pdus[:fillLimit]
	}
	chunk, err := r.vetChunk(ctx, room, pdus, g.missing)
	if err != nil {
		return err
	}
	if len(chunk) == 0 {
		return fmt.Errorf("nothing of use among %d events: %w", len(pdus), ErrUnreachable)
	}
	states, err := r.prepareChunk(ctx, room, server, chunk)
	if err != nil {
		return err
	}
	return r.placeChunk(ctx, room, g, chunk, states)
}

func (r *Rooms) dropped(reason string, n int) {
	r.read.metrics.dropped.WithLabelValues(reason).Add(float64(n))
}

// vetChunk returns the events of an answer that are of the room, well signed, and on the way back from the events that
// were asked for to the first ones that have their place here: what comes before those belongs elsewhere. Earlier ones
// come first.
func (r *Rooms) vetChunk(ctx context.Context, room roomRef, pdus [][]byte, asked []string) ([]*incoming, error) {
	byID, err := r.verified(ctx, room, pdus)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(byID))
	for id := range byID {
		ids = append(ids, id)
	}
	known, err := r.EventsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	reached := map[string]bool{}
	for level := asked; len(level) > 0; {
		var next []string
		for _, id := range level {
			if ev := known[id]; ev != nil && placed(ev) {
				continue
			}
			if in := byID[id]; in != nil && !reached[id] {
				reached[id] = true
				next = append(next, in.prev...)
			}
		}
		level = next
	}
	chunk := make([]*incoming, 0, len(reached))
	for id, in := range byID {
		if !reached[id] {
			r.dropped("not_asked", 1)
			continue
		}
		chunk = append(chunk, in)
	}
	return earlierFirst(chunk, func(in *incoming) []string { return in.prev }), nil
}

// verified parses PDUs and checks their signatures and that they are of the room. What fails is dropped.
func (r *Rooms) verified(ctx context.Context, room roomRef, pdus [][]byte) (map[string]*incoming, error) {
	f, err := formatOf(room.version)
	if err != nil {
		return nil, err
	}
	byID := map[string]*incoming{}
	var parsed []*incoming
	var raw [][]byte
	for _, pdu := range pdus {
		in, err := f.parse(pdu)
		switch {
		case err != nil:
			r.dropped("malformed", 1)
		case in.event.RoomID != room.id:
			r.dropped("wrong_room", 1)
		case byID[in.event.ID] != nil:
			r.dropped("twice", 1)
		default:
			byID[in.event.ID] = in
			parsed, raw = append(parsed, in), append(raw, pdu)
		}
	}
	if len(raw) == 0 {
		return nil, nil
	}
	for i, err := range r.remote.VerifyPDUs(ctx, room.version, raw) {
		if err == nil {
			continue
		}
		delete(byID, parsed[i].event.ID)
		if errors.Is(err, ErrKeysUnreachable) {
			r.dropped("keys_unreachable", 1)
		} else {
			r.dropped("bad_signature", 1)
		}
	}
	return byID, nil
}

// earlierFirst sorts events so that each comes after those that parents names; otherwise by depth, time and id.
func earlierFirst(events []*incoming, parents func(*incoming) []string) []*incoming {
	slices.SortFunc(events, func(a, b *incoming) int {
		if c := compare(a.event.Depth, b.event.Depth); c != 0 {
			return c
		}
		if c := compare(a.event.OriginServerTS, b.event.OriginServerTS); c != 0 {
			return c
		}
		if a.event.ID < b.event.ID {
			return -1
		}
		return 1
	})
	byID := make(map[string]*incoming, len(events))
	for _, in := range events {
		byID[in.event.ID] = in
	}
	const opened, done = 1, 2
	state := make(map[string]int, len(events))
	sorted := make([]*incoming, 0, len(events))
	// An explicit stack: a long chain of events must not exhaust the goroutine's.
	stack := make([]*incoming, 0, len(events))
	for _, start := range events {
		stack = append(stack, start)
		for len(stack) > 0 {
			in := stack[len(stack)-1]
			if state[in.event.ID] != 0 { // its parents are sorted, but for one that it goes in a circle with
				stack = stack[:len(stack)-1]
				if state[in.event.ID] == opened {
					state[in.event.ID] = done
					sorted = append(sorted, in)
				}
				continue
			}
			state[in.event.ID] = opened
			for _, id := range parents(in) {
				if parent := byID[id]; parent != nil && state[id] == 0 {
					stack = append(stack, parent)
				}
			}
		}
	}
	return sorted
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// placeChunk puts the events before the gap, in the room's loop, and moves the gap in the same transaction.
func (r *Rooms) placeChunk(ctx context.Context, room roomRef, g *gap, chunk []*incoming, states map[string]resolve.State) error {
	moved := false
	err := r.do(ctx, room.id, true, func(b *batch) error {
		placed, missing, err := b.placeBefore(g.key, chunk, states)
		if err != nil {
			return err
		}
		lowest := g.key
		if len(placed) > 0 {
			lowest = placed[0].Key
		}
		moved = lowest != g.key || !slices.Equal(missing, g.missing)
		if !moved {
			return nil
		}
		b.stores = append(b.stores, func(tx *sqldb.Tx) error {
			if err := keepMemberships(tx, room.nid, lowest, g.key, placed); err != nil {
				return err
			}
			return moveGap(tx, room.nid, g.key, lowest, missing)
		})
		return nil
	})
	if err != nil {
		return fmt.Errorf("placing older events: %w", err)
	}
	if !moved {
		return fmt.Errorf("none of %d events could be placed: %w", len(chunk), ErrUnreachable)
	}
	return nil
}

// placeBefore admits events, earlier ones first, to the places right before a gap. It returns those that have such a
// place now, and the ids that are missing before them.
func (b *batch) placeBefore(at HistoryKey, chunk []*incoming, states map[string]resolve.State) (placed []*Event, missing []string, err error) {
	here := map[string]bool{}
	var open []string
	for i, in := range chunk {
		one := *in
		one.state = states[in.event.ID]
		one.key = &HistoryKey{at.Anchor, at.Sub - int64(len(chunk)-i)}
		ev, err := b.admit(&one)
		var lacks *missingError
		if errors.As(err, &lacks) {
			b.rm.r.dropped("not_authorised_yet", 1)
			continue // it stays among what the gap misses
		}
		if err != nil {
			return nil, nil, err
		}
		here[ev.ID] = true
		open = append(open, in.prev...)
		if ev.Outcome == Accepted && ev.Key == *one.key {
			placed = append(placed, ev)
		}
	}
	for _, in := range chunk {
		if !here[in.event.ID] {
			open = append(open, in.event.ID)
		}
	}
	missing, err = b.rm.r.frontierBut(b.ctx, b.rm.nid, open, here)
	return placed, missing, err
}

// frontier returns which of the events, and of those before refused ones, have no place here: what a gap still misses.
func (r *Rooms) frontier(ctx context.Context, room roomRef, ids []string) ([]string, error) {
	return r.frontierBut(ctx, room.nid, ids, nil)
}

// frontierBut is frontier with events that count as here although they are not committed yet.
func (r *Rooms) frontierBut(ctx context.Context, roomNID int64, ids []string, here map[string]bool) ([]string, error) {
	var missing []string
	seen := map[string]bool{}
	for level := ids; len(level) > 0 && len(seen) < maxFrontier; {
		level = appendUnseen(nil, seen, level)
		level = slices.DeleteFunc(level, func(id string) bool { return here[id] })
		found, err := r.EventsByID(ctx, level)
		if err != nil {
			return nil, err
		}
		var next []string
		for _, id := range level {
			switch ev := found[id]; {
			case ev == nil || ev.RoomNID != roomNID || ev.Outcome == Outlier || ev.Outcome == Awaiting:
				missing = append(missing, id)
			case !placed(ev):
				next = append(next, prevOf(ev)...) // refused: what comes before it belongs to history all the same
			}
		}
		level = next
	}
	return missing[:min(len(missing), maxMissing)], nil
}

// openGap notes that the events before a live one are not here; the commit stores it. prev are its prev_events.
func (b *batch) openGap(ev *Event, prev []string) error {
	here := map[string]bool{}
	for _, a := range b.admitted {
		if a.placed() && a.event.Outcome == Accepted {
			here[a.event.ID] = true
		}
	}
	missing, err := b.rm.r.frontierBut(b.ctx, b.rm.nid, prev, here)
	if err != nil {
		return err
	}
	b.stores = append(b.stores, func(tx *sqldb.Tx) error { return insertGap(tx, ev, missing) })
	return nil
}
