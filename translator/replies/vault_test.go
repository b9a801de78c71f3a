package replies

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
)

const kindTest Kind = 999

func vaultAt(t *testing.T, db *sqldb.DB, first byte) *Vault {
	t.Helper()
	secret := make([]byte, KeyBytes)
	secret[0] = first
	v, err := NewVault(db, secret, time.Now)
	require.NoError(t, err)
	return v
}

func namesOf(records []Record) map[string]string {
	found := map[string]string{}
	for _, r := range records {
		found[r.Name] = string(r.Value)
	}
	return found
}

func TestVaultKeepsWhatIsCommitted(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		db := sqldbtest.Open(t, fresh())
		defer func() { require.NoError(t, db.Close()) }()
		v := vaultAt(t, db, 1)
		require.NoError(t, v.Together(t.Context(), func() error {
			v.Put(kindTest, "a", "kept", []byte("one"))
			v.Put(kindTest, "a", "gone", []byte("two"))
			v.Put(kindTest, "b", "other", []byte("three"))
			return nil
		}))
		v.Delete(kindTest, "a", "gone")
		v.Put(kindTest, "a", "kept", []byte("changed"))
		v.Put(kindTest, "a", "new", []byte("four"))

		records, err := v.List(t.Context(), kindTest, "a")
		require.NoError(t, err)
		require.Equal(t, map[string]string{"kept": "changed", "new": "four"}, namesOf(records), "changes are seen before they are stored")
		later := vaultAt(t, db, 1)
		records, err = later.All(t.Context(), kindTest)
		require.NoError(t, err)
		require.Equal(t, map[string]string{"kept": "one", "gone": "two", "other": "three"}, namesOf(records), "and stored together")
		require.NoError(t, v.Together(t.Context(), func() error { return nil }))
		records, err = later.List(t.Context(), kindTest, "a")
		require.NoError(t, err)
		require.Equal(t, map[string]string{"kept": "changed", "new": "four"}, namesOf(records))

		require.NoError(t, v.Forget(t.Context(), kindTest, time.Now().Add(time.Hour)))
		value, err := v.Get(t.Context(), kindTest, "b", "other")
		require.NoError(t, err)
		require.Nil(t, value)
	})
}

func TestVaultOpensOnlyWithItsKeyAndInPlace(t *testing.T) {
	db := sqldbtest.Open(t, sqldbtest.SQLite(t))
	defer func() { require.NoError(t, db.Close()) }()
	v := vaultAt(t, db, 1)
	require.NoError(t, v.Together(t.Context(), func() error { v.Put(kindTest, "a", "n", []byte("secret words")); return nil }))
	_, err := vaultAt(t, db, 2).Get(t.Context(), kindTest, "a", "n")
	require.ErrorIs(t, err, errWrongKey)

	var raw []byte
	require.NoError(t, db.QueryRow(t.Context(), `SELECT value FROM translator_vault`).Scan(&raw))
	require.NotContains(t, string(raw), "secret")
	require.NoError(t, db.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`UPDATE translator_vault SET owner = 'b'`)
		return err
	}))
	_, err = v.Get(t.Context(), kindTest, "b", "n")
	require.ErrorIs(t, err, errWrongKey, "a record that was moved is not taken")
}

func TestVaultWhoseKeyIsLostIsCleared(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		db := sqldbtest.Open(t, fresh())
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		now := time.UnixMilli(1_000_000)
		at := func(fill byte) *Vault {
			vault, err := NewVault(db, bytes.Repeat([]byte{fill}, KeyBytes), func() time.Time { return now })
			require.NoError(t, err)
			return vault
		}
		opens := func(v *Vault) bool {
			ok, err := v.Opens(t.Context())
			require.NoError(t, err)
			return ok
		}
		old := at(1)
		require.True(t, opens(old), "an empty one opens with any key")
		require.NoError(t, old.Together(t.Context(), func() error { old.Put(100, "room", "a", []byte("early")); return nil }))
		now = now.Add(time.Hour)
		require.NoError(t, old.Together(t.Context(), func() error { old.Put(100, "room", "b", []byte("late")); return nil }))
		found, err := old.Older(t.Context(), 100, now)
		require.NoError(t, err)
		require.Equal(t, []Record{{Owner: "room", Name: "a", Value: []byte("early")}}, found)
		require.True(t, opens(old))
		other := at(2)
		require.False(t, opens(other))
		require.NoError(t, other.Clear(t.Context()))
		require.True(t, opens(other))
		value, err := other.Get(t.Context(), 100, "room", "a")
		require.NoError(t, err)
		require.Nil(t, value)
	})
}

func TestVaultForgetsWhatBelongsToAnOwner(t *testing.T) {
	db := sqldbtest.Open(t, sqldbtest.SQLite(t))
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	v := vaultAt(t, db, 1)
	v.Put(kindReplies, "!a", "$stored", []byte("1"))
	v.Put(kindReplies, "!b", "$other", []byte("1"))
	v.Put(kindEdits, "!a", "$other", []byte("1"))
	require.NoError(t, v.Commit(t.Context()))
	v.Put(kindReplies, "!a", "$new", []byte("1"))
	require.NoError(t, v.ForgetOwner(t.Context(), kindReplies, "!a"))
	require.NoError(t, v.Commit(t.Context()))
	for _, left := range []struct {
		kind  Kind
		owner string
		count int
	}{{kindReplies, "!a", 0}, {kindReplies, "!b", 1}, {kindEdits, "!a", 1}} {
		records, err := v.List(t.Context(), left.kind, left.owner)
		require.NoError(t, err)
		require.Len(t, records, left.count)
	}
}
