package encrypted

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
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
	room := id.RoomID(roomID)
	if encrypted, err := b.isEncrypted(ctx, room); err != nil || !encrypted {
		if err == nil {
			err = fmt.Errorf("%w: the room is not encrypted", replies.ErrRefused)
		}
		return "", err
	}
	members, err := b.members(ctx, room)
	if err != nil {
		return "", err
	}
	var sealed *event.EncryptedEventContent
	err = b.o.Vault.Together(ctx, func() (err error) {
		if err := b.share(ctx, room, members); err != nil {
			return err
		}
		sealed, err = b.machine.EncryptMegolmEvent(ctx, room, event.EventMessage, content)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("encrypting: %w", err)
	}
	outer, err := tagged(sealed, tag)
	if err != nil {
		return "", err
	}
	sent, err := b.client.SendMessageEvent(ctx, room, event.EventEncrypted, outer, mautrix.ReqSendEvent{TransactionID: txn})
	if err != nil {
		return "", final(err)
	}
	return sent.EventID.String(), nil
}

// tagged is the content of an encrypted event with its language.
func tagged(sealed *event.EncryptedEventContent, tag language.Code) (map[string]any, error) {
	encoded, err := json.Marshal(sealed)
	if err != nil {
		return nil, fmt.Errorf("writing an encrypted event: %w", err)
	}
	outer := map[string]any{}
	if err := json.Unmarshal(encoded, &outer); err != nil {
		return nil, fmt.Errorf("writing an encrypted event: %w", err)
	}
	if tag != "" {
		outer[TagKey] = tag
	}
	return outer, nil
}

// Redact implements replies.Courier.
func (b *Bot) Redact(ctx context.Context, roomID, eventID, txn string, tag language.Code) error {
	req := mautrix.ReqRedact{TxnID: txn, Extra: map[string]any{}}
	if tag != "" {
		req.Extra[TagKey] = tag
	}
	_, err := b.client.RedactEvent(ctx, id.RoomID(roomID), id.EventID(eventID), req)
	return final(err)
}

// Leave implements replies.Courier.
func (b *Bot) Leave(ctx context.Context, roomID string) error {
	_, err := b.client.LeaveRoom(ctx, id.RoomID(roomID))
	return final(err)
}

// final marks errors after which trying again would not help.
func final(err error) error {
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

// members returns who gets the keys: everybody who is joined or invited, here and elsewhere.
func (b *Bot) members(ctx context.Context, room id.RoomID) ([]id.UserID, error) {
	var users []id.UserID
	for _, membership := range []event.Membership{event.MembershipJoin, event.MembershipInvite} {
		answer, err := b.client.Members(ctx, room, mautrix.ReqMembers{Membership: membership})
		if err != nil {
			return nil, fmt.Errorf("asking for the members: %w", final(err))
		}
		for _, member := range answer.Chunk {
			users = append(users, id.UserID(member.GetStateKey()))
		}
	}
	return users, nil
}

const (
	// awayPause is how long the devices of users are not asked for again whose server did not answer.
	awayPause = 5 * time.Minute
	// withoutPause is how long it is not tried to reach a device that gave no one-time key.
	withoutPause = 10 * time.Minute
	// maxPauses bounds each of the two lists.
	maxPauses = 10_000
)

// share sees that every device of every member, and nobody else, has the key of the next message.
func (b *Bot) share(ctx context.Context, room id.RoomID, members []id.UserID) error {
	if err := b.askForDevices(ctx, members); err != nil {
		return err
	}
	session, err := b.keys.GetOutboundGroupSession(ctx, room)
	if err != nil {
		return err
	}
	if session != nil && session.Shared && !session.Expired() {
		covered, err := b.covers(ctx, session, members)
		if err != nil || covered {
			return err
		}
	}
	if err := b.keys.RemoveOutboundGroupSession(ctx, room); err != nil {
		return err
	}
	if err := b.machine.ShareGroupSession(committed(ctx), room, members); err != nil {
		return fmt.Errorf("sharing the key: %w", err)
	}
	if session, err = b.keys.GetOutboundGroupSession(ctx, room); err != nil {
		return err
	}
	return b.noteUnreached(ctx, session, members)
}

// askForDevices asks the servers for devices that are not known or have changed.
func (b *Bot) askForDevices(ctx context.Context, members []id.UserID) error {
	old, err := b.keys.outdated(ctx, members)
	if err != nil {
		return err
	}
	now := b.o.Now()
	var asked []id.UserID
	b.mu.Lock()
	for _, user := range old {
		if now.After(b.away[user]) {
			asked = append(asked, user)
		}
	}
	b.mu.Unlock()
	if len(asked) == 0 {
		return nil
	}
	found, err := b.machine.FetchKeys(ctx, asked, true)
	if err != nil {
		return fmt.Errorf("asking for devices: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, user := range asked {
		if _, ok := found[user]; ok {
			delete(b.away, user)
		} else if len(b.away) < maxPauses {
			b.away[user] = now.Add(awayPause)
		}
	}
	maps.DeleteFunc(b.away, func(_ id.UserID, until time.Time) bool { return now.After(until) })
	return nil
}

// covers reports whether a session is known to all devices of the members that can be reached, and to nobody else.
func (b *Bot) covers(ctx context.Context, session *crypto.OutboundGroupSession, members []id.UserID) (bool, error) {
	wanted, err := b.devicesOf(ctx, members)
	if err != nil {
		return false, err
	}
	for of := range session.Users {
		if !wanted[device{User: of.UserID, Device: of.DeviceID}] {
			return false, nil
		}
	}
	now := b.o.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	for of := range wanted {
		_, has := session.Users[crypto.UserDevice{UserID: of.User, DeviceID: of.Device}]
		if !has && now.After(b.without[of]) {
			return false, nil
		}
	}
	return true, nil
}

func (b *Bot) devicesOf(ctx context.Context, members []id.UserID) (map[device]bool, error) {
	all := map[device]bool{}
	for _, user := range members {
		devices, err := b.keys.GetDevices(ctx, user)
		if err != nil {
			return nil, err
		}
		for name := range devices {
			all[device{User: user, Device: name}] = true
		}
	}
	return all, nil
}

// noteUnreached remembers for a while which devices gave no one-time key, so that the key is not made anew for each message.
func (b *Bot) noteUnreached(ctx context.Context, session *crypto.OutboundGroupSession, members []id.UserID) error {
	wanted, err := b.devicesOf(ctx, members)
	if err != nil {
		return err
	}
	now := b.o.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.DeleteFunc(b.without, func(_ device, until time.Time) bool { return now.After(until) })
	for of := range wanted {
		if _, has := session.Users[crypto.UserDevice{UserID: of.User, DeviceID: of.Device}]; !has && len(b.without) < maxPauses {
			b.without[of] = now.Add(withoutPause)
		}
	}
	return nil
}
