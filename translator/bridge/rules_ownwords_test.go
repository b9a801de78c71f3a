package bridge

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// answersIn has bob, who reads Spanish, quote what he was shown of a message of alice and answer in words of his own.
func answersIn(w *world, room, said, own string) (answer string) {
	b := w.device(bob)
	count := len(b.messages(room))
	w.say(room, alice, said)
	return w.say(room, bob, quotedLines(body(b.until(room, count+1)[count]))+"\n\n"+own)
}

func TestRule12WhoReadsTheLanguageOfAnAnswerReadsNoMachineInItsQuote(t *testing.T) {
	w, room := quoteWorld(t)
	a := w.device(alice)
	answer := answersIn(w, room, question, merci)
	got := a.until(room, 2)[1]
	require.Equal(t, answer, got.Get("event_id").Str)
	require.True(t, strings.HasPrefix(body(got), "> "+question+"\n> Original (English)\n\n"+merci+"\n🌐 from Spanish"), body(got))
	require.Equal(t, "translated pass original", strings.Join([]string{
		keyIn(got).Get("state").Str, keyIn(got).Get("verdict").Str, keyIn(got).Get("engine").Str}, " "))
	require.Contains(t, keyIn(got).Get("original.body").Str, "> "+pregunta, "what is forwarded is what its author sent")

	w.redact(room, alice, a.messages(room)[0].Get("event_id").Str)
	require.Eventually(t, func() bool { return strings.HasPrefix(w.bodyAs(alice, answer), "> …\n\n"+merci) }, patience, 2*time.Millisecond)
}

// A quote is longer than its answer, mostly: the language of a message is that of what its author says.
func TestRule12TheLanguageOfAnAnswerIsNotThatOfItsQuote(t *testing.T) {
	w, room := quoteWorld(t)
	c, a := w.device(carla), w.device(alice)
	answer := answersIn(w, room, bedSentence(7), "Thank you for the good news.")
	require.EqualValues(t, "en", w.bridge.decide(w.event(answer)).from)
	got := c.until(room, 2)[1]
	require.Equal(t, "en es", keyIn(got).Get("from").Str+" "+keyIn(got).Get("to").Str)
	require.True(t, strings.HasPrefix(body(got), "> "+bedPhrase.Replace(bedSentence(7))+"\n> 🌐"), body(got))
	require.Contains(t, body(got), "\nGracias por las buenas noticias.")
	require.True(t, strings.HasPrefix(body(a.until(room, 2)[1]), "> "+bedSentence(7)+"\n> Original (English)\n\nThank you"))

	html := w.send(room, bob, object{
		"msgtype": "m.text", "body": quotedLines(bedPhrase.Replace(bedSentence(7))) + "\n\nThank you for the good news.", "format": htmlFormat,
		"formatted_body": "<blockquote>" + bedPhrase.Replace(bedSentence(7)) + "</blockquote><p>Thank you for the good news.</p>",
	})
	require.EqualValues(t, "en", w.bridge.decide(w.event(html)).from)
	require.Contains(t, a.until(room, 3)[2].Get("content.formatted_body").Str, "<blockquote>"+bedSentence(7)+"<br/>Original (English)</blockquote>")
}

func TestRule12AMessageThatIsNothingButAQuoteIsPutRight(t *testing.T) {
	w, room := quoteWorld(t)
	a, b := w.device(alice), w.device(bob)
	w.say(room, alice, question)
	w.say(room, bob, quotedLines(body(b.until(room, 1)[0])))
	require.True(t, strings.HasPrefix(body(a.until(room, 2)[1]), "> "+question+"\n> Original (English)\n🌐 from Spanish"), body(a.until(room, 2)[1]))
}

// Nothing changes for who reads the language of both, nor where nothing of ours is quoted: no key, no edit, no engine.
func TestRule12AnAnswerInTheReadersLanguageStaysAsItIs(t *testing.T) {
	w, room := quoteWorld(t)
	a, c := w.device(alice), w.device(carla)
	first := answersIn(w, room, question, thanks)
	other := w.say(room, bob, "> "+stable+"\n"+merci)
	w.settled()
	require.False(t, keyIn(c.until(room, 3)[1]).Exists())
	require.Empty(t, w.rows(first, "es"))
	require.False(t, keyIn(a.until(room, 3)[2]).Exists())
	require.Empty(t, w.rows(other, "en"))
	require.False(t, w.bridge.decide(w.event(other)).wantedBy("en"), "and nobody looks again")
}

// The quote may have to be translated first: those who have the answer as it was written by then are told.
func TestRule12AQuoteInTheReadersLanguageFollowsLate(t *testing.T) {
	w, room := copyWorld(t, "fr es", "fr en")
	const lundi, lunes, monday = "Le patient sort lundi.", "El paciente se va el lunes.", "The patient goes home on Monday."
	w.engine.book["es:"+lundi], w.engine.book["en:"+lundi] = lunes, monday
	a, b := w.device(alice), w.device(bob)
	w.say(room, dora, lundi)
	read := body(b.until(room, 1)[0])
	w.bridge.o.Pipeline.Purge()
	open := w.engine.close()
	answer := w.say(room, bob, quotedLines(read)+"\n\n"+merci)
	w.tooLate()
	raw := a.until(room, 2)[1]
	require.Equal(t, answer, raw.Get("event_id").Str)
	require.False(t, keyIn(raw).Exists(), "no key where the message is in the reader's language")
	open()
	w.rendered(answer, "en")
	late := a.until(room, 3)[2]
	require.Contains(t, newBody(late), "> "+monday+"\n> 🌐 from French\n\n"+merci)
}
