package topics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"medixchange/rooms"
)

// Round does what is to be done now. An act that fails, since a server is away, is left to the next round.
func (k *Keeper) Round(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.appear(ctx); err != nil {
		return err
	}
	if err := k.takeInvites(ctx); err != nil {
		return err
	}
	space, topics, err := k.own(ctx)
	if err != nil {
		return err
	}
	var errs []error
	if space != nil {
		errs = append(errs, k.keepSpace(ctx, space, topics))
	}
	all, err := k.joined(ctx)
	for _, room := range all {
		if room.RoomType == "m.space" {
			errs = append(errs, k.keepClinicians(ctx, room))
		}
	}
	return errors.Join(append(errs, err)...)
}

// takeInvites joins the spaces of nodes that this one follows, and refuses others.
func (k *Keeper) takeInvites(ctx context.Context) error {
	invites, err := k.invites(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for roomID, inviter := range invites {
		membership := "leave"
		if server := serverOf(inviter); inviter == keeperOf(server) && k.o.Trusted(server) {
			membership = "join"
		}
		errs = append(errs, k.member(ctx, roomID, k.self(), membership, "", serverOf(inviter)))
	}
	return errors.Join(errs...)
}

// invites are those of the node's account, by room, with who made them.
func (k *Keeper) invites(ctx context.Context) (map[string]string, error) {
	outside, err := k.o.Rooms.OutsideMemberships(ctx, k.self())
	if err != nil {
		return nil, fmt.Errorf("reading invites to topic spaces: %w", err)
	}
	found := map[string]string{}
	for _, m := range outside {
		if m.Membership == "invite" {
			found[m.RoomID] = m.Sender
		}
	}
	known, err := k.o.Rooms.UserRooms(ctx, k.self())
	if err != nil {
		return nil, fmt.Errorf("reading invites to topic spaces: %w", err)
	}
	for _, m := range known {
		if m.Membership != "invite" {
			continue
		}
		events, err := k.o.Rooms.Events(ctx, []int64{m.EventNID})
		if err != nil {
			return nil, fmt.Errorf("reading an invite to a topic space: %w", err)
		}
		if ev := events[m.EventNID]; ev != nil {
			found[m.RoomID] = ev.Sender
		}
	}
	return found, nil
}

// keepSpace gives the nodes of admitted members their power in the space that this node made, and takes everybody out of it and its
// rooms who may not be there.
func (k *Keeper) keepSpace(ctx context.Context, space *rooms.Snapshot, topics []*rooms.Snapshot) error {
	admitted := map[string]bool{k.o.Self: true}
	nodes := map[string]int{}
	for _, h := range k.o.Members() {
		if admitted[h.ServerName] = true; h.ServerName != k.o.Self {
			nodes[keeperOf(h.ServerName)] = nodePower
		}
	}
	errs := []error{k.empower(ctx, space, nodes)}
	errs = append(errs, k.remove(ctx, space, func(userID string) bool { return !admitted[serverOf(userID)] })...)
	for node := range nodes {
		if m := space.Membership(node); m != "join" && m != "invite" && m != "ban" {
			errs = append(errs, k.member(ctx, space.RoomID, node, "invite", ""))
		}
	}
	space, err := k.o.Rooms.Snapshot(ctx, space.RoomID)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	for _, room := range topics {
		if _, there := space.StateNIDOf("m.space.child", room.RoomID); !there {
			errs = append(errs, k.putIn(ctx, space.RoomID, room.RoomID))
		}
		errs = append(errs, k.remove(ctx, room, func(userID string) bool { return space.Membership(userID) != "join" })...)
	}
	return errors.Join(errs...)
}

// empower sets the powers of the space if they are others.
func (k *Keeper) empower(ctx context.Context, space *rooms.Snapshot, nodes map[string]int) error {
	ev, err := k.o.Rooms.StateEvent(ctx, space.RoomID, "m.room.power_levels", "")
	if err != nil {
		return fmt.Errorf("reading the powers of the space: %w", err)
	}
	var now struct {
		Users map[string]int `json:"users"`
	}
	if err := json.Unmarshal([]byte(ev.Content().Raw), &now); err == nil && maps.Equal(now.Users, nodes) {
		return nil
	}
	return k.set(ctx, space.RoomID, state{"m.room.power_levels", "", powers(nodes)})
}

// remove takes users out of a room.
func (k *Keeper) remove(ctx context.Context, room *rooms.Snapshot, who func(userID string) bool) []error {
	var out []string
	room.EachMember(func(userID, membership string, _ int64) bool {
		if userID != k.self() && (membership == "join" || membership == "invite" || membership == "knock") && who(userID) {
			out = append(out, userID)
		}
		return len(out) < stepsAtOnce
	})
	var errs []error
	for _, userID := range out {
		errs = append(errs, k.member(ctx, room.RoomID, userID, "leave", removed))
	}
	return errs
}

// removed is the reason of a removal; by it a node knows its own, so that whoever left on their own is not invited again.
const removed = "not a verified clinician of an admitted member"

// keepClinicians invites this hospital's verified clinicians to a space and removes those who are verified no longer.
func (k *Keeper) keepClinicians(ctx context.Context, space *rooms.Snapshot) error {
	if space.Creator != k.self() && space.PowerLevel(k.self()) < nodePower {
		return nil // suspended, or not given the power yet
	}
	verified, err := k.o.Verified(ctx)
	if err != nil {
		return err
	}
	errs := k.remove(ctx, space, func(userID string) bool {
		return serverOf(userID) == k.o.Self && !verified[userID]
	})
	steps := 0
	for userID := range verified {
		wanted, err := k.toInvite(ctx, space, userID)
		if err != nil {
			return err
		}
		if wanted && steps < stepsAtOnce {
			steps++
			errs = append(errs, k.member(ctx, space.RoomID, userID, "invite", ""))
		}
	}
	return errors.Join(errs...)
}

// toInvite reports whether a clinician is to be invited: who never was, or whom a node has taken out. Who left, declined or was
// banned is not asked again.
func (k *Keeper) toInvite(ctx context.Context, space *rooms.Snapshot, userID string) (bool, error) {
	switch space.Membership(userID) {
	case "":
		return true, nil
	case "leave":
		ev, err := k.o.Rooms.StateEvent(ctx, space.RoomID, "m.room.member", userID)
		if err != nil {
			return false, fmt.Errorf("reading why somebody left the space: %w", err)
		}
		return ev.Sender != userID && ev.Content().Get("reason").Str == removed, nil
	}
	return false, nil
}

// member changes a membership. What the room or the user does not allow is left as it is, but a join: an invite can be here
// before the room that it is to knows of it, so that joining is tried again.
func (k *Keeper) member(ctx context.Context, roomID, userID, membership, reason string, via ...string) error {
	req := rooms.MembershipRequest{RoomID: roomID, Sender: k.self(), Target: userID, Membership: membership, Reason: reason, Via: via}
	if membership != "leave" && k.o.Accounts.IsLocal(userID) {
		profile, err := k.o.Accounts.MemberProfile(ctx, userID)
		if err != nil {
			return err
		}
		req.Profile = profile
	}
	_, err := k.o.Rooms.SetMembership(ctx, req)
	if err == nil || membership != "join" && errors.Is(err, rooms.ErrForbidden) {
		return nil
	}
	return fmt.Errorf("making %s %s: %w", userID, membership, err)
}
