package bridge

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

const (
	question = "How is the patient today?"
	pregunta = "¿Cómo está el paciente hoy?"
	stable   = "The patient is stable now."
	estable  = "El paciente está estable ahora."
	better   = "The patient is better today."
	mejor    = "El paciente está mejor hoy."
	goodNews = "Thank you for the good news."
	buenas   = "Gracias por las buenas noticias."

	lateES         = "🌐 la traducción llegó más tarde; el remitente no editó"
	lateEditES     = "🌐 la traducción del mensaje editado llegó más tarde"
	lateNoteES     = "🌐 nota del servicio de traducción; el remitente no editó"
	lateNoteEditES = "🌐 nota del servicio de traducción sobre el mensaje editado"
	remainsES      = "🌐 el remitente retiró una edición; este es el mensaje anterior a ella"
	withdrawnES    = "🌐 traducción retirada; este es el original"
)

func TestRule01TheTailOfTheRoomWaitsBehindItsQuestion(t *testing.T) {
	w := newWorld(t)
	room, other := w.ward(), w.room(alice, bob)
	b := w.device(bob)
	open := w.engine.close()
	defer open()
	w.say(room, alice, question)
	w.say(room, carla, "No.")
	w.say(other, bob, "Hola a todos en esta sala.")
	b.sync(0)
	require.Empty(t, b.messages(room), "the answer does not come before its question")
	require.Len(t, b.messages(other), 1, "other rooms do not wait")
	open()
	got := b.until(room, 2)
	require.True(t, strings.HasPrefix(body(got[0]), pregunta))
	require.Equal(t, "No.", body(got[1]))
}

// The answer of a sync ends before what is held. What comes before it must not go out as it was written only because its
// translation was stored after that place.
func TestRule01WhatComesBeforeAHeldMessageIsNotShownRaw(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b := w.device(bob)
	openFirst := w.engine.close()
	first := w.say(room, alice, question)
	require.Eventually(t, func() bool { return w.engine.count("es", question) == 1 }, patience, time.Millisecond)
	openSecond := w.engine.close()
	second := w.say(room, alice, stable)
	require.Eventually(t, func() bool { return w.engine.count("es", stable) == 1 }, patience, time.Millisecond)
	openFirst()
	require.Greater(t, w.rendered(first, "es").Position, w.event(second).Position)
	b.sync(0)
	require.Empty(t, b.messages(room))
	openSecond()
	got := b.until(room, 2)
	require.True(t, strings.HasPrefix(body(got[0]), pregunta), body(got[0]))
	require.True(t, strings.HasPrefix(body(got[1]), estable), body(got[1]))
	b.quiet(room)
}

func TestRule01TheTailIsHeldForTheBudgetAtMost(t *testing.T) {
	const short = 300 * time.Millisecond
	w := newWorld(t, func(w *world) { w.config.HoldBudget = config.Duration(short) })
	room := w.ward()
	b := w.device(bob)
	open := w.engine.close()
	defer open()
	start := time.Now()
	w.say(room, alice, question)
	got := b.until(room, 1)
	require.Equal(t, question, body(got[0]), "the original")
	require.Equal(t, "pending", keyIn(got[0]).Get("state").Str)
	require.Less(t, time.Since(start), short+patience)
	require.GreaterOrEqual(t, time.Since(start), short-20*time.Millisecond)
}

func TestRule02ALateTranslationIsAnEditForThisViewerOnly(t *testing.T) {
	w, room, id, b, _ := lateQuestion(t)
	edit := b.until(room, 2)[1]
	synthetic := edit.Get("event_id").Str
	require.Regexp(t, `^\$[A-Za-z0-9_-]{43}$`, synthetic)
	require.Equal(t, "m.replace", edit.Get("content").Get(pathRelates+".rel_type").Str)
	require.Equal(t, id, edit.Get("content").Get(pathRelates+".event_id").Str)
	require.Equal(t, alice, edit.Get("sender").Str)
	real, ok := w.realID(synthetic, bob)
	require.True(t, ok)
	require.Equal(t, id, real)
	_, ok = w.realID(synthetic, carla)
	require.False(t, ok, "it says nothing to others")
	_, err := w.rooms.Event(t.Context(), synthetic)
	require.ErrorIs(t, err, rooms.ErrNotFound, "it is in no table")
	b.quiet(room)
	w.restart()
	real, ok = w.realID(synthetic, bob)
	require.True(t, ok && real == id, "the secret outlives the process")

	unread := w.bridge.SyntheticID(&view.Rendering{Version: 1 << 40, Language: "es"}, bob) // nothing is remembered of its message
	w.stop()
	w.stop = func() {}
	_, _, err = w.bridge.RealID(t.Context(), unread, bob)
	require.Error(t, err, "without a database nobody knows what it stands for, and it must not pass as a real id")
	real, ok = w.realID(synthetic, carla)
	require.True(t, !ok && real == synthetic, "other ids need none")
}

func TestRule02IDsAreDeterministicAndNotForged(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	id := w.say(room, alice, question)
	r := &w.rendered(id, "es").Rendering
	one := w.bridge.SyntheticID(r, bob)
	require.Equal(t, one, w.bridge.SyntheticID(r, bob))
	require.NotEqual(t, one, w.bridge.SyntheticID(r, carla))
	redaction := *r
	redaction.Redaction = true
	require.NotEqual(t, one, w.bridge.SyntheticID(&redaction, bob))
	for i := 1; i < len(one); i++ {
		forged := []byte(one)
		forged[i] ^= 1
		if _, ok := w.realID(string(forged), bob); ok {
			t.Fatalf("changed at %d and still read", i)
		}
	}
	for _, id := range []string{"", "$", "$" + strings.Repeat("A", 43), id, one + "A"} {
		got, ok := w.realID(id, bob)
		require.False(t, ok)
		require.Equal(t, id, got)
	}
}

func TestRule03TheEditHasTheTimeOfItsVersion(t *testing.T) {
	w, room, id, b, _ := lateQuestion(t)
	edit := b.until(room, 2)[1]
	require.Equal(t, w.event(id).OriginServerTS, edit.Get("origin_server_ts").Int())
}

func TestRule03ARealEditCancelsWhatIsPending(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b := w.device(bob)
	open := w.engine.close()
	id := w.say(room, alice, question)
	w.tooLate()
	require.Equal(t, question, body(b.until(room, 1)[0]))
	edit := w.send(room, alice, editOf(id, better))
	w.handledAll()
	open()
	got := b.until(room, 2)[1]
	require.Equal(t, edit, got.Get("event_id").Str)
	require.True(t, strings.HasPrefix(got.Get("content").Get(pathNewContent+".body").Str, mejor), got.Raw)
	b.quiet(room)
	require.False(t, w.rendered(id, "es").late, "the first version is no longer the newest: nobody is told")
	require.True(t, strings.HasPrefix(gjson.GetBytes(w.rows(id, "es")[0].Content, "body").Str, pregunta), "but it has its words in place")
}

func TestRule03AnEditWithAnEarlierTimeIsFollowed(t *testing.T) {
	w, room, id, b, _ := lateQuestion(t)
	b.until(room, 2)
	first := w.event(id).OriginServerTS
	w.sendAt(room, alice, editOf(id, better), first-5000)
	got := b.until(room, 4)
	require.True(t, strings.HasPrefix(got[2].Get("content").Get(pathNewContent+".body").Str, mejor), "the edit in place")
	follow := got[3]
	require.Equal(t, first+1, follow.Get("origin_server_ts").Int(), "later than what a client would keep showing")
	require.Equal(t, id, follow.Get("content").Get(pathRelates+".event_id").Str)
	require.True(t, strings.HasPrefix(follow.Get("content").Get(pathNewContent+".body").Str, mejor))
	b.quiet(room)
}

func TestRule03AnEarlierEditInTheReadersOwnLanguageIsFollowedToo(t *testing.T) {
	w, room, id, b, _ := lateQuestion(t)
	b.until(room, 2)
	first := w.event(id).OriginServerTS
	w.sendAt(room, alice, editOf(id, "Perdón, quería preguntar cómo está hoy el paciente de la cama tres."), first-5000)
	got := b.until(room, 4)
	require.False(t, got[2].Get("content").Get(pathKey).Exists(), "its own language: no key")
	require.Equal(t, first+1, got[3].Get("origin_server_ts").Int())
	require.True(t, strings.HasPrefix(got[3].Get("content").Get(pathNewContent+".body").Str, "Perdón"))
	b.quiet(room)
}

func TestRule04AReceiptOnALateEditCountsForItsPlace(t *testing.T) {
	w, room, id, b, _ := lateQuestion(t)
	edit := b.until(room, 2)[1].Get("event_id").Str
	viewer, err := w.view.Viewer(t.Context(), bob, "D", "S")
	require.NoError(t, err)
	mapped, err := w.view.MapReceipt(t.Context(), viewer, room, edit, "")
	require.NoError(t, err)
	require.Equal(t, id, mapped)
}

func TestRule05OnlyThoseWithTheRawTextAreToldLater(t *testing.T) {
	w, room, id, b, c := lateQuestion(t)
	require.Len(t, b.until(room, 2), 2)
	got := c.until(room, 1)
	require.Equal(t, id, got[0].Get("event_id").Str)
	require.True(t, strings.HasPrefix(body(got[0]), pregunta), "who was away gets the translated event")
	c.quiet(room)
	require.Len(t, w.device(bob).until(room, 1), 1, "and so does a new device")
}

func TestRule05PagesOfHistoryTellNobody(t *testing.T) {
	w := newWorld(t)
	room := w.room(alice, bob)
	id := w.say(room, alice, question)
	w.settled()
	require.Empty(t, w.rows(id, "es"))
	b := w.device(bob)
	w.reads(bob, "es")
	require.NoError(t, w.bridge.Request(t.Context(), "es", []*rooms.Event{w.event(id)}, 5*time.Second))
	found, err := w.bridge.Renderings(t.Context(), "es", []*rooms.Event{w.event(id)}, newest)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(gjson.GetBytes(found[w.event(id).NID].Content, "body").Str, pregunta))
	b.quiet(room)
}

func TestRule05ARequestWaitsNoLongerThanItsBudget(t *testing.T) {
	w := newWorld(t)
	room := w.room(alice)
	id := w.say(room, alice, question)
	open := w.engine.close()
	start := time.Now()
	require.NoError(t, w.bridge.Request(t.Context(), "es", []*rooms.Event{w.event(id)}, 50*time.Millisecond))
	require.Less(t, time.Since(start), patience)
	require.Empty(t, w.rows(id, "es"))
	open()
	require.Equal(t, "translated", w.rendered(id, "es").State, "what was asked for is not wasted")
}

func TestRule03ALateTranslationIsNotToldAfterANewerVersion(t *testing.T) {
	w, room, id, b, _ := lateQuestion(t)
	require.True(t, w.rendered(id, "es").late)
	edit := w.send(room, alice, editOf(id, "Perdón, quería preguntar cómo está hoy el paciente de la cama tres."))
	require.Equal(t, edit, b.until(room, 2)[1].Get("event_id").Str, "the device asked only now")
	b.quiet(room)
}

// A rendering may be stored between the moment at which an answer takes its position and that at which it looks.
func TestRule01ARenderingAfterTheReadersPositionStillHolds(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	id := w.say(room, alice, question)
	r := w.rendered(id, "es")
	w.settled()
	ev := w.event(id)
	require.False(t, w.bridge.HoldUntil(ev, "es", r.Position-1).IsZero())
	require.True(t, w.bridge.HoldUntil(ev, "es", r.Position).IsZero())
	require.True(t, w.bridge.HoldUntil(ev, "fr", newest).IsZero(), "nobody here reads it")
}
