package replies

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"medixchange/translator"
	"medixchange/translator/language"
)

// Courier brings what the bot says into a room. Its methods are called by many goroutines at a time.
type Courier interface {
	// Send sends an m.room.message and returns its event id. The same txn never sends twice. tag is the language that the
	// message is in, "" for what everybody reads.
	Send(ctx context.Context, roomID, txn string, content map[string]any, tag language.Code) (eventID string, err error)
	// Redact redacts an event of the bot that had this tag.
	Redact(ctx context.Context, roomID, eventID, txn string, tag language.Code) error
	// Tell says something to one user in a room where the bot and they are alone, which it makes where there is none. They are notified of it.
	// It is not called by several goroutines at a time. The same txn never sends twice.
	Tell(ctx context.Context, userID, txn string, content map[string]any) (roomID, eventID string, err error)
	// Leave leaves a room.
	Leave(ctx context.Context, roomID string) error
}

// ErrRefused is what a Courier's errors wrap when trying again would not help.
var ErrRefused = errors.New("the room refuses it")

// Host knows the people.
type Host interface {
	// Languages returns the languages into which a message of sender is translated: what others in the room read. "" as the
	// sender stands for nobody in particular.
	Languages(ctx context.Context, roomID, sender string) ([]language.Code, error)
	// Readers returns who reads translations in a room; nobody where the room is not
	// translated, or is the bot and one other.
	Readers(ctx context.Context, roomID string) (Readers, error)
	// Reads returns the language in which a user is answered and probably writes.
	Reads(ctx context.Context, userID, roomID string) language.Code
	// Moderates reports whether a user may decide that the bot is in a room.
	Moderates(ctx context.Context, roomID, userID string) (bool, error)
	// Needed reports whether somebody in a room may need a translation.
	Needed(ctx context.Context, roomID string) (bool, error)
	// Translation returns what the room's moderators say of its translation (see [TranslationIn]). After an error no engine
	// is asked.
	Translation(ctx context.Context, roomID string) (string, error)
	// CanBeTold reports whether a user is a person of this server, who can be told something alone.
	CanBeTold(userID string) bool
	// Chats returns the rooms in which the bot and a user are alone, and to which nobody can come who is not invited. Those that
	// the user has left come last.
	Chats(ctx context.Context, userID string) ([]Chat, error)
	// RoomName returns what a room is called where it has a name, else its id.
	RoomName(ctx context.Context, roomID string) (string, error)
	// Forget says that members of a room, or its settings, may have changed: what the host remembers of them holds no more.
	Forget(roomID string)
	// Author returns who sent an event of a room, "" for one that the bot cannot see.
	Author(ctx context.Context, roomID, eventID string) (string, error)
	// Redacts reports whether a user's redaction of an event of a room takes effect. From room version 3 on anybody may send one
	// that does not. Of an event that the bot cannot see either answer will do: it has said nothing of it.
	Redacts(ctx context.Context, roomID, userID, eventID string) (bool, error)
	// Command answers a command; false when it is none to this bot. The zero Command stands for one that is not known: only
	// who is alone with the bot is told so, in a room with others it may be meant for another bot.
	Command(ctx context.Context, roomID, userID string, c Command) (answer string, ok bool, err error)
}

// Chat is a room in which the bot and a user are alone.
type Chat struct {
	RoomID string
	Left   bool // the user has left it or turned its invitation down: the bot is there
}

// Pipeline translates one text. *translator.Pipeline implements it.
type Pipeline interface {
	Translate(ctx context.Context, request translator.Request) (translator.Result, error)
}

// Task says what is to be done with a piece of work.
type Task string

// Tasks. The texts are stored.
const (
	Translate Task = "translate" // a message, or an edit of one if Replaces is set
	Withdraw  Task = "withdraw"  // Replaces was redacted
	Answer    Task = "answer"    // a command
	Greet     Task = "greet"     // the bot can read the room from this event on
	Arrive    Task = "arrive"    // the bot was invited by Sender

	Unneeded   Task = "unneeded"   // nobody needs a translation any more: the bot will leave
	Depart     Task = "depart"     // nobody needs one still
	Unreadable Task = "unreadable" // Replaces could not be decrypted

	Caution Task = "caution" // Version of the message Replaces is held: its author is told
	Release Task = "release" // Sender reacted to Replaces so as to release a message
)

// Work is something that happened in a room and concerns the bot.
type Work struct {
	Task     Task   `json:"task"`
	RoomID   string `json:"room"`
	EventID  string `json:"event"`
	Sender   string `json:"sender"`
	Text     string `json:"text,omitempty"`
	HTML     string `json:"html,omitempty"`
	Replaces string `json:"replaces,omitempty"` // the message that is edited, the event that is redacted
	Thread   string `json:"thread,omitempty"`   // root of the thread that the message is in
	Seq      int64  `json:"seq"`                // order and time of arrival, in ns
	// Version is the version of the message Replaces that is held or was released; Released says that all engines may have it.
	Version  string `json:"version,omitempty"`
	Released bool   `json:"released,omitempty"`
	// Sending are the languages in which answers were going out when this was stored.
	Sending []language.Code `json:"sending,omitempty"`
}

// Options is what a Desk is built from. Every field without "optional" must be set.
type Options struct {
	Vault    *Vault
	Courier  Courier
	Host     Host
	Pipeline Pipeline
	Log      *logrus.Entry
	Now      func() time.Time
	// Kinds is where the kinds of this desk's records begin; each desk of a vault needs a range of ten of its own below 100.
	// It may be 0.
	Kinds Kind
	// Arrive carries out the task Arrive, and returns whom the room was told of as readers, nil when it was not; optional where there
	// is no such task.
	Arrive func(ctx context.Context, w *Work) (*Readers, error)
}

// Desk takes work and does it, many rooms at a time. In each room answers to messages come in the order of the messages,
// and commands are carried out in theirs; engines translate several messages of a room at once. All methods are safe for
// concurrent use.
type Desk struct {
	o Options
	// sending bounds what is being sent and commands what is being carried out, each try for itself; asking the messages of
	// all rooms that engines have.
	sending, commands, asking chan struct{}
	// warning lets one author be warned at a time: each has one chat with the bot.
	warning chan struct{}
	// They are the constants of these names, others in tests.
	patience, leastPatience, actPatience time.Duration

	mu      sync.Mutex
	taken   []*Work // not released yet
	early   []*Work // released before there is a ctx
	rooms   map[string]*roomWork
	count   int
	seq     int64
	ctx     context.Context // of Run; nil before
	working sync.WaitGroup
}

const (
	// maxWaiting is from how much work on the desk takes no more.
	maxWaiting = 5000
	// sendingAtOnce and commandsAtOnce bound what is being sent and carried out.
	sendingAtOnce, commandsAtOnce = 32, 32
	// askingAtOnce bounds the messages of all rooms that are being translated; engines have bounds of their own.
	askingAtOnce = 1024
)

// New builds a desk; see [Desk.Run].
func New(o Options) *Desk {
	return &Desk{
		o: o, rooms: map[string]*roomWork{}, patience: patience, leastPatience: leastPatience, actPatience: actPatience,
		sending: make(chan struct{}, sendingAtOnce), commands: make(chan struct{}, commandsAtOnce), asking: make(chan struct{}, askingAtOnce),
		warning: make(chan struct{}, 1),
	}
}

// Full reports whether there is so much work that no more should be taken for a while.
func (d *Desk) Full() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.count >= maxWaiting
}

// Take puts work into the vault. It begins with [Desk.Release], after the vault has been committed. Taken once more before that,
// as by a caller who was interrupted and begins anew, it takes the place of what was taken. Its caller is in [Vault.Together].
func (d *Desk) Take(w Work) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.number(&w); err != nil {
		return err
	}
	if w.Task == Withdraw {
		d.drop(&w)
	}
	d.taken = append(slices.DeleteFunc(d.taken, w.isOfEvent), &w)
	return nil
}

// number gives work its place in the order of arrival and puts it into the vault. It is called with d.mu held.
func (d *Desk) number(w *Work) error {
	d.seq = max(d.seq+1, d.o.Now().UnixNano())
	w.Seq = d.seq
	return d.write(w)
}

func (d *Desk) write(w *Work) error {
	return d.o.Vault.Write(d.o.Kinds+kindWork, w.RoomID, w.EventID, w)
}

func (d *Desk) delete(w *Work) {
	d.o.Vault.Delete(d.o.Kinds+kindWork, w.RoomID, w.EventID)
}

// Release begins what was taken.
func (d *Desk) Release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.count += len(d.taken)
	d.early = append(d.early, d.taken...)
	d.taken = nil
	d.beginReleased()
}

// beginReleased begins what was released, once the desk runs. It is called with d.mu held.
func (d *Desk) beginReleased() {
	if d.ctx == nil {
		return
	}
	for _, w := range d.early {
		d.enqueue(w, false)
	}
	d.early = nil
}

// Run does the work that the last run left and what is released from then on, until ctx ends, whose error it returns.
func (d *Desk) Run(ctx context.Context) error {
	if err := d.o.Vault.Together(ctx, func() error { return d.load(ctx) }); err != nil {
		return fmt.Errorf("reading the translator's work: %w", err)
	}
	<-ctx.Done()
	d.working.Wait()
	return ctx.Err()
}

// load begins what the last run left, and after it what was released meanwhile. What is only taken waits for [Desk.Release]: its
// caller may take it once more.
func (d *Desk) load(ctx context.Context) error {
	stored, err := d.stored(ctx)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ctx = ctx
	redactions := slices.DeleteFunc(slices.Clone(stored), func(w *Work) bool { return w.Task != Withdraw })
	for _, w := range stored {
		if d.isNew(w) {
			continue
		}
		gone := slices.ContainsFunc(redactions, func(later *Work) bool { return later.Seq > w.Seq && later.redacts(w) })
		if gone && len(w.Sending) == 0 {
			d.delete(w)
			continue
		}
		d.count++
		d.enqueue(w, gone)
	}
	d.beginReleased()
	return nil
}

// stored returns the work that is in the vault, in the order of arrival.
func (d *Desk) stored(ctx context.Context) ([]*Work, error) {
	records, err := d.o.Vault.All(ctx, d.o.Kinds+kindWork)
	if err != nil {
		return nil, err
	}
	works := make([]*Work, 0, len(records))
	for _, record := range records {
		w := &Work{}
		if err := record.read(w); err != nil {
			return nil, err
		}
		works = append(works, w)
	}
	slices.SortFunc(works, func(a, b *Work) int { return cmp.Compare(a.Seq, b.Seq) })
	return works, nil
}

// isNew reports whether work was taken in this run. It is called with d.mu held, before anything has begun.
func (d *Desk) isNew(w *Work) bool {
	return slices.ContainsFunc(slices.Concat(d.early, d.taken), w.isOfEvent)
}

// isOfEvent reports whether other work is that of the same event of its room: the vault holds one.
func (w *Work) isOfEvent(other *Work) bool {
	return other.RoomID == w.RoomID && other.EventID == w.EventID
}

// do carries out what is no message.
func (d *Desk) do(ctx context.Context, w *Work) error {
	switch w.Task {
	case Withdraw:
		return d.withdraw(ctx, w)
	case Answer:
		return d.answer(ctx, w)
	case Greet:
		return d.greet(ctx, w)
	case Unneeded:
		return d.announce(ctx, w, "encrypted_alone")
	case Unreadable:
		return d.announce(ctx, w, "encrypted_unreadable")
	case Caution:
		return d.caution(ctx, w)
	case Release:
		return d.release(ctx, w)
	case Depart:
		return d.depart(ctx, w)
	case Arrive:
		if d.o.Arrive == nil {
			break
		}
		return d.arrive(ctx, w)
	}
	return fmt.Errorf("%w: there is no task %q", ErrRefused, w.Task)
}

func (d *Desk) logOf(w *Work) *logrus.Entry {
	return d.o.Log.WithField("room", w.RoomID).WithField("event", w.EventID)
}

// done ends work in one transaction with what came of it.
func (d *Desk) done(ctx context.Context, w *Work, record func() error) error {
	return d.o.Vault.Together(ctx, func() error {
		if err := record(); err != nil {
			return err
		}
		d.delete(w)
		return nil
	})
}

// Forget forgets which answers of a room belong to which message: the bot has left, and cannot take them back any more. As long as
// it is there they are known, however old they are, since a message may be redacted at any time.
func (d *Desk) Forget(ctx context.Context, roomID string) error {
	var errs []error
	for _, kind := range []Kind{kindReplies, kindEdits, kindReaders, kindHold} {
		errs = append(errs, d.o.Vault.ForgetOwner(ctx, d.o.Kinds+kind, roomID))
	}
	return errors.Join(errs...)
}

// Sweep forgets messages that were held and not released.
func (d *Desk) Sweep(ctx context.Context) error {
	held := d.o.Now().Add(-keptHolds)
	return errors.Join(
		d.o.Vault.Forget(ctx, d.o.Kinds+kindHold, held), d.o.Vault.Forget(ctx, d.o.Kinds+kindWarned, held),
		d.o.Vault.Forget(ctx, d.o.Kinds+kindWarnings, held),
	)
}
