package resolve

import (
	"context"
	"fmt"
	"slices"

	"github.com/matrix-org/gomatrixserverlib"
	"github.com/matrix-org/gomatrixserverlib/spec"
)

// resolveV1 resolves by the algorithm of room version 1, with the library's implementation. There a place is in conflict
// only if states have different events for it: what just some have stays.
func (r *Resolver) resolveV1(ctx context.Context, s *split) (State, error) {
	run := &resolution{r: r, split: s, events: map[int64]*Event{}, resolved: map[int64]int64{}}
	var nids []int64
	for _, key := range s.keys {
		var at []int64
		for _, state := range s.states {
			if nid := state.Get(key); nid != 0 && !slices.Contains(at, nid) {
				at = append(at, nid)
			}
		}
		if len(at) == 1 {
			run.resolved[key] = at[0]
			continue
		}
		nids = append(nids, at...)
	}
	conflicted := slices.Clone(nids)
	if err := run.loadEvents(ctx, nids); err != nil {
		return nil, err
	}
	needed, err := run.neededV1(ctx, conflicted)
	if err != nil {
		return nil, err
	}
	if err := run.applyV1(conflicted, needed); err != nil {
		return nil, err
	}
	return s.merge(run.resolved), nil
}

// neededV1 loads the events without conflict that the conflicted ones are checked against, and returns their nids.
func (run *resolution) neededV1(ctx context.Context, conflicted []int64) ([]int64, error) {
	var places []StateKey
	for _, nid := range conflicted {
		for _, k := range run.r.rules.neededAuth(nil, run.events[nid]) {
			places = addKey(places, k)
		}
	}
	keys, err := run.r.loader.Keys(ctx, places)
	if err != nil {
		return nil, fmt.Errorf("looking up state keys: %w", err)
	}
	var needed []int64
	for _, key := range keys {
		if nid := run.at(key); nid != 0 {
			needed = append(needed, nid)
		}
	}
	return needed, run.loadEvents(ctx, slices.Clone(needed))
}

func (run *resolution) applyV1(conflicted, needed []int64) error {
	nids := map[string]*Event{}
	pdus := func(from []int64) ([]gomatrixserverlib.PDU, error) {
		version := gomatrixserverlib.MustGetRoomVersion(gomatrixserverlib.RoomVersionV1)
		var out []gomatrixserverlib.PDU
		for _, nid := range from {
			e := run.events[nid]
			if _, err := spec.NewRoomID(e.RoomID); err != nil { // the library panics where it meets one
				return nil, fmt.Errorf("event %s: %w", e.ID, err)
			}
			pdu, err := version.NewEventFromTrustedJSONWithEventID(e.ID, e.JSON, false)
			if err != nil {
				return nil, fmt.Errorf("reading event %s: %w", e.ID, err)
			}
			nids[pdu.EventID()] = e
			out = append(out, pdu)
		}
		return out, nil
	}
	conflict, err := pdus(conflicted)
	if err != nil {
		return err
	}
	auth, err := pdus(needed)
	if err != nil {
		return err
	}
	for _, pdu := range gomatrixserverlib.ResolveStateConflicts(conflict, auth, userOfSender) {
		if e := nids[pdu.EventID()]; e != nil {
			run.resolved[e.Key] = e.NID
		}
	}
	return nil
}

// userOfSender is the identity: senders are user ids in the room versions of the specification.
func userOfSender(_ spec.RoomID, sender spec.SenderID) (*spec.UserID, error) {
	return spec.NewUserID(string(sender), true)
}
