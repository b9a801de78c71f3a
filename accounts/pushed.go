package accounts

import (
	"context"
	"math"

	"github.com/tidwall/gjson"

	"medixchange/accounts/pushrules"
	"medixchange/rooms"
)

// EvaluateWords returns what a user's push rules say of an event in the words of the translation that they are shown, where
// that is more than what they say of the original (TRANSLATION 13); else original.
func (a *Accounts) EvaluateWords(ctx context.Context, userID string, ev *rooms.Event, original pushrules.Result, words string) (pushrules.Result, error) {
	room, err := a.room(ctx, ev.RoomID)
	if err != nil || room == nil {
		return original, err
	}
	e, err := a.evaluator(ctx, userID, room)
	if err != nil {
		return original, err
	}
	return e.inWords(ev, original, words), nil
}

// EvaluateNotice returns what a user's push rules say of an event that exists for them alone, so that nothing of it is kept.
func (a *Accounts) EvaluateNotice(ctx context.Context, userID string, ev *rooms.Event) (pushrules.Result, error) {
	room, err := a.room(ctx, ev.RoomID)
	if err != nil || room == nil {
		return pushrules.Result{}, err
	}
	e, err := a.evaluator(ctx, userID, room)
	if err != nil || e.passesOver(ev.Sender) || a.quiet(ev) {
		return pushrules.Result{}, err
	}
	return e.rules.compiled.Evaluate(pushrules.NewEvent(ev.Type, ev.Sender, ev.RoomID, ev.StateKey, ev.JSON), e), nil
}

// EvaluateInvite returns what a user's push rules say of an invite to a room that this node is not in.
func (a *Accounts) EvaluateInvite(ctx context.Context, invite *rooms.OutsideMembership) (pushrules.Result, error) {
	e, err := a.evaluator(ctx, invite.UserID, nil)
	if err != nil || e.passesOver(invite.Sender) {
		return pushrules.Result{}, err
	}
	ev := pushrules.NewEvent("m.room.member", invite.Sender, invite.RoomID, &invite.UserID, invite.JSON)
	return e.rules.compiled.Evaluate(ev, roomOutside(gjson.GetBytes(invite.JSON, "content.displayname").Str)), nil
}

// HasKeywords reports whether a user has content rules of their own that are on.
func (a *Accounts) HasKeywords(ctx context.Context, userID string) (bool, error) {
	rules, err := a.rulesOf(ctx, userID)
	if err != nil {
		return false, err
	}
	return rules.keywords, nil
}

// roomOutside is a room of which only an invite is known; its value is the display name of the invited.
type roomOutside string

// Members implements pushrules.Room: more than any rule asks for.
func (roomOutside) Members() int { return math.MaxInt }

// DisplayName implements pushrules.Room.
func (r roomOutside) DisplayName() string { return string(r) }

// MayNotify implements pushrules.Room.
func (roomOutside) MayNotify(string, string) bool { return false }
