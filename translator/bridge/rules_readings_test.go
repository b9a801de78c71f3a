package bridge

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/rooms/view"
)

// readingsOf asks for the log of a message as an administrator does.
func (w *world) readingsOf(eventID string) gjson.Result {
	w.t.Helper()
	log, status := w.admin(http.MethodGet, PathReadings+"?event_id="+url.QueryEscape(eventID), nil)
	require.Equal(w.t, http.StatusOK, status, log.Raw)
	return log
}

func readingOf(log gjson.Result, user string) gjson.Result {
	for _, r := range log.Get("readings").Array() {
		if r.Get("user_id").Str == user {
			return r
		}
	}
	return gjson.Result{}
}

func TestRule18TheReadingLogSaysWhatEachReaderWasShown(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	w.readsIn(carla, room, `{"mode":"original_first"}`)
	b, c := w.device(bob), w.device(carla)
	open := w.engine.close()
	id := w.say(room, alice, question)
	w.tooLate()
	require.Equal(t, question, body(b.until(room, 1)[0]))
	require.Empty(t, w.readingsOf(id).Get("readings").Array(), "the original only, so far")
	open()
	late := newBody(b.until(room, 2)[1])
	inPlace := body(c.until(room, 1)[0])
	log := w.readingsOf(id)
	require.Equal(t, question, log.Get("versions.0.body").Str, "the original always")
	read := readingOf(log, bob)
	require.True(t, read.Get("late").Bool())
	require.Equal(t, "en es fake translated pass", strings.Join([]string{
		read.Get("from").Str, read.Get("to").Str, read.Get("engine").Str, read.Get("state").Str, read.Get("verdict").Str,
	}, " "))
	require.Contains(t, late, pregunta)
	require.Contains(t, read.Get("text").Str, pregunta)
	require.Contains(t, inPlace, pregunta)
	require.False(t, readingOf(log, carla).Get("late").Bool())
	require.Equal(t, view.ModeOriginalFirst, readingOf(log, carla).Get("mode").Str)
	require.False(t, readingOf(log, alice).Exists(), "the author read her own words")
}

// Each reader's text is the one that they were given, whatever the mode and whoever read first.
func TestRule18TheLogKeepsWhatWasGivenInEachMode(t *testing.T) {
	for _, first := range []string{bob, carla} {
		t.Run(first, func(t *testing.T) {
			w := newWorld(t)
			room := w.ward()
			w.readsIn(carla, room, `{"mode":"original_first"}`)
			id := w.say(room, alice, question)
			w.rendered(id, "es")
			shown := map[string]string{first: body(w.device(first).until(room, 1)[0])}
			w.readingsOf(id)
			for _, user := range []string{bob, carla} {
				shown[user] = body(w.device(user).until(room, 1)[0])
			}
			require.True(t, strings.HasPrefix(shown[carla], question+"\n"), shown[carla])
			require.True(t, strings.HasPrefix(shown[bob], pregunta+"\n"), shown[bob])
			log := w.readingsOf(id)
			require.Equal(t, shown[bob], readingOf(log, bob).Get("text").Str)
			require.Equal(t, shown[carla], readingOf(log, carla).Get("text").Str)
			w.redact(room, alice, id)
			require.Eventually(t, func() bool { return readingOf(w.readingsOf(id), carla).Get("text").Str == "" }, patience, 2*time.Millisecond)
		})
	}
}

func TestRule18TheLogKeepsWhatTheBotSaidInAThread(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	w.botIn(room, alice)
	w.readsIn(carla, "", `{"language":"es","mode":"thread"}`)
	c := w.device(carla)
	greeted := len(c.saidBy(room, bot))
	id := w.say(room, alice, question)
	require.Eventually(t, func() bool { c.sync(0); return len(c.saidBy(room, bot)) == greeted+1 }, patience, 5*time.Millisecond)
	require.Equal(t, body(c.saidBy(room, bot)[greeted]), readingOf(w.readingsOf(id), carla).Get("text").Str)
}

func TestRule18TheLogOutlivesRestartsAndThePurgeOfTheCache(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b := w.device(bob)
	id := w.say(room, alice, question)
	b.until(room, 1)
	first := readingOf(w.readingsOf(id), bob).Get("first_ts").Int()
	w.restart()
	_, status := w.admin(http.MethodPost, PathCache+"/purge", Purge{})
	require.Equal(t, http.StatusOK, status)
	w.device(bob).until(room, 1)
	log := w.readingsOf(id)
	require.Contains(t, readingOf(log, bob).Get("text").Str, pregunta)
	require.Equal(t, first, readingOf(log, bob).Get("first_ts").Int(), "the first time counts")
	require.Empty(t, log.Get("gaps").Array(), "a node that stops writes down what it has noted")
}

func TestRule18ANodeThatEndsWithoutWarningSaysSince(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b := w.device(bob)
	id := w.say(room, alice, question)
	b.until(room, 1)
	w.readingsOf(id)
	w.stop()
	setOpenGap(t, w.url)
	w.start()
	require.Eventually(t, func() bool { return len(w.readingsOf(id).Get("gaps").Array()) == 1 }, patience, 5*time.Millisecond)
	require.Equal(t, reasonKilled, w.readingsOf(id).Get("gaps.0.reason").Str)
}

func TestRule18WhatIsRedactedIsErasedAndWhoReadItStays(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b := w.device(bob)
	id := w.say(room, alice, question)
	b.until(room, 1)
	edit := w.send(room, alice, editOf(id, better))
	b.until(room, 2)
	log := w.readingsOf(edit)
	require.Len(t, log.Get("readings").Array(), 2, "asked by an edit, all versions are told")
	require.Len(t, log.Get("versions").Array(), 2)
	w.redact(room, alice, edit)
	w.settled()
	texts := func() (found int) {
		for _, r := range w.readingsOf(id).Get("readings").Array() {
			if r.Get("text").Exists() {
				found++
			}
		}
		return found
	}
	require.Equal(t, 1, texts())
	w.redact(room, alice, id)
	w.settled()
	require.Zero(t, texts())
	log = w.readingsOf(id)
	require.Len(t, log.Get("readings").Array(), 2)
	require.False(t, log.Get("versions.0.body").Exists())
	var sealed int
	require.NoError(t, w.db.QueryRow(t.Context(), `SELECT COUNT(*) FROM translation_read_texts WHERE LENGTH(text) > 0`).Scan(&sealed))
	require.Zero(t, sealed)
}

func TestRule18TheTextIsSealedOrNotKeptAtAll(t *testing.T) {
	for _, keeps := range []bool{true, false} {
		w := newWorld(t, func(w *world) { w.config.Records.ReadingsText = keeps })
		room := w.ward()
		b := w.device(bob)
		id := w.say(room, alice, question)
		b.until(room, 1)
		require.Equal(t, keeps, readingOf(w.readingsOf(id), bob).Get("text").Exists())
		var text []byte
		require.NoError(t, w.db.QueryRow(t.Context(), `SELECT text FROM translation_read_texts`).Scan(&text))
		require.NotContains(t, string(text), "paciente")
		w.ahead.Add(int64(w.config.Records.ReadingsKeep.Std() + time.Hour))
		require.NoError(t, w.bridge.sweep(t.Context()))
		require.Empty(t, w.readingsOf(id).Get("readings").Array(), "retention")
	}
}

func TestRule18WithoutALogNothingIsNoted(t *testing.T) {
	w := newWorld(t, func(w *world) { w.config.Records.ReadingsKeep = 0 })
	room := w.ward()
	id := w.say(room, alice, question)
	w.device(bob).until(room, 1)
	require.Empty(t, w.readingsOf(id).Get("readings").Array())
	_, status := w.admin(http.MethodGet, PathReadings+"?event_id=$unknown", nil)
	require.Equal(t, http.StatusNotFound, status)
}

func TestRule18MoreThanCanBeWrittenDownIsSaid(t *testing.T) {
	log := newReadingLog(func() time.Time { return time.UnixMilli(77) })
	for i := range maxReadings + 5 {
		log.note(reading{userID: bob, rendering: &view.Rendering{Position: int64(i + 1)}})
	}
	batch, lost := log.take(maxReadings + 5)
	require.Len(t, batch, maxReadings)
	require.EqualValues(t, 77, lost)
	log.back(batch[:3], lost)
	batch, lost = log.take(2)
	require.Len(t, batch, 2)
	require.EqualValues(t, 77, lost)
}

// heldLog is the log of a bridge beside the one that runs. What was read of one message is just being written; what of another one is shown
// can be noted.
type heldLog struct {
	*Bridge
	another *view.Rendering
	ended   chan error // of the write
	release func()     // lets it go on
}

// logReader is who reads in it.
var logReader = view.Viewer{UserID: bob, Mode: view.ModeInPlace}

func (w *world) heldLog() *heldLog {
	w.t.Helper()
	room := w.ward()
	b, err := New(w.t.Context(), w.bridge.o)
	require.NoError(w.t, err)
	var shown []*view.Rendering
	for n := range 2 {
		of, err := b.putOffRendering(w.event(w.say(room, alice, bedSentence(n))), "es")
		require.NoError(w.t, err)
		shown = append(shown, of...)
	}
	busy, free := make(chan struct{}, 10), make(chan struct{})
	go func() {
		_ = w.db.Write(w.t.Context(), func(*sqldb.Tx) error { busy <- struct{}{}; <-free; return nil })
	}()
	<-busy
	log := &heldLog{Bridge: b, another: shown[1], ended: make(chan error, 1), release: sync.OnceFunc(func() { close(free) })}
	w.t.Cleanup(log.release)
	b.Shown(logReader, shown[0], false)
	go func() { log.ended <- b.writeReadings(w.t.Context()) }()
	require.Eventually(w.t, func() bool { return log.waiting() == 0 }, patience, time.Millisecond)
	return log
}

func (l *heldLog) waiting() int {
	l.readings.mu.Lock()
	defer l.readings.mu.Unlock()
	return len(l.readings.waiting)
}

func TestRule18WhatIsReadWhileTheLogIsWrittenIsGathered(t *testing.T) {
	log := newWorld(t).heldLog()
	log.Shown(logReader, log.another, false)
	log.release()
	require.NoError(t, <-log.ended)
	require.Equal(t, 1, log.waiting())
	require.NoError(t, log.closeReadings(t.Context()))
	require.Zero(t, log.waiting(), "a node that stops writes all")
}

func TestRule18WhoAsksForTheLogIsToldWhatIsJustBeingWritten(t *testing.T) {
	log := newWorld(t).heldLog()
	asked := make(chan error, 1)
	go func() { asked <- log.writeReadings(t.Context()) }()
	select {
	case <-asked:
		t.Fatal("they would read a log without it")
	case <-time.After(20 * time.Millisecond):
	}
	log.release()
	require.NoError(t, <-asked)
	require.NoError(t, <-log.ended)
}

func BenchmarkShown(b *testing.B) {
	w := newWorld(b)
	r := &view.Rendering{Position: 1}
	viewer := view.Viewer{UserID: bob}
	for b.Loop() {
		w.bridge.Shown(viewer, r, false)
	}
}

// setOpenGap leaves the log as a process does that is killed.
func setOpenGap(t *testing.T, address string) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), sqldb.Options{URL: address, Logger: sqldbtest.Quiet()})
	require.NoError(t, err)
	now := time.Now().UnixMilli()
	require.NoError(t, db.Write(t.Context(), func(tx *sqldb.Tx) error { return beginGap(tx, now) }))
	require.NoError(t, db.Close())
}
