package bridge

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
	"medixchange/rooms"
	"medixchange/translator/language"
)

const (
	question   = "How is the patient today?"
	pregunta   = "¿Cómo está el paciente hoy?"
	stable     = "The patient is stable now."
	estable    = "El paciente está estable ahora."
	better     = "The patient is better today."
	mejor      = "El paciente está mejor hoy."
	goodNews   = "Thank you for the good news."
	buenas     = "Gracias por las buenas noticias."
	lateES     = "🌐 la traducción llegó más tarde; el remitente no editó"
	lateNoteES = "🌐 nota del servicio de traducción; el remitente no editó"
)

func TestReaderGetsTheTranslationInPlace(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	a, b := w.device(alice), w.device(bob)
	id := w.say(room, alice, question)
	got := b.until(room, 1)[0]
	require.Equal(t, id, got.Get("event_id").Str)
	require.True(t, strings.HasPrefix(body(got), pregunta), body(got))
	require.Equal(t, question, body(a.until(room, 1)[0]), "the sender sees their own words")
	reply := w.say(room, bob, estable)
	require.True(t, strings.HasPrefix(body(a.until(room, 2)[1]), stable), "and reads the answer in their language")
	require.Equal(t, estable, body(b.until(room, 2)[1]))
	require.Equal(t, 1, w.engine.count("es", question), "one request, however many read it")
	require.Equal(t, 1, w.engine.count("en", estable))
	b.quiet(room)
	stored := w.event(reply)
	require.Equal(t, estable, stored.Content().Get("body").Str, "the event itself is never touched")
}

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
	require.Less(t, time.Since(start), short+5*time.Second)
	require.GreaterOrEqual(t, time.Since(start), short-20*time.Millisecond)
}

// lateQuestion is a ward where bob has got the raw question and its translation came later. Carla was away.
func lateQuestion(t *testing.T) (w *world, room, id string, b *device, c *device) {
	w = newWorld(t)
	room = w.ward()
	b, c = w.device(bob), w.device(carla)
	open := w.engine.close()
	id = w.send(room, alice, object{"msgtype": "m.text", "body": question, "m.mentions": object{"user_ids": []string{bob}}})
	w.tooLate()
	require.Equal(t, question, body(b.until(room, 1)[0]))
	open()
	return w, room, id, b, c
}

func TestRule02ALateTranslationIsAnEditForThisViewerOnly(t *testing.T) {
	w, room, id, b, _ := lateQuestion(t)
	edit := b.until(room, 2)[1]
	synthetic := edit.Get("event_id").Str
	require.Regexp(t, `^\$[A-Za-z0-9_-]{43}$`, synthetic)
	require.Equal(t, "m.replace", edit.Get("content").Get(pathRelates+".rel_type").Str)
	require.Equal(t, id, edit.Get("content").Get(pathRelates+".event_id").Str)
	require.Equal(t, alice, edit.Get("sender").Str)
	real, ok := w.bridge.RealID(synthetic, bob)
	require.True(t, ok)
	require.Equal(t, id, real)
	_, ok = w.bridge.RealID(synthetic, carla)
	require.False(t, ok, "it says nothing to others")
	_, err := w.rooms.Event(t.Context(), synthetic)
	require.ErrorIs(t, err, rooms.ErrNotFound, "it is in no table")
	b.quiet(room)
	w.restart()
	real, ok = w.bridge.RealID(synthetic, bob)
	require.True(t, ok && real == id, "the secret outlives the process")
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
		if _, ok := w.bridge.RealID(string(forged), bob); ok {
			t.Fatalf("changed at %d and still read", i)
		}
	}
	for _, id := range []string{"", "$", "$" + strings.Repeat("A", 43), id, one + "A"} {
		got, ok := w.bridge.RealID(id, bob)
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
	mapped, err := w.view.MapReceipt(t.Context(), viewer, room, edit)
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
	require.Less(t, time.Since(start), 2*time.Second)
	require.Empty(t, w.rows(id, "es"))
	open()
	require.Equal(t, "translated", w.rendered(id, "es").State, "what was asked for is not wasted")
}

func TestRule06RedactingTheOriginalTakesTheSyntheticBack(t *testing.T) {
	w, room, id, b, _ := lateQuestion(t)
	edit := b.until(room, 2)[1].Get("event_id").Str
	w.redact(room, alice, id)
	got := b.until(room, 4)
	require.Equal(t, id, redactsOf(got[2]))
	require.Equal(t, edit, redactsOf(got[3]), "only for this viewer")
	real, ok := w.bridge.RealID(got[3].Get("event_id").Str, bob)
	require.True(t, ok && real == id)
	b.quiet(room)
	for _, r := range w.rows(id, "es") {
		require.Empty(t, r.Content, "nothing is kept of what it said")
		require.Empty(t, r.LateContent)
	}
}

func TestRule06RedactingAnEditShowsWhatRemains(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b := w.device(bob)
	id := w.say(room, alice, question)
	b.until(room, 1)
	open := w.engine.close()
	edit := w.send(room, alice, editOf(id, better))
	w.tooLate()
	b.until(room, 2)
	open()
	told := b.until(room, 3)[2]
	w.redact(room, alice, edit)
	got := b.until(room, 6)
	require.Equal(t, edit, redactsOf(got[3]))
	require.Equal(t, "m.replace", got[4].Get("content").Get(pathRelates+".rel_type").Str, "first what remains")
	require.True(t, strings.HasPrefix(got[4].Get("content").Get(pathNewContent+".body").Str, pregunta))
	require.Greater(t, got[4].Get("origin_server_ts").Int(), told.Get("origin_server_ts").Int())
	require.Equal(t, told.Get("event_id").Str, redactsOf(got[5]), "then what goes")
	b.quiet(room)
}

func redactsOf(ev gjson.Result) string {
	if id := ev.Get("redacts").Str; id != "" {
		return id
	}
	return ev.Get("content.redacts").Str
}

func TestRule06NothingIsTranslatedOfWhatIsRedacted(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	open := w.engine.close()
	id := w.say(room, alice, question)
	w.handledAll()
	w.redact(room, alice, id)
	open()
	w.settled()
	require.Empty(t, w.rows(id, "es"))
}

func TestRule07ALateEditCallsNobodyAndSaysWhoMadeIt(t *testing.T) {
	_, room, _, b, _ := lateQuestion(t)
	edit := b.until(room, 2)[1]
	require.Equal(t, "{}", edit.Get(`content.m\.mentions`).Raw)
	changed := edit.Get("content").Get(pathNewContent)
	require.Equal(t, bob, changed.Get(`m\.mentions.user_ids.0`).Str)
	require.True(t, strings.HasPrefix(changed.Get("body").Str, lateES+"\n"+pregunta), changed.Get("body").Str)
	require.True(t, strings.HasPrefix(body(edit), "* "+lateES))
	require.Equal(t, "translated", changed.Get(pathKey+".state").Str, "js shows m.new_content only")
	require.False(t, changed.Get(pathRelates).Exists())
}

func TestRule08AChangeOfLanguageAppliesToWhatComes(t *testing.T) {
	w := newWorld(t)
	room := w.room(alice, bob)
	b := w.device(bob)
	first := w.say(room, alice, question)
	require.Equal(t, question, body(b.until(room, 1)[0]))
	w.reads(bob, "es")
	w.say(room, alice, better)
	require.True(t, strings.HasPrefix(body(b.until(room, 2)[1]), mejor))
	b.quiet(room)
	require.Empty(t, w.rows(first, "es"))
}

func TestRule09TheKeySaysWhatWasDone(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b := w.device(bob)
	w.say(room, alice, question)
	key := keyIn(b.until(room, 1)[0])
	require.JSONEq(t, fmt.Sprintf(`{"state":"translated","from":"en","to":"es","engine":"fake","verdict":"pass","reasons":[],"original":{"body":%q}}`, question), key.Raw)
	w.send(room, alice, object{"msgtype": "m.text", "body": "Por favor llame al laboratorio cuando tenga los resultados.", "org.medixchange.translation": object{"verdict": "pass"}})
	require.False(t, keyIn(b.until(room, 2)[1]).Exists(), "the reader's own language: no key, and none that others forged")
	w.say(room, alice, "👍 123")
	require.Equal(t, "none", keyIn(b.until(room, 3)[2]).Get("state").Str)
	require.Equal(t, `["not_text"]`, keyIn(b.until(room, 3)[2]).Get("reasons").Raw)
}

func TestRule09WithoutAnEngineTheOriginalArrivesAtOnceAndSaysSo(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	w.reads(carla, "ja")
	c := w.device(carla)
	start := time.Now()
	w.say(room, alice, question)
	got := c.until(room, 1)[0]
	require.Less(t, time.Since(start), budget)
	require.Equal(t, "none", keyIn(got).Get("state").Str)
	require.Equal(t, `["no_engine"]`, keyIn(got).Get("reasons").Raw)
	require.True(t, strings.HasPrefix(body(got), question+"\n🌐"), "words, not only keys: "+body(got))
	c.quiet(room)
}

func TestRule09OfModeOff(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	require.NoError(t, w.accounts.SetAccountData(t.Context(), carla, room, typeLanguage, json.RawMessage(`{"mode":"off"}`)))
	c := w.device(carla)
	w.say(room, alice, question)
	got := c.until(room, 1)[0]
	require.Equal(t, question, body(got))
	require.False(t, keyIn(got).Exists())
}

func TestRule13WhatIsTranslatedAndWhatIsNot(t *testing.T) {
	const lab = "@laboratory:" + hospital
	w := newWorld(t, func(w *world) {
		w.config.ClinicalBots = []string{lab}
		w.change = func(o *Options) {
			o.Appservice = func(user string) bool { return strings.HasPrefix(user, "@bridged_") }
		}
	})
	room := w.ward()
	w.member(room, lab, lab, "join")
	w.member(room, "@bridged_x:"+hospital, "@bridged_x:"+hospital, "join")
	text := object{"msgtype": "m.text", "body": better}
	for _, c := range []struct {
		name    string
		sender  string
		content object
		wanted  bool
	}{
		{"text", alice, text, true},
		{"emote", alice, object{"msgtype": "m.emote", "body": better}, true},
		{"notice of anybody", alice, object{"msgtype": "m.notice", "body": better}, false},
		{"notice of a clinical bot", lab, object{"msgtype": "m.notice", "body": better}, true},
		{"caption", alice, object{"msgtype": "m.image", "body": "Picture of the wound.", "filename": "a.png", "url": "mxc://a/b"}, true},
		{"file name", alice, object{"msgtype": "m.file", "body": "report of the patient.pdf", "url": "mxc://a/b"}, false},
		{"same file name", alice, object{"msgtype": "m.file", "body": "report.pdf", "filename": "report.pdf", "url": "mxc://a/b"}, false},
		{"place", alice, object{"msgtype": "m.location", "body": better, "geo_uri": "geo:1,2"}, false},
		{"application service", "@bridged_x:" + hospital, text, false},
		{"command", alice, object{"msgtype": "m.text", "body": "!lang spanish"}, false},
		{"digits", alice, object{"msgtype": "m.text", "body": "120/80"}, false},
		{"no body", alice, object{"msgtype": "m.text", "body": object{}}, false},
		{"edit", alice, editOf("$unknown", better), true},
		{"edit without content", alice, object{"msgtype": "m.text", "body": better, "m.relates_to": object{"rel_type": "m.replace", "event_id": "$x"}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := w.send(room, c.sender, c.content)
			require.Equal(t, c.wanted, w.bridge.Wanted(w.event(id), "es"))
			w.settled()
			require.Equal(t, c.wanted, len(w.rows(id, "es")) > 0)
		})
	}
}

func TestRule13ACaptionKeepsItsFile(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b := w.device(bob)
	w.send(room, alice, object{"msgtype": "m.image", "body": "Picture of the wound.", "filename": "a.png", "url": "mxc://a/b", "info": object{"w": 3}})
	got := b.until(room, 1)[0].Get("content")
	require.True(t, strings.HasPrefix(got.Get("body").Str, "Imagen de la herida."))
	require.Equal(t, "a.png mxc://a/b 3", got.Get("filename").Str+" "+got.Get("url").Str+" "+got.Get("info.w").Raw)
}

func TestRule14AFailureIsSaidInWords(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b := w.device(bob)
	w.engine.failWith(errors.New("broken"))
	w.say(room, alice, question)
	got := b.until(room, 1)[0]
	require.Equal(t, `["engine_error"]`, keyIn(got).Get("reasons").Raw)
	require.Contains(t, body(got), "🌐 sin traducir")
	open := w.engine.close()
	w.say(room, alice, better)
	w.tooLate()
	require.Equal(t, better, body(b.until(room, 2)[1]), "pending is silent")
	open()
	edit := b.until(room, 3)[2]
	require.True(t, strings.HasPrefix(edit.Get("content").Get(pathNewContent+".body").Str, lateNoteES+"\n"+better), edit.Raw)
	require.Contains(t, edit.Get("content").Get(pathNewContent+".body").Str, "🌐 sin traducir")
}

func TestRule14WhatFailedIsTriedAgainWhenHistoryIsRead(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b := w.device(bob)
	w.engine.failWith(errors.New("broken"))
	id := w.say(room, alice, question)
	b.until(room, 1)
	events := []*rooms.Event{w.event(id)}
	require.NoError(t, w.bridge.Request(t.Context(), "es", events, 5*time.Second))
	require.Len(t, w.rows(id, "es"), 1, "no better: no new row")
	w.engine.failWith(nil)
	require.NoError(t, w.bridge.Request(t.Context(), "es", events, 5*time.Second))
	require.Len(t, w.rows(id, "es"), 1, "not so soon")
	w.bridge.retries.Purge()
	require.NoError(t, w.bridge.Request(t.Context(), "es", events, 5*time.Second))
	rows := w.rows(id, "es")
	require.Len(t, rows, 2)
	for _, c := range []struct {
		upto  int64
		state string
	}{{rows[0].Position, "none"}, {rows[1].Position, "translated"}, {newest, "translated"}} {
		found, err := w.bridge.Renderings(t.Context(), "es", events, c.upto)
		require.NoError(t, err)
		require.Equal(t, c.state, found[events[0].NID].State)
	}
	b.quiet(room)
}

func TestRule15ADoubtfulTranslationIsNotShownAsCertain(t *testing.T) {
	w := newWorld(t)
	const text, wrong = "The patient has no fever this morning.", "El paciente tiene fiebre esta mañana."
	w.engine.book["es:"+text] = wrong
	room := w.ward()
	b := w.device(bob)
	w.say(room, alice, text)
	got := b.until(room, 1)[0]
	require.Contains(t, []string{"warn", "block"}, keyIn(got).Get("verdict").Str, got.Raw)
	require.Contains(t, keyIn(got).Get("reasons").Raw, "negation")
	require.Contains(t, body(got), text, "the original is there for the reader")
	require.False(t, strings.HasPrefix(body(got), wrong), "and the doubt comes first")
}

func TestNothingIsStoredWhenEverybodyReadsTheLanguage(t *testing.T) {
	w := newWorld(t)
	room := w.room(alice, bob)
	b := w.device(bob)
	before := w.hub.Position()
	for range 10 {
		w.say(room, alice, question)
	}
	b.until(room, 10)
	w.settled()
	require.Equal(t, before+10, w.hub.Position(), "no fact but the messages")
	require.Zero(t, w.engine.total())
}

func TestNobodyIsTranslatedForTheirOwnWords(t *testing.T) {
	w := newWorld(t)
	w.reads(bob, "es")
	room := w.room(alice, bob)
	id := w.say(room, bob, question)
	w.settled()
	require.Empty(t, w.rows(id, "es"), "only the sender reads Spanish here")
}

func TestHoldBudgetZeroHoldsNothing(t *testing.T) {
	w := newWorld(t, func(w *world) { w.config.HoldBudget = config.Duration(0) })
	room := w.ward()
	id := w.say(room, alice, question)
	require.True(t, w.bridge.HoldUntil(w.event(id), "es", newest).IsZero())
}

func TestLanguagesThatTheNodeDoesNotKnowReadOriginals(t *testing.T) {
	w := newWorld(t)
	require.Equal(t, language.Code("es"), w.bridge.code("es-MX"))
	require.Equal(t, language.Code(""), w.bridge.code("tlh"))
	require.Equal(t, language.Code(""), w.bridge.code("no language"))
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
