package encrypted

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/olm"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/translator/replies"
)

const ward id.RoomID = "!ward:x"

// keysAt opens a device's store; again on the same database is what a restart does.
func keysAt(t *testing.T, db *sqldb.DB) (*keys, *int) {
	t.Helper()
	vault, err := replies.NewVault(db, bytes.Repeat([]byte{7}, replies.KeyBytes), time.Now)
	require.NoError(t, err)
	cache, err := newOlmCache()
	require.NoError(t, err)
	refused := new(int)
	return &keys{vault: vault, pickle: []byte("pickle key of this test"), olm: cache, log: func(id.SessionID, id.RoomID) { *refused++ }}, refused
}

func open(t *testing.T) *sqldb.DB {
	t.Helper()
	db := sqldbtest.Open(t, sqldbtest.SQLite(t))
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func (k *keys) commit(t *testing.T) {
	t.Helper()
	require.NoError(t, k.vault.Together(t.Context(), func() error { return nil }))
}

// inbound is a room session as its sender gives it out after some messages.
func inbound(t *testing.T, out *crypto.OutboundGroupSession) *crypto.InboundGroupSession {
	t.Helper()
	session, err := crypto.NewInboundGroupSession("sender-key", "signing-key", ward, out.Internal.Key(), time.Hour, 100, nil, false)
	require.NoError(t, err)
	return session
}

func outbound(t *testing.T) *crypto.OutboundGroupSession {
	t.Helper()
	session, err := crypto.NewOutboundGroupSession(ward, nil, nil)
	require.NoError(t, err)
	session.Shared = true
	return session
}

func TestKeysThatOthersPassOnAreNotTaken(t *testing.T) {
	k, refused := keysAt(t, open(t))
	out := outbound(t)
	early := inbound(t, out)
	for range 3 {
		_, err := out.Encrypt([]byte("x"))
		require.NoError(t, err)
	}
	late := inbound(t, out)
	forwarded := inbound(t, out)
	forwarded.KeySource = id.KeySourceForward
	require.NoError(t, k.PutGroupSession(t.Context(), forwarded))
	known, err := k.GetGroupSession(t.Context(), ward, out.ID())
	require.NoError(t, err)
	require.Nil(t, known)
	require.Equal(t, 1, *refused)

	require.NoError(t, k.PutGroupSession(t.Context(), late))
	require.NoError(t, k.PutGroupSession(t.Context(), early), "the library merges a forwarded key of the past into a direct one")
	require.Equal(t, 2, *refused)
	known, err = k.GetGroupSession(t.Context(), ward, out.ID())
	require.NoError(t, err)
	require.EqualValues(t, 3, known.Internal.FirstKnownIndex())
}

func TestSessionsSurviveARestart(t *testing.T) {
	db := open(t)
	k, _ := keysAt(t, db)
	account := crypto.NewOlmAccount()
	require.NoError(t, k.PutAccount(t.Context(), account))
	out := outbound(t)
	out.Users[crypto.UserDevice{UserID: "@a:x", DeviceID: "A"}] = crypto.OGSAlreadyShared
	in := inbound(t, out)
	sealed, err := out.Encrypt([]byte("what was said"))
	require.NoError(t, err)
	require.NoError(t, k.AddOutboundGroupSession(t.Context(), out))
	require.NoError(t, k.PutGroupSession(t.Context(), in))
	k.commit(t)

	k, _ = keysAt(t, db)
	again, err := k.GetAccount(t.Context())
	require.NoError(t, err)
	require.Equal(t, account.IdentityKey(), again.IdentityKey())
	mine, err := k.GetOutboundGroupSession(t.Context(), ward)
	require.NoError(t, err)
	require.Equal(t, out.Users, mine.Users)
	require.Equal(t, 1, mine.MessageCount)
	require.Equal(t, out.Internal.MessageIndex(), mine.Internal.MessageIndex(), "an index is never used twice")
	theirs, err := k.GetGroupSession(t.Context(), ward, in.ID())
	require.NoError(t, err)
	plain, _, err := theirs.Internal.Decrypt(sealed)
	require.NoError(t, err)
	require.Equal(t, "what was said", string(plain))

	gone, err := k.RedactGroupSessions(t.Context(), ward, "", "left")
	require.NoError(t, err)
	require.Equal(t, []id.SessionID{in.ID()}, gone)
}

func TestOlmSessionsAreOneObjectEachTheLastUsedFirst(t *testing.T) {
	db := open(t)
	k, _ := keysAt(t, db)
	ours, theirs := crypto.NewOlmAccount(), crypto.NewOlmAccount()
	require.NoError(t, theirs.Internal.GenOneTimeKeys(2))
	oneTime, err := theirs.Internal.OneTimeKeys()
	require.NoError(t, err)
	var sessions []*crypto.OlmSession
	for _, key := range oneTime {
		internal, err := ours.Internal.NewOutboundSession(theirs.IdentityKey(), key)
		require.NoError(t, err)
		session := &crypto.OlmSession{Internal: internal}
		session.LastDecryptedTime = time.Now().Add(time.Duration(len(sessions)) * time.Minute)
		sessions = append(sessions, session)
		require.NoError(t, k.AddSession(t.Context(), theirs.IdentityKey(), session))
	}
	list, err := k.GetSessions(t.Context(), theirs.IdentityKey())
	require.NoError(t, err)
	require.Same(t, sessions[1], list[0])
	require.True(t, k.HasSession(t.Context(), theirs.IdentityKey()))
	k.commit(t)

	k, _ = keysAt(t, db)
	latest, err := k.GetLatestSession(t.Context(), theirs.IdentityKey())
	require.NoError(t, err)
	require.Equal(t, sessions[1].ID(), latest.ID())
	again, err := k.GetLatestSession(t.Context(), theirs.IdentityKey())
	require.NoError(t, err)
	require.Same(t, latest, again)
	require.NoError(t, k.DeleteSession(t.Context(), theirs.IdentityKey(), latest))
	list, err = k.GetSessions(t.Context(), theirs.IdentityKey())
	require.NoError(t, err)
	require.Len(t, list, 1)
}

func TestDevicesAreAskedForWhenTheyAreNotKnownOrHaveChanged(t *testing.T) {
	k, _ := keysAt(t, open(t))
	require.NoError(t, k.PutDevices(t.Context(), "@a:x", map[id.DeviceID]*id.Device{"A": {UserID: "@a:x", DeviceID: "A", IdentityKey: "k"}}))
	require.NoError(t, k.MarkTrackedUsersOutdated(t.Context(), []id.UserID{"@a:x", "@b:x"}))
	old, err := k.outdated(t.Context(), []id.UserID{"@a:x", "@b:x"})
	require.NoError(t, err)
	require.Equal(t, []id.UserID{"@a:x", "@b:x"}, old)
	require.NoError(t, k.PutDevices(t.Context(), "@a:x", map[id.DeviceID]*id.Device{}))
	old, err = k.outdated(t.Context(), []id.UserID{"@a:x"})
	require.NoError(t, err)
	require.Empty(t, old)
	devices, err := k.GetDevices(t.Context(), "@a:x")
	require.NoError(t, err)
	require.NotNil(t, devices, "a user without devices is known to have none")
	device, err := k.FindDeviceByKey(t.Context(), "@a:x", "k")
	require.NoError(t, err)
	require.Nil(t, device)
}

func TestAnIndexIsGoodForOneMessage(t *testing.T) {
	k, _ := keysAt(t, open(t))
	for _, c := range []struct {
		event id.EventID
		ts    int64
		good  bool
	}{{"$a", 1, true}, {"$a", 1, true}, {"$b", 1, false}, {"$a", 2, false}} {
		good, err := k.ValidateMessageIndex(t.Context(), "s", c.event, 5, c.ts)
		require.NoError(t, err)
		require.Equal(t, c.good, good, c)
	}
	require.NoError(t, k.PutWithheldGroupSession(t.Context(), event.RoomKeyWithheldEventContent{RoomID: ward, SessionID: "w", Code: "m.unverified"}))
	_, err := k.GetGroupSession(t.Context(), ward, "w")
	require.ErrorIs(t, err, crypto.ErrGroupSessionWithheld)
	require.NotEmpty(t, olm.Driver)
}
