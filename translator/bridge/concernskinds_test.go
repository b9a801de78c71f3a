package bridge

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/translator"
	"medixchange/translator/language"
)

// telling are ways to say callMe other than in a message's text. Each returns the id of the event that says it.
var tellings = []struct {
	name string
	send func(w *world, room string) string
	text func(content gjson.Result) string // what a reader is shown
}{
	{"a voice message", func(w *world, room string) string { return w.send(room, alice, voiceMessage("voice")) }, bodyIn},
	{"a picture's caption", func(w *world, room string) string { return w.send(room, alice, captionedFile("m.image")) }, bodyIn},
	{"a file's caption", func(w *world, room string) string { return w.send(room, alice, captionedFile("m.file")) }, bodyIn},
	{"a topic", func(w *world, room string) string { return w.setTopic(room, alice, callMe) }, topicText},
}

func bodyIn(content gjson.Result) string { return content.Get("body").Str }

func captionedFile(msgtype string) object {
	return object{"msgtype": msgtype, "body": callMe, "filename": "IMG_1.jpg", "url": "mxc://" + hospital + "/picture"}
}

// tellingWorld is a world whose one engine is of others and whose recogniser hears callMe. In its ward bob reads topics, too.
func tellingWorld(t *testing.T, action string) (w *world, room string) {
	t.Helper()
	w = newWorld(t, func(w *world) { w.config.Identifiers.Action = action }, outside, func(w *world) {
		engines := w.change
		w.change = func(o *Options) {
			engines(o)
			o.Transcriber = &listener{heard: callMe}
		}
	})
	w.engine.offer("en fr")
	room = w.ward()
	w.readsIn(bob, "", wantsTopics)
	w.readsIn(carla, "", `{"mode":"off"}`)
	return w, room
}

func TestWhatTellsWhoAPatientIsIsHeldWhateverSaysIt(t *testing.T) {
	for _, telling := range tellings {
		t.Run(telling.name, func(t *testing.T) {
			w, room := tellingWorld(t, "hold")
			a := w.device(alice)
			id := telling.send(w, room)
			require.Equal(t, "none", w.rendered(id, "es").State)
			shown := w.shownNow(bob, id)
			require.True(t, strings.HasPrefix(telling.text(shown), callMe), "as it was said: %s", shown.Raw)
			require.Contains(t, telling.text(shown), language.String("es", "reason_identifiers"))
			require.Equal(t, `["identifiers"]`, shown.Get(pathKey+".reasons").Raw)
			told := toldOfHold(a, room, id)
			require.Equal(t, "🌐 "+language.Say("en", "privacy_held", "items", language.String("en", "privacy_email")), body(told))
			w.settled()
			require.Zero(t, w.engine.total(), "nothing of it left the hospital")

			w.react(room, alice, id, "✅")
			require.Eventually(t, func() bool {
				rows := w.rows(id, "es")
				return rows[len(rows)-1].State == "translated"
			}, patience, time.Millisecond)
			require.True(t, strings.HasPrefix(telling.text(w.shownNow(bob, id)), llameme))
		})
	}
}

func TestWhatTellsWhoAPatientIsGoesOutOnceItsAuthorWasToldWhateverSaysIt(t *testing.T) {
	for _, telling := range tellings {
		t.Run(telling.name, func(t *testing.T) {
			w, room := tellingWorld(t, string(translator.IdentifiersWarn))
			a := w.device(alice)
			open := w.engine.close()
			id := telling.send(w, room)
			told := toldOfHold(a, room, id) // while the engine has not answered
			require.Equal(t, "🌐 "+language.Say("en", "privacy_sent", "items", language.String("en", "privacy_email")), body(told))
			open()
			require.Equal(t, "translated", w.rendered(id, "es").State)
			require.True(t, strings.HasPrefix(telling.text(w.shownNow(bob, id)), llameme))
			w.settled()
			require.Len(t, a.noticed(room, 1), 1, "once")
		})
	}
}

// A topic that its author releases goes to the engines for those who asked for topics, and for nobody else.
func TestAReleasedTopicIsTranslatedForThoseWhoAskedForTopicsAlone(t *testing.T) {
	w, room := tellingWorld(t, "hold")
	w.readsIn(carla, "", `{"language":"fr","mode":"in_place"}`)
	id := w.setTopic(room, alice, callMe)
	require.Equal(t, "none", w.rendered(id, "es").State)
	w.react(room, alice, id, "✅")
	w.botRead()
	require.Eventually(t, func() bool {
		left, err := w.bridge.selectReleased(t.Context(), 1)
		return err == nil && len(left) == 0
	}, patience, time.Millisecond)
	rows := w.rows(id, "es")
	require.Equal(t, "translated", rows[len(rows)-1].State)
	require.Empty(t, w.rows(id, "fr"))
	require.Equal(t, 1, w.engine.total())
}
