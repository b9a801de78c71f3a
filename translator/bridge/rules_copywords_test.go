package bridge

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

const (
	peligroso = "NO hagan esto, es peligroso para el paciente:"
	dangerous = "Do NOT do this, it is dangerous for the patient:"
)

// What somebody says beside a copy is said to everybody: no original stands for it.
func TestRule12WordsBesideACopyAreShownToEachReader(t *testing.T) {
	w, room := quoteWorld(t)
	w.engine.book["en:"+peligroso] = dangerous
	a, b, c := w.device(alice), w.device(bob), w.device(carla)
	id := w.say(room, alice, question)
	read := body(b.until(room, 1)[0])
	for i, text := range []string{peligroso + "\n\n" + read, read + "\n" + peligroso, peligroso + "\n" + read + "\n" + thanks} {
		said := w.say(room, bob, text)
		got := a.until(room, i+2)[i+1]
		require.Equal(t, "translated pass", keyIn(got).Get("state").Str+" "+keyIn(got).Get("verdict").Str, body(got))
		require.Contains(t, body(got), dangerous)
		require.Contains(t, body(got), "> "+question+"\n> Original (English)")
		require.NotContains(t, body(got), pregunta)
		require.Equal(t, text, keyIn(got).Get("original.body").Str)
		w.settled()
		require.Equal(t, text, w.bodyAs(carla, said), "who reads what it is written in reads it as it is")
	}
	require.Zero(t, w.engine.count("en", pregunta))
	require.Len(t, c.until(room, 4), 4)

	last := a.messages(room)[3].Get("event_id").Str
	w.redact(room, alice, id)
	require.Eventually(t, func() bool {
		shown := w.bodyAs(alice, last)
		return strings.Contains(shown, dangerous) && !strings.Contains(shown, question)
	}, patience, 2*time.Millisecond)
}

// Where a copy cannot be told from what somebody says with it, all of it stays as it was sent.
func TestRule12WordsInACopyThatIsNotKnownStay(t *testing.T) {
	w, room := quoteWorld(t)
	w.engine.book["en:"+peligroso] = dangerous
	a, b := w.device(alice), w.device(bob)
	w.say(room, alice, question)
	shown := b.until(room, 1)[0]
	mark := language.String("es", "mark", "language", language.Code("en").Name("es"))
	inHTML := wordsOnly(shown)
	inHTML["formatted_body"] = "<p>" + peligroso + "</p>" + shown.Get("content.formatted_body").Str
	for i, said := range []object{
		{"msgtype": "m.text", "body": peligroso + "\n" + estable + "\n" + mark},
		{"msgtype": "m.text", "body": body(shown) + "\n" + peligroso + "\n" + estable + "\n" + mark},
		inHTML,
	} {
		w.send(room, bob, said)
		got := a.until(room, i+2)[i+1]
		require.Equal(t, `none ["copy"]`, keyIn(got).Get("state").Str+" "+keyIn(got).Get("reasons").Raw, i)
		require.Contains(t, body(got)+got.Get("content.formatted_body").Str, peligroso)
	}
}

// A quote that somebody wrote into is no quote of a translation: it stays as it is.
func TestRule12WordsInAQuoteStay(t *testing.T) {
	w, room := quoteWorld(t)
	a, b := w.device(alice), w.device(bob)
	w.say(room, alice, question)
	read := body(b.until(room, 1)[0])
	w.say(room, bob, quotedLines(peligroso+"\n"+read)+"\n"+thanks)
	got := body(a.until(room, 2)[1])
	require.Contains(t, got, "> "+peligroso)
	require.Contains(t, got, merci)
}
