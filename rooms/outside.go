package rooms

import (
	"context"
	"fmt"
	"slices"

	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
)

// storeOutside stores an invite or a knock in a room that this node is not in, or its end, and tells the user's stream.
func (r *Rooms) storeOutside(ctx context.Context, o OutsideMembership) error {
	err := r.db.Write(ctx, func(tx *sqldb.Tx) error { return r.placeOutside(tx, o) })
	if err != nil {
		return fmt.Errorf("storing the %s of a user in a room outside: %w", o.Membership, err)
	}
	return nil
}

func (r *Rooms) placeOutside(tx *sqldb.Tx, o OutsideMembership) error {
	o.Position = tx.NextPosition()
	if o.Stripped == nil {
		o.Stripped = []byte("[]")
	}
	if err := upsertOutside(tx, &o); err != nil {
		return err
	}
	tx.OnCommit(func() {
		r.hub.Append(stream.Entry{
			Position: o.Position, Topic: UserTopic(o.UserID), Kind: EntryOutside, Value: &o,
			Size: entryOverhead + len(o.JSON) + len(o.Stripped),
		})
	})
	return nil
}

// endOutside ends an invite or a knock: with the event that ended it, or, where no server told one, with one that this
// node makes for its own user alone.
func (r *Rooms) endOutside(ctx context.Context, o *OutsideMembership, by *Event) error {
	if by == nil {
		f, err := formatOf(o.Version)
		if err != nil {
			return err
		}
		d := &draft{
			typ: "m.room.member", stateKey: &o.UserID, sender: o.UserID, content: []byte(`{"membership":"leave"}`),
			ts: r.now().UnixMilli(),
		}
		noHash := func(reference) (string, error) { return "", nil }
		if by, err = f.build(d, o.RoomID, 1, nil, nil, noHash, r.signer); err != nil {
			return err
		}
	}
	return r.storeOutside(ctx, OutsideMembership{
		UserID: o.UserID, RoomID: o.RoomID, Version: o.Version, Membership: "leave", Sender: by.Sender, EventID: by.ID,
		JSON: by.JSON,
	})
}

// raiseInvites gives the invites from outside that answer a removal a place behind it. Their server sends both at once when it
// reaches this node again, so that the invite may be here first; what a client is told of a room is the later of the two.
func (b *batch) raiseInvites(tx *sqldb.Tx) error {
	for _, c := range b.changes {
		if c.member == nil || c.before != "join" || c.after == "join" || !b.rm.r.isLocal(c.delta.StateKey) {
			continue
		}
		o, err := oneOutside(tx.QueryRow(selectOneOutside, c.delta.StateKey, b.rm.id))
		if err != nil {
			return err
		}
		if o == nil || o.Membership != "invite" || !o.follows(c.member) {
			continue
		}
		if err := b.rm.r.placeOutside(tx, *o); err != nil {
			return err
		}
	}
	return nil
}

// follows reports whether an event is among those that authorise the outside membership.
func (o *OutsideMembership) follows(ev *Event) bool {
	f, err := formatOf(o.Version)
	if err != nil {
		return false
	}
	in, err := f.parse(o.JSON)
	return err == nil && slices.Contains(in.auth, ev.ID)
}

// retireOutside ends the outside memberships of a room that this node has just joined: what its state says of the users
// counts from now on. Those of whom it says nothing are told that their invite or knock is gone.
func (b *batch) retireOutside() {
	roomID, state := b.rm.id, &b.st
	b.stores = append(b.stores, func(tx *sqldb.Tx) error {
		all, err := takeOutside(tx, roomID)
		if err != nil {
			return err
		}
		for _, o := range all {
			if o.Membership == "leave" || state.membership(o.UserID) != "" {
				continue
			}
			o.Membership = "leave"
			if err := b.rm.r.placeOutside(tx, o); err != nil {
				return err
			}
		}
		return nil
	})
}
