package rooms

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"medixchange/rooms/resolve"
)

// outlierTask is how many outliers are admitted in one task of a room, so that fetching a large state does not hold up
// its users.
const outlierTask = 200

// prepareChunk fetches what judging a chunk of history takes: auth events that are not here, and the state before the
// events whose own past is not known. The result is that state, by event.
func (r *Rooms) prepareChunk(ctx context.Context, room roomRef, server string, chunk []*incoming) (map[string]resolve.State, error) {
	inChunk := map[string]bool{}
	var before, auth []string
	for _, in := range chunk {
		inChunk[in.event.ID] = true
		before = append(before, in.prev...)
		auth = append(auth, in.auth...)
	}
	known, err := r.EventsByID(ctx, before)
	if err != nil {
		return nil, err
	}
	states := map[string]resolve.State{}
	for _, in := range chunk {
		entry := false
		for _, id := range in.prev {
			ev := known[id]
			entry = entry || !inChunk[id] && (ev == nil || ev.StateAfter == 0)
		}
		if !entry {
			continue
		}
		if len(states) == maxEntries {
			break // the others cannot be judged yet and stay missing
		}
		state, err := r.fetchState(ctx, room, server, in.event.ID)
		if err != nil {
			return nil, err
		}
		states[in.event.ID] = state
	}
	return states, r.fetchAuth(ctx, room, server, auth, inChunk)
}

// fetchState asks a server for the state before an event and returns it, with everything it names stored as outliers.
func (r *Rooms) fetchState(ctx context.Context, room roomRef, server, eventID string) (resolve.State, error) {
	stateIDs, authIDs, err := r.remote.StateIDs(ctx, server, room.id, eventID)
	if err != nil {
		return nil, fmt.Errorf("asking for the state before an event: %w", err)
	}
	unknown, err := r.unknownOf(ctx, append(append([]string(nil), stateIDs...), authIDs...))
	if err != nil {
		return nil, err
	}
	if len(unknown) > 0 {
		pdus, err := r.fetchMany(ctx, room, server, eventID, unknown)
		if err != nil {
			return nil, err
		}
		wanted := map[string]bool{}
		for _, id := range unknown {
			wanted[id] = true
		}
		if err := r.admitOutliers(ctx, room, pdus, wanted); err != nil {
			return nil, err
		}
	}
	return r.stateFromIDs(ctx, room, stateIDs)
}

const (
	fewEvents  = 20 // so many events of a state are asked for one by one
	fewAtATime = 5
)

// fetchMany fetches events of the state before an event: a few of them alone, many with the whole state.
func (r *Rooms) fetchMany(ctx context.Context, room roomRef, server, eventID string, ids []string) ([][]byte, error) {
	if len(ids) > fewEvents {
		state, auth, err := r.remote.State(ctx, server, room.id, eventID)
		if err != nil {
			return nil, fmt.Errorf("asking for the events of a state: %w", err)
		}
		return append(state, auth...), nil
	}
	found := make([][]byte, len(ids))
	slots := make(chan struct{}, fewAtATime)
	var asking sync.WaitGroup
	for i, id := range ids {
		slots <- struct{}{}
		asking.Go(func() {
			defer func() { <-slots }()
			if pdu, err := r.remote.Event(ctx, server, id); err == nil {
				found[i] = pdu
			}
		})
	}
	asking.Wait()
	return slices.DeleteFunc(found, func(pdu []byte) bool { return pdu == nil }), nil
}

func (r *Rooms) unknownOf(ctx context.Context, ids []string) ([]string, error) {
	found, err := r.EventsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	var unknown []string
	seen := map[string]bool{}
	for _, id := range ids {
		if found[id] == nil && !seen[id] {
			seen[id] = true
			unknown = append(unknown, id)
		}
	}
	return unknown, nil
}

// stateFromIDs makes a state of the events with these ids, leaving out what was refused. ErrUnreachable when some are not here.
func (r *Rooms) stateFromIDs(ctx context.Context, room roomRef, ids []string) (resolve.State, error) {
	found, err := r.EventsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	entries := make([]resolve.Entry, 0, len(ids))
	for _, id := range ids {
		ev := found[id]
		if ev == nil || ev.RoomNID != room.nid || ev.Outcome == Awaiting {
			return nil, fmt.Errorf("event %s of a state could not be had: %w", id, ErrUnreachable)
		}
		if ev.IsState() && ev.Outcome != Rejected {
			entries = append(entries, resolve.Entry{Key: ev.KeyNID, NID: ev.NID})
		}
	}
	return resolve.NewState(entries), nil
}

// fetchAuth fetches the auth events that are neither here nor in the chunk, and theirs. What cannot be had leaves the
// events that name it unjudged.
func (r *Rooms) fetchAuth(ctx context.Context, room roomRef, server string, ids []string, inChunk map[string]bool) error {
	f, err := formatOf(room.version)
	if err != nil {
		return err
	}
	asked := map[string]bool{}
	var pdus [][]byte
	for level := ids; len(level) > 0; {
		unknown, err := r.unknownOf(ctx, level)
		if err != nil {
			return err
		}
		level = nil
		for _, id := range unknown {
			if inChunk[id] || asked[id] || len(asked) == maxAuthFetch {
				continue
			}
			asked[id] = true
			pdu, err := r.remote.Event(ctx, server, id)
			if err != nil {
				continue
			}
			if in, err := f.parse(pdu); err == nil && in.event.ID == id {
				pdus = append(pdus, pdu)
				level = append(level, in.auth...)
			}
		}
	}
	if len(pdus) == 0 {
		return nil
	}
	return r.admitOutliers(ctx, room, pdus, asked)
}

// admitOutliers stores those of the PDUs that are wanted (nil: all) as outliers, auth events first. What is malformed, badly signed
// or cannot be authorised is left out.
func (r *Rooms) admitOutliers(ctx context.Context, room roomRef, pdus [][]byte, wanted map[string]bool) error {
	byID, err := r.verified(ctx, room, pdus)
	if err != nil {
		return err
	}
	var outliers []*incoming
	for id, in := range byID {
		if wanted == nil || wanted[id] {
			in.outlier = true
			outliers = append(outliers, in)
		}
	}
	outliers = earlierFirst(outliers, func(in *incoming) []string { return in.auth })
	for len(outliers) > 0 {
		n := min(len(outliers), outlierTask)
		some := outliers[:n]
		err := r.do(ctx, room.id, true, func(b *batch) error {
			if err := b.expect(some); err != nil {
				return err
			}
			for _, in := range some {
				_, err := b.admit(in)
				var lacks *missingError
				if err != nil && !errors.As(err, &lacks) {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("storing events without a place: %w", err)
		}
		outliers = outliers[n:]
	}
	return nil
}
