package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
	"medixchange/rooms"
	"medixchange/rooms/view"
	"medixchange/translator"
	"medixchange/translator/language"
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

func redactsOf(ev gjson.Result) string {
	if id := ev.Get("redacts").Str; id != "" {
		return id
	}
	return ev.Get("content.redacts").Str
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

// Who edits a message did edit it, however late its translation is.
func TestRule07ALateEditOfARealOneDoesNotDenyIt(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b := w.device(bob)
	id := w.say(room, alice, question)
	b.until(room, 1)
	open := w.engine.close()
	w.send(room, alice, editOf(id, better))
	w.tooLate()
	b.until(room, 2)
	open()
	late := b.until(room, 3)[2].Get("content").Get(pathNewContent)
	require.True(t, strings.HasPrefix(late.Get("body").Str, lateEditES+"\n"+mejor), late.Raw)
	require.True(t, strings.HasPrefix(late.Get("formatted_body").Str, "<p>"+lateEditES+"</p><p>"+mejor), late.Raw)
	w.engine.failWith(errors.New("broken"))
	open = w.engine.close()
	w.send(room, alice, editOf(id, stable))
	w.tooLate()
	b.until(room, 4)
	open()
	require.True(t, strings.HasPrefix(newBody(b.until(room, 5)[4]), lateNoteEditES+"\n"+stable), "nor does a note")
}

func TestRule08AChangeOfLanguageAppliesToWhatComes(t *testing.T) {
	w := newWorld(t)
	room := w.room(alice, bob)
	b := w.device(bob)
	first := w.say(room, alice, question)
	require.Equal(t, question, body(b.until(room, 1)[0]))
	w.settled()
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
	w := newWorld(t, func(w *world) { w.config.HoldBudget = config.Duration(time.Minute) })
	room := w.ward()
	w.reads(carla, "ja")
	c := w.device(carla)
	w.say(room, alice, question)
	w.settled() // nothing of it takes the minute that readers would wait for an engine
	got := c.until(room, 1)[0]
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
		{"caption of a file", alice, object{"msgtype": "m.file", "body": better, "filename": "report.pdf", "url": "mxc://a/b"}, true},
		{"caption of a video", alice, object{"msgtype": "m.video", "body": better, "filename": "gait.mp4", "url": "mxc://a/b"}, true},
		{"caption of a recording", alice, object{"msgtype": "m.audio", "body": better, "filename": "heart.ogg", "url": "mxc://a/b"}, true},
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

func TestRule13KeywordsAreComparedWithTheWordsThatAReaderIsShown(t *testing.T) {
	w := newWorld(t)
	r := w.rendered(w.say(w.ward(), alice, better), "es")
	require.Equal(t, "El paciente está mejor hoy.", w.bridge.Words("es-MX", view.RenderingOf(r)))
	require.Empty(t, w.bridge.Words("en", view.RenderingOf(r)))
	require.Empty(t, w.bridge.Words("", view.RenderingOf(r)))
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

// askedOf records what the pipeline is asked.
type askedOf struct {
	Pipeline
	mu       sync.Mutex
	requests []translator.Request
}

func (p *askedOf) Translate(ctx context.Context, request translator.Request) (translator.Result, error) {
	p.mu.Lock()
	p.requests = append(p.requests, request)
	p.mu.Unlock()
	return p.Pipeline.Translate(ctx, request)
}

func TestThePipelineIsToldWhatTheSenderReads(t *testing.T) {
	var asked *askedOf
	w := newWorld(t, func(w *world) {
		w.change = func(o *Options) {
			asked = &askedOf{Pipeline: o.Pipeline}
			o.Pipeline = asked
		}
	})
	room := w.ward()
	w.reads(alice, "en")
	b := w.device(bob)
	w.say(room, alice, question)
	b.until(room, 1)
	require.Len(t, asked.requests, 1)
	require.Equal(t, language.Code("en"), asked.requests[0].SenderLanguage)
	require.Equal(t, language.Code("en"), asked.requests[0].SourceHint)
}

// What could not be translated since its language is in doubt is worth asking again: an engine may have come for the pair.
func TestReasonsThatMayPass(t *testing.T) {
	for reason, passes := range map[string]bool{
		translator.ReasonNoEngine: true, translator.ReasonSource: true, translator.ReasonBusy: true, translator.ReasonTooLong: false, translator.ReasonNotText: false,
	} {
		content := fmt.Appendf(nil, `{"org.medixchange.translation":{"reasons":[%q]}}`, reason)
		require.Equal(t, passes, transient(&view.Rendering{Content: content}), reason)
	}
}
