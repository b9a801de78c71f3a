package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/rooms"
)

const typeDirect = "m.direct"

// followUpgrades carries what users have set for a room over to the one that replaces it (Client-Server API, Room
// Upgrades): push rules, tags, whether it is a direct chat.
func (a *Accounts) followUpgrades(ctx context.Context) {
	err := a.hub.Follow(ctx, "accounts.upgrades", stream.FollowOptions{SaveEvery: 10 * time.Second, Gather: stream.Unhurried}, a.carryOver)
	if err != nil && ctx.Err() == nil {
		a.log.WithError(err).Error("following room upgrades ended")
	}
}

// carryOver looks at both sides of an upgrade, since either may come first: members who come into a new room, and old
// rooms that are replaced. A range that is seen again changes nothing.
func (a *Accounts) carryOver(ctx context.Context, from, upto int64) error {
	joins, err := a.rooms.MembershipDeltas(ctx, from, upto)
	if err != nil {
		return fmt.Errorf("reading changes of membership: %w", err)
	}
	for _, d := range joins {
		if d.To != "join" || d.From == "join" || d.From == "leave" || !a.IsLocal(d.UserID) {
			continue // who comes back has arranged the room already
		}
		old, err := a.linked(ctx, d.RoomID, "m.room.create", "predecessor.room_id")
		if err != nil {
			return err
		}
		if err := a.carryIfReplaced(ctx, old, d.RoomID, []string{d.UserID}); err != nil {
			return err
		}
	}
	closed, err := a.rooms.StateChanges(ctx, "m.room.tombstone", from, upto)
	if err != nil {
		return fmt.Errorf("reading which rooms were replaced: %w", err)
	}
	for _, d := range closed {
		if err := a.carryMembers(ctx, d.RoomID); err != nil {
			return err
		}
	}
	return nil
}

// carryMembers carries over for those who are in the new room before the old one says that it was replaced.
func (a *Accounts) carryMembers(ctx context.Context, old string) error {
	successor, err := a.linked(ctx, old, "m.room.tombstone", "replacement_room")
	if err != nil || successor == "" {
		return err
	}
	view, err := a.room(ctx, successor)
	if err != nil || view == nil {
		return err
	}
	return a.carryIfReplaced(ctx, old, successor, view.LocalMembers())
}

// linked returns the room id that a state event of a room names; "" for none.
func (a *Accounts) linked(ctx context.Context, roomID, typ, path string) (string, error) {
	ev, err := a.rooms.StateEvent(ctx, roomID, typ, "")
	if errors.Is(err, rooms.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading %s of a room: %w", typ, err)
	}
	return ev.Content().Get(path).Str, nil
}

// carryIfReplaced carries over if both rooms say so: a new room alone may claim any predecessor, and with it the place
// that another room has among a user's favourites.
func (a *Accounts) carryIfReplaced(ctx context.Context, old, successor string, users []string) error {
	if old == "" || old == successor {
		return nil
	}
	forward, err := a.linked(ctx, old, "m.room.tombstone", "replacement_room")
	if err != nil || forward != successor {
		return err
	}
	back, err := a.linked(ctx, successor, "m.room.create", "predecessor.room_id")
	if err != nil || back != old {
		return err
	}
	for _, userID := range users {
		err := a.db.Write(ctx, func(tx *sqldb.Tx) error { return a.carry(tx, userID, old, successor) })
		if err != nil {
			return fmt.Errorf("carrying settings over to a new room: %w", err)
		}
	}
	return nil
}

func (a *Accounts) carry(tx *sqldb.Tx, userID, old, successor string) error {
	for _, part := range []func(tx *sqldb.Tx, userID, old, successor string) error{a.carryRules, a.carryTags, a.carryDirect} {
		if err := part(tx, userID, old, successor); err != nil {
			return err
		}
	}
	return nil
}

func (a *Accounts) carryRules(tx *sqldb.Tx, userID, old, successor string) error {
	stored, err := readAccountDatum(tx, userID, "", typePushRules)
	if err != nil || stored == nil {
		return err
	}
	set, err := parseRules(userID, stored)
	if err != nil {
		return err
	}
	set, changed := set.CarryOver(old, successor)
	if !changed {
		return nil
	}
	return a.putPushRules(tx, userID, set)
}

func (a *Accounts) carryTags(tx *sqldb.Tx, userID, old, successor string) error {
	tags, err := readAccountDatum(tx, userID, old, typeTags)
	if err != nil || tags == nil {
		return err
	}
	already, err := readAccountDatum(tx, userID, successor, typeTags)
	if err != nil || already != nil {
		return err
	}
	return a.putAccountData(tx, userID, successor, typeTags, tags)
}

func (a *Accounts) carryDirect(tx *sqldb.Tx, userID, old, successor string) error {
	stored, err := readAccountDatum(tx, userID, "", typeDirect)
	if err != nil || stored == nil {
		return err
	}
	var direct map[string][]string
	if json.Unmarshal(stored, &direct) != nil {
		return nil // a client's own form: nothing to carry
	}
	changed := false
	for with, ids := range direct {
		if slices.Contains(ids, old) && !slices.Contains(ids, successor) {
			direct[with], changed = append(ids, successor), true
		}
	}
	if !changed {
		return nil
	}
	content, err := json.Marshal(direct)
	if err != nil {
		return fmt.Errorf("encoding direct chats: %w", err)
	}
	return a.putAccountData(tx, userID, "", typeDirect, content)
}
