package finder

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/search"
	"medixchange/internal/signing"
	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/stream"
	"medixchange/rooms"
)

// kept says the same in Spanish of every message, but for those whose translations were removed.
type kept struct {
	untranslated
	removed map[int64]bool
}

func (k *kept) TextsOf(_ context.Context, versions map[int64]int64) (texts []Text, err error) {
	for nid := range versions {
		if !k.removed[nid] {
			texts = append(texts, Text{MessageNID: nid, Language: "es", Words: "fiebre"})
		}
	}
	return texts, nil
}

// ward is a finder over real messages that were all translated.
type ward struct {
	*Finder
	t     *testing.T
	kept  *kept
	nids  []int64 // of the messages, ascending
	index string
}

func newWard(t *testing.T, address string, messages int) *ward {
	db, err := sqldb.Open(t.Context(), sqldb.Options{URL: address, Logger: sqldbtest.Quiet()})
	require.NoError(t, err)
	key, err := signing.GenerateKey()
	require.NoError(t, err)
	hub := stream.New(db, stream.Options{Logger: sqldbtest.Quiet()})
	r, err := rooms.New(t.Context(), rooms.Options{DB: db, Hub: hub, ServerName: "a.example",
		Signer: &signing.Signer{ServerName: "a.example", Key: key}, DefaultVersion: "12", Now: time.Now, Log: sqldbtest.Quiet()})
	require.NoError(t, err)
	t.Cleanup(func() {
		ending, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, r.Close(ending))
		require.NoError(t, db.Close())
	})
	w := &ward{t: t, kept: &kept{removed: map[int64]bool{}}, index: translationIndex("es")}
	w.Finder, err = New(Options{DB: db, Hub: hub, Rooms: r, Translations: w.kept, Engine: search.New(search.Options{DB: db}), Log: sqldbtest.Quiet()})
	require.NoError(t, err)
	w.fill(messages)
	return w
}

func (w *ward) fill(messages int) {
	const ana = "@ana:a.example"
	room, err := w.o.Rooms.Create(w.t.Context(), rooms.CreateRequest{Creator: ana, Preset: "private_chat"})
	require.NoError(w.t, err)
	found := touched{}
	for i := range messages {
		content, err := json.Marshal(map[string]string{"msgtype": "m.text", "body": fmt.Sprintf("fever %d", i)})
		require.NoError(w.t, err)
		id, err := w.o.Rooms.Send(w.t.Context(), rooms.SendRequest{RoomID: room, Sender: ana, Type: typeMessage, Content: content})
		require.NoError(w.t, err)
		ev, err := w.o.Rooms.Event(w.t.Context(), id)
		require.NoError(w.t, err)
		w.nids, found[ev.NID] = append(w.nids, ev.NID), true
	}
	require.True(w.t, slices.IsSorted(w.nids))
	require.NoError(w.t, w.refresh(w.t.Context(), found))
	require.Equal(w.t, w.nids, w.indexed())
}

// indexed are the messages that are found by their translations.
func (w *ward) indexed() []int64 {
	nids, err := w.o.Engine.Documents(w.t.Context(), w.index, 0, len(w.nids)+1)
	require.NoError(w.t, err)
	return nids
}

// age has translations removed, as the translator does for their age.
func (w *ward) age(nids []int64) {
	for _, nid := range nids {
		w.kept.removed[nid] = true
	}
}

// tidied returns the messages that are found by a translation that is gone, after a look; the others are all found.
func (w *ward) tidied() (stale []int64) {
	w.t.Helper()
	require.NoError(w.t, w.tidy(w.t.Context()))
	right := 0
	for _, nid := range w.indexed() {
		if w.kept.removed[nid] {
			stale = append(stale, nid)
		} else {
			right++
		}
	}
	require.Equal(w.t, len(w.nids)-len(w.kept.removed), right)
	return stale
}

// TestOldMessagesThatWereTranslatedAgainHideNoneThatAreGone: what is behind more of them than one look sees, the next one finds.
func TestOldMessagesThatWereTranslatedAgainHideNoneThatAreGone(t *testing.T) {
	const oldest, seen = tidyEnough * tidyStep, (tidyEnough + 1 + tidyFurther) * tidyStep // one step has something to remove
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		w := newWard(t, fresh(), seen+10)
		w.age(w.nids[oldest : oldest+5])
		far := w.nids[seen:]
		w.age(far)
		require.Equal(t, far, w.tidied(), "a look is bounded")
		require.Empty(t, w.tidied(), "the next one goes on")
		w.age(w.nids[oldest+5 : oldest+10])
		require.Empty(t, w.tidied(), "from the end it begins anew")
	})
}

// TestWhatIsGoneOfTheOldestMessagesLeavesTheIndexAtOnce, however much it is, and wherever the look behind them has come to.
func TestWhatIsGoneOfTheOldestMessagesLeavesTheIndexAtOnce(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		w := newWard(t, fresh(), (tidyEnough+1)*tidyStep)
		require.NoError(t, w.o.Hub.SaveCursor(t.Context(), cursorTidy+w.index, w.nids[len(w.nids)-1]))
		w.age(w.nids[:tidyStep+50])
		require.Empty(t, w.tidied())
	})
}
