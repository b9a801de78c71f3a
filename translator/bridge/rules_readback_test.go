package bridge

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
	"medixchange/translator/language"
)

// answerRead waits until the author of a message is told how whoever sent the answer had read it.
func (w *world) answerRead(author, answer string) {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		found, err := w.bridge.Beside(w.t.Context(), author, w.events(answer), newest)
		return err == nil && len(found) == 1
	}, patience, 2e6)
}

func readbackWard(t *testing.T, change ...func(*world)) (w *world, room string) {
	w = newWorld(t, change...)
	room = w.ward()
	w.setState(room, alice, typeSettings, `{"readback":true}`)
	return w, room
}

// What is read back is compared with the order as it stands: the dose that was in it before is a wrong one now.
func TestRule17AnEditedOrderIsReadBackAsItStands(t *testing.T) {
	w, room := readbackWard(t)
	a, b := w.device(alice), w.device(bob)
	id := w.say(room, alice, "Please give 50 mg morphine twice a day.")
	b.noticed(room, 1)
	w.send(room, alice, editOf(id, order))
	b.noticed(room, 2)
	w.send(room, bob, replyTo(id, "I give 50 mg morphine twice a day."))
	differs := body(a.noticed(room, 1)[0])
	require.Contains(t, differs, "⚠")
	require.Contains(t, differs, ": order “5 mg”, read back “50 mg”.", "no machine translated")
	w.send(room, bob, replyTo(id, "I give 5 mg morphine twice a day."))
	require.Contains(t, body(a.noticed(room, 2)[1]), language.String("en", "readback_same"))
}

// misread is a read-back in which one thing is not as it was ordered: another, or left out.
type misread struct {
	item            string // the code of the finding
	read, otherwise string // what stands in the read-back that agrees, and what somebody read back instead
	told            string // to the author of the order
}

// readBackOrder has all that an order may turn on.
const readBackOrder = "Give 5 mg morphine subcutaneously twice a day for 3 days into the left arm, not before surgery. Begin on Monday. Keep the pressure below 120/80."

// Whoever ordered hears of each thing that is read back otherwise, and of nothing else: in their own language, and in that of whoever
// answers.
func TestRule17AReadBackDiffersInJustWhatIsReadBackOtherwise(t *testing.T) {
	for _, c := range []struct {
		name, agrees string
		misread      []misread
	}{
		{"in the language of the order", "I give 5 mg morphine subcutaneously twice a day for 3 days into the left arm, not before surgery. I begin on Monday. I keep the pressure below 120/80.", []misread{
			{"drug", "morphine", "codeine", "Drug: order “morphine”, read back “codeine”."},
			{"drug", "morphine ", "", "Drug: order “morphine”, not read back."},
			{"unit", "5 mg", "5 g", "Unit: order “5 mg”, read back “5 g”."},
			{"unit", "5 mg", "5", "Unit: order “5 mg”, read back “5”."},
			{"route", "subcutaneously", "intravenously", "Route: order “subcutaneously”, read back “intravenously”."},
			{"route", "subcutaneously ", "", "Route: order “subcutaneously”, not read back."},
			{"frequency", "twice a day", "three times a day", "Frequency: order “twice a day”, read back “three times a day”."},
			{"frequency", "twice a day ", "", "Frequency: order “twice a day”, not read back."},
			{"dose", "5 mg", "8 mg", "Dose: order “5 mg”, read back “8 mg”."},
			{"dose", "5 mg ", "", "Dose: order “5 mg”, not read back."},
			{"decimal", "5 mg", "50 mg", "Decimal point: order “5 mg”, read back “50 mg”."},
			{"number", "3 days", "4 days", "Number: order “3 days”, read back “4 days”."},
			{"side", "left", "right", "Side: order “left arm”, read back “right arm”."},
			{"negation", "not before", "before", "Negation: order “not before surgery”, not read back."},
			{"date", "Monday", "Tuesday", "Date or time: order “Monday”, read back “Tuesday”."},
			{"date", " I begin on Monday.", "", "Date or time: order “Monday”, not read back."},
			{"blood_pressure", "120/80", "80/120", "Blood pressure: order “120/80”, read back “80/120”."},
			{"blood_pressure", "120/80", "130/80", "Blood pressure: order “120/80”, read back “130/80”."},
			{"blood_pressure", " below 120/80", " low", "Blood pressure: order “120/80”, not read back."},
		}},
		{"in another one", "Doy 5 mg de morfina por vía subcutánea dos veces al día durante 3 días en el brazo izquierdo, no antes de la cirugía. Empiezo el lunes. Mantengo la tensión por debajo de 120/80.", []misread{
			{"drug", "morfina", "codeína", "Drug: order “morphine”, read back “codeína”."},
			{"unit", "5 mg", "5 g", "Unit: order “5 mg”, read back “5 g”."},
			{"route", "subcutánea", "intravenosa", "Route: order “subcutaneously”, read back “intravenosa”."},
			{"frequency", "dos veces", "tres veces", "Frequency: order “twice a day”, read back “tres veces al día”."},
			{"dose", "5 mg", "8 mg", "Dose: order “5 mg”, read back “8 mg”."},
			{"decimal", "5 mg", "50 mg", "Decimal point: order “5 mg”, read back “50 mg”."},
			{"number", "3 días", "4 días", "Number: order “3 days”, read back “4 días”."},
			{"side", "izquierdo", "derecho", "Side: order “left arm”, read back “brazo derecho”."},
			{"negation", "no antes", "antes", "Negation: order “not before surgery”, not read back."},
			{"date", "lunes", "martes", "Date or time: order “Monday”, read back “martes”."},
			{"date", " Empiezo el lunes.", "", "Date or time: order “Monday”, not read back."},
			{"blood_pressure", "120/80", "80/120", "Blood pressure: order “120/80”, read back “80/120”."},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			requireReadBack(t, c.agrees, c.misread)
			var covered []string
			for _, m := range c.misread {
				covered = append(covered, m.item)
			}
			require.Subset(t, covered, readBackItems, "each item that is compared has its case")
		})
	}
}

// requireReadBack has the order answered with the read-back that agrees, then with each that does not.
func requireReadBack(t *testing.T, agrees string, misreads []misread) {
	t.Helper()
	w, room := readbackWard(t)
	a := w.device(alice)
	id := w.say(room, alice, readBackOrder)
	w.send(room, bob, replyTo(id, agrees))
	require.Equal(t, "🌐 "+language.Say("en", "readback_same"), body(a.noticed(room, 1)[0]))
	for i, m := range misreads {
		require.Contains(t, agrees, m.read)
		answer := w.send(room, bob, replyTo(id, strings.Replace(agrees, m.read, m.otherwise, 1)))
		require.Equal(t, "🌐 "+language.Say("en", "readback_differs", "items", m.told), body(a.noticed(room, i+2)[i+1]))
		reasons, _, err := w.bridge.compareReadBack(t.Context(), w.event(answer), w.event(id))
		require.NoError(t, err)
		require.Len(t, reasons, 1)
		require.Equal(t, m.item, reasons[0].Code)
	}
}

// When an order is to be carried out is part of it. When it is or was carried out is not: that agrees with the order.
func TestRule17ATimeThatIsReadBackOtherwiseDiffers(t *testing.T) {
	differs := func(items string) string { return language.Say("en", "readback_differs", "items", items) }
	for _, c := range []struct{ ordered, read, told string }{
		{"Give 5 mg morphine at 14:00.", "I give 5 mg morphine at 14:00.", language.Say("en", "readback_same")},
		{"Give 5 mg morphine at 14:00.", "I give 5 mg morphine at 16:00.", differs("Date or time: order “14”, read back “16”.")},
		{"Give 5 mg morphine at 14:00.", "I give 5 mg morphine.", differs("Date or time: order “14”, not read back.")},
		{"Give 5 mg morphine.", "I gave 5 mg morphine at 14:05.", language.Say("en", "readback_same")},
	} {
		t.Run(c.read, func(t *testing.T) {
			w, room := readbackWard(t)
			id := w.say(room, alice, c.ordered)
			w.send(room, bob, replyTo(id, c.read))
			require.Equal(t, "🌐 "+c.told, body(w.device(alice).noticed(room, 1)[0]))
		})
	}
}

func TestRule17EachVersionThatOrdersSomethingElseAsksAgainOnce(t *testing.T) {
	w, room := readbackWard(t)
	b, c := w.device(bob), w.device(carla)
	id := w.say(room, alice, order)
	b.noticed(room, 1)
	w.send(room, alice, editOf(id, order+" Thank you."))
	changed := w.send(room, alice, editOf(id, "Please give 5 mg morphine three times a day."))
	asked := b.noticed(room, 2)
	require.Contains(t, body(asked[1]), language.String("es", "readback_request"))
	require.Equal(t, id, asked[1].Get("content").Get(pathRelates+`.m\.in_reply_to.event_id`).Str, "it stands at the message")
	require.NoError(t, w.bridge.askReadBack(t.Context(), w.event(changed)))
	b.sync(0)
	require.Len(t, b.notices(room), 2, "a version is asked for once, and another wording is no other order")
	w.send(room, alice, editOf(id, order))
	b.noticed(room, 3)
	c.noticed(room, 3)
}

// A crash between the order and the request must not leave the request out: what comes again has no time of arrival.
func TestRule17AnOrderThatIsReadAgainAfterACrashIsAskedFor(t *testing.T) {
	w, room := readbackWard(t)
	b := w.device(bob)
	id := w.say(room, alice, order)
	w.settled()
	require.NoError(t, w.db.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`DELETE FROM translator_notices`)
		return err
	}))
	w.restart()
	require.NoError(t, w.bridge.askReadBack(t.Context(), w.event(id)))
	b.noticed(room, 1)
}

// dictation knows what is said in recordings.
type dictation map[string]string

func (d dictation) Transcribe(_ context.Context, mxc string) (Transcript, error) {
	said, ok := d[mxc]
	if !ok {
		return Transcript{}, fmt.Errorf("%w: silence", ErrNoTranscript)
	}
	return Transcript{Text: said, Language: "en"}, nil
}

func TestRule17SpokenOrdersAreReadBack(t *testing.T) {
	const spoken, repeated = "mxc://" + hospital + "/order", "mxc://" + hospital + "/repeated"
	w, room := readbackWard(t, func(w *world) {
		w.engine.book["es:Please give"], w.engine.book["es:twice a day."] = "Por favor, dé", "dos veces al día."
		w.change = func(o *Options) {
			o.Transcriber = dictation{spoken: order, repeated: "I give 50 mg morphine twice a day."}
		}
	})
	a, b := w.device(alice), w.device(bob)
	id := w.send(room, alice, voiceMessage("order"))
	require.Contains(t, body(b.noticed(room, 1)[0]), language.String("es", "readback_request"))
	answer := w.send(room, bob, replyTo(id, "Doy 5 mg de morfina dos veces al día."))
	require.Contains(t, body(a.noticed(room, 1)[0]), language.String("en", "readback_same"))
	w.answerRead(alice, answer)

	aloud := voiceMessage("repeated")
	aloud["m.relates_to"] = replyTo(id, "")["m.relates_to"]
	w.send(room, bob, aloud)
	require.Contains(t, body(a.noticed(room, 2)[1]), "50 mg", "and so is what is read back aloud")
}

// The caption of a recording is the one form of a voice message, whatever a reader has chosen.
func TestSpokenWordsHaveOneForm(t *testing.T) {
	w, _ := newVoiceWorld(t)
	room := w.ward()
	w.rendered(w.send(room, alice, voiceMessage("voice")), "es")
	shown := body(w.device(bob).until(room, 1)[0])
	for _, mode := range []string{"original_first", "thread"} {
		w.readsIn(carla, "", `{"language":"es","mode":"`+mode+`"}`)
		require.Equal(t, shown, body(w.device(carla).until(room, 1)[0]), mode)
	}
}

func TestRule17WhoeverRepliesToTheBotInAThreadAnswersTheMessage(t *testing.T) {
	w := newWorld(t)
	w.engine.book["es:"+noFever] = sinFiebre
	room := w.ward()
	w.botIn(room, alice)
	w.readsIn(bob, "", `{"language":"es","mode":"thread"}`)
	b := w.device(bob)
	greeted := len(b.saidBy(room, bot))
	id := w.say(room, alice, noFever)
	require.Eventually(t, func() bool { b.sync(0); return len(b.saidBy(room, bot)) == greeted+1 }, patience, 5e6)
	said := b.saidBy(room, bot)[greeted].Get("event_id").Str
	answer := w.send(room, bob, object{"msgtype": "m.text", "body": estable, "m.relates_to": object{
		"rel_type": "m.thread", "event_id": id, "is_falling_back": false, "m.in_reply_to": object{"event_id": said},
	}})
	w.answerRead(alice, answer)
}
