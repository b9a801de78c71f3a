package bridge

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/translator/language"
)

// threadWard is a ward with the bot in which carla reads in threads and bob in place, both in Spanish.
func threadWard(t *testing.T) (w *world, room string) {
	w, room = quoteWorld(t)
	w.botIn(room, alice)
	w.readsIn(carla, "", `{"language":"es","mode":"thread"}`)
	return w, room
}

// saidTo are the messages of alice, edits and redactions that a device has, after nothing more comes.
func (w *world) saidTo(d *device, room string) (said []string) {
	w.settled()
	w.botRead()
	d.sync(0)
	d.sync(0)
	for _, ev := range d.messages(room) {
		if ev.Get("sender").Str == alice {
			said = append(said, strings.TrimSpace(firstLine(newBody(ev))+" "+redactsOf(ev)))
		}
	}
	return said
}

func TestModeThreadNobodyIsToldOfWhatRemainsInPlace(t *testing.T) {
	w, room := threadWard(t)
	c, b := w.device(carla), w.device(bob)
	id := w.say(room, alice, question)
	w.rendered(id, "es")
	edit := w.send(room, alice, editOf(id, better))
	w.rendered(edit, "es")
	w.saidTo(b, room)
	require.Equal(t, []string{question, better}, w.saidTo(c, room))
	w.redact(room, alice, edit)
	said := w.saidTo(c, room)
	require.Equal(t, []string{question, better, edit}, said, "the redaction of the edit says it all")
	require.Contains(t, strings.Join(w.saidTo(b, room), "\n"), "el remitente", "who reads in place is told what remains")
}

func TestModeThreadAnEditThatIsOvertakenIsNotPutInPlace(t *testing.T) {
	w, room := threadWard(t)
	c, b := w.device(carla), w.device(bob)
	open := w.engine.close()
	id := w.say(room, alice, question)
	w.tooLate()
	w.saidRaw(b, room)
	w.saidRaw(c, room)
	open()
	w.rendered(id, "es")
	edit := w.sendAt(room, alice, editOf(id, better), w.event(id).OriginServerTS-5000)
	w.rendered(edit, "es")
	require.Equal(t, []string{question, better}, w.saidTo(c, room))
	require.Equal(t, []string{question, mejor, mejor}, w.saidTo(b, room), "one follows the edit, for who was shown the first version late")
}

// saidRaw has a device take what there is, whatever is under way.
func (w *world) saidRaw(d *device, room string) {
	w.t.Helper()
	require.Eventually(w.t, func() bool { d.sync(0); return len(d.saidBy(room, alice)) > 0 }, patience, 2*time.Millisecond)
}

// What quotes a message that is gone stands in threads without it, and nowhere else.
func TestModeThreadAQuoteThatIsGoneIsSaidAnewInTheThread(t *testing.T) {
	w, room := threadWard(t)
	w.readsIn(alice, "", `{"language":"en","mode":"thread"}`)
	a, b := w.device(alice), w.device(bob)
	id := w.say(room, alice, question)
	b.until(room, len(b.messages(room))+1)
	read := b.saidBy(room, alice)[0]
	answer := w.say(room, bob, quotedLines(body(read))+"\n"+thanks)
	inThread := func() (found []gjson.Result) {
		for _, ev := range a.saidBy(room, bot) {
			if ev.Get("content").Get(pathRelates+".event_id").Str == answer {
				found = append(found, ev)
			}
		}
		return found
	}
	require.Eventually(t, func() bool { a.sync(0); return len(inThread()) == 1 }, patience, 5*time.Millisecond)
	require.Contains(t, body(inThread()[0]), question)
	w.botRead()
	before := w.hub.Position()
	w.redact(room, alice, id)
	require.Eventually(t, func() bool { a.sync(0); return len(inThread()) == 2 }, patience, 5*time.Millisecond)
	require.True(t, strings.HasPrefix(body(inThread()[1]), "> …\n"+merci), body(inThread()[1]))
	w.settled()
	w.botRead()
	a.sync(0)
	require.Len(t, inThread(), 2)
	for _, ev := range a.saidBy(room, bob) {
		require.False(t, keyIn(ev).Exists(), "%s", ev.Raw)
		require.NotEqual(t, "m.replace", ev.Get("content").Get(pathRelates+".rel_type").Str)
	}
	require.Equal(t, quotedLines(body(read))+"\n"+thanks, w.bodyAs(alice, answer), "the message stays as it was written")
	requireOneStands := func() {
		t.Helper()
		a.sync(0)
		var ids []string
		for _, ev := range inThread() {
			ids = append(ids, ev.Get("event_id").Str)
		}
		redacted, err := w.rooms.Redacted(t.Context(), ids)
		require.NoError(t, err)
		require.Len(t, redacted, len(ids)-1)
		require.Nil(t, redacted[ids[len(ids)-1]])
	}
	requireOneStands()
	w.stop()
	setCursorOf(t, w.url, cursorBot, before) // it was killed before it had noted how far it had read
	w.start()
	w.botRead()
	requireOneStands()
}

// Who read in place when the message came, and reads in threads now, has the late edit: it is put right for them.
func TestModeThreadWhoReadInPlaceBeforeIsTold(t *testing.T) {
	w, room := threadWard(t)
	b := w.device(bob)
	open := w.engine.close()
	id := w.say(room, alice, question)
	edit := w.send(room, alice, editOf(id, better))
	w.tooLate()
	w.saidRaw(b, room)
	open()
	w.rendered(edit, "es")
	w.settled()
	require.Contains(t, strings.Join(w.saidTo(b, room), "\n"), language.String("es", "late_edit"))
	w.readsIn(bob, "", `{"language":"es","mode":"thread"}`)
	w.redact(room, alice, edit)
	require.Greater(t, len(w.saidTo(b, room)), 4, "what remains, and the redactions: %q", w.saidTo(b, room))
}
