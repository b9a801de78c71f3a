package finder

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"medixchange/accounts"
	"medixchange/internal/pace"
	"medixchange/internal/search"
	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

const (
	// cursorName is where the place in the stream is kept, cursorHistory that among fetched events, cursorDrop is 1 while
	// the index is being removed. cursorTidy begins the names of where the look for translations that are gone has come to,
	// in the index whose name follows.
	cursorName    = "accounts.search"
	cursorHistory = "accounts.search.history"
	cursorDrop    = "accounts.search.drop"
	cursorTidy    = "accounts.search.tidy."
	// indexName is the index of what was written; those of translations have the language behind a dot.
	indexName = "chat"
	// gather is how long news wait for more, so that they are indexed together; a search makes them be indexed at once.
	gather = 500 * time.Millisecond
	// enough is how many positions do not wait for more.
	enough = 100
	// retryPause follows an error of the database.
	retryPause = time.Second
)

// Translations is what the finder needs of the translator, which implements it. It is safe for concurrent use.
type Translations interface {
	// TranslatedIn returns the messages, by the nid of their first version, of which a translation came or went with
	// since < position ≤ upto.
	TranslatedIn(ctx context.Context, since, upto int64) ([]int64, error)
	// TextsOf returns what readers are shown in place of messages, of each the given version.
	TextsOf(ctx context.Context, versions map[int64]int64) ([]Text, error)
	// LanguageOf returns the language in which a reader of a tag is shown translations, "" for none.
	LanguageOf(tag string) string
}

// Text is what the readers of a language are shown in place of a message.
type Text struct {
	MessageNID int64
	Language   string
	Words      string
}

// untranslated is a node without a translator.
type untranslated struct{}

func (untranslated) TranslatedIn(context.Context, int64, int64) ([]int64, error) { return nil, nil }
func (untranslated) TextsOf(context.Context, map[int64]int64) ([]Text, error)    { return nil, nil }
func (untranslated) LanguageOf(string) string                                    { return "" }

// Options is what a Finder is built from. Every field without "optional" must be set.
type Options struct {
	DB           *sqldb.DB
	Hub          *stream.Hub
	Rooms        *rooms.Rooms
	Accounts     *accounts.Accounts
	View         *view.View
	Translations Translations // optional: nothing is translated
	Engine       *search.Engine
	Now          func() time.Time // optional: time.Now
	Log          *logrus.Entry
	Registerer   prometheus.Registerer // optional
}

// Finder indexes and finds messages. It is safe for concurrent use.
type Finder struct {
	o       Options
	metrics *metrics
	handled atomic.Int64
	hurry   chan struct{} // somebody waits for what is new
	waiters waiters
	rebuild chan struct{}
	dropped atomic.Bool // the index is being removed
	writing sync.Mutex  // held from reading what messages say until it is written
	turns   chan struct{}
}

// maxTogether bounds the searches that read the database at the same time; others wait for their turn.
const maxTogether = 4

// New makes a Finder; Run starts it.
func New(o Options) (*Finder, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Translations == nil {
		o.Translations = untranslated{}
	}
	f := &Finder{o: o, hurry: make(chan struct{}, 1), rebuild: make(chan struct{}, 1), turns: make(chan struct{}, maxTogether)}
	var err error
	if f.metrics, err = newMetrics(o.Registerer, f.behind); err != nil {
		return nil, fmt.Errorf("building the search: %w", err)
	}
	return f, nil
}

// behind is how many positions of the stream are not indexed yet.
func (f *Finder) behind() int64 { return max(f.o.Hub.Position()-f.handled.Load(), 0) }

// Run indexes until ctx ends, whose error it returns. It may be called once.
func (f *Finder) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := f.begin(ctx); err != nil {
			f.o.Log.WithError(err).Warn("beginning to index failed, trying again")
			pace.Pause(ctx, retryPause)
			continue
		}
		f.index(ctx)
	}
	return ctx.Err()
}

// begin removes the index if that was asked for and not finished, and looks where it has come to.
func (f *Finder) begin(ctx context.Context) error {
	dropping, _, err := f.o.Hub.LoadCursor(ctx, cursorDrop)
	if err != nil {
		return err
	}
	if dropping != 0 {
		if err := f.dropAll(ctx); err != nil {
			return err
		}
	}
	f.dropped.Store(false)
	position, _, err := f.o.Hub.LoadCursor(ctx, cursorName)
	if err != nil {
		return err
	}
	f.reached(position)
	return nil
}

// index follows the stream until ctx ends or the index is to be built again.
func (f *Finder) index(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var parts sync.WaitGroup
	parts.Go(func() { _ = f.o.Hub.Follow(ctx, cursorName, stream.FollowOptions{}, f.read) }) // it ends with ctx only
	parts.Go(func() { f.followHistory(ctx) })
	select {
	case <-ctx.Done():
	case <-f.rebuild:
	}
	cancel()
	parts.Wait()
}

// Rebuild has the index removed and built again from the messages; it returns when that is noted for good, also over a
// restart.
func (f *Finder) Rebuild(ctx context.Context) error {
	if err := f.o.Hub.SaveCursor(ctx, cursorDrop, 1); err != nil {
		return fmt.Errorf("noting that the index is built again: %w", err)
	}
	f.dropped.Store(true)
	select {
	case f.rebuild <- struct{}{}:
	default:
	}
	return nil
}

// dropStep bounds the rows of one write while an index is removed.
const dropStep = 500

// dropAll removes all indexes of the chat, and then sets the cursors back, in one write with the note that this is done.
func (f *Finder) dropAll(ctx context.Context) error {
	f.dropped.Store(true)
	f.handled.Store(0)
	states, err := f.o.Engine.States(ctx, indexName)
	if err != nil {
		return err
	}
	for _, s := range states {
		if s.Name != indexName && !isTranslationIndex(s.Name) {
			continue
		}
		if err := f.drop(ctx, s.Name); err != nil {
			return fmt.Errorf("removing an index: %w", err)
		}
	}
	return f.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		var errs []error
		for _, name := range []string{cursorName, cursorHistory, cursorDrop} {
			errs = append(errs, f.o.Hub.SaveCursorTx(tx, name, 0))
		}
		return errors.Join(errs...)
	})
}

func (f *Finder) drop(ctx context.Context, index string) error {
	for done := false; !done; {
		began := time.Now()
		err := f.o.DB.Write(ctx, func(tx *sqldb.Tx) (err error) {
			done, err = f.o.Engine.Drop(tx, index, dropStep)
			return err
		})
		if err != nil {
			return err
		}
		pace.Pause(ctx, time.Since(began)) // others write meanwhile
	}
	return nil
}
