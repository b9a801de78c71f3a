package encrypted

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/olm"
	"maunium.net/go/mautrix/id"

	"medixchange/translator/replies"
)

// keptOlm bounds the Olm sessions that are kept unpickled.
const keptOlm = 2000

// olmCache keeps one object for each session that was met, since the machine changes it in place.
type olmCache struct {
	mu       sync.Mutex
	sessions *lru.Cache[[2]string, *crypto.OlmSession]
}

func newOlmCache() (*olmCache, error) {
	sessions, err := lru.New[[2]string, *crypto.OlmSession](keptOlm)
	return &olmCache{sessions: sessions}, err
}

type storedOlm struct {
	Pickle    []byte    `json:"pickle"`
	Created   time.Time `json:"created"`
	Encrypted time.Time `json:"encrypted"`
	Decrypted time.Time `json:"decrypted"`
}

func (k *keys) AddSession(_ context.Context, key id.SenderKey, session *crypto.OlmSession) error {
	k.olm.mu.Lock()
	defer k.olm.mu.Unlock()
	k.olm.sessions.Add([2]string{key.String(), session.ID().String()}, session)
	return k.putOlm(key, session)
}

func (k *keys) UpdateSession(_ context.Context, key id.SenderKey, session *crypto.OlmSession) error {
	return k.putOlm(key, session)
}

func (k *keys) putOlm(key id.SenderKey, session *crypto.OlmSession) error {
	pickle, err := session.Internal.Pickle(k.pickle)
	if err != nil {
		return fmt.Errorf("pickling a session: %w", err)
	}
	return k.vault.Write(kindOlm, key.String(), session.ID().String(), storedOlm{
		Pickle: pickle, Created: session.CreationTime, Encrypted: session.LastEncryptedTime, Decrypted: session.LastDecryptedTime,
	})
}

func (k *keys) DeleteSession(_ context.Context, key id.SenderKey, session *crypto.OlmSession) error {
	k.olm.mu.Lock()
	defer k.olm.mu.Unlock()
	k.olm.sessions.Remove([2]string{key.String(), session.ID().String()})
	k.vault.Delete(kindOlm, key.String(), session.ID().String())
	return nil
}

func (k *keys) HasSession(ctx context.Context, key id.SenderKey) bool {
	sessions, err := k.GetSessions(ctx, key)
	return err == nil && len(sessions) > 0
}

// GetSessions returns the sessions with a device, the one that decrypted last first.
func (k *keys) GetSessions(ctx context.Context, key id.SenderKey) (crypto.OlmSessionList, error) {
	k.olm.mu.Lock()
	defer k.olm.mu.Unlock()
	records, err := k.vault.List(ctx, kindOlm, key.String())
	if err != nil {
		return nil, err
	}
	list := make(crypto.OlmSessionList, 0, len(records))
	for _, record := range records {
		session, err := k.olmOf(key, record)
		if err != nil {
			return nil, err
		}
		list = append(list, session)
	}
	sortByDecryption(list)
	return list, nil
}

func (k *keys) olmOf(key id.SenderKey, record replies.Record) (*crypto.OlmSession, error) {
	place := [2]string{key.String(), record.Name}
	if session, ok := k.olm.sessions.Get(place); ok {
		return session, nil
	}
	var stored storedOlm
	if err := json.Unmarshal(record.Value, &stored); err != nil {
		return nil, fmt.Errorf("reading a session: %w", err)
	}
	session := &crypto.OlmSession{Internal: olm.NewBlankSession()}
	if err := session.Internal.Unpickle(stored.Pickle, k.pickle); err != nil {
		return nil, fmt.Errorf("unpickling a session: %w", err)
	}
	session.CreationTime, session.LastEncryptedTime, session.LastDecryptedTime = stored.Created, stored.Encrypted, stored.Decrypted
	k.olm.sessions.Add(place, session)
	return session, nil
}

func (k *keys) GetLatestSession(ctx context.Context, key id.SenderKey) (*crypto.OlmSession, error) {
	sessions, err := k.GetSessions(ctx, key)
	if err != nil || len(sessions) == 0 {
		return nil, err
	}
	return sessions[0], nil
}

func (k *keys) GetNewestSessionCreationTS(ctx context.Context, key id.SenderKey) (newest time.Time, err error) {
	sessions, err := k.GetSessions(ctx, key)
	for _, session := range sessions {
		if session.CreationTime.After(newest) {
			newest = session.CreationTime
		}
	}
	return newest, err
}

// storedInbound is a session of somebody's messages in a room.
type storedInbound struct {
	Pickle      []byte               `json:"pickle"`
	SigningKey  id.Ed25519           `json:"signing_key"`
	SenderKey   id.Curve25519        `json:"sender_key"`
	Ratchet     crypto.RatchetSafety `json:"ratchet"`
	Received    time.Time            `json:"received"`
	MaxAge      int64                `json:"max_age"`
	MaxMessages int                  `json:"max_messages"`
	Source      id.KeySource         `json:"source"`
	SourceUser  id.UserID            `json:"source_user"`
}

// PutGroupSession takes what a sender's own device has sent. Keys that others pass on are history that the bot must not
// read, and so is a session at an earlier index than it was known at: both are dropped.
func (k *keys) PutGroupSession(ctx context.Context, session *crypto.InboundGroupSession) error {
	if session.KeySource != id.KeySourceDirect || len(session.ForwardingChains) > 0 {
		k.log(session.ID(), session.RoomID)
		return nil
	}
	known, err := k.GetGroupSession(ctx, session.RoomID, session.ID())
	if err == nil && known != nil && session.Internal.FirstKnownIndex() < known.Internal.FirstKnownIndex() {
		k.log(session.ID(), session.RoomID)
		return nil
	}
	pickle, err := session.Internal.Pickle(k.pickle)
	if err != nil {
		return fmt.Errorf("pickling a room's session: %w", err)
	}
	k.vault.Delete(kindWithheld, session.RoomID.String(), session.ID().String())
	return k.vault.Write(kindInbound, session.RoomID.String(), session.ID().String(), storedInbound{
		Pickle: pickle, SigningKey: session.SigningKey, SenderKey: session.SenderKey, Ratchet: session.RatchetSafety,
		Received: session.ReceivedAt, MaxAge: session.MaxAge, MaxMessages: session.MaxMessages,
		Source: session.KeySource, SourceUser: session.SourceUser,
	})
}

func (k *keys) GetGroupSession(ctx context.Context, room id.RoomID, name id.SessionID) (*crypto.InboundGroupSession, error) {
	var stored storedInbound
	found, err := k.vault.Read(ctx, kindInbound, room.String(), name.String(), &stored)
	if err != nil {
		return nil, err
	}
	if !found {
		withheld, err := k.GetWithheldGroupSession(ctx, room, name)
		if err != nil || withheld == nil {
			return nil, err
		}
		return nil, fmt.Errorf("%w (%s)", crypto.ErrGroupSessionWithheld, withheld.Code)
	}
	session := &crypto.InboundGroupSession{
		Internal: olm.NewBlankInboundGroupSession(), SigningKey: stored.SigningKey, SenderKey: stored.SenderKey, RoomID: room,
		ForwardingChains: []string{}, RatchetSafety: stored.Ratchet, ReceivedAt: stored.Received, MaxAge: stored.MaxAge,
		MaxMessages: stored.MaxMessages, KeySource: stored.Source, SourceUser: stored.SourceUser,
	}
	if err := session.Internal.Unpickle(stored.Pickle, k.pickle); err != nil {
		return nil, fmt.Errorf("unpickling a room's session: %w", err)
	}
	return session, nil
}

func (k *keys) RedactGroupSession(_ context.Context, room id.RoomID, session id.SessionID, _ string) error {
	k.vault.Delete(kindInbound, room.String(), session.String())
	return nil
}

// RedactGroupSessions forgets the sessions of a room, all or those of one device.
func (k *keys) RedactGroupSessions(ctx context.Context, room id.RoomID, sender id.SenderKey, _ string) ([]id.SessionID, error) {
	if room == "" {
		return nil, errors.New("sessions are forgotten by room")
	}
	records, err := k.vault.List(ctx, kindInbound, room.String())
	if err != nil {
		return nil, err
	}
	var gone []id.SessionID
	for _, record := range records {
		var stored storedInbound
		if err := json.Unmarshal(record.Value, &stored); err != nil {
			return gone, fmt.Errorf("reading a room's session: %w", err)
		}
		if sender != "" && stored.SenderKey != sender {
			continue
		}
		k.vault.Delete(kindInbound, room.String(), record.Name)
		gone = append(gone, id.SessionID(record.Name))
	}
	return gone, nil
}

// RedactExpiredGroupSessions does nothing: sweep does.
func (k *keys) RedactExpiredGroupSessions(context.Context) ([]id.SessionID, error) { return nil, nil }

// RedactOutdatedGroupSessions does nothing: every session has its dates.
func (k *keys) RedactOutdatedGroupSessions(context.Context) ([]id.SessionID, error) { return nil, nil }

// storedOutbound is the session of the bot's own messages in a room.
type storedOutbound struct {
	Pickle      []byte        `json:"pickle"`
	Created     time.Time     `json:"created"`
	Encrypted   time.Time     `json:"encrypted"`
	MaxAge      time.Duration `json:"max_age"`
	MaxMessages int           `json:"max_messages"`
	Messages    int           `json:"messages"`
	Shared      bool          `json:"shared"`
	Devices     []device      `json:"devices"`
}

// device is one that has the session, or never gets it.
type device struct {
	User   id.UserID       `json:"user"`
	Device id.DeviceID     `json:"device"`
	State  crypto.OGSState `json:"state"`
}

func (k *keys) AddOutboundGroupSession(ctx context.Context, session *crypto.OutboundGroupSession) error {
	return k.UpdateOutboundGroupSession(ctx, session)
}

func (k *keys) UpdateOutboundGroupSession(_ context.Context, session *crypto.OutboundGroupSession) error {
	pickle, err := session.Internal.Pickle(k.pickle)
	if err != nil {
		return fmt.Errorf("pickling the bot's session: %w", err)
	}
	stored := storedOutbound{
		Pickle: pickle, Created: session.CreationTime, Encrypted: session.LastEncryptedTime, MaxAge: session.MaxAge,
		MaxMessages: session.MaxMessages, Messages: session.MessageCount, Shared: session.Shared,
	}
	for of, state := range session.Users {
		stored.Devices = append(stored.Devices, device{of.UserID, of.DeviceID, state})
	}
	return k.vault.Write(kindOutbound, "", session.RoomID.String(), stored)
}

func (k *keys) GetOutboundGroupSession(ctx context.Context, room id.RoomID) (*crypto.OutboundGroupSession, error) {
	var stored storedOutbound
	found, err := k.vault.Read(ctx, kindOutbound, "", room.String(), &stored)
	if err != nil || !found {
		return nil, err
	}
	session := &crypto.OutboundGroupSession{
		Internal: olm.NewBlankOutboundGroupSession(), MaxMessages: stored.MaxMessages, MessageCount: stored.Messages,
		Users: map[crypto.UserDevice]crypto.OGSState{}, RoomID: room, Shared: stored.Shared,
	}
	session.CreationTime, session.LastEncryptedTime, session.MaxAge = stored.Created, stored.Encrypted, stored.MaxAge
	for _, of := range stored.Devices {
		session.Users[crypto.UserDevice{UserID: of.User, DeviceID: of.Device}] = of.State
	}
	if err := session.Internal.Unpickle(stored.Pickle, k.pickle); err != nil {
		return nil, fmt.Errorf("unpickling the bot's session: %w", err)
	}
	return session, nil
}

func (k *keys) RemoveOutboundGroupSession(_ context.Context, room id.RoomID) error {
	k.vault.Delete(kindOutbound, "", room.String())
	return nil
}

// MarkOutboundGroupSessionShared does nothing: nobody is given a key twice.
func (k *keys) MarkOutboundGroupSessionShared(context.Context, id.UserID, id.IdentityKey, id.SessionID) error {
	return nil
}

// IsOutboundGroupSessionShared is for requests of keys, which are not answered.
func (k *keys) IsOutboundGroupSessionShared(context.Context, id.UserID, id.IdentityKey, id.SessionID) (bool, error) {
	return false, nil
}
