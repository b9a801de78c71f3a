package encrypted

import (
	"context"
	"fmt"
	"maps"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// members are those of a room who get the keys. It is replaced when it changes.
type members struct {
	users []id.UserID
	// A session that all of their devices had, at that change of devices; it is looked at again after until.
	session id.SessionID
	changes int64
	until   time.Time
}

// keptMembers bounds the rooms whose members are remembered.
const keptMembers = 2000

// membersOf returns who gets the keys: everybody who is joined or invited, here and elsewhere.
func (b *Bot) membersOf(ctx context.Context, room id.RoomID) (*members, error) {
	b.mu.Lock()
	known, before := b.members[room], b.changes
	b.mu.Unlock()
	if known != nil {
		return known, nil
	}
	found, err := b.askForMembers(ctx, room)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.changes != before { // somebody may have come or gone since the server answered
		return found, nil
	}
	if len(b.members) >= keptMembers {
		clear(b.members)
	}
	b.members[room] = found
	return found, nil
}

// askForMembers asks once: who is invited and joins between two questions, each for one membership, would be in neither answer.
func (b *Bot) askForMembers(ctx context.Context, room id.RoomID) (*members, error) {
	answer, err := b.client.Members(ctx, room, mautrix.ReqMembers{NotMembership: event.MembershipLeave})
	if err != nil {
		return nil, fmt.Errorf("asking for the members: %w", Final(err))
	}
	found := &members{}
	for _, member := range answer.Chunk {
		switch membershipIn(member.Content.VeryRaw) {
		case "join", "invite":
			found.users = append(found.users, id.UserID(member.GetStateKey()))
		}
	}
	return found, nil
}

// forgetMembers is called when members of a room may have changed.
func (b *Bot) forgetMembers(room id.RoomID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.members, room)
	b.changes++
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
// It runs in Vault.Together.
func (b *Bot) share(ctx context.Context, room id.RoomID, people *members) error {
	session, err := b.keys.GetOutboundGroupSession(ctx, room)
	if err != nil {
		return err
	}
	good := session != nil && session.Shared && !session.Expired()
	changes := b.keys.changes.Load()
	if good && people.session == session.ID() && people.changes == changes && b.o.Now().Before(people.until) {
		return nil
	}
	if err := b.askForDevices(ctx, people.users); err != nil {
		return err
	}
	changes = b.keys.changes.Load()
	if good {
		good, err = b.covers(ctx, session, people.users)
		if err != nil {
			return err
		}
	}
	if !good {
		if session, err = b.renew(ctx, room, people.users); err != nil {
			return err
		}
	}
	people.session, people.changes, people.until = session.ID(), changes, b.o.Now().Add(withoutPause)
	return nil
}

// renew makes a session and gives it to all devices that are known.
func (b *Bot) renew(ctx context.Context, room id.RoomID, users []id.UserID) (*crypto.OutboundGroupSession, error) {
	users, err := b.keys.FilterTrackedUsers(ctx, users) // the machine would ask for the others, whose servers did not answer
	if err != nil {
		return nil, err
	}
	claims, err := b.claimsFor(ctx, users)
	if err != nil {
		return nil, err
	}
	if !aheadOf(ctx).mayClaim(claims) {
		return nil, errAskFirst
	}
	if err := b.keys.RemoveOutboundGroupSession(ctx, room); err != nil {
		return nil, err
	}
	if err := b.machine.ShareGroupSession(committed(ctx), room, users); err != nil {
		return nil, fmt.Errorf("sharing the key: %w", err)
	}
	session, err := b.keys.GetOutboundGroupSession(ctx, room)
	if err != nil {
		return nil, err
	}
	return session, b.noteUnreached(ctx, session, users)
}

// claimsFor returns the one-time keys that it takes to write to all devices of users.
func (b *Bot) claimsFor(ctx context.Context, users []id.UserID) (mautrix.OneTimeKeysRequest, error) {
	claims := mautrix.OneTimeKeysRequest{}
	for _, user := range users {
		devices, err := b.keys.GetDevices(ctx, user)
		if err != nil {
			return nil, err
		}
		for name, of := range devices {
			if user == b.client.UserID && name == b.client.DeviceID || b.keys.HasSession(ctx, of.IdentityKey) {
				continue
			}
			if claims[user] == nil {
				claims[user] = map[id.DeviceID]id.KeyAlgorithm{}
			}
			claims[user][name] = id.KeyAlgorithmSignedCurve25519
		}
	}
	return claims, nil
}

// askForDevices asks the servers for devices that are not known or have changed.
func (b *Bot) askForDevices(ctx context.Context, users []id.UserID) error {
	old, err := b.keys.outdated(ctx, users)
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
	if !b.mayQuery(aheadOf(ctx), asked) {
		return errAskFirst
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
func (b *Bot) covers(ctx context.Context, session *crypto.OutboundGroupSession, users []id.UserID) (bool, error) {
	wanted, err := b.devicesOf(ctx, users)
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

func (b *Bot) devicesOf(ctx context.Context, users []id.UserID) (map[device]bool, error) {
	all := map[device]bool{}
	for _, user := range users {
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
func (b *Bot) noteUnreached(ctx context.Context, session *crypto.OutboundGroupSession, users []id.UserID) error {
	wanted, err := b.devicesOf(ctx, users)
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
