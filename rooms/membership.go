package rooms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tidwall/gjson"

	"medixchange/rooms/resolve"
)

// SetMembership carries out a join, leave, invite, kick, ban, unban or knock of a local user, here if this node is in the
// room, else through a server that is. It returns the room's id. Errors: ErrForbidden, ErrNotFound, ErrInvalidParam,
// ErrBadEvent, ErrTooLarge, ErrBusy, ErrUnreachable, ErrIncompatibleRoom.
func (r *Rooms) SetMembership(ctx context.Context, req MembershipRequest) (roomID string, err error) {
	if req.Txn == nil {
		return req.RoomID, r.setMembership(ctx, req)
	}
	_, err = r.once(ctx, req.Sender, *req.Txn, func(ctx context.Context) (string, error) {
		return "", r.setMembership(ctx, req)
	})
	return req.RoomID, err
}

func (r *Rooms) setMembership(ctx context.Context, req MembershipRequest) error {
	if err := checkMembership(&req); err != nil {
		return err
	}
	if req.Membership == "invite" {
		if err := r.mayInvite(ctx, req.Sender, req.Target); err != nil {
			return err
		}
	}
	rm, err := r.active.get(ctx, req.RoomID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if err != nil || rm.snapshot.Load().LocalJoined() == 0 {
		done, err := r.setOutside(ctx, rm, &req)
		if done || err != nil {
			return err
		}
	}
	content, err := encodeContent(rm.format, req.content())
	if err != nil {
		return err
	}
	d := &draft{typ: "m.room.member", stateKey: &req.Target, sender: req.Sender, content: content, ts: r.now().UnixMilli()}
	if req.Membership == "invite" && !r.isLocal(req.Target) {
		_, err := r.inviteRemote(ctx, rm.id, d, req.Txn)
		return err
	}
	return r.setHere(ctx, rm, &req, d)
}

// setHere makes the member event in a room that this node is in.
func (r *Rooms) setHere(ctx context.Context, rm *room, req *MembershipRequest, d *draft) error {
	var via string
	if req.Membership == "join" {
		var err error
		if via, err = r.authoriser(ctx, rm.snapshot.Load(), req.Sender); err != nil {
			if len(req.Via) > 0 && (errors.Is(err, ErrUnableToAuthorise) || errors.Is(err, ErrUnableToGrant)) {
				_, err = r.joinRemote(ctx, *req)
			}
			return err
		}
	}
	return r.do(ctx, rm.id, false, func(b *batch) error {
		if done, err := b.checkMembership(req); done || err != nil {
			return err
		}
		made := *d
		if via != "" && b.st.membership(req.Sender) != "join" {
			made.content = appendMember(d.content, "join_authorised_via_users_server", via)
			canonical, err := rm.format.canonicalContent(made.content)
			if err != nil {
				return err
			}
			made.content = canonical
		}
		_, err := b.send(&made, req.Txn)
		return err
	})
}

// setOutside handles what concerns a room that this node is not in; rm is nil if it is not known at all. done is false
// when the room's own state has to say what is wrong.
func (r *Rooms) setOutside(ctx context.Context, rm *room, req *MembershipRequest) (done bool, err error) {
	switch {
	case req.Membership == "join":
		_, err = r.joinRemote(ctx, *req)
	case req.Membership == "knock":
		_, err = r.knockRemote(ctx, *req)
	case req.Membership == "leave" && req.Sender == req.Target:
		err = r.leaveRemote(ctx, *req)
	case rm == nil:
		return true, fmt.Errorf("room %s: %w", req.RoomID, ErrNotFound)
	default:
		err = fmt.Errorf("sender is not in the room: %w", ErrForbidden)
	}
	return true, err
}

func checkMembership(req *MembershipRequest) error {
	if !isUserID(req.Sender) || !isUserID(req.Target) {
		return fmt.Errorf("malformed user id: %w", ErrInvalidParam)
	}
	switch req.Membership {
	case "join", "knock":
		if req.Sender != req.Target {
			return fmt.Errorf("nobody joins or knocks for somebody else: %w", ErrForbidden)
		}
	case "leave", "invite", "ban":
	default:
		return fmt.Errorf("membership %q: %w", req.Membership, ErrInvalidParam)
	}
	return nil
}

// content returns the content of the member event.
func (req *MembershipRequest) content() map[string]json.RawMessage {
	profile := MemberProfile{}
	if slices.Contains([]string{"join", "invite", "knock"}, req.Membership) {
		profile = req.Profile
	}
	content := memberContent(req.Membership, profile)
	for key, value := range req.Content {
		if key != "membership" && key != "join_authorised_via_users_server" {
			content[key] = value
		}
	}
	if req.Reason != "" {
		content["reason"] = quoted(req.Reason)
	}
	return content
}

func memberContent(membership string, p MemberProfile) map[string]json.RawMessage {
	content := map[string]json.RawMessage{"membership": quoted(membership)}
	if p.DisplayName != "" {
		content["displayname"] = quoted(p.DisplayName)
	}
	if p.AvatarURL != "" {
		content["avatar_url"] = quoted(p.AvatarURL)
	}
	return content
}

// checkMembership refuses what the authorisation rules would allow but the request does not mean: to lift a ban by
// kicking, to unban or kick someone who is not banned or not there. done says that it is so already.
func (b *batch) checkMembership(req *MembershipRequest) (done bool, err error) {
	now := b.st.membership(req.Target)
	switch {
	case req.Membership == "leave" && req.Unban:
		if now != "ban" {
			return false, fmt.Errorf("user is not banned: %w", ErrForbidden)
		}
	case req.Membership == "leave" && req.Sender == req.Target:
		return now == "leave", nil
	case req.Membership == "leave" && now == "ban":
		return false, fmt.Errorf("user is banned; a ban ends by unban: %w", ErrForbidden)
	case req.Membership == "leave" && (now == "" || now == "leave"):
		return false, fmt.Errorf("user is not in the room: %w", ErrForbidden)
	case req.Membership == "invite" && now == "join":
		return false, fmt.Errorf("user is in the room already: %w", ErrForbidden)
	}
	return false, nil
}

// authoriser returns the local user in whose name this node authorises a join to a restricted room, "" where none is
// needed. Errors: ErrForbidden (the conditions are not met), ErrUnableToAuthorise (this node cannot tell),
// ErrUnableToGrant (no local user may invite).
func (r *Rooms) authoriser(ctx context.Context, s *Snapshot, userID string) (string, error) {
	if f := formats[s.Version]; !f.restricted || s.JoinRule != "restricted" && s.JoinRule != "knock_restricted" {
		return "", nil
	}
	if m := s.Membership(userID); m == "join" || m == "invite" || m == "ban" {
		return "", nil
	}
	rules, err := r.StateEvent(ctx, s.RoomID, "m.room.join_rules", "")
	if err != nil {
		return "", err
	}
	if err := r.meetsRestriction(ctx, rules.Content().Get("allow"), userID); err != nil {
		return "", err
	}
	if via := s.localInviter(); via != "" {
		return via, nil
	}
	return "", fmt.Errorf("room %s: %w", s.RoomID, ErrUnableToGrant)
}

// meetsRestriction checks the conditions of a restricted room, of which one has to hold.
func (r *Rooms) meetsRestriction(ctx context.Context, allow gjson.Result, userID string) error {
	outcome := fmt.Errorf("user is in none of the rooms that would let them in: %w", ErrForbidden)
	for _, condition := range allow.Array() {
		if condition.Get("type").Str != "m.room_membership" {
			continue
		}
		s, err := r.Snapshot(ctx, condition.Get("room_id").Str)
		switch {
		case errors.Is(err, ErrNotFound), err == nil && s.LocalJoined() == 0:
			outcome = fmt.Errorf("not in room %s: %w", condition.Get("room_id").Str, ErrUnableToAuthorise)
		case err != nil:
			return err
		case s.Membership(userID) == "join":
			return nil
		}
	}
	return outcome
}

// localInviter returns a joined user of this node who may invite, "" without one.
func (s *Snapshot) localInviter() string {
	needed := s.InvitePower()
	found := ""
	try := func(userID string) bool {
		if _, here := s.state.locals.get(userID); here && s.PowerLevel(userID) >= needed {
			found = userID
		}
		return found == ""
	}
	for userID := range s.state.facts.creators {
		try(userID)
	}
	for userID := range s.state.facts.levels.users {
		try(userID)
	}
	if found == "" && s.state.facts.levels.usersDefault >= needed {
		s.state.locals.each(func(userID string, _ struct{}) bool { return try(userID) })
	}
	return found
}

// UpdateProfile renews a local user's member event in every room they are joined to. Rooms that refuse it are skipped and
// logged; a room that is busy or a database that fails is an error, and the caller may simply call again.
func (r *Rooms) UpdateProfile(ctx context.Context, userID string, p MemberProfile) error {
	rooms, err := r.UserRooms(ctx, userID)
	if err != nil {
		return err
	}
	for _, room := range rooms {
		if room.Membership != "join" {
			continue
		}
		err := r.updateMember(ctx, room.RoomID, userID, p)
		if errors.Is(err, ErrForbidden) || errors.Is(err, ErrNotFound) {
			r.log.WithError(err).WithField("room_id", room.RoomID).Info("profile not renewed in a room")
			continue
		}
		if err != nil {
			return fmt.Errorf("renewing the profile in room %s: %w", room.RoomID, err)
		}
	}
	return nil
}

func (r *Rooms) updateMember(ctx context.Context, roomID, userID string, p MemberProfile) error {
	return r.do(ctx, roomID, false, func(b *batch) error {
		nid := b.st.stateNID(resolve.StateKey{Type: "m.room.member", Key: userID})
		if b.st.membership(userID) != "join" {
			return nil
		}
		old, err := b.event(nid)
		if err != nil {
			return err
		}
		content := map[string]json.RawMessage{}
		old.Content().ForEach(func(key, value gjson.Result) bool {
			content[key.Str] = json.RawMessage(value.Raw)
			return true
		})
		for _, key := range []string{"displayname", "avatar_url", "reason", "join_authorised_via_users_server"} {
			delete(content, key)
		}
		for key, value := range memberContent("join", p) {
			content[key] = value
		}
		canonical, err := encodeContent(b.rm.format, content)
		if err != nil {
			return err
		}
		d := &draft{typ: "m.room.member", stateKey: &userID, sender: userID, content: canonical, ts: b.nowMS()}
		_, err = b.send(d, nil)
		return err
	})
}
