package bridge

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/rooms/view"
	"medixchange/translator/language"
)

func TestWhatIsAtHandOfEventsIsBounded(t *testing.T) {
	w := newWorld(t)
	room := w.room(alice)
	ev := *w.event(w.say(room, alice, question))
	for range 3 * keptAtHand {
		ev.NID++
		of := w.bridge.atHandOf(&ev)
		require.Equal(t, question, of.words.text)
		require.Same(t, of, w.bridge.atHandOf(&ev))
	}
	ev.NID -= keptAtHand
	require.NotEqual(t, ev.NID, w.bridge.lately.of(ev.NID).Load().nid, "a newer one took its place")
	require.Equal(t, question, w.bridge.atHandOf(&ev).words.text)
	ev.NID = 0
	require.NotSame(t, w.bridge.atHandOf(&ev), w.bridge.atHandOf(&ev), "an event without a number is no event of ours")
}

func TestAllReadersAreShownTheSameOfWhatWasPutOff(t *testing.T) {
	var of atHand
	var asking sync.WaitGroup
	var mu sync.Mutex
	shown := map[language.Code]map[*view.Rendering]bool{}
	for range 8 {
		asking.Go(func() {
			for _, code := range language.All {
				rows := of.keepPutOff(code, view.Rendering{Language: string(code)})
				mu.Lock()
				if shown[code] == nil {
					shown[code] = map[*view.Rendering]bool{}
				}
				shown[code][rows[0]] = true
				mu.Unlock()
			}
		})
	}
	asking.Wait()
	for _, code := range language.All {
		require.Len(t, shown[code], 1)
		require.Equal(t, string(code), of.putOff.Load().in(code)[0].Language)
	}
	require.Nil(t, of.putOff.Load().in("tlh"))
}

func TestLongTextsThatWerePutOffAreNotKeptForEachLanguage(t *testing.T) {
	var of atHand
	long := view.Rendering{Content: []byte(strings.Repeat("x", keptContent+1))}
	require.Len(t, of.keepPutOff("es", long), 1)
	require.Nil(t, of.putOff.Load())
}
