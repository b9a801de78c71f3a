package bridge

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/rooms"
	"medixchange/translator/language"
)

// justCome says a message that engines had no room for, as those see it who are woken by it.
func (w *world) justCome() (ev *rooms.Event, k key, of scope) {
	ev = w.event(w.say(w.ward(), alice, bedSentence(12)))
	w.settled()
	w.bridge.o.Pipeline.Purge() // else the text is known
	ev.Received = time.Now().UnixMilli()
	w.bridge.handled.Store(ev.Position - 1)
	w.bridge.findings.Of(ev.NID + keptFindings) // takes its place, so that nothing is known of it
	return ev, key{ev.NID, "es"}, scope{from: "en", to: "es"}
}

func TestNobodyLooksForTheRenderingOfWhatHasJustBeenPutOff(t *testing.T) {
	w := newWorld(t)
	ev, k, of := w.justCome()
	require.False(t, w.bridge.isKnown(ev, of))
	require.True(t, w.bridge.isBare(k))
	w.bridge.noteStored(k)
	require.False(t, w.bridge.isBare(k), "its translation came later")
	require.False(t, w.bridge.isKnown(ev, of), "the first answer holds")
	require.False(t, w.bridge.isBare(k))
}

func TestARenderingThatWasStoredFirstIsLookedFor(t *testing.T) {
	w := newWorld(t)
	ev, k, of := w.justCome()
	w.bridge.noteStored(k)
	require.False(t, w.bridge.isKnown(ev, of))
	require.False(t, w.bridge.isBare(k))
	require.False(t, w.bridge.isBare(key{k.nid, "fr"}), "nobody asked for it")
}

func TestEveryLanguageHasItsPlaceInASet(t *testing.T) {
	require.LessOrEqual(t, len(language.All), 64)
	var set languages
	b := &Bridge{languages: language.All}
	for _, code := range language.All {
		require.NotZero(t, b.placeOf(code))
		require.False(t, set.has(b.placeOf(code)), code)
		set.add(b.placeOf(code))
	}
	set.remove(b.placeOf("es"))
	require.False(t, set.has(b.placeOf("es")))
	require.True(t, set.has(b.placeOf("en")))
	require.False(t, set.has(b.placeOf("tlh")), "a language that the node does not know is in no set")
}

func TestNobodyLooksForTheRenderingOfWhatHasJustComeAndIsNotWanted(t *testing.T) {
	w := newWorld(t)
	ev, k, _ := w.justCome()
	for language, looked := range map[language.Code]bool{"en": false, "es": true} {
		_, err := w.bridge.placed(t.Context(), language, ev)
		require.NoError(t, err)
		_, known := w.bridge.hot.get(key{k.nid, language})
		require.Equal(t, looked, known, language)
	}
}
