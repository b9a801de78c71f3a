package encrypted

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"medixchange/translator/language"
	"medixchange/translator/replies"
)

// TagKey is the key in the clear content of an event by which a node knows which readers its own bot's words are for: the
// language that they are in (BCP 47). It stands in m.room.encrypted and in the redaction of such an event.
const TagKey = "org.medixchange.language_tag"

var _ replies.Courier = (*Bot)(nil)

// Send implements replies.Courier. It never sends anything in the clear.
func (b *Bot) Send(ctx context.Context, roomID, txn string, content map[string]any, tag language.Code) (string, error) {
	clear := map[string]any{}
	if tag != "" {
		clear[TagKey] = tag
	}
	return b.send(ctx, id.RoomID(roomID), txn, content, clear)
}

// send encrypts content and sends it with what stands beside it in the clear.
func (b *Bot) send(ctx context.Context, room id.RoomID, txn string, content, clear map[string]any) (string, error) {
	if encrypted, err := b.isEncrypted(ctx, room); err != nil || !encrypted {
		if err == nil {
			err = fmt.Errorf("%w: the room is not encrypted", replies.ErrRefused)
		}
		return "", err
	}
	sealed, err := b.seal(ctx, room, content)
	if err != nil {
		return "", fmt.Errorf("encrypting: %w", err)
	}
	outer, err := beside(sealed, clear)
	if err != nil {
		return "", err
	}
	sent, err := b.client.SendMessageEvent(ctx, room, event.EventEncrypted, outer, mautrix.ReqSendEvent{TransactionID: txn})
	if err != nil {
		return "", Final(err)
	}
	return sent.EventID.String(), nil
}

// beside is the content of an encrypted event with what stands beside it in the clear.
func beside(sealed *event.EncryptedEventContent, clear map[string]any) (map[string]any, error) {
	encoded, err := json.Marshal(sealed)
	if err != nil {
		return nil, fmt.Errorf("writing an encrypted event: %w", err)
	}
	outer := map[string]any{}
	if err := json.Unmarshal(encoded, &outer); err != nil {
		return nil, fmt.Errorf("writing an encrypted event: %w", err)
	}
	maps.Copy(outer, clear)
	return outer, nil
}

// Redact implements replies.Courier.
func (b *Bot) Redact(ctx context.Context, roomID, eventID, txn string, tag language.Code) error {
	req := mautrix.ReqRedact{TxnID: txn, Extra: map[string]any{}}
	if tag != "" {
		req.Extra[TagKey] = tag
	}
	_, err := b.client.RedactEvent(ctx, id.RoomID(roomID), id.EventID(eventID), req)
	return Final(err)
}

// Leave implements replies.Courier.
func (b *Bot) Leave(ctx context.Context, roomID string) error {
	_, err := b.client.LeaveRoom(ctx, id.RoomID(roomID))
	return Final(err)
}

// ErrUnreachable is what the errors of a transport may wrap that says itself when its homeserver does not answer: who calls every
// few seconds does not say it as well.
var ErrUnreachable = errors.New("the homeserver does not answer")

// Final marks errors of a homeserver after which trying again would not help with replies.ErrRefused.
func Final(err error) error {
	var answer mautrix.HTTPError
	if !errors.As(err, &answer) || answer.Response == nil {
		return err
	}
	switch status := answer.Response.StatusCode; {
	case status == http.StatusUnauthorized, status == http.StatusTooManyRequests, status < 400, status >= 500:
		return err
	}
	return fmt.Errorf("%w: %w", replies.ErrRefused, err)
}
