package appservice

import (
	"context"
	"errors"

	"maunium.net/go/mautrix"

	"medixchange/translator/encrypted"
	"medixchange/translator/replies"
)

// Translation implements replies.Host.
func (h *house) Translation(ctx context.Context, roomID string) (string, error) {
	h.mu.Lock()
	known, ok := h.translation[roomID]
	before := h.changes
	h.mu.Unlock()
	if ok {
		return known, nil
	}
	content, err := h.state(ctx, roomID, replies.TypeSettings)
	if err != nil && !errors.Is(err, mautrix.MNotFound) {
		return "", encrypted.Final(err)
	}
	setting := replies.TranslationIn(content)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.changes != before { // the answer may be of before the change
		return setting, nil
	}
	if len(h.translation) >= keptRooms {
		clear(h.translation)
	}
	h.translation[roomID] = setting
	return setting, nil
}

// translationIn is Translation where nobody tries again. Where it cannot be read, nothing is translated: no engine gets a text
// that its people may have kept to themselves.
func (h *house) translationIn(ctx context.Context, roomID string) string {
	setting, err := h.Translation(ctx, roomID)
	if err != nil {
		return replies.TranslationOff
	}
	return setting
}
