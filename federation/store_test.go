package federation

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/signing"
	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
)

func TestStore(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		db, err := sqldb.Open(t.Context(), sqldb.Options{URL: fresh(), Logger: quiet()})
		require.NoError(t, err)
		defer db.Close()

		key, old := newKey(t), newKey(t)
		raw := keyAnswerOf(t, "b.example", time.Now().Add(time.Hour), []signing.Key{key}, map[string]any{
			old.ID: map[string]any{"key": signing.EncodeBase64(old.Public()), "expired_ts": 5}}, key)
		answer, err := readKeyAnswer("b.example", raw, 1000)
		require.NoError(t, err)
		for range 2 {
			require.NoError(t, saveKeys(t.Context(), db, answer))
		}
		keys, err := loadKeys(t.Context(), db, "b.example")
		require.NoError(t, err)
		require.Equal(t, answer.keys, keys)
		kept, until, fetched, err := loadKeyAnswer(t.Context(), db, "b.example")
		require.NoError(t, err)
		require.Equal(t, raw, kept)
		require.Equal(t, answer.validUntil, until)
		require.EqualValues(t, 1000, fetched)
		kept, _, _, err = loadKeyAnswer(t.Context(), db, "none.example")
		require.NoError(t, err)
		require.Nil(t, kept)

		places := []place{{"a", 1, 2, 3, 4, 5, 6}, {"b", 10, 10, 0, 0, 0, 9}}
		for range 2 {
			places[0].acked++
			require.NoError(t, db.Write(t.Context(), func(tx *sqldb.Tx) error { return savePlaces(tx, places) }))
		}
		stored, err := loadDestinations(t.Context(), db)
		require.NoError(t, err)
		require.ElementsMatch(t, places, stored)
	})
}
