package rooms

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/tidwall/gjson"

	"medixchange/rooms/resolve"
)

// welcome is what a server answered to a join, on its way into the room.
type welcome struct {
	r      *Rooms
	format *format
	server string
	roomID string
	join   *incoming

	events []*incoming // state and auth chain, each after its auth events
	state  []string    // ids of the state before the join
}

// maxWelcome bounds the events of an answer, which the size of its body bounds already.
const maxWelcome = 200_000

// vet checks the answer: form, hashes and signatures of everything at once, and that it is of this room. What fails is
// left out; without its create event the room is not joined. Whether the events are allowed is checked on entering.
func (w *welcome) vet(ctx context.Context, answer *JoinedState) error {
	if err := w.countersign(ctx, answer.Event); err != nil {
		return err
	}
	state, auth := answer.State, answer.AuthChain
	if answer.MembersOmitted { // it was not asked for; a room without its members could not be served to anybody
		var err error
		if state, auth, err = w.r.remote.State(ctx, w.server, w.roomID, w.join.event.ID); err != nil {
			return fmt.Errorf("asking for the members that a server left out: %w", err)
		}
	}
	if len(state)+len(auth) > maxWelcome {
		return fmt.Errorf("state of %d events: %w", len(state)+len(auth), ErrTooLarge)
	}
	byID := map[string]*incoming{}
	for i, in := range w.parseAll(slices.Concat(state, auth)) {
		if in == nil {
			continue
		}
		if i < len(state) && in.event.IsState() {
			w.state = append(w.state, in.event.ID)
		}
		if byID[in.event.ID] == nil {
			byID[in.event.ID] = in
			w.events = append(w.events, in)
		}
	}
	w.verifyAll(ctx)
	w.events = earlierFirst(w.events, func(in *incoming) []string { return in.auth })
	return w.checkCreate()
}

// countersign takes the copy of the join that a resident server of a restricted room has signed.
func (w *welcome) countersign(ctx context.Context, pdu []byte) error {
	via := w.join.event.Content().Get("join_authorised_via_users_server").Str
	if len(pdu) == 0 || via == "" {
		return nil
	}
	signed, err := w.format.countersigned(w.join, pdu)
	if err != nil {
		return err
	}
	if err := w.r.verifyOne(ctx, w.format, signed); err != nil {
		return err
	}
	w.join = signed
	return nil
}

// parseAll parses PDUs on all processors; nil for what is malformed or of another room.
func (w *welcome) parseAll(pdus [][]byte) []*incoming {
	parsed := make([]*incoming, len(pdus))
	workers := min(runtime.GOMAXPROCS(0), len(pdus)/32+1)
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() {
			for i := worker; i < len(pdus); i += workers {
				in, err := w.format.parse(pdus[i])
				if err == nil && in.event.RoomID == w.roomID {
					in.outlier = true
					parsed[i] = in
				}
			}
		})
	}
	all.Wait()
	return parsed
}

// verifyAll leaves out the events whose signatures do not verify, or cannot be verified because a server is gone.
func (w *welcome) verifyAll(ctx context.Context) {
	pdus := make([][]byte, len(w.events))
	for i, in := range w.events {
		pdus[i] = in.event.JSON
	}
	good := w.events[:0]
	for i, err := range w.r.remote.VerifyPDUs(ctx, w.format.version, pdus) {
		if err != nil {
			w.r.log.WithError(err).WithField("room_id", w.roomID).WithField("event_id", w.events[i].event.ID).
				Warn("an event of a joined room does not verify")
			continue
		}
		good = append(good, w.events[i])
	}
	w.events = good
}

// checkCreate finds the create event among the state and compares the room's version with the one that the join was made
// for. In room version 12 it is the room's by its hash, since parse derives the room's id from it.
func (w *welcome) checkCreate() error {
	for i, in := range w.events {
		if !in.event.IsStateOf("m.room.create", "") || !slices.Contains(w.state, in.event.ID) {
			continue
		}
		// From room version 12 on no event names it, so no order but this puts it first.
		copy(w.events[1:i+1], w.events[:i])
		w.events[0] = in
		version := gjson.GetBytes(in.event.JSON, "content.room_version")
		if orElse(version.Str, "1") != w.format.version {
			return fmt.Errorf("the room has version %s, the join was made for %s: %w", version.Raw, w.format.version, ErrBadEvent)
		}
		return nil
	}
	return fmt.Errorf("the state has no create event of the room: %w", ErrBadEvent)
}

// enter makes this node part of the room in one commit.
func (w *welcome) enter(ctx context.Context) error {
	release, known, err := w.r.active.reserve(ctx, w.roomID)
	if err != nil {
		return err
	}
	defer release()
	if known {
		return w.r.do(ctx, w.roomID, false, w.into)
	}
	for try := 1; ; try++ {
		err := w.makeRoom()
		if !errors.Is(err, errStale) || try == staleTries {
			return err
		}
	}
}

// makeRoom commits the room as a new one.
func (w *welcome) makeRoom() error {
	rm := w.r.newRoom(w.roomID)
	rm.nid, rm.format = w.r.nids.room.Next(), w.format
	b := newBatch(rm)
	defer b.end()
	b.created = true
	if err := w.into(b); err != nil {
		return err
	}
	if err := b.finish(); err != nil {
		return err
	}
	return rm.commit(b)
}

// into admits the state, its auth chain and the join.
func (w *welcome) into(b *batch) error {
	if err := b.expect(w.events); err != nil {
		return err
	}
	for _, in := range w.events {
		_, err := b.admit(in)
		var lacks *missingError
		if err != nil && !errors.As(err, &lacks) {
			return err
		}
	}
	state, err := w.stateIn(b)
	if err != nil {
		return err
	}
	join := *w.join
	stays := b.st.locals.len() > 0
	if unknown, err := b.unknownPast(&join); err != nil {
		return err
	} else if unknown || !stays {
		join.state, join.afterGap, join.anew = state, true, !stays
	}
	ev, err := b.admit(&join)
	if err != nil {
		return err
	}
	if ev.Outcome != Accepted {
		return fmt.Errorf("the join is not allowed by the state that came with it: %w", ErrForbidden)
	}
	if err := b.settle(); err != nil {
		return err
	}
	b.retireOutside()
	return nil
}

// stateIn returns the state before the join, of the events that were allowed.
func (w *welcome) stateIn(b *batch) (resolve.State, error) {
	entries := make([]resolve.Entry, 0, len(w.state))
	for _, id := range w.state {
		ev, err := b.eventByID(id)
		if err != nil {
			return nil, err
		}
		if ev != nil && ev.RoomNID == b.rm.nid && ev.Outcome != Rejected && ev.Outcome != Awaiting {
			entries = append(entries, resolve.Entry{Key: ev.KeyNID, NID: ev.NID})
		}
	}
	return resolve.NewState(entries), nil
}

// unknownPast reports whether the state before an event cannot be told from what is here.
func (b *batch) unknownPast(in *incoming) (bool, error) {
	for _, id := range in.prev {
		ev, err := b.eventByID(id)
		if err != nil {
			return false, err
		}
		if ev == nil || ev.StateAfter == 0 {
			return true, nil
		}
	}
	return len(in.prev) == 0, nil
}
