package bridge

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/signing"
	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/translator"
	"medixchange/translator/engine"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

const (
	callMe    = "Please call me tomorrow. ward7@hospital.example"
	callMeToo = "Please call me tomorrow. Tel. +44 7700 900123"
	// callMeToo without its telephone number, which is protected.
	callMeTooWords = "Please call me tomorrow. Tel."
	llameme        = "Por favor, llámeme mañana."
)

// outside makes the engine of a world one of others.
func outside(w *world) {
	w.change = func(o *Options) {
		pipeline, err := translator.New(translator.Config{
			Engines:     []translator.EngineConfig{{Engine: w.engine, External: true, Outside: true}},
			Identifiers: translator.Identifiers(w.config.Identifiers.Action),
		}, nil)
		require.NoError(w.t, err)
		o.Pipeline = pipeline
	}
}

// toldOfHold waits for the one notice that a device gets of a message, and returns it.
func toldOfHold(d *device, room, about string) gjson.Result {
	d.w.t.Helper()
	told := d.noticed(room, 1)[0]
	require.Equal(d.w.t, about, told.Get("content").Get(pathRelates+`.m\.in_reply_to.event_id`).Str)
	return told
}

func TestWhoAsksForATranslationReadsInTheirLanguageWhyThereIsNone(t *testing.T) {
	w := newWorld(t, outside)
	room := w.ward()
	w.botIn(room, alice)
	answer := w.ask(room, alice, "!translate es "+callMe)
	require.Contains(t, answer, language.String("en", "reason_identifiers"))
	require.NotContains(t, answer, language.String("es", "reason_identifiers"))
}

func TestAMessageThatTellsWhoAPatientIsWaitsForItsAuthorsWord(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		w := newWorldAt(t, fresh(), outside)
		room := w.ward()
		a, b, c := w.device(alice), w.device(bob), w.device(carla)
		id := w.say(room, alice, callMe)
		got := b.until(room, 1)[0]
		require.True(t, strings.HasPrefix(body(got), callMe), "the message itself is sent as always")
		require.Equal(t, `["identifiers"]`, keyIn(got).Get("reasons").Raw)
		require.Contains(t, body(got), language.String("es", "reason_identifiers"))
		require.Zero(t, w.engine.total(), "nothing of it left the hospital")

		told := toldOfHold(a, room, id)
		require.Contains(t, body(told), language.String("en", "privacy_email"))
		require.NotContains(t, told.Raw, "ward7", "what was found is not repeated")
		c.until(room, 1)
		require.Empty(t, b.notices(room))
		require.Empty(t, c.notices(room))

		w.restart()
		w.settled()
		require.Zero(t, w.engine.total())
		viewer, err := w.view.Viewer(t.Context(), alice, "D", "S")
		require.NoError(t, err)
		onIt, _, err := w.view.MapID(t.Context(), viewer, told.Get("event_id").Str)
		require.NoError(t, err)
		require.Equal(t, id, onIt, "a reaction to the notice is one to the message")
		w.react(room, bob, id, "✅")
		w.botRead()
		require.Zero(t, w.engine.total(), "its author alone releases it")
		w.react(room, alice, onIt, "✅️")
		require.Eventually(t, func() bool {
			b.sync(50 * time.Millisecond)
			messages := b.messages(room)
			last := messages[len(messages)-1]
			return strings.Contains(newBody(last), llameme)
		}, patience, time.Millisecond, "who has the message is shown its translation as an edit")
		require.True(t, strings.HasPrefix(w.bodyAs(carla, id), llameme))
		require.Equal(t, 1, w.engine.total())
		a.sync(0)
		require.Len(t, a.notices(room), 1)
	})
}

func TestAnEditOfAHeldMessageIsLookedAtAnew(t *testing.T) {
	w := newWorld(t, outside)
	room := w.ward()
	a := w.device(alice)
	id := w.say(room, alice, callMe)
	w.rendered(id, "es")
	toldOfHold(a, room, id)
	w.react(room, alice, id, "✅")
	require.Eventually(t, func() bool { return w.engine.total() == 1 }, patience, time.Millisecond)

	again := w.send(room, alice, editOf(id, callMeToo))
	require.Equal(t, "none", w.rendered(again, "es").State, "a release is for the words that were there")
	require.Equal(t, 1, w.engine.total())
	said := a.noticed(room, 3)
	require.Equal(t, "m.room.redaction", said[1].Get("type").Str, "what was said of the first version is taken back")
	require.Contains(t, body(said[2]), language.String("en", "privacy_phone"))

	clean := w.send(room, alice, editOf(id, "Please call me tomorrow."))
	require.Equal(t, "translated", w.rendered(clean, "es").State)
	require.Equal(t, "m.room.redaction", a.noticed(room, 4)[3].Get("type").Str)
	w.settled()
	a.sync(0)
	require.Len(t, a.notices(room), 4, "nothing more is said")
}

func TestWhatWasReleasedIsTranslatedAfterTheNodeStoppedInBetween(t *testing.T) {
	w := newWorld(t, outside)
	room := w.ward()
	id := w.say(room, alice, callMe)
	w.rendered(id, "es")
	w.settled()
	open := w.engine.close()
	w.react(room, alice, id, "✅")
	require.Eventually(t, func() bool { return w.engine.total() == 1 }, patience, time.Millisecond)
	w.stop() // while the engine is at it
	open()
	w.start()
	require.Eventually(t, func() bool {
		rows := w.rows(id, "es")
		return len(rows) == 2 && rows[1].State == "translated"
	}, patience, time.Millisecond)
	w.settled()
	require.Eventually(t, func() bool {
		left, err := w.bridge.selectReleased(t.Context(), 10)
		return err == nil && len(left) == 0
	}, patience, time.Millisecond)
	w.restart()
	w.settled()
	require.Len(t, w.rows(id, "es"), 2, "once")
}

func TestKill9TellsTheAuthorOfEachHeldMessageOnce(t *testing.T) {
	t.Setenv(crashWords, " ward7@hospital.example")
	url := sqldbtest.SQLite(t)
	said := map[string]bool{}
	for round := range crashRounds {
		for _, id := range killedRun(t, url, time.Duration(40+70*round)*time.Millisecond, "") {
			said[id] = true
		}
	}
	require.NotEmpty(t, said)
	key, err := signing.LoadOrCreateKey(strings.TrimPrefix(url, "sqlite://") + ".key")
	require.NoError(t, err)
	w := newWorldAt(t, url, crashWorld(key)...)
	w.settled()
	for id := range said {
		var holds, told int
		nid := w.event(id).NID
		require.NoError(t, w.db.QueryRow(t.Context(), `SELECT COUNT(*) FROM translator_holds WHERE version_nid = $1`, nid).Scan(&holds))
		require.NoError(t, w.db.QueryRow(t.Context(), `SELECT COUNT(*) FROM translator_notices WHERE event_nid = $1`, nid).Scan(&told))
		require.Equal(t, 1, holds, id)
		require.Equal(t, 1, told, id)
	}
	require.Zero(t, w.engine.total())
}

func TestAHospitalMayWarnInsteadOfHolding(t *testing.T) {
	w := newWorld(t, outside, func(w *world) { w.config.Identifiers.Action = "warn" })
	room := w.ward()
	a := w.device(alice)
	id := w.say(room, alice, callMe)
	require.Equal(t, "translated", w.rendered(id, "es").State)
	told := toldOfHold(a, room, id)
	require.Equal(t, "🌐 "+language.Say("en", "privacy_sent", "items", language.String("en", "privacy_email")), body(told))
}

// watchful is an engine of others that looks what the author was told before it is asked.
type watchful struct {
	*fakeEngine
	told func() int
	seen chan<- int
}

func (e watchful) Translate(ctx context.Context, request engine.Request) (engine.Answer, error) {
	e.seen <- e.told()
	return e.fakeEngine.Translate(ctx, request)
}

func TestAnAuthorIsWarnedBeforeTheTextGoes(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		seen := make(chan int, 10)
		w := newWorldAt(t, fresh(), func(w *world) {
			w.config.Identifiers.Action = "warn"
			w.change = func(o *Options) {
				told := func() (n int) {
					require.NoError(t, w.db.QueryRow(context.Background(), `SELECT COUNT(*) FROM translator_notices WHERE kind LIKE 'identifiers %'`).Scan(&n))
					return n
				}
				pipeline, err := translator.New(translator.Config{
					Engines:     []translator.EngineConfig{{Engine: watchful{w.engine, told, seen}, External: true, Outside: true}},
					Identifiers: translator.IdentifiersWarn,
				}, nil)
				require.NoError(t, err)
				o.Pipeline = pipeline
			}
		})
		w.engine.book["es:"+callMeTooWords] = llameme
		room := w.ward()
		a := w.device(alice)
		open := w.engine.close()
		id := w.say(room, alice, callMe)
		toldOfHold(a, room, id) // while the engine has not answered
		open()
		require.Equal(t, "translated", w.rendered(id, "es").State)
		again := w.send(room, alice, editOf(id, callMeToo))
		require.Equal(t, "translated", w.rendered(again, "es").State)
		require.Equal(t, []int{1, 2}, []int{<-seen, <-seen}, "what it seems to hold was stored before the engine was asked, for each version")
		w.settled()
		require.Empty(t, seen)
	})
}

// tellingPoll is a poll of alice whose answers tell two things of a patient; hearsOfBoth waits until she is told of them at once.
func (w *world) tellingPoll() (room, id string, hearsOfBoth func()) {
	w.t.Helper()
	w.engine.book["es:"+callMe] = llameme
	w.engine.book["es:"+callMeTooWords] = llameme
	room = w.ward()
	a := w.device(alice)
	id = w.sendPoll(room, alice, typePollStartOld, elementPoll(pollQuestion, callMe, callMeToo))
	return room, id, func() {
		w.t.Helper()
		told := toldOfHold(a, room, id)
		require.Contains(w.t, body(told), language.String("en", "privacy_email"))
		require.Contains(w.t, body(told), language.String("en", "privacy_phone"))
	}
}

func TestAPollThatTellsWhoAPatientIsIsHeldAndReleased(t *testing.T) {
	w := pollWorld(t, outside)
	room, id, hearsOfBoth := w.tellingPoll()
	require.Equal(t, "none", w.rendered(id, "es").State)
	hearsOfBoth()
	w.react(room, alice, id, "✅")
	require.Eventually(t, func() bool {
		rows := w.rows(id, "es")
		return len(rows) == 2 && rows[1].State == "translated"
	}, patience, time.Millisecond)
}

// The author of a poll hears once, of all its parts.
func TestAPollThatTellsWhoAPatientIsGoesOutOnceItsAuthorWasTold(t *testing.T) {
	w := pollWorld(t, outside, func(w *world) { w.config.Identifiers.Action = "warn" })
	_, id, hearsOfBoth := w.tellingPoll()
	require.Equal(t, "translated", w.rendered(id, "es").State)
	hearsOfBoth()
}

func TestARedactionTakesWhatWasNotedOfAHeldMessage(t *testing.T) {
	w := newWorld(t, outside)
	room := w.ward()
	id := w.say(room, alice, callMe)
	w.rendered(id, "es")
	w.redact(room, alice, id)
	w.settled()
	var holds, told int
	require.NoError(t, w.db.QueryRow(t.Context(), `SELECT COUNT(*) FROM translator_holds`).Scan(&holds))
	require.NoError(t, w.db.QueryRow(t.Context(), `SELECT COUNT(*) FROM translator_notices WHERE content <> '{}' AND redacts = 0`).Scan(&told))
	require.Zero(t, holds+told)
}

// harmful is an engine that turns a side into the other one, and has no other words.
type harmful struct{}

func (harmful) Name() string                      { return "harmful" }
func (harmful) Offers(from, _ language.Code) bool { return from == "en" }

func (harmful) Translate(_ context.Context, request engine.Request) (answer engine.Answer, err error) {
	said := map[language.Code]string{"es": "hay dolor en el brazo derecho", "fr": "il y a une douleur au bras droit"}[request.To]
	if request.Segments[0].Plain() != painLeft {
		return answer, engine.ErrNoMatch
	}
	answer.Segments = []protect.Segment{{{Kind: protect.Text, Text: said}}}
	return answer, nil
}

const painLeft = "there is pain in the left arm"

func TestRefusedTranslationsAreToldTheAuthorOnceForAllLanguages(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		w := newWorldAt(t, fresh(), func(w *world) {
			w.change = func(o *Options) {
				pipeline, err := translator.New(translator.Config{Engines: []translator.EngineConfig{{Engine: harmful{}}}}, nil)
				require.NoError(t, err)
				o.Pipeline = pipeline
			}
		})
		room := w.ward()
		w.reads(carla, "fr")
		a, b := w.device(alice), w.device(bob)
		id := w.say(room, alice, painLeft)
		require.Contains(t, body(b.until(room, 1)[0]), "⛔")
		told := toldOfHold(a, room, id)
		for _, name := range []string{"Spanish", "French", "Side: "} {
			require.Contains(t, body(told), name)
		}
		w.restart()
		w.settled()
		a.quiet(room)
		require.Len(t, a.notices(room), 1, "not once for each language, and not again")
		require.Empty(t, b.notices(room))

		w.send(room, alice, editOf(id, stable))
		require.Equal(t, "m.room.redaction", a.noticed(room, 2)[1].Get("type").Str, "what was rephrased needs no rephrasing")
		w.settled()
		a.sync(0)
		require.Len(t, a.notices(room), 2)
	})
}

func TestTheFindingsOfARefusedTranslationAreNotInTheDatabaseAsTheyAre(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	id := w.say(room, alice, question)
	w.rendered(id, "es")
	nid := w.event(id).NID
	stopped := w.bridge // nobody takes it away while it is looked at
	w.stop()
	db, err := sqldb.Open(t.Context(), sqldb.Options{URL: w.url, Logger: sqldbtest.Quiet()})
	require.NoError(t, err)
	stopped.o.DB, w.db, w.stop = db, db, func() { require.NoError(t, db.Close()) }
	err = db.Write(t.Context(), func(tx *sqldb.Tx) error {
		return stopped.insertDoubt(tx, nid, nid, doubt{"fr", []byte(`[{"Code":"dose","Original":"5 mg"}]`)})
	})
	require.NoError(t, err)
	var sealed []byte
	require.NoError(t, w.db.QueryRow(t.Context(), `SELECT reasons FROM translator_doubts WHERE version_nid = $1`, nid).Scan(&sealed))
	require.NotContains(t, string(sealed), "5 mg")
	doubts, err := stopped.selectDoubts(t.Context(), nid)
	require.NoError(t, err)
	text, err := rephraseText("en", doubts)
	require.NoError(t, err)
	require.Contains(t, text, "French")
	require.Contains(t, text, "5 mg")
}
