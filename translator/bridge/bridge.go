package bridge

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"
	"golang.org/x/sync/singleflight"

	"medixchange/accounts"
	"medixchange/internal/config"
	"medixchange/internal/memo"
	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/rooms"
	"medixchange/rooms/view"
	"medixchange/translator"
	"medixchange/translator/compose"
	"medixchange/translator/glossary"
	"medixchange/translator/language"
)

// Pipeline translates one text. *translator.Pipeline implements it; its methods are described there.
type Pipeline interface {
	Run(ctx context.Context)
	Prepare()
	Offers(from, to language.Code) bool
	HasRoom(from, to language.Code, local bool) bool
	Rests(from, to language.Code, local bool) bool
	Knows(request translator.Request) bool
	Translate(ctx context.Context, request translator.Request) (translator.Result, error)
	Forget(text, formatted string)
	ForgetWhere(is func(source compose.Original) bool)
	Expire(before time.Time)
	Purge()
}

// Options is what a Bridge is built from. Every field without "optional" must be set.
type Options struct {
	DB       *sqldb.DB
	Hub      *stream.Hub
	Rooms    *rooms.Rooms
	Accounts *accounts.Accounts
	Pipeline Pipeline
	Config   config.Translator
	// SealKey is the key of texts in the database: SealKeyBytes bytes that are kept outside of it, the same each time.
	SealKey []byte
	// RemoteInvites lets users of other servers invite the bot into rooms that have local members.
	RemoteInvites bool
	// Transcriber writes voice messages down; optional: they stay as they are.
	Transcriber Transcriber
	// TranscriberLeaves says that it runs on another machine; rooms that are kept from others have no voice messages written down.
	TranscriberLeaves bool
	// Handbook is what !handbook looks in; optional: there is no such command.
	Handbook Handbook
	// Directory is whom !who finds; optional: there is no such command.
	Directory Directory
	// Conferences is what !conference asks; optional: there is no such command.
	Conferences Conferences
	// Appservice says whether a user belongs to an application service, whose traffic stays as it is; optional.
	Appservice func(userID string) bool
	// Glossary gives the glossary as it stands, for those who ask for its terms; optional.
	Glossary func() *glossary.Set
	// Standing says how a server stands in the alliance, for those who are told that rooms are closed; optional.
	Standing   func(server string) Standing
	Now        func() time.Time      // optional: time.Now
	Log        *logrus.Entry         // optional
	Registerer prometheus.Registerer // optional
}

// Bridge translates what is said in the rooms. All methods are safe for concurrent use.
type Bridge struct {
	o         Options
	bot       string // its user id
	languages []language.Code
	home      language.Code // of those who chose none

	findings    *memo.Numbered[finding]           // by event nid
	lately      lately                            // those that were asked for last
	habits      *lru.Cache[string, language.Code] // of senders on other servers
	codes       *memo.Last[string, language.Code] // by what readers wrote
	retries     *lru.Cache[key, time.Time]        // of messages that could not be translated
	besides     *lru.Cache[besideKey, *view.Notice]
	authors     *lru.Cache[int64, string]       // who wrote what an event answers, by its nid
	forms       *lru.Cache[formKey, form]       // of renderings, for those who read the original first
	settings    *lru.Cache[int64, roomSettings] // by the nid of their event
	transcripts *lru.Cache[int64, Transcript]   // by event nid
	hearing     singleflight.Group              // transcriptions under way
	elsewhere   singleflight.Group              // searches for what a copy was made from, by the copy
	readers     *roomReaders
	hot         *hotCache
	jobs        *jobs
	absences    *absences
	handled     atomic.Int64 // everything up to this position has its jobs
	vainReads   int          // of the stream, by which nothing was begun, one after another; the reader's own
	resumed     atomic.Bool  // what the last run left has its jobs
	sealer      *sealer
	vault       *vault
	metrics     *metrics
	talk        *talk
	readings    *readingLog
	concerns    concernsDesk

	pendingLimit time.Duration // how long a translation may be pending; a field so that tests need not wait for it

	work context.Context // of jobs, which go on without who asked for them
	stop context.CancelFunc
}

var (
	_ view.Renderer = (*Bridge)(nil)
	_ view.Log      = (*Bridge)(nil)
)

// Defaults and bounds of what is kept in memory.
const (
	defaultHotBytes = 16 << 20
	keptCodes       = 4096
	keptRetries     = 10_000
)

// New loads what the bridge keeps in memory. It starts nothing; see [Bridge.Run]. ctx bounds only the loading.
func New(ctx context.Context, o Options) (*Bridge, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("building the translation bridge: %w", err)
	}
	b := &Bridge{
		o: o, readers: newRoomReaders(), jobs: newJobs(), concerns: newConcernsDesk(), bot: BotID(o.Config.BotLocalpart, o.Rooms.ServerName()),
		pendingLimit: defaultPendingLimit,
	}
	if err := b.readLanguages(); err != nil {
		return nil, fmt.Errorf("building the translation bridge: %w", err)
	}
	if err := b.buildCaches(); err != nil {
		return nil, fmt.Errorf("building the translation bridge: %w", err)
	}
	if b.metrics, err = newMetrics(o.Registerer, b.jobs.count); err != nil {
		return nil, fmt.Errorf("building the translation bridge: %w", err)
	}
	if err := b.load(ctx); err != nil {
		return nil, fmt.Errorf("building the translation bridge: %w", err)
	}
	b.readings = newReadingLog(o.Now)
	if b.talk, err = newTalk(b); err != nil {
		return nil, fmt.Errorf("building the translation bridge: %w", err)
	}
	b.work, b.stop = context.WithCancel(context.Background())
	return b, nil
}

func (o Options) withDefaults() (Options, error) {
	if o.DB == nil || o.Hub == nil || o.Rooms == nil || o.Accounts == nil || o.Pipeline == nil {
		return o, errors.New("database, hub, rooms, accounts and pipeline must be set")
	}
	if o.Config.BotLocalpart == "" {
		return o, errors.New("the bot needs a localpart")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = logrus.NewEntry(logrus.StandardLogger())
	}
	if o.Appservice == nil {
		o.Appservice = func(string) bool { return false }
	}
	return o, nil
}

// languagesOf returns the languages of the configuration, all that are known when it names none.
func languagesOf(c config.Translator) ([]language.Code, error) {
	if len(c.Languages) == 0 {
		return language.All, nil
	}
	codes := make([]language.Code, 0, len(c.Languages))
	for _, tag := range c.Languages {
		code, err := language.Parse(tag)
		if err != nil {
			return nil, err
		}
		codes = append(codes, code)
	}
	return codes, nil
}

func (b *Bridge) readLanguages() (err error) {
	if b.languages, err = languagesOf(b.o.Config); err != nil {
		return err
	}
	if b.o.Config.DefaultLanguage == "" {
		b.home = "en"
		return nil
	}
	b.home, err = language.Parse(b.o.Config.DefaultLanguage)
	return err
}

func (b *Bridge) buildCaches() (err error) {
	b.findings = memo.NewNumbered[finding](keptFindings)
	b.codes = memo.NewLast[string, language.Code](keptCodes)
	b.absences = newAbsences()
	if b.habits, err = lru.New[string, language.Code](keptHabits); err != nil {
		return err
	}
	if b.forms, err = lru.New[formKey, form](keptForms); err != nil {
		return err
	}
	if b.besides, err = lru.New[besideKey, *view.Notice](keptBesides); err != nil {
		return err
	}
	if b.authors, err = lru.New[int64, string](keptAuthors); err != nil {
		return err
	}
	if b.settings, err = lru.New[int64, roomSettings](keptSettings); err != nil {
		return err
	}
	if b.transcripts, err = lru.New[int64, Transcript](keptTranscripts); err != nil {
		return err
	}
	if b.retries, err = lru.New[key, time.Time](keptRetries); err != nil {
		return err
	}
	bytes := int(b.o.Config.Cache.Memory)
	if bytes <= 0 {
		bytes = defaultHotBytes
	}
	b.hot = newHotCache(bytes)
	return nil
}

// load reads the node's secrets and where the readers of the stream have come to. A cursor is stored before
// the first message, so that a crash right after it loses nothing.
func (b *Bridge) load(ctx context.Context) error {
	ids, err := b.secretOf(ctx, "viewer-only ids", freshSecret())
	if err != nil {
		return err
	}
	if b.sealer, err = newSealer(ids); err != nil {
		return err
	}
	if err := b.openVault(ctx); err != nil {
		return err
	}
	if err := b.loadAbsences(ctx); err != nil {
		return err
	}
	for _, name := range []string{cursorReader, cursorBot} {
		position, known, err := b.o.Hub.LoadCursor(ctx, name)
		if err != nil {
			return fmt.Errorf("reading a cursor: %w", err)
		}
		if !known {
			position = b.o.Hub.Position()
			if err := b.o.Hub.SaveCursor(ctx, name, position); err != nil {
				return fmt.Errorf("storing a cursor: %w", err)
			}
		}
		if name == cursorReader {
			b.handled.Store(position)
		}
	}
	return nil
}

func freshSecret() []byte {
	fresh := make([]byte, 32)
	rand.Read(fresh)
	return fresh
}

// Run follows the stream, translates and answers commands until ctx ends, whose error it returns. It may be called once.
func (b *Bridge) Run(ctx context.Context) error {
	defer b.jobs.close()
	defer b.stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	parts := []func(context.Context) error{
		func(ctx context.Context) error { b.o.Pipeline.Run(ctx); return ctx.Err() },
		func(ctx context.Context) error {
			return b.o.Hub.Follow(ctx, cursorReader, stream.FollowOptions{}, b.read)
		},
		b.resumeUntilDone,
		b.sweepLoop,
		b.owedLoop,
		b.readingsLoop,
		b.concernsLoop,
		b.talk.run,
	}
	ended := make(chan error, len(parts))
	for _, part := range parts {
		go func() { ended <- part(ctx) }()
	}
	<-ctx.Done()
	for range parts {
		<-ended
	}
	return ctx.Err()
}
