package bridge

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/rooms"
	"medixchange/translator"
	"medixchange/translator/language"
)

// listener knows one recording.
type listener struct {
	asked atomic.Int64
	fails atomic.Int64 // how often it fails before it answers
	gate  chan struct{}
	deaf  bool   // it does not hear that nobody waits any more
	heard string // what it understands; "" for question
}

func (l *listener) Transcribe(ctx context.Context, mxc string) (Transcript, error) {
	l.asked.Add(1)
	if l.gate != nil && l.deaf {
		<-l.gate
	} else if l.gate != nil {
		select {
		case <-l.gate:
		case <-ctx.Done():
			return Transcript{}, ctx.Err()
		}
	}
	if l.fails.Add(-1) >= 0 {
		return Transcript{}, errors.New("the recogniser is busy")
	}
	if mxc != "mxc://"+hospital+"/voice" {
		return Transcript{}, fmt.Errorf("%w: silence", ErrNoTranscript)
	}
	return Transcript{Text: cmp.Or(l.heard, question), Language: "en"}, nil
}

func voiceMessage(id string) object {
	return object{
		"msgtype": "m.audio", "body": "Voice message.ogg", "url": "mxc://" + hospital + "/" + id,
		"info": object{"mimetype": "audio/ogg", "duration": 2000}, "org.matrix.msc3245.voice": object{},
	}
}

func newVoiceWorld(t *testing.T) (*world, *listener) {
	l := &listener{}
	return newWorld(t, func(w *world) { w.change = func(o *Options) { o.Transcriber = l } }), l
}

func TestVoiceMessagesAreReadInEachLanguage(t *testing.T) {
	w, l := newVoiceWorld(t)
	const dora = "@dora:" + hospital // reads English, as alice speaks
	room := w.ward()
	w.member(room, dora, dora, "join")
	d, b := w.device(dora), w.device(bob)
	id := w.send(room, alice, voiceMessage("voice"))

	spanish := b.until(room, 1)[0]
	require.Contains(t, body(spanish), pregunta)
	require.Contains(t, body(spanish), language.String("es", "voice_mark"))
	require.Contains(t, spanish.Get("content.formatted_body").Str, question, "what was said is one step away")
	require.Equal(t, "m.audio", spanish.Get("content.msgtype").Str, "it is still a recording")
	require.Equal(t, "Voice message.ogg", spanish.Get("content.filename").Str)
	require.Equal(t, "translated", keyIn(spanish).Get("state").Str)
	require.Equal(t, question, keyIn(spanish).Get("original.body").Str)

	english := d.until(room, 1)[0]
	require.Equal(t, question+"\n"+language.String("en", "voice_mark"), body(english))
	require.Equal(t, "transcription", keyIn(english).Get("engine").Str)
	require.EqualValues(t, 1, l.asked.Load(), "once, however many languages are read")
	require.Equal(t, "Voice message.ogg", w.event(id).Content().Get("body").Str, "what federates is untouched")
}

func TestVoiceMessagesThatCannotBeUnderstoodSaySo(t *testing.T) {
	w, l := newVoiceWorld(t)
	room := w.ward()
	b := w.device(bob)
	w.send(room, alice, voiceMessage("noise"))
	require.Equal(t, language.String("es", "voice_failed"), body(b.until(room, 1)[0]))
	require.EqualValues(t, 1, l.asked.Load())
	w.send(room, alice, object{"msgtype": "m.audio", "body": "song.ogg", "url": "mxc://" + hospital + "/voice"})
	require.Equal(t, "song.ogg", body(b.until(room, 2)[1]), "other recordings stay as they are")
}

func TestVoiceMessagesWaitForARecogniserThatFails(t *testing.T) {
	w, l := newVoiceWorld(t)
	l.fails.Store(1)
	room := w.ward()
	id := w.send(room, alice, voiceMessage("voice"))
	require.Eventually(t, func() bool { return len(w.rows(id, "es")) > 0 }, patience, 5*time.Millisecond)
	require.Equal(t, "translated", w.rows(id, "es")[0].State)
}

func TestVoiceMessagesGoOnAfterARestart(t *testing.T) {
	w, l := newVoiceWorld(t)
	l.gate = make(chan struct{})
	room := w.ward()
	id := w.send(room, alice, voiceMessage("voice"))
	w.handledAll()
	w.stop()
	close(l.gate)
	w.start()
	require.Equal(t, "translated", w.rendered(id, "es").State)
}

func TestVoiceMessagesStayUnheardWhereTheRoomSaysSo(t *testing.T) {
	for setting, leaves := range map[string]bool{translationOff: false, translationLocal: true} {
		l := &listener{}
		w := newWorld(t, func(w *world) {
			w.change = func(o *Options) { o.Transcriber, o.TranscriberLeaves = l, leaves }
		})
		room := w.ward()
		key := ""
		_, err := w.rooms.Send(t.Context(), rooms.SendRequest{
			RoomID: room, Sender: alice, Type: "org.medixchange.room", StateKey: &key, Content: []byte(`{"translation":"` + setting + `"}`),
		})
		require.NoError(t, err)
		b := w.device(bob)
		w.send(room, alice, voiceMessage("voice"))
		require.Equal(t, "Voice message.ogg", body(b.until(room, 1)[0]))
		w.settled()
		require.Zero(t, l.asked.Load(), setting)
	}
}

func TestTheMarkOfARightToLeftCaptionIsLastAndApart(t *testing.T) {
	result := translator.Result{State: translator.Translated, From: "ar", To: "ar", Body: "المريض بخير"}
	changed, err := captioned(json.RawMessage(`{"body":"voice.ogg"}`), "voice.ogg", "ar", result)
	require.NoError(t, err)
	mark := "\u2066\u2067" + language.String("ar", "voice_mark") + "\u2069\u2069"
	require.Equal(t, "\u200f\u2067المريض بخير\u2069\u200f\n"+mark, gjson.GetBytes(changed, "body").Str)
	require.Equal(t, "<p>\u200f\u2067المريض بخير\u2069\u200f</p><p>"+mark+"</p>", gjson.GetBytes(changed, "formatted_body").Str)
}
