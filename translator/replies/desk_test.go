package replies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/translator"
	"medixchange/translator/language"
)

// room is a Courier that remembers what was said, by transaction id.
type room struct {
	mu       sync.Mutex
	fail     func(txn string) error // of the next calls; may be nil
	said     map[string]map[string]any
	order    []string // event ids
	redacted []string
	left     bool
}

func (r *room) Send(_ context.Context, _, txn string, content map[string]any, tag language.Code) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := "$" + txn
	if r.said[id] == nil {
		content["tag"] = tag
		r.said[id] = content
		r.order = append(r.order, id)
	}
	if r.fail != nil {
		if err := r.fail(txn); err != nil {
			return "", err
		}
	}
	return id, nil
}

func (r *room) Redact(_ context.Context, _, eventID, _ string, _ language.Code) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.redacted = append(r.redacted, eventID)
	return nil
}

// Tell says it in the chat of a user.
func (r *room) Tell(ctx context.Context, userID, txn string, content map[string]any) (string, string, error) {
	chat := "!chat of " + userID
	content["chat"] = chat
	id, err := r.Send(ctx, chat, txn, content, "")
	return chat, id, err
}

func (r *room) Leave(context.Context, string) error { r.left = true; return nil }

func (r *room) bodies() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var bodies []string
	for _, id := range r.order {
		bodies = append(bodies, r.said[id]["body"].(string))
	}
	return bodies
}

// people read Spanish and German, but where somebody is alone with the bot; @mod moderates. They are told that readers read,
// nobody unless a test says so, and that their room has this setting.
type people struct {
	readers *Readers
	alone   bool
	setting *setting
}

func (p people) Languages(context.Context, string, string) ([]language.Code, error) {
	if p.alone {
		return nil, nil
	}
	return []language.Code{"es", "de"}, nil
}
func (p people) Readers(context.Context, string) (Readers, error)  { return *p.readers, nil }
func (people) Reads(context.Context, string, string) language.Code { return "en" }
func (people) Moderates(_ context.Context, _, userID string) (bool, error) {
	return userID == "@mod:x", nil
}
func (people) Needed(context.Context, string) (bool, error) { return true, nil }

func (people) CanBeTold(userID string) bool {
	return strings.HasSuffix(userID, ":x") && userID != "@bot:x"
}
func (people) Chats(context.Context, string) ([]Chat, error)    { return nil, nil }
func (people) RoomName(context.Context, string) (string, error) { return "ward 7", nil }

func (people) Author(context.Context, string, string) (string, error) { return "@a:x", nil }

func (people) Forget(string) {}

func (people) Redacts(_ context.Context, _, userID, _ string) (bool, error) {
	return userID != "@stranger:y", nil
}

func (p people) Translation(context.Context, string) (string, error) {
	return p.setting.ask()
}
func (p people) Command(_ context.Context, _, _ string, c Command) (string, bool, error) {
	return "heard " + c.Name + " " + c.Rest, c.Name == CommandLang || c.Name == "" && p.alone, nil
}

// setting is what a room's moderators say of its translation.
type setting struct {
	answer atomic.Pointer[func() (string, error)]
}

func (s *setting) set(value string, err error) {
	answer := func() (string, error) { return value, err }
	s.answer.Store(&answer)
}

func (s *setting) ask() (string, error) {
	if answer := s.answer.Load(); answer != nil {
		return (*answer)()
	}
	return "", nil
}

// echo writes the language before the text; a text that begins with "es:" is Spanish already.
type echo struct{}

func (echo) Translate(_ context.Context, r translator.Request) (translator.Result, error) {
	if strings.HasPrefix(r.Text, string(r.Target)+":") {
		return translator.Result{State: translator.Same}, nil
	}
	body := string(r.Target) + " " + r.Text
	return translator.Result{State: translator.Translated, From: "en", To: r.Target, Verdict: "pass", Body: body}, nil
}

type deskWorld struct {
	t       *testing.T
	vault   *Vault
	room    *room
	readers *Readers
	alone   bool
	setting setting
	engines Pipeline
	host    func(people) Host // of a test's own; may be nil
	// They are as they are without a test's own.
	patience, actPatience time.Duration
	now                   func() time.Time
	desk                  *Desk
	stop                  func()
}

func newDeskWorld(t *testing.T) *deskWorld {
	db := sqldbtest.Open(t, sqldbtest.SQLite(t))
	w := &deskWorld{t: t, vault: vaultAt(t, db, 1), room: &room{said: map[string]map[string]any{}}, readers: &Readers{}, now: time.Now, engines: echo{}}
	w.start()
	t.Cleanup(func() { w.stop(); require.NoError(t, db.Close()) })
	return w
}

func (w *deskWorld) start() { w.startAfter(func() {}) }

// startAfter starts a desk for which something happens before it runs.
func (w *deskWorld) startAfter(early func()) {
	log := logrus.New()
	log.SetLevel(logrus.PanicLevel)
	var host Host = people{w.readers, w.alone, &w.setting}
	if w.host != nil {
		host = w.host(host.(people))
	}
	w.desk = New(Options{Vault: w.vault, Courier: w.room, Host: host, Pipeline: w.engines, Log: logrus.NewEntry(log), Now: func() time.Time { return w.now() }})
	if w.patience > 0 {
		w.desk.patience, w.desk.leastPatience = w.patience, w.patience
	}
	if w.actPatience > 0 {
		w.desk.actPatience = w.actPatience
	}
	early()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = w.desk.Run(ctx) }()
	w.stop = func() { cancel(); <-ended }
}

// restart starts the desk anew after a change.
func (w *deskWorld) restart(change func()) {
	w.stop()
	change()
	w.start()
}

func (w *deskWorld) happens(works ...Work) {
	w.t.Helper()
	w.take(works...)
	w.desk.Release()
}

// take is happens up to where the node may be killed.
func (w *deskWorld) take(works ...Work) {
	w.t.Helper()
	require.NoError(w.t, w.vault.Together(w.t.Context(), func() error {
		for _, work := range works {
			if work.RoomID == "" {
				work.RoomID = "!r:x"
			}
			if work.Sender == "" {
				work.Sender = "@a:x"
			}
			if err := w.desk.Take(work); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (w *deskWorld) idle() {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		w.desk.mu.Lock()
		defer w.desk.mu.Unlock()
		return w.desk.ctx != nil && w.desk.count == 0
	}, 20*time.Second, 2*time.Millisecond)
}

func TestDeskAnswersEachMessageOncePerLanguageInAThread(t *testing.T) {
	w := newDeskWorld(t)
	w.happens(
		Work{Task: Translate, EventID: "$1", Sender: "@a:x", Text: "hello"},
		Work{Task: Translate, EventID: "$2", Sender: "@a:x", Text: "es:hola", Thread: "$1"},
	)
	w.idle()
	bodies := w.room.bodies()
	require.Len(t, bodies, 3)
	require.Contains(t, bodies[0], "de hello")
	require.Contains(t, bodies[1], "es hello")
	require.Contains(t, bodies[2], "de es:hola", "who reads Spanish has the message itself")
	first, last := w.room.said[w.room.order[0]], w.room.said[w.room.order[2]]
	require.Equal(t, "m.notice", first["msgtype"])
	require.Equal(t, map[string]any{}, first["m.mentions"])
	require.Equal(t, language.Code("de"), first["tag"])
	relates := last["m.relates_to"].(map[string]any)
	require.Equal(t, "$1", relates["event_id"])
	require.Equal(t, false, relates["is_falling_back"])
	require.Equal(t, map[string]any{"event_id": "$2"}, relates["m.in_reply_to"])
}

func TestDeskFollowsEditsAndRedactions(t *testing.T) {
	w := newDeskWorld(t)
	w.happens(Work{Task: Translate, EventID: "$1", Text: "hello"})
	w.idle()
	german, spanish := w.room.order[0], w.room.order[1]
	w.happens(Work{Task: Translate, EventID: "$2", Replaces: "$1", Text: "es:hola"})
	w.idle()
	edit := w.room.said[w.room.order[2]]
	require.Equal(t, map[string]any{"rel_type": "m.replace", "event_id": german}, edit["m.relates_to"])
	require.Contains(t, edit["m.new_content"].(map[string]any)["body"], "de es:hola")
	require.Equal(t, []string{spanish}, w.room.redacted, "there is nothing left to say in Spanish")
	w.happens(Work{Task: Withdraw, EventID: "$3", Replaces: "$1"}, Work{Task: Withdraw, EventID: "$4", Replaces: "$unknown"})
	w.idle()
	require.Contains(t, w.room.redacted, german)
	require.Len(t, w.room.order, 3)
}

// TestOnlyAMessagesAuthorEditsWhatIsAnswered: clients do not show the edit of anybody else.
func TestOnlyAMessagesAuthorEditsWhatIsAnswered(t *testing.T) {
	w := newDeskWorld(t)
	w.happens(Work{Task: Translate, EventID: "$1", Text: "5 mg"})
	w.idle()
	said := w.room.bodies()
	w.happens(Work{Task: Translate, EventID: "$2", Sender: "@b:x", Replaces: "$1", Text: "50 mg"})
	w.idle()
	require.Equal(t, said, w.room.bodies())
	require.Empty(t, w.room.redacted)
	left, err := w.vault.All(t.Context(), kindWork)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestDeskThatCrashesAfterSendingDoesNotAnswerTwice(t *testing.T) {
	w := newDeskWorld(t)
	sent := make(chan struct{}, 100)
	w.room.fail = func(string) error { sent <- struct{}{}; return errors.New("the answer was lost") }
	w.happens(Work{Task: Translate, EventID: "$1", Text: "hello"})
	<-sent
	w.stop()
	w.room.fail = nil
	w.start()
	w.idle()
	require.Len(t, w.room.bodies(), 2)
	left, err := w.vault.All(t.Context(), kindWork)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestDeskGivesUpWhatTheRoomRefuses(t *testing.T) {
	w := newDeskWorld(t)
	refusals := 0
	w.room.fail = func(string) error { refusals++; return fmt.Errorf("%w: muted", ErrRefused) }
	w.happens(Work{Task: Translate, EventID: "$1", Text: "hello"})
	w.idle()
	require.Equal(t, 2, refusals, "each language once")
	w.room.fail = nil
	before := len(w.room.bodies()) // the stub has noted what it refused
	w.happens(Work{Task: Translate, EventID: "$2", Text: "again"})
	w.idle()
	require.Len(t, w.room.bodies(), before+2)
}

func TestDeskTakesCommands(t *testing.T) {
	w := newDeskWorld(t)
	w.happens(
		Work{Task: Answer, EventID: "$1", Sender: "@a:x", Text: "!lang de"},
		Work{Task: Answer, EventID: "$2", Sender: "@a:x", Text: "!mode thread"},
		Work{Task: Answer, EventID: "$3", Sender: "@a:x", Text: "!leave"},
	)
	w.idle()
	require.Equal(t, []string{"heard lang de", language.String("en", "error_moderator")}, w.room.bodies())
	require.False(t, w.room.left)
	w.happens(Work{Task: Answer, EventID: "$4", Sender: "@mod:x", Text: " !VERLASSEN"})
	w.idle()
	require.True(t, w.room.left)
}

// said is a message as it comes into a room.
func said(t *testing.T, text string) Work {
	t.Helper()
	content, err := json.Marshal(map[string]string{"msgtype": "m.text", "body": text})
	require.NoError(t, err)
	w, ok := WorkOf(Said{EventID: "$" + text, Sender: "@a:x", Content: gjson.ParseBytes(content)}, nil)
	require.True(t, ok)
	return w
}

func TestAnOrderThatBeginsLikeACommandIsTranslated(t *testing.T) {
	w := newDeskWorld(t)
	for _, text := range []string{"!Achtung give 5 mg morphine now", "!Important: no penicillin", "!Ayuda al paciente ahora, 5 mg", "!Leave the line in"} {
		w.happens(said(t, text))
		w.idle()
		bodies := w.room.bodies()
		require.Contains(t, bodies[len(bodies)-1], "es "+text)
	}
	// stored by a version that took it for a command
	w.happens(Work{Task: Answer, EventID: "$old", Sender: "@a:x", Text: "!Important: 5 mg"})
	w.idle()
	bodies := w.room.bodies()
	require.Contains(t, bodies[len(bodies)-1], "es !Important: 5 mg")
}

func TestWhoIsAloneWithTheBotIsToldThatACommandIsNotKnown(t *testing.T) {
	w := newDeskWorld(t)
	w.stop()
	w.alone = true
	w.start()
	w.happens(said(t, "!weather"), said(t, "good morning"), said(t, "！lang es"), said(t, "\u2066!lang ar\u2069"))
	w.idle()
	require.ElementsMatch(t, []string{"heard  ", "heard lang es", "heard lang ar"}, w.room.bodies(), "commands may overtake messages")
}
