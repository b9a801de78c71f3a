package directory

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"medixchange/internal/stream"
	"medixchange/internal/web"
	"medixchange/rooms"
)

const (
	cursorDuty = "directory.duty"
	// handedOver is how long after the last words in a room the next shift is still brought there by itself; in rooms that were
	// quiet for longer, when somebody writes again.
	handedOver = 3 * 24 * time.Hour
	// activeEvery is how exactly it is remembered when somebody last wrote in a room.
	activeEvery = time.Hour
	retryDuty   = 5 * time.Second
	// kindMessage and kindEncrypted are the events that somebody on duty must see.
	kindMessage, kindEncrypted = "m.room.message", "m.room.encrypted"
)

// Run brings whoever is on duty into the rooms of function accounts until ctx ends, whose error it returns. It follows the
// stream with a cursor of its own, and what a room was told is a row: nobody is told twice, and nothing is forgotten when the
// node stops in between.
func (d *Directory) Run(ctx context.Context) error {
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error {
		return d.o.Hub.Follow(ctx, cursorDuty, stream.FollowOptions{Gather: stream.Unhurried}, d.follow)
	})
	both.Go(func() error { return d.changeShifts(ctx) })
	return both.Wait()
}

// changeShifts tells all rooms when somebody else is on duty, and once at the start.
func (d *Directory) changeShifts(ctx context.Context) error {
	for {
		again := (<-chan time.Time)(nil)
		if err := d.attendAll(ctx); err != nil && ctx.Err() == nil {
			d.o.Log.WithError(err).Warn("telling rooms who is on duty, trying again")
			again = time.After(retryDuty)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-d.wake:
		case <-again:
		}
	}
}

// follow sees to invites of function accounts and to what is written in their rooms.
func (d *Directory) follow(ctx context.Context, from, upto int64) error {
	functions, err := d.functions(ctx)
	if err != nil || len(functions) == 0 {
		return err
	}
	complete, err := d.o.Hub.WalkEvents(from, upto, func(e stream.Entry) error { return d.noticeFor(ctx, functions, e.Value) })
	if err != nil || complete {
		return err
	}
	return d.catchUp(ctx, functions, from, upto)
}

// catchUp is follow for what the ring has forgotten.
func (d *Directory) catchUp(ctx context.Context, functions []function, from, upto int64) error {
	if err := d.attendAll(ctx); err != nil {
		return err
	}
	for _, typ := range []string{kindMessage, kindEncrypted} {
		events, err := d.o.Rooms.EventsSince(ctx, from, upto, typ, int(upto-from))
		if err != nil {
			return fmt.Errorf("reading what was written: %w", err)
		}
		for _, ev := range events {
			if err := d.noticeFor(ctx, functions, ev); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Directory) noticeFor(ctx context.Context, functions []function, value any) error {
	for _, f := range functions {
		if err := d.notice(ctx, f, value); err != nil {
			return err
		}
	}
	return nil
}

// notice takes one entry of the stream, for one function.
func (d *Directory) notice(ctx context.Context, f function, value any) error {
	userID := d.o.Accounts.UserID(f.localpart)
	switch v := value.(type) {
	case *rooms.MembershipChange:
		if v.UserID == userID && v.Membership == "invite" {
			return d.attend(ctx, f, v.RoomID, true)
		}
	case *rooms.OutsideMembership:
		if v.UserID == userID && v.Membership == "invite" {
			return d.attend(ctx, f, v.RoomID, true)
		}
	case *rooms.Event:
		if (v.Type == kindMessage || v.Type == kindEncrypted) && v.StateKey == nil && v.Sender != userID {
			return d.attend(ctx, f, v.RoomID, true)
		}
	}
	return nil
}

// attendAll sees to all rooms of all function accounts that somebody wrote in lately or that invite one.
func (d *Directory) attendAll(ctx context.Context) error {
	functions, err := d.functions(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range functions {
		ids, err := d.roomsOf(ctx, d.o.Accounts.UserID(f.localpart))
		if err != nil {
			return err
		}
		for _, roomID := range ids {
			errs = append(errs, d.attend(ctx, f, roomID, false))
		}
	}
	return errors.Join(errs...)
}

func (d *Directory) roomsOf(ctx context.Context, userID string) ([]string, error) {
	memberships, err := d.o.Rooms.UserRooms(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("reading the rooms of a function account: %w", err)
	}
	outside, err := d.o.Rooms.OutsideMemberships(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("reading the invites of a function account: %w", err)
	}
	var ids []string
	for _, m := range memberships {
		if m.Membership == "join" || m.Membership == "invite" {
			ids = append(ids, m.RoomID)
		}
	}
	for _, m := range outside {
		if m.Membership == "invite" {
			ids = append(ids, m.RoomID)
		}
	}
	return ids, nil
}

// attend joins a room that invites a function account and sees to it that whoever is on duty is there. written says that
// somebody writes there now.
func (d *Directory) attend(ctx context.Context, f function, roomID string, written bool) error {
	d.attending.Lock()
	defer d.attending.Unlock()
	userID := d.o.Accounts.UserID(f.localpart)
	room, err := d.enter(ctx, f, roomID, userID)
	if err != nil || room == nil {
		return err
	}
	known, err := d.readAttendance(ctx, roomID, f.localpart)
	if err != nil {
		return err
	}
	now := d.o.Now().UnixMilli()
	quiet := known.activeTS != 0 && now-known.activeTS > handedOver.Milliseconds()
	switch {
	case known.shift == f.shift && (!written || now-known.activeTS < activeEvery.Milliseconds()):
		return nil
	case known.shift != f.shift && quiet && !written:
		return nil
	case known.shift != f.shift:
		if err := d.handOver(ctx, f, room, known.shift >= 0); err != nil {
			return err
		}
	}
	if written || known.activeTS == 0 {
		known.activeTS = now
	}
	known.shift = f.shift
	return d.storeAttendance(ctx, roomID, f.localpart, known)
}

// enter returns the room, joined; nil for a room that the function account is not in.
func (d *Directory) enter(ctx context.Context, f function, roomID, userID string) (*rooms.Snapshot, error) {
	room, err := d.o.Rooms.Snapshot(ctx, roomID)
	if err != nil && !errors.Is(err, rooms.ErrNotFound) {
		return nil, err
	}
	if err == nil && room.Membership(userID) == "join" {
		return room, nil
	}
	invited := err == nil && room.Membership(userID) == "invite"
	if !invited {
		if invited, err = d.invitedOutside(ctx, roomID, userID); err != nil || !invited {
			return nil, err
		}
	}
	_, err = d.o.Rooms.SetMembership(ctx, rooms.MembershipRequest{
		RoomID: roomID, Sender: userID, Target: userID, Membership: "join", Profile: rooms.MemberProfile{DisplayName: f.name},
	})
	if err != nil {
		return nil, d.final(err, "joining", roomID)
	}
	return d.o.Rooms.Snapshot(ctx, roomID)
}

func (d *Directory) invitedOutside(ctx context.Context, roomID, userID string) (bool, error) {
	outside, err := d.o.Rooms.OutsideMemberships(ctx, userID)
	if err != nil {
		return false, fmt.Errorf("reading the invites of a function account: %w", err)
	}
	return slices.ContainsFunc(outside, func(m rooms.OutsideMembership) bool { return m.RoomID == roomID && m.Membership == "invite" }), nil
}

// handOver brings whoever is on duty and tells the room.
func (d *Directory) handOver(ctx context.Context, f function, room *rooms.Snapshot, before bool) error {
	if f.onDuty == "" {
		return d.tell(ctx, f, room.RoomID, d.o.Say("duty_nobody", "function", f.name, "fallback", f.fallback))
	}
	name, err := d.nameOf(ctx, f.onDuty)
	if err != nil {
		return err
	}
	invited, err := d.bring(ctx, f, room)
	if err != nil {
		return err
	}
	key := "duty_here"
	if before {
		key = "duty_change"
	}
	text := d.o.Say(key, "function", f.name, "name", name)
	switch {
	case !invited:
		text = d.o.Say("duty_refused", "function", f.name, "name", name, "fallback", f.fallback)
	case room.Encrypted && room.Membership(f.onDuty) != "join":
		text += " " + d.o.Say("duty_encrypted", "name", name)
	}
	return d.tell(ctx, f, room.RoomID, text)
}

// bring invites whoever is on duty. It reports false if the room or they themselves do not allow it.
func (d *Directory) bring(ctx context.Context, f function, room *rooms.Snapshot) (invited bool, err error) {
	if m := room.Membership(f.onDuty); m == "join" || m == "invite" {
		return true, nil
	}
	profile, err := d.o.Accounts.MemberProfile(ctx, f.onDuty)
	if err != nil {
		return false, err
	}
	txn := f.txn(room.RoomID, "invite")
	_, err = d.o.Rooms.SetMembership(ctx, rooms.MembershipRequest{
		RoomID: room.RoomID, Sender: d.o.Accounts.UserID(f.localpart), Target: f.onDuty, Membership: "invite", Profile: profile, Txn: &txn,
	})
	if err == nil {
		return true, nil
	}
	return false, d.final(err, "inviting", room.RoomID)
}

// tell says something in a room, once for each shift.
func (d *Directory) tell(ctx context.Context, f function, roomID, text string) error {
	content, err := json.Marshal(map[string]any{"msgtype": "m.notice", "body": text, "m.mentions": struct{}{}})
	if err != nil {
		return fmt.Errorf("writing a notice: %w", err)
	}
	txn := f.txn(roomID, "tell")
	_, err = d.o.Rooms.Send(ctx, rooms.SendRequest{
		RoomID: roomID, Sender: d.o.Accounts.UserID(f.localpart), Type: kindMessage, Content: content, Txn: &txn,
	})
	return d.final(err, "writing", roomID)
}

func (f function) txn(roomID, what string) rooms.Txn {
	return rooms.Txn{Scope: "directory", Path: "duty " + roomID, ID: f.localpart + " " + strconv.FormatInt(f.shift, 10) + " " + what}
}

func (d *Directory) nameOf(ctx context.Context, userID string) (string, error) {
	e, err := d.Entry(ctx, userID)
	if err != nil {
		return "", err
	}
	profile, err := d.o.Accounts.MemberProfile(ctx, userID)
	if err != nil {
		return "", err
	}
	return cmp.Or(e.Name, profile.DisplayName, Local(userID)), nil
}

// final lets pass what the room or a user does not allow, which no repetition changes.
func (d *Directory) final(err error, doing, roomID string) error {
	if err == nil {
		return nil
	}
	for _, refusal := range []error{rooms.ErrForbidden, rooms.ErrNotFound, rooms.ErrInvalidParam, rooms.ErrBadEvent, rooms.ErrTooLarge} {
		if errors.Is(err, refusal) {
			d.o.Log.WithError(err).WithField("room", roomID).Info("a function account was refused " + doing)
			return nil
		}
	}
	if web.IsCode(err, "M_FORBIDDEN") || web.IsCode(err, "M_INVITE_BLOCKED") {
		return nil
	}
	return fmt.Errorf("a function account %s: %w", doing, err)
}
