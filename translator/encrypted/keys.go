package encrypted

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"go.mau.fi/util/dbutil"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/olm"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"medixchange/translator/replies"
)

// Kinds of records in the vault. The numbers are stored and never change.
const (
	kindAccount  replies.Kind = 100 + iota
	kindOlm                   // owner sender key, name session
	kindOlmHash               // name hash
	kindInbound               // owner room, name session
	kindWithheld              // owner room, name session
	kindOutbound              // name room
	kindIndex                 // owner session, name index
	kindDevices               // name user
	kindOutdated              // name user
	kindSigning               // name user
	kindSecret                // name secret
	kindState                 // name what
	kindUnread                // owner room, name event: its key has not come yet
	kindUnneeded              // name room: since when nobody there needs a translation
	kindTold                  // name room: it was told of a message that could not be decrypted
)

// keys is the device's crypto.Store, in the vault. Pickles are encrypted a second time, with a key of their own. It is as
// safe for concurrent use as the vault; the machine locks sessions itself.
type keys struct {
	vault  *replies.Vault
	pickle []byte
	log    func(session id.SessionID, room id.RoomID) // a session that was not taken
	olm    *olmCache
	// changes counts changes of devices, so that what was found of them is known to hold still.
	changes atomic.Int64
	asking  asking
}

var _ crypto.Store = (*keys)(nil)

// Flush does nothing: the vault is committed where it matters.
func (k *keys) Flush(context.Context) error { return nil }

type storedAccount struct {
	Pickle []byte `json:"pickle"`
	Shared bool   `json:"shared"`
}

func (k *keys) PutAccount(_ context.Context, account *crypto.OlmAccount) error {
	pickle, err := account.Internal.Pickle(k.pickle)
	if err != nil {
		return fmt.Errorf("pickling the device's account: %w", err)
	}
	return k.vault.Write(kindAccount, "", "", storedAccount{Pickle: pickle, Shared: account.Shared})
}

func (k *keys) GetAccount(ctx context.Context) (*crypto.OlmAccount, error) {
	var stored storedAccount
	found, err := k.vault.Read(ctx, kindAccount, "", "", &stored)
	if err != nil || !found {
		return nil, err
	}
	account := &crypto.OlmAccount{Internal: olm.NewBlankAccount(), Shared: stored.Shared}
	if err := account.Internal.Unpickle(stored.Pickle, k.pickle); err != nil {
		return nil, fmt.Errorf("unpickling the device's account: %w", err)
	}
	return account, nil
}

const (
	keptHashes  = 24 * time.Hour
	keptInbound = 60 * 24 * time.Hour
	keptIndices = 14 * 24 * time.Hour
)

// sweep forgets what nobody can need any more.
func (k *keys) sweep(ctx context.Context, now time.Time) error {
	return errors.Join(
		k.vault.Forget(ctx, kindOlmHash, now.Add(-keptHashes)),
		k.vault.Forget(ctx, kindInbound, now.Add(-keptInbound)),
		k.vault.Forget(ctx, kindWithheld, now.Add(-keptInbound)),
		k.vault.Forget(ctx, kindIndex, now.Add(-keptIndices)),
		k.vault.Forget(ctx, kindTold, now.Add(-toldEvery)),
	)
}

func (k *keys) PutOlmHash(_ context.Context, hash [32]byte, received time.Time) error {
	k.vault.Put(kindOlmHash, "", hex.EncodeToString(hash[:]), strconv.AppendInt(nil, received.UnixMilli(), 10))
	return nil
}

func (k *keys) GetOlmHash(ctx context.Context, hash [32]byte) (time.Time, error) {
	value, err := k.vault.Get(ctx, kindOlmHash, "", hex.EncodeToString(hash[:]))
	if err != nil || value == nil {
		return time.Time{}, err
	}
	ms, err := strconv.ParseInt(string(value), 10, 64)
	return time.UnixMilli(ms), err
}

// DeleteOldOlmHashes does nothing: sweep does.
func (k *keys) DeleteOldOlmHashes(context.Context, time.Time) error { return nil }

// usedIndex is the message that a session's index was used for.
type usedIndex struct {
	Event id.EventID `json:"e"`
	TS    int64      `json:"t"`
}

func (k *keys) ValidateMessageIndex(ctx context.Context, session id.SessionID, ev id.EventID, index uint, ts int64) (bool, error) {
	name := strconv.FormatUint(uint64(index), 10)
	var used usedIndex
	found, err := k.vault.Read(ctx, kindIndex, session.String(), name, &used)
	if err != nil {
		return false, err
	}
	if found {
		return used.Event == ev && used.TS == ts, nil
	}
	if ev == "" && ts == 0 {
		return true, nil
	}
	return true, k.vault.Write(kindIndex, session.String(), name, usedIndex{ev, ts})
}

func (k *keys) PutSecret(_ context.Context, name id.Secret, value string) error {
	k.vault.Put(kindSecret, "", string(name), []byte(value))
	return nil
}

func (k *keys) GetSecret(ctx context.Context, name id.Secret) (string, error) {
	value, err := k.vault.Get(ctx, kindSecret, "", string(name))
	return string(value), err
}

func (k *keys) DeleteSecret(_ context.Context, name id.Secret) error {
	k.vault.Delete(kindSecret, "", string(name))
	return nil
}

func (k *keys) GetDevices(ctx context.Context, user id.UserID) (map[id.DeviceID]*id.Device, error) {
	var devices map[id.DeviceID]*id.Device
	found, err := k.vault.Read(ctx, kindDevices, "", user.String(), &devices)
	if err == nil && found && devices == nil {
		devices = map[id.DeviceID]*id.Device{}
	}
	return devices, err
}

func (k *keys) GetDevice(ctx context.Context, user id.UserID, device id.DeviceID) (*id.Device, error) {
	devices, err := k.GetDevices(ctx, user)
	return devices[device], err
}

func (k *keys) FindDeviceByKey(ctx context.Context, user id.UserID, key id.IdentityKey) (*id.Device, error) {
	devices, err := k.GetDevices(ctx, user)
	for _, device := range devices {
		if device.IdentityKey == key {
			return device, nil
		}
	}
	return nil, err
}

func (k *keys) PutDevice(ctx context.Context, user id.UserID, device *id.Device) error {
	devices, err := k.GetDevices(ctx, user)
	if err != nil {
		return err
	}
	if devices == nil {
		devices = map[id.DeviceID]*id.Device{}
	}
	devices[device.DeviceID] = device
	k.changes.Add(1)
	return k.vault.Write(kindDevices, "", user.String(), devices)
}

func (k *keys) PutDevices(_ context.Context, user id.UserID, devices map[id.DeviceID]*id.Device) error {
	k.vault.Delete(kindOutdated, "", user.String())
	k.changes.Add(1)
	return k.vault.Write(kindDevices, "", user.String(), devices)
}

func (k *keys) FilterTrackedUsers(ctx context.Context, users []id.UserID) ([]id.UserID, error) {
	var tracked []id.UserID
	for _, user := range users {
		value, err := k.vault.Get(ctx, kindDevices, "", user.String())
		if err != nil {
			return nil, err
		}
		if value != nil {
			tracked = append(tracked, user)
		}
	}
	return tracked, nil
}

func (k *keys) MarkTrackedUsersOutdated(ctx context.Context, users []id.UserID) error {
	k.asking.changed(users)
	tracked, err := k.FilterTrackedUsers(ctx, users)
	for _, user := range tracked {
		k.changes.Add(1)
		k.vault.Put(kindOutdated, "", user.String(), []byte("1"))
	}
	return err
}

// untrack forgets the devices of users with whom the bot shares no encrypted room any more: of theirs the server tells no changes from then
// on (Client-Server API, Tracking the device list for a user). Should they come again, they are asked for.
func (k *keys) untrack(users []id.UserID) {
	k.asking.changed(users)
	for _, user := range users {
		k.changes.Add(1)
		k.vault.Delete(kindDevices, "", user.String())
		k.vault.Delete(kindOutdated, "", user.String())
	}
}

func (k *keys) GetOutdatedTrackedUsers(ctx context.Context) ([]id.UserID, error) {
	records, err := k.vault.List(ctx, kindOutdated, "")
	users := make([]id.UserID, 0, len(records))
	for _, record := range records {
		users = append(users, id.UserID(record.Name))
	}
	return users, err
}

// outdated returns those of the users whose devices have to be asked for.
func (k *keys) outdated(ctx context.Context, users []id.UserID) ([]id.UserID, error) {
	marked, err := k.GetOutdatedTrackedUsers(ctx)
	if err != nil {
		return nil, err
	}
	tracked, err := k.FilterTrackedUsers(ctx, users)
	if err != nil {
		return nil, err
	}
	var old []id.UserID
	for _, user := range users {
		if !slices.Contains(tracked, user) || slices.Contains(marked, user) {
			old = append(old, user)
		}
	}
	return old, nil
}

func (k *keys) PutWithheldGroupSession(_ context.Context, content event.RoomKeyWithheldEventContent) error {
	return k.vault.Write(kindWithheld, content.RoomID.String(), content.SessionID.String(), content)
}

func (k *keys) GetWithheldGroupSession(ctx context.Context, room id.RoomID, session id.SessionID) (*event.RoomKeyWithheldEventContent, error) {
	content := &event.RoomKeyWithheldEventContent{}
	found, err := k.vault.Read(ctx, kindWithheld, room.String(), session.String(), content)
	if err != nil || !found {
		return nil, err
	}
	return content, nil
}

// none is what exports of keys get: there are no exports.
func none() dbutil.RowIter[*crypto.InboundGroupSession] {
	return dbutil.NewSliceIter[*crypto.InboundGroupSession](nil)
}

func (k *keys) GetGroupSessionsForRoom(context.Context, id.RoomID) dbutil.RowIter[*crypto.InboundGroupSession] {
	return none()
}

func (k *keys) GetAllGroupSessions(context.Context) dbutil.RowIter[*crypto.InboundGroupSession] {
	return none()
}

func (k *keys) GetGroupSessionsWithoutKeyBackupVersion(context.Context, id.KeyBackupVersion) dbutil.RowIter[*crypto.InboundGroupSession] {
	return none()
}
