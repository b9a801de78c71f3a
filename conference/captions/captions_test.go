package captions

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"medixchange/conference/audit"
	"medixchange/conference/manifest"
	"medixchange/internal/sqldb"
	"medixchange/rooms"
)

const (
	id       = "abcdefghij"
	patience = time.Minute
)

// world is a recording with a doctor, a recogniser that hears what is written in the file, and a translator.
type world struct {
	*Service
	t     *testing.T
	place Place

	mu    sync.Mutex
	lives []Live
	told  []string // of what was kept: speakers and kinds
	asked int
	deaf  bool
	heard int  // utterances that the recogniser was given
	local bool // of the last translation
	rule  Rule
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := sqldb.Open(t.Context(), sqldb.Options{URL: "sqlite://" + filepath.Join(t.TempDir(), "t.db"), Registerer: prometheus.NewRegistry(), Logger: quiet()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	w := &world{t: t, place: Place{ID: id, RoomID: "!r"}, rule: Rule{Recognise: true, Translate: true}}
	folder := t.TempDir()
	w.Service = New(Options{
		Folder: folder, Recogniser: w, Translator: w, Rule: w.ruleIn, Languages: func(context.Context, string) []string { return []string{"en", "es"} },
		Broadcast: func(_ context.Context, _ Place, u Live) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.lives = append(w.lives, u)
		},
		Kept: func(_ context.Context, place Place, userID string, kinds []string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.told = append(w.told, place.ID+" "+userID+" "+strings.Join(kinds, ","))
		},
		DB: db, Audit: audit.New(db, time.Now), Now: time.Now, Log: quiet(), Registerer: prometheus.NewRegistry(),
	})
	require.NoError(t, os.MkdirAll(w.path(w.place, manifest.SpeechFolder), 0o700))
	events := `{"type":"started","id":"` + id + `","room_id":"!r","ts":1}
{"at":1,"type":"joined","user_id":"@amy:a","device_id":"D","name":"Amy <b>"}
{"at":2,"type":"track","track":"a1","user_id":"@amy:a","device_id":"D","kind":"audio","source":"microphone","file":"a1.ogg"}
`
	require.NoError(t, os.WriteFile(w.path(w.place, manifest.EventsFile), []byte(events), 0o600))
	require.NoError(t, os.WriteFile(w.path(w.place, "a1.ogg"), []byte("x"), 0o600))
	m, err := manifest.FromFolder(w.path(w.place))
	require.NoError(t, err)
	require.NoError(t, manifest.Write(w.path(w.place), m))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = w.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	return w
}

func quiet() *logrus.Entry {
	log := logrus.New()
	log.SetLevel(logrus.PanicLevel)
	return log.WithField("test", true)
}

func (w *world) Recognise(_ context.Context, file string) (Said, error) {
	text, err := os.ReadFile(file)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard++
	switch {
	case err != nil:
		return Said{}, err
	case w.deaf:
		return Said{}, errors.New("the recogniser is away")
	case string(text) == "noise":
		return Said{}, ErrNothing
	}
	return Said{string(text), "en"}, nil
}

func (w *world) Translate(_ context.Context, r Request) (Translation, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	w.local = r.Local
	verdict, rest, _ := strings.Cut(r.Text, ":")
	if verdict == Block {
		return Translation{Text: "10 mg", Verdict: verdict, Engine: "test"}, nil
	}
	t := Translation{Text: r.To + rest, Verdict: verdict, Engine: "test"}
	if strings.Contains(rest, "+44") {
		t.Kept = []string{"phone", "name"}
	}
	t.Later = strings.Contains(rest, "no engine yet")
	return t, nil
}

// ruleIn is what holds in the room of the recording; in any other nothing may be done.
func (w *world) ruleIn(_ context.Context, roomID string) Rule {
	w.mu.Lock()
	defer w.mu.Unlock()
	if roomID != w.place.RoomID {
		return Rule{}
	}
	return w.rule
}

func (w *world) rules(rule Rule) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rule = rule
}

// utter has an utterance cut at a second.
func (w *world) utter(second int64, text string) {
	w.t.Helper()
	name := manifest.SpeechName("a1", second*1_000, second*1_000+900)
	require.NoError(w.t, os.WriteFile(w.path(w.place, manifest.SpeechFolder, name), []byte(text), 0o600))
	w.Said(w.place, name)
}

func (w *world) written(n int) {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		all, err := w.list(w.t.Context(), id)
		return err == nil && len(all) == n && w.waiting() == 0
	}, patience, 5*time.Millisecond)
}

func (w *world) vtt(lang string) string {
	w.t.Helper()
	body, err := w.VTT(w.t.Context(), id, lang)
	require.NoError(w.t, err)
	return string(body)
}

func TestWhatIsSaidIsReadInEveryLanguageWithItsVerdict(t *testing.T) {
	w := newWorld(t)
	_, err := w.VTT(t.Context(), id, "es")
	require.ErrorIs(t, err, rooms.ErrNotFound)
	w.utter(1, "pass: give <b>5</b> mg\n\n00:00:01.000 --> 00:00:02.000\nlie")
	w.utter(2, "warn: left")
	w.utter(3, "block: ten")
	w.utter(4, "noise")
	w.written(3)
	require.Equal(t, `WEBVTT

a1-000001000
00:00:01.000 --> 00:00:01.900
<v Amy &lt;b&gt;>🌐 es give &lt;b&gt;5&lt;/b&gt; mg  00:00:01.000 --&gt; 00:00:02.000 lie

a1-000002000
00:00:02.000 --> 00:00:02.900
<v Amy &lt;b&gt;>⚠ es left (dicho: `+"\u2068warn: left\u2069"+`)

a1-000003000
00:00:03.000 --> 00:00:03.900
<v Amy &lt;b&gt;>⛔ no traducido, no sería seguro: `+"\u2068block: ten\u2069"+` 10 mg
`, w.vtt("es"))
	require.NotContains(t, w.vtt("es"), "es ten", "a blocked translation is never shown")
	asked := w.asked
	w.vtt("es")
	require.Equal(t, asked, w.asked, "nothing is translated twice")
	require.Contains(t, w.vtt("en"), "warn: left")
	entries, err := os.ReadDir(w.path(w.place, manifest.SpeechFolder))
	require.NoError(t, err)
	require.Empty(t, entries, "the sound is not kept twice")
	w.mu.Lock()
	defer w.mu.Unlock()
	require.Len(t, w.lives, 3)
	require.Equal(t, "@amy:a", w.lives[0].UserID)
	require.Contains(t, w.lives[0].Texts["es"], "🌐 es give")
}

func TestCorrectionsKeepWhatStoodThere(t *testing.T) {
	w := newWorld(t)
	w.utter(1, "pass: fifteen")
	w.written(1)
	require.Contains(t, w.vtt("es"), "es fifteen")
	require.NoError(t, w.Correct(t.Context(), id, "a1-000001000", "@bea:a", " pass: fifty "))
	require.Contains(t, w.vtt("es"), "es fifty", "it is translated anew")
	was, err := w.Corrections(t.Context(), id, "a1-000001000")
	require.NoError(t, err)
	require.Len(t, was, 1)
	require.Equal(t, [3]string{"@bea:a", "pass: fifteen", "pass: fifty"}, [3]string{was[0].UserID, was[0].Before, was[0].After})
	lines, err := w.o.Audit.About(t.Context(), id, 0, 10)
	require.NoError(t, err)
	require.Equal(t, "correct", lines[0].Action)
	transcript, err := w.Transcript(t.Context(), id)
	require.NoError(t, err)
	require.Contains(t, string(transcript), `"corrected_by":"@bea:a"`)
	require.ErrorIs(t, w.Correct(t.Context(), id, "a1-9", "@bea:a", "x"), rooms.ErrNotFound)
	require.ErrorIs(t, w.Correct(t.Context(), "../../etc", "a1-9", "@bea:a", "x"), rooms.ErrNotFound)
	require.Error(t, w.Correct(t.Context(), id, "a1-000001000", "@bea:a", strings.Repeat("x", maxText+1)))
	require.NoError(t, w.Gone(t.Context(), id))
	_, err = w.Transcript(t.Context(), id)
	require.ErrorIs(t, err, rooms.ErrNotFound)
}

func TestWhatWasSaidWhileTheRecogniserWasAwayIsWrittenDownAfterwards(t *testing.T) {
	w := newWorld(t)
	name := manifest.SpeechName("a1", 1_000, 1_900)
	require.NoError(t, os.WriteFile(w.path(w.place, manifest.SpeechFolder, name), []byte("pass: late"), 0o600))
	require.NoError(t, w.Ended(t.Context(), w.place))
	w.written(1)
	require.NoError(t, w.Ended(t.Context(), Place{ID: "zyxwvutsrq"}), "a recording without a word")
	require.Error(t, w.Ended(t.Context(), Place{ID: "../.."}))
}

func TestNothingIsHeardWhereModeratorsDoNotWantIt(t *testing.T) {
	w := newWorld(t)
	w.rules(Rule{})
	w.utter(1, "pass: for nobody")
	w.written(0)
	require.Zero(t, w.heard)
	require.Empty(t, w.lives)

	w.rules(Rule{Recognise: true, Translate: true})
	require.NoError(t, w.Ended(t.Context(), w.place))
	w.written(1)
	require.Contains(t, w.vtt("es"), "🌐 es for nobody", "the rule was another one when the recording had ended")
}

func TestNoEngineSeesWhatModeratorsDoNotWantToBeSeen(t *testing.T) {
	w := newWorld(t)
	w.rules(Rule{Recognise: true, Translate: true, Local: true})
	w.utter(1, "pass: at home")
	w.written(1)
	require.True(t, w.local)
	asked := w.asked

	w.rules(Rule{})
	require.Contains(t, w.vtt("es"), "es at home", "what was translated before stays as it was shown")
	require.Contains(t, w.vtt("ko"), "pass: at home")
	require.Equal(t, asked, w.asked)

	w.rules(Rule{Recognise: true, Translate: true})
	require.Contains(t, w.vtt("ko"), "🌐 ko at home")
	require.False(t, w.local)
}

// TestWhatEnginesOfThisMachineCannotIsTriedAgainWhenOthersMay: a room's setting is no property of what was said there.
func TestWhatEnginesOfThisMachineCannotIsTriedAgainWhenOthersMay(t *testing.T) {
	w := newWorld(t)
	w.rules(Rule{Recognise: true, Translate: true, Local: true})
	w.utter(1, "none: far away")
	w.written(1)
	asked := w.asked
	require.Contains(t, w.vtt("es"), "none: far away")
	require.Greater(t, w.asked, asked)
}

// TestASpeakerIsToldOfWhatWasKeptAsTheySayIt: once for all languages, and not when somebody replays it.
func TestASpeakerIsToldOfWhatWasKeptAsTheySayIt(t *testing.T) {
	w := newWorld(t)
	w.Service.o.Languages = func(context.Context, string) []string { return []string{"en", "es", "fr"} }
	w.utter(1, "none: +44 7700 900123")
	w.written(1)
	require.Equal(t, []string{id + " @amy:a phone,name"}, w.told)
	require.Contains(t, w.vtt("es"), "none: +44 7700 900123", "nothing but what was said is shown")
	require.Contains(t, w.vtt("ko"), "none: +44 7700 900123")
	w.utter(2, "pass: +44 7700 900123")
	w.utter(3, "none: nothing to tell of")
	w.written(3)
	require.Len(t, w.told, 1, "not of what an engine of the house has translated, or of what has no translation for another reason")
}

// TestWhatNoEngineOffersNowIsTriedAgain: who offers what is not known at once when a node begins.
func TestWhatNoEngineOffersNowIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.utter(1, "none: no engine yet")
	w.utter(2, "none: for good")
	w.written(2)
	asked := w.asked
	require.Contains(t, w.vtt("es"), "none: no engine yet")
	require.Equal(t, asked+1, w.asked)
}
