package bridge

import (
	"bytes"
	"context"
	"crypto/rand"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/rooms/view"
)

func otherKey() []byte { return bytes.Repeat([]byte{9}, SealKeyBytes) }

// stored is everything that the files of a database hold.
func (w *world) stored() string {
	w.t.Helper()
	files, err := filepath.Glob(strings.TrimPrefix(w.url, "sqlite://") + "*")
	require.NoError(w.t, err)
	require.NotEmpty(w.t, files)
	var all strings.Builder
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(w.t, err)
		all.Write(content)
	}
	return all.String()
}

func TestTranslationsAreNotInTheDatabaseAsTheyAre(t *testing.T) {
	const lost = "El paciente no tiene fiebre"
	w := newWorld(t)
	w.engine.book["es:"+noFever] = sinFiebre
	room := w.ward()
	id := w.say(room, alice, noFever)
	w.rendered(id, "es")
	w.device(bob).until(room, 1)
	w.send(room, bob, replyTo(id, estable)) // its author is told what was read
	w.settled()
	w.react(room, bob, id, "🌐")
	w.botRead()
	require.Equal(t, sinFiebre, firstLine(w.bodyAs(bob, id)))
	w.restart()
	require.Equal(t, sinFiebre, firstLine(w.bodyAs(bob, id)), "after a restart, too")
	require.Contains(t, body(w.device(alice).until(room, 2)[1]), lost)
	w.stop()
	require.NotContains(t, w.stored(), lost)
	require.Contains(t, w.stored(), "The patient has no fever", "the message itself is there")
	w.start()
}

func TestATranslationOpensOnlyInItsPlace(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	first, second := w.say(room, alice, question), w.say(room, alice, stable)
	w.rendered(first, "es")
	w.rendered(second, "es")
	w.settled()
	err := w.db.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`UPDATE renderings SET content = (SELECT content FROM renderings WHERE event_nid = $1) WHERE event_nid = $2`,
			w.event(second).NID, w.event(first).NID)
		return err
	})
	require.NoError(t, err)
	w.bridge.hot.clear()
	require.Empty(t, w.rows(first, "es"), "somebody who writes in the database puts no words into a message")
	require.Equal(t, question, firstLine(w.bodyAs(bob, first)))
	require.NotContains(t, w.bodyAs(bob, first), estable)
	require.True(t, strings.HasPrefix(w.bodyAs(bob, second), estable))
}

func TestWhenTheKeyIsLostTranslationsAreMadeAnew(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		w := newWorldAt(t, fresh())
		room := w.ward()
		b := w.device(bob)
		id := w.say(room, alice, question)
		b.until(room, 1)
		w.react(room, bob, id, "🌐")
		w.botRead()
		report := w.reports()[0].Get("id").Raw

		first := w.sealKey
		w.stop()
		w.sealKey, w.engine = otherKey(), newFakeEngine()
		w.start()
		require.Empty(t, w.rows(id, "es"))
		require.Equal(t, pregunta, firstLine(w.bodyAs(bob, id)))
		require.Equal(t, 1, w.engine.total())
		shown, status := w.admin(http.MethodGet, PathReports+"/"+report, nil)
		require.Equal(t, http.StatusOK, status)
		require.True(t, shown.Get("unreadable").Bool())
		require.False(t, shown.Get("original").Exists())
		require.True(t, readingOf(w.readingsOf(id), bob).Get("unreadable").Bool())
		w.restart()
		require.Len(t, w.rows(id, "es"), 1, "once")

		w.stop()
		w.sealKey = first
		w.start()
		shown, _ = w.admin(http.MethodGet, PathReports+"/"+report, nil)
		require.Equal(t, question, shown.Get("original").Str, "who finds the key reads the reports again")
	})
}

// sealOld seals as it was done when the key was in the database.
func sealOld(t *testing.T, secret []byte, text, place string) []byte {
	t.Helper()
	v, err := newOldVault(secret)
	require.NoError(t, err)
	nonce := make([]byte, v.aead.NonceSize())
	rand.Read(nonce)
	return v.aead.Seal(nonce, nonce, []byte(text), []byte(place))
}

func TestReportsAndReadingsWhoseKeyWasInTheDatabaseAreKept(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		w := newWorldAt(t, fresh())
		room := w.ward()
		b := w.device(bob)
		id := w.say(room, alice, question)
		b.until(room, 1)
		w.react(room, bob, id, "🌐")
		w.botRead()
		reading := readingOf(w.readingsOf(id), bob).Get("text").Str
		require.Contains(t, reading, pregunta)
		secret := freshSecret()
		err := w.db.Write(t.Context(), func(tx *sqldb.Tx) error {
			if _, err := tx.Exec(`INSERT INTO translator_secrets (name, secret) VALUES ($1, $2)`, secretRetained, secret); err != nil {
				return err
			}
			if _, err := tx.Exec(`UPDATE translation_reports SET original = $1, translation = $2 WHERE report_id = 1`,
				sealOld(t, secret, question, originalPlace(1)), []byte{}); err != nil {
				return err
			}
			position := w.rows(id, "es")[0].Position
			_, err := tx.Exec(`UPDATE translation_read_texts SET text = $1 WHERE rendering = $2`, sealOld(t, secret, reading, readPlace(position)), position)
			return err
		})
		require.NoError(t, err)
		for range 2 { // the second start finds nothing to do
			w.restart()
			shown, _ := w.admin(http.MethodGet, PathReports+"/1", nil)
			require.Equal(t, question, shown.Get("original").Str)
			require.False(t, shown.Get("unreadable").Bool(), "what was erased stays erased")
			require.Equal(t, reading, readingOf(w.readingsOf(id), bob).Get("text").Str)
			left, err := w.bridge.oldSecret(t.Context(), secretRetained)
			require.NoError(t, err)
			require.Nil(t, left, "the key in the database is gone")
		}
	})
}

func TestWhatAnEarlierVersionLeftUnsealedIsDiscarded(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	id := w.say(room, alice, question)
	w.rendered(id, "es")
	w.settled()
	require.NoError(t, w.db.Write(t.Context(), func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(`UPDATE renderings SET content = $1, parts = $1`, []byte(`{"body":"`+pregunta+`"}`)); err != nil {
			return err
		}
		_, err := tx.Exec(`UPDATE translator_secrets SET secret = $1 WHERE name = $2`, []byte{0}, secretSealing)
		return err
	}))
	w.stop()
	require.Contains(t, w.stored(), pregunta)
	w.start()
	require.Empty(t, w.rows(id, "es"))
	w.stop()
	require.NotContains(t, w.stored(), pregunta)
	w.start()
	require.Equal(t, pregunta, firstLine(w.bodyAs(bob, id)))
}

func TestABridgeWithoutAKeyIsNotBuilt(t *testing.T) {
	w := newWorld(t)
	o := w.bridge.o
	o.SealKey = []byte("short")
	_, err := New(context.Background(), o)
	require.ErrorContains(t, err, "5 bytes instead of 32")
}

// BenchmarkSealedRendering is what sealing costs a rendering when it is stored, and when it is read from the database.
func BenchmarkSealedRendering(b *testing.B) {
	v, err := newVault(otherKey())
	require.NoError(b, err)
	bridge := &Bridge{vault: v}
	r := view.Rendering{Position: 12345, Content: bytes.Repeat([]byte("x"), 700), LateContent: bytes.Repeat([]byte("y"), 900), Parts: bytes.Repeat([]byte("z"), 300)}
	columns := map[string][]byte{columnContent: r.Content, columnLate: r.LateContent, columnParts: r.Parts}
	sealed := map[string][]byte{}
	b.Run("store", func(b *testing.B) {
		for b.Loop() {
			for column, content := range columns {
				sealed[column] = bridge.kept(content, r.Position, column)
			}
		}
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			for column, stored := range sealed {
				if _, err := bridge.unsealed(stored, r.Position, column); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
