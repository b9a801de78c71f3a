package replies

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// stubborn carries commands out when act says so, and knows who wrote something when author does.
type stubborn struct {
	people
	act    func(ctx context.Context, c Command) error
	author func(ctx context.Context) error
}

func (s stubborn) Command(ctx context.Context, roomID, userID string, c Command) (string, bool, error) {
	if s.act == nil {
		return s.people.Command(ctx, roomID, userID, c)
	}
	return "done " + c.Name, true, s.act(ctx, c)
}

func (s stubborn) Author(ctx context.Context, roomID, eventID string) (string, error) {
	if s.author != nil {
		if err := s.author(ctx); err != nil {
			return "", err
		}
	}
	return s.people.Author(ctx, roomID, eventID)
}

// hangs waits until nobody waits for it any more.
func hangs(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }

func (w *deskWorld) says(text string) func() bool {
	return func() bool {
		return slices.ContainsFunc(w.room.bodies(), func(body string) bool { return strings.Contains(body, text) })
	}
}

// TestACommandThatDoesNotEndHoldsUpMessagesForAWhileOnly: whether it hangs or fails.
func TestACommandThatDoesNotEndHoldsUpMessagesForAWhileOnly(t *testing.T) {
	for name, act := range map[string]func(context.Context, Command) error{
		"hangs": func(ctx context.Context, _ Command) error { return hangs(ctx) },
		"fails": func(context.Context, Command) error { return errors.New("the server answers 500") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newDeskWorld(t)
			w.restart(func() {
				w.actPatience = 20 * time.Millisecond
				w.host = func(p people) Host { return stubborn{people: p, act: act} }
			})
			w.happens(
				Work{Task: Answer, EventID: "$1", Text: "!lang de"}, Work{Task: Answer, EventID: "$2", Text: "!help"},
				Work{Task: Translate, EventID: "$3", Text: "after"},
			)
			w.eventually(w.says("es after"), "it is translated while the commands are not through")
		})
	}
}

// TestMessagesDoNotWaitForWhatTheBotIsAskedToTranslate: not even for a while.
func TestMessagesDoNotWaitForWhatTheBotIsAskedToTranslate(t *testing.T) {
	w := newDeskWorld(t)
	w.restart(func() {
		w.actPatience = time.Hour
		w.host = func(p people) Host {
			return stubborn{people: p, act: func(ctx context.Context, c Command) error {
				if c.Name == CommandTranslate {
					return hangs(ctx)
				}
				return nil
			}}
		}
	})
	w.happens(
		Work{Task: Answer, EventID: "$1", Text: "!translate es hello"}, Work{Task: Answer, EventID: "$2", Text: "!help"},
		Work{Task: Translate, EventID: "$3", Text: "after"},
	)
	w.eventually(w.says("es after"), "the message is translated")
	require.True(t, w.says("done help")())
}

// TestNoEngineHearsWhatIsSaidWhileItIsNotSettledWhetherItMay: the message is answered in time all the same, and so is one that is
// asked for by a command.
func TestNoEngineHearsWhatIsSaidWhileItIsNotSettledWhetherItMay(t *testing.T) {
	engines := &listening{next: echo{}}
	carried := make(chan string, 100)
	w := newDeskWorld(t)
	w.restart(func() {
		w.engines, w.patience, w.actPatience = engines, 100*time.Millisecond, time.Millisecond
		w.host = func(p people) Host {
			return stubborn{people: p, act: func(ctx context.Context, c Command) error { carried <- c.Name; return hangs(ctx) }}
		}
	})
	w.happens(
		Work{Task: Answer, EventID: "$1", Text: "!translation off"}, Work{Task: Answer, EventID: "$2", Text: "!translate es kept back"},
		Work{Task: Translate, EventID: "$3", Text: "kept back"},
	)
	w.eventually(w.says(language.Say("es", "not_translated", "reason", language.String("es", "reason_timeout"))), "it is answered")
	require.Empty(t, engines.texts())
	require.Len(t, carried, 1)
}

// TestAnEditWhoseAuthorIsNotKnownInTimeIsGivenToNoEngine: and is answered, without translation, as soon as it is known that it is
// its author's.
func TestAnEditWhoseAuthorIsNotKnownInTimeIsGivenToNoEngine(t *testing.T) {
	engines := &listening{next: echo{}}
	known := make(chan struct{})
	w := newDeskWorld(t)
	w.happens(Work{Task: Translate, EventID: "$1", Text: "hello"})
	w.idle()
	w.restart(func() {
		w.engines, w.patience = engines, 50*time.Millisecond
		w.host = func(p people) Host {
			return stubborn{people: p, author: func(ctx context.Context) error {
				if _, bounded := ctx.Deadline(); bounded {
					return hangs(ctx)
				}
				<-known
				return nil
			}}
		}
	})
	w.happens(Work{Task: Translate, EventID: "$2", Replaces: "$1", Text: "edited"}, Work{Task: Translate, EventID: "$3", Sender: "@b:x", Replaces: "$1", Text: "forged"})
	w.eventually(func() bool {
		w.desk.mu.Lock()
		defer w.desk.mu.Unlock()
		room := w.desk.rooms["!r:x"]
		return room != nil && room.asking == 0
	}, "engines are left to others")
	require.Len(t, w.room.bodies(), 2)
	close(known)
	w.idle()
	require.Empty(t, engines.texts())
	require.Len(t, w.room.bodies(), 4, "the edit, and nothing of the forged one")
	w.nothingLeft()
}
