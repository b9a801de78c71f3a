package appservice

import (
	"context"
	"errors"

	"maunium.net/go/mautrix"

	"medixchange/translator/replies"
)

// translationIn returns what a room's moderators say of its translation. Where it cannot be read, nothing is translated: no
// engine gets a text that its people may have kept to themselves.
func (h *house) translationIn(ctx context.Context, roomID string) string {
	h.mu.Lock()
	known, ok := h.translation[roomID]
	before := h.changes
	h.mu.Unlock()
	if ok {
		return known
	}
	content, err := h.state(ctx, roomID, replies.TypeSettings)
	if err != nil && !errors.Is(err, mautrix.MNotFound) {
		return replies.TranslationOff
	}
	setting := replies.TranslationIn(content)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.changes != before { // the answer may be of before the change
		return setting
	}
	if len(h.translation) >= keptRooms {
		clear(h.translation)
	}
	h.translation[roomID] = setting
	return setting
}

// LocalOnly implements replies.Host.
func (h *house) LocalOnly(ctx context.Context, roomID string) bool {
	return h.translationIn(ctx, roomID) == replies.TranslationLocal
}
