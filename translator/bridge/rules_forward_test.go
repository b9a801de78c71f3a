package bridge

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/translator/language"
)

const pathForwarded = `org\.medixchange\.forwarded`

// forwarded is what the node stores of a content that bob's client copied from what he was shown.
func (w *world) forwarded(copied gjson.Result) gjson.Result {
	w.t.Helper()
	viewer, err := w.view.Viewer(w.t.Context(), bob, "D", "S")
	require.NoError(w.t, err)
	stored, err := w.view.FromClient(w.t.Context(), viewer, json.RawMessage(copied.Raw))
	require.NoError(w.t, err)
	return gjson.ParseBytes(stored)
}

// forward sends it to a room.
func (w *world) forward(roomID string, copied gjson.Result) string {
	w.t.Helper()
	var content object
	require.NoError(w.t, json.Unmarshal([]byte(w.forwarded(copied).Raw), &content))
	return w.send(roomID, bob, content)
}

func TestRule09AForwardedTranslationBecomesTheOriginal(t *testing.T) {
	w, room := quoteWorld(t)
	b := w.device(bob)
	w.say(room, alice, question)
	copied := b.until(room, 1)[0].Get("content")
	stored := w.forwarded(copied)
	require.Equal(t, question, stored.Get("body").Str)
	require.False(t, stored.Get("formatted_body").Exists())
	require.False(t, stored.Get(pathKey).Exists())
	require.JSONEq(t, `{"from":"en","to":"es"}`, stored.Get(pathForwarded).Raw)
	elsewhere := w.room(bob, carla)
	c := w.device(carla)
	w.forward(elsewhere, copied)
	require.True(t, strings.HasPrefix(body(c.until(elsewhere, 1)[0]), pregunta), "its readers get a direct translation")
}

// What a machine wrote down is nobody's caption, least of all at another hospital.
func TestRule09AForwardedVoiceMessageIsTheRecording(t *testing.T) {
	const dora = "@dora:" + hospital // reads English, as alice speaks
	sent, err := json.Marshal(voiceMessage("voice"))
	require.NoError(t, err)
	w, l := newVoiceWorld(t)
	room := w.ward()
	w.member(room, dora, dora, "join")
	b, c, d := w.device(bob), w.device(carla), w.device(dora)
	w.send(room, alice, voiceMessage("voice"))
	inPlace := b.until(room, 1)[0].Get("content")
	require.Contains(t, inPlace.Get("body").Str, pregunta)
	stored := w.forwarded(inPlace)
	require.JSONEq(t, `{"from":"en","to":"es"}`, stored.Get(pathForwarded).Raw)
	require.JSONEq(t, string(sent), string(without(json.RawMessage(stored.Raw), pathForwarded)))
	require.JSONEq(t, string(sent), w.forwarded(d.until(room, 1)[0].Get("content")).Raw, "to who reads it as it was said nothing was translated")

	elsewhere := w.room(bob, carla)
	w.forward(elsewhere, inPlace)
	require.Contains(t, body(c.until(elsewhere, 1)[0]), pregunta, "its readers are told what is said in it")

	l.gate = make(chan struct{})
	w.send(room, alice, voiceMessage("noise"))
	w.tooLate()
	b.until(room, 2)
	close(l.gate)
	late := b.until(room, 3)[2].Get("content").Get(pathNewContent)
	require.Contains(t, late.Get("body").Str, language.String("es", "voice_failed"))
	require.Equal(t, "Voice message.ogg", w.forwarded(late).Get("body").Str, "nor is what it says of itself")
}

func TestRule09ALateVoiceMessageIsForwardedAsTheRecording(t *testing.T) {
	w, l := newVoiceWorld(t)
	l.gate = make(chan struct{})
	room := w.ward()
	b := w.device(bob)
	w.send(room, alice, voiceMessage("voice"))
	w.tooLate()
	b.until(room, 1)
	close(l.gate)
	late := b.until(room, 2)[1].Get("content").Get(pathNewContent)
	require.Contains(t, late.Get("body").Str, pregunta)
	stored := w.forwarded(late)
	require.Equal(t, "Voice message.ogg", stored.Get("body").Str)
	require.False(t, stored.Get("filename").Exists())
}

// The words on why there is no translation are ours, for one reader in one language.
func TestRule09WhatWasNotTranslatedIsForwardedWithoutTheWordsOnWhy(t *testing.T) {
	const unknown = "This sentence is in no book of the engine at all."
	const dose = "Give 5 mg of morphine now."
	for name, sent := range map[string]object{
		"no translation": {"msgtype": "m.text", "body": unknown},
		"HTML":           {"msgtype": "m.text", "body": unknown, "format": htmlFormat, "formatted_body": "<b>" + unknown + "</b>"},
		"refused":        {"msgtype": "m.text", "body": dose},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.engine.book["es:"+dose] = "No dé la medicina."
			room := w.ward()
			b := w.device(bob)
			original, err := json.Marshal(sent)
			require.NoError(t, err)
			w.send(room, alice, sent)
			inPlace := b.until(room, 1)[0].Get("content")
			require.Equal(t, "none", inPlace.Get(pathKey+".state").Str)
			require.Contains(t, inPlace.Get("body").Str, "\n", inPlace.Raw)
			require.JSONEq(t, string(original), w.forwarded(inPlace).Raw)

			open := w.engine.close()
			w.send(room, alice, sent)
			w.tooLate()
			b.until(room, 2)
			open()
			late := b.until(room, 3)[2].Get("content").Get(pathNewContent)
			require.True(t, strings.HasPrefix(late.Get("body").Str, lateNoteES), late.Raw)
			require.JSONEq(t, string(original), w.forwarded(late).Raw)
		})
	}
}
