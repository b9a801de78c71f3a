package rtc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"medixchange/accounts"
	"medixchange/conference/sfu"
	"medixchange/internal/web"
	"medixchange/rooms"
)

// errNotJoined is what everybody is told who is not in the room, or asks about one that is not known here.
var errNotJoined = web.Forbidden("You are not joined to this room.")

// errNoDevice is what devices are told that are not logged in (any more).
var errNoDevice = web.Forbidden("This device is not logged in.")

// issue gives a member a token for the SFU of this node, if they are joined to the room in our own view of it.
func (r *RTC) issue(ctx context.Context, m Member) (string, error) {
	policy, err := r.mayComeIn(ctx, m)
	if err != nil {
		return "", err
	}
	if err := r.o.SFU.EnsureRoom(ctx, m.SFURoom); err != nil {
		return "", web.Unavailable("The conference cannot begin now. Try again in a moment.").Because(err)
	}
	if _, known := r.members.get(m.place()); !known && r.members.full(m.UserID) {
		return "", web.LimitExceeded(time.Minute)
	}
	m.IssuedTS = r.o.Now().UnixMilli()
	if err := r.note(ctx, m); err != nil {
		return "", err
	}
	if err := r.stillThere(m); err != nil { // it went before it was noted, and so nobody had it removed
		r.evict(m.place())
		return "", err
	}
	grant, err := r.grantOf(ctx, m, policy)
	if err != nil {
		return "", err
	}
	token, err := r.o.SFU.Token(grant)
	if err != nil {
		return "", err
	}
	r.o.Log.WithFields(map[string]any{"user": m.UserID, "room": m.RoomID, "publish": grant.Publish}).Info("token for a conference")
	return token, nil
}

// grantOf is what a member may do: only users of this node publish here (MSC4195, Access token properties).
func (r *RTC) grantOf(ctx context.Context, m Member, policy Policy) (sfu.Grant, error) {
	grant := sfu.Grant{Room: m.SFURoom, Identity: m.Identity, Subscribe: true, Publish: serverOf(m.UserID) == r.o.ServerName}
	if !grant.Publish {
		return grant, nil
	}
	var showing []picture
	if policy.MaxVideo != nil {
		var err error
		if showing, err = r.showingNow(ctx, m.call()); err != nil {
			return grant, err
		}
	}
	grant.Sources = policy.sourcesFor(picture{Identity: m.Identity, UserID: m.UserID}, showing)
	return grant, nil
}

// mayComeIn is mayTakePart for somebody at the door: of our users the device must still be logged in.
func (r *RTC) mayComeIn(ctx context.Context, m Member) (Policy, error) {
	policy, err := r.mayTakePart(ctx, m)
	if err == nil {
		err = r.stillThere(m)
	}
	if err != nil || serverOf(m.UserID) != r.o.ServerName {
		return policy, err
	}
	user, err := r.o.Accounts.User(ctx, m.UserID)
	if err == nil && (user.Locked || user.Suspended || user.Deactivated) {
		return policy, r.refused(m, "the account is locked, suspended or deactivated", errNoDevice)
	}
	if err == nil {
		_, err = r.o.Accounts.Device(ctx, m.UserID, m.DeviceID)
	}
	if errors.Is(err, accounts.ErrNotFound) {
		return policy, r.refused(m, "the device is not logged in", errNoDevice)
	}
	if err != nil {
		return policy, fmt.Errorf("looking whether a device is logged in: %w", err)
	}
	return policy, nil
}

// stillThere refuses a device of another hospital that has just ended, whatever that hospital said before. Our own are looked up.
func (r *RTC) stillThere(m Member) error {
	if serverOf(m.UserID) == r.o.ServerName {
		return nil
	}
	if until, gone := r.departed.Get(device{m.UserID, m.DeviceID}); gone && r.o.Now().UnixMilli() < until {
		return r.refused(m, "the device has just been logged out", errNoDevice)
	}
	return nil
}

// mayTakePart decides whether somebody may be in a conference now, and returns the room's policy.
func (r *RTC) mayTakePart(ctx context.Context, m Member) (Policy, error) {
	server := serverOf(m.UserID)
	if server != r.o.ServerName && !r.o.AllowServer(server) {
		return Policy{}, r.refused(m, "the server may not take part", errNotJoined)
	}
	snapshot, err := r.o.Rooms.Snapshot(ctx, m.RoomID)
	if errors.Is(err, rooms.ErrNotFound) {
		return Policy{}, r.refused(m, "the room is not known here", errNotJoined)
	}
	if err != nil {
		return Policy{}, fmt.Errorf("reading a room for a conference: %w", err)
	}
	if snapshot.Membership(m.UserID) != "join" {
		return Policy{}, r.refused(m, "not joined", errNotJoined)
	}
	allowed, err := r.o.Rooms.ServerACLAllows(ctx, server, m.RoomID)
	if err != nil {
		return Policy{}, fmt.Errorf("reading a room's access list for a conference: %w", err)
	}
	if !allowed {
		return Policy{}, r.refused(m, "the room's access list denies the server", errNotJoined)
	}
	if until, ok := r.removed.Get(place{m.SFURoom, m.UserID}); ok && r.o.Now().UnixMilli() < until {
		return Policy{}, r.refused(m, "removed a moment ago", web.Forbidden("A moderator has removed you from this conference. Try again in a minute."))
	}
	return r.throughTheDoor(ctx, m, snapshot)
}

// throughTheDoor decides by the slot and the room's policy.
func (r *RTC) throughTheDoor(ctx context.Context, m Member, snapshot *rooms.Snapshot) (Policy, error) {
	closed, err := r.slotClosed(ctx, m.RoomID, m.SlotID)
	if err != nil {
		return Policy{}, err
	}
	if closed {
		return Policy{}, r.refused(m, "the slot is closed", web.Forbidden("This conference is closed."))
	}
	policy, err := r.policyOf(ctx, m.RoomID)
	if err != nil {
		return Policy{}, err
	}
	if policy.Locked && !policy.admits(m.UserID) && !moderates(snapshot, m.UserID) {
		if _, inside := r.members.get(m.place()); !inside {
			r.knock(ctx, m)
			return Policy{}, r.refused(m, "the conference is locked", errLocked)
		}
	}
	return policy, nil
}

// refused logs why somebody was not let in.
func (r *RTC) refused(m Member, why string, answer *web.Error) error {
	r.o.Log.WithFields(map[string]any{"user": m.UserID, "room": m.RoomID, "why": why}).Warn("no token for a conference")
	return answer
}

// Admit decides about a connection to the SFU of this node, for [sfu.SFU.Handler]: a token alone is not enough, since it
// outlives the membership.
func (r *RTC) Admit(ctx context.Context, sfuRoom, identity string) error {
	if r.probed(sfuRoom, identity) {
		return nil
	}
	m, known := r.members.get(place{sfuRoom, identity})
	if !known {
		return errors.New("this node gave no such token, or has taken it back")
	}
	_, err := r.mayComeIn(ctx, m)
	return err
}

// ourURL refuses what is asked for another SFU than ours.
func (r *RTC) ourURL(url, who string) error {
	if sameURL(url, r.o.SFU.URL()) {
		return nil
	}
	r.o.Log.WithField("who", who).Warn("a token was asked for a foreign SFU")
	return web.NewError(http.StatusBadRequest, "M_INVALID_PARAM", "This is not an SFU of this server.")
}
