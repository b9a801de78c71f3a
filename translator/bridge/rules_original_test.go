package bridge

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// Our mark names a command wherever the original is too long to be shown, also where the bot was never let in.
func TestRule10TheOriginalIsShownWhereTheBotIsNoMember(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	a, b := w.device(alice), w.device(bob)
	long := strings.TrimSuffix(strings.Repeat(stable+"\n", 200), "\n")
	id := w.say(room, alice, long)
	require.Contains(t, body(b.until(room, 1)[0]), "!original")
	w.say(room, bob, "!original")
	got := b.noticed(room, 1)[0]
	require.Equal(t, language.Say("es", "bot_original", "language", language.Code("en").Name("es"), "text", long), body(got))
	w.say(room, bob, "!help")
	w.settled()
	a.sync(0)
	require.Empty(t, a.notices(room), "who asked is told alone")
	require.Zero(t, w.countOf(bot, room), "and the bot says nothing in a room where it is not")

	w.redact(room, alice, id)
	require.Eventually(t, func() bool { b.sync(0); return b.redacted(room, got.Get("event_id").Str) }, patience, 2e6)
	require.Empty(t, w.notices(`content <> '{}' AND kind = 'original'`), "it goes with the message")
	require.Len(t, b.notices(room), 2, "the notice and its redaction: no other command is answered there")
}

func TestRule10TheOriginalOfALongRecordingIsWhatWasUnderstood(t *testing.T) {
	long := strings.TrimSuffix(strings.Repeat(stable+"\n", 200), "\n")
	w := newWorld(t, func(w *world) {
		w.change = func(o *Options) { o.Transcriber = dictation{"mxc://" + hospital + "/voice": long} }
	})
	room := w.ward()
	b := w.device(bob)
	id := w.send(room, alice, voiceMessage("voice"))
	require.Contains(t, body(b.until(room, 1)[0]), "!original")
	w.send(room, bob, replyTo(id, "!original"))
	require.Contains(t, body(b.noticed(room, 1)[0]), long)
}
