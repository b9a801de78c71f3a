package replies

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/translator/compose"
	"medixchange/translator/language"
)

// TestRule20TheRoomIsToldWhoReadsTranslations: with the greeting, and with the next message after other languages are
// read than it was told, at most once in an hour; by a bot that restarts, too.
func TestRule20TheRoomIsToldWhoReadsTranslations(t *testing.T) {
	w := newDeskWorld(t)
	var said int
	says := func() []string {
		said++
		before := len(w.room.bodies())
		w.happens(Work{Task: Translate, EventID: fmt.Sprintf("$%d", said), Sender: "@a:x", Text: "hello"})
		w.idle()
		return w.room.bodies()[before+2:] // after the replies in two languages
	}
	reading := func(count int, codes ...language.Code) Readers {
		*w.readers = Readers{Count: count, Languages: codes}
		return *w.readers
	}
	started := time.Now()
	w.happens(Work{Task: Greet, EventID: "$greet"})
	w.idle()
	require.NotContains(t, w.room.bodies()[0], "liest hier", "nobody reads translations")

	two := reading(3, "de", "es")
	require.Equal(t, []string{two.Say("de") + "\n" + two.Say("es")}, says())
	require.Contains(t, two.Say("es"), "3 miembros leen aquí traducciones: alemán, español")
	require.Equal(t, "1 member reads translations here: Arabic", Readers{1, []language.Code{"ar"}}.Say("en"))
	require.Empty(t, says(), "it was told")
	reading(4, "de", "es")
	require.Empty(t, says(), "one more of the same")

	three := reading(5, "ar", "de", "es")
	require.Empty(t, says(), "it was told a moment ago")
	w.stop()
	w.now = func() time.Time { return started.Add(2 * toldReadersEvery) }
	w.start()
	require.Equal(t, []string{compose.Together(three.Languages, three.Say)}, says())
	require.True(t, strings.HasPrefix(three.Say("ar"), language.RightToLeftMark))

	w.happens(Work{Task: Greet, EventID: "$again"})
	w.idle()
	bodies := w.room.bodies()
	require.Contains(t, bodies[len(bodies)-1], language.Say("de", "encrypted_joined")+" "+three.Say("de"))
	require.Empty(t, says())
	reading(0)
	require.Empty(t, says(), "nobody is left, and it was told a moment ago that somebody is")

	w.restart(func() { w.alone, w.now = true, func() time.Time { return started.Add(4 * toldReadersEvery) } })
	before := len(w.room.bodies())
	for range 2 {
		said++
		w.happens(Work{Task: Translate, EventID: fmt.Sprintf("$%d", said), Sender: "@a:x", Text: "nobody reads this in another language"})
		w.idle()
	}
	nobody := compose.Together(three.Languages, func(code language.Code) string { return language.Say(code, "readers_nobody") })
	require.Equal(t, []string{nobody}, w.room.bodies()[before:], "said once")
}
