package appservice

import (
	"context"
	"errors"
	"fmt"

	"github.com/tidwall/gjson"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// eventOf asks the homeserver for an event; nil for one that the bot cannot see.
func (h *house) eventOf(ctx context.Context, roomID, eventID string) (*event.Event, error) {
	ev, err := h.s.client.GetEvent(ctx, id.RoomID(roomID), id.EventID(eventID))
	if errors.Is(err, mautrix.MNotFound) || errors.Is(err, mautrix.MForbidden) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("asking for an event: %w", err)
	}
	return ev, nil
}

// Forget implements replies.Host: the device hears of changes on a way of its own, which may be faster than transactions.
func (h *house) Forget(roomID string) { h.forget(roomID) }

// Author implements replies.Host.
func (h *house) Author(ctx context.Context, roomID, eventID string) (string, error) {
	ev, err := h.eventOf(ctx, roomID, eventID)
	if err != nil || ev == nil {
		return "", err
	}
	return ev.Sender.String(), nil
}

// Redacts implements replies.Host: what the homeserver says is redacted, and what the rules let the user redact (Room Version 3,
// Handling redactions), since the homeserver may answer with what it knew before.
func (h *house) Redacts(ctx context.Context, roomID, userID, eventID string) (bool, error) {
	ev, err := h.eventOf(ctx, roomID, eventID)
	if err != nil || ev == nil || ev.Unsigned.RedactedBecause != nil {
		return err == nil, err
	}
	if ev.Sender.Homeserver() == id.UserID(userID).Homeserver() {
		return true, nil
	}
	return h.hasPower(ctx, roomID, userID, redactPower)
}

func redactPower(levels gjson.Result) int64 {
	if own := levels.Get("redact"); own.Exists() {
		return own.Int()
	}
	return moderatorPower
}
