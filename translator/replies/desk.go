package replies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"medixchange/internal/pace"
	"medixchange/translator"
	"medixchange/translator/language"
)

// Courier brings what the bot says into a room. Its methods are called by many goroutines, for one room by one at a time.
type Courier interface {
	// Send sends an m.room.message and returns its event id. The same txn never sends twice. tag is the language that the
	// message is in, "" for what everybody reads.
	Send(ctx context.Context, roomID, txn string, content map[string]any, tag language.Code) (eventID string, err error)
	// Redact redacts an event of the bot that had this tag.
	Redact(ctx context.Context, roomID, eventID, txn string, tag language.Code) error
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
	// Command answers a command; false when it is none to this bot.
	Command(ctx context.Context, roomID, userID, text string) (answer string, ok bool, err error)
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
	Seq      int64  `json:"seq"`                // order of arrival
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
	// Arrive carries out the task Arrive; optional where there is none.
	Arrive func(ctx context.Context, w *Work) error
}

// Desk takes work and does it: in the order of arrival in each room, many rooms at a time. All methods are safe for
// concurrent use.
type Desk struct {
	o     Options
	slots chan struct{}

	mu      sync.Mutex
	taken   []*Work            // not released yet
	waiting map[string][]*Work // released, by room; the first is being done
	count   int
	seq     int64
	ctx     context.Context // of Run; nil before
	working sync.WaitGroup
}

const (
	// maxWaiting is from how much work on the desk takes no more.
	maxWaiting = 5000
	// roomsAtOnce bounds the rooms whose work is being done.
	roomsAtOnce = 32
)

// New builds a desk; see [Desk.Run].
func New(o Options) *Desk {
	return &Desk{o: o, slots: make(chan struct{}, roomsAtOnce), waiting: map[string][]*Work{}}
}

// Full reports whether there is so much work that no more should be taken for a while.
func (d *Desk) Full() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.count >= maxWaiting
}

// Take puts work into the vault. It begins with [Desk.Release], after the vault has been committed.
func (d *Desk) Take(w Work) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seq = max(d.seq+1, d.o.Now().UnixNano())
	w.Seq = d.seq
	if err := d.o.Vault.Write(d.o.Kinds+kindWork, w.RoomID, w.EventID, w); err != nil {
		return err
	}
	d.taken = append(d.taken, &w)
	return nil
}

// Release begins what was taken.
func (d *Desk) Release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, w := range d.taken {
		d.enqueue(w)
	}
	d.taken = nil
}

// enqueue is called with d.mu held.
func (d *Desk) enqueue(w *Work) {
	d.count++
	d.waiting[w.RoomID] = append(d.waiting[w.RoomID], w)
	if d.ctx != nil && len(d.waiting[w.RoomID]) == 1 {
		d.begin(w.RoomID)
	}
}

func (d *Desk) begin(roomID string) {
	d.working.Add(1)
	go func() {
		defer d.working.Done()
		d.work(d.ctx, roomID)
	}()
}

// Run does the work that the last run left and what is released from then on, until ctx ends, whose error it returns.
func (d *Desk) Run(ctx context.Context) error {
	if err := d.load(ctx); err != nil {
		return fmt.Errorf("reading the translator's work: %w", err)
	}
	<-ctx.Done()
	d.working.Wait()
	return ctx.Err()
}

// Load reads what the last run left. What is released before it waits behind.
func (d *Desk) load(ctx context.Context) error {
	stored, err := d.o.Vault.All(ctx, d.o.Kinds+kindWork)
	if err != nil {
		return err
	}
	left := make([]*Work, 0, len(stored))
	for _, record := range stored {
		w := &Work{}
		if err := json.Unmarshal(record.Value, w); err != nil {
			return fmt.Errorf("reading work: %w", err)
		}
		left = append(left, w)
	}
	slices.SortFunc(left, func(a, b *Work) int { return int(min(max(a.Seq-b.Seq, -1), 1)) })
	d.mu.Lock()
	defer d.mu.Unlock()
	known := map[[2]string]bool{}
	for _, queue := range d.waiting {
		for _, w := range queue {
			known[[2]string{w.RoomID, w.EventID}] = true
		}
	}
	for _, w := range d.taken {
		known[[2]string{w.RoomID, w.EventID}] = true
	}
	before := map[string][]*Work{}
	for _, w := range left {
		if !known[[2]string{w.RoomID, w.EventID}] {
			before[w.RoomID] = append(before[w.RoomID], w)
			d.count++
		}
	}
	for roomID, queue := range before {
		d.waiting[roomID] = append(queue, d.waiting[roomID]...)
	}
	d.ctx = ctx
	for roomID := range d.waiting {
		d.begin(roomID)
	}
	return nil
}

// work does a room's work until there is none.
func (d *Desk) work(ctx context.Context, roomID string) {
	for w := d.first(roomID); w != nil; w = d.next(roomID) {
		select {
		case d.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		d.carryOut(ctx, w)
		<-d.slots
		if ctx.Err() != nil {
			return
		}
	}
}

func (d *Desk) first(roomID string) *Work {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.waiting[roomID]) == 0 {
		delete(d.waiting, roomID)
		return nil
	}
	return d.waiting[roomID][0]
}

func (d *Desk) next(roomID string) *Work {
	d.mu.Lock()
	d.waiting[roomID] = d.waiting[roomID][1:]
	d.count--
	d.mu.Unlock()
	return d.first(roomID)
}

const (
	firstPause  = 500 * time.Millisecond
	longestWait = 30 * time.Second
	// maxTries is after how many failures a piece of work is given up: a quarter of an hour.
	maxTries = 35
)

// carryOut does one piece of work, trying again while it may help.
func (d *Desk) carryOut(ctx context.Context, w *Work) {
	log := d.o.Log.WithField("room", w.RoomID).WithField("event", w.EventID)
	pause := firstPause
	for try := 1; ; try++ {
		err := d.do(ctx, w)
		if err == nil || ctx.Err() != nil {
			return
		}
		if errors.Is(err, ErrRefused) || try == maxTries {
			log.WithError(err).Warn("the translation bot gives up an answer")
			if err := d.done(ctx, w, func() error { return nil }); err != nil && ctx.Err() == nil {
				log.WithError(err).Error("storing that an answer was given up")
			}
			return
		}
		log.WithError(err).Info("the translation bot tries an answer again")
		if !pace.Pause(ctx, pause) {
			return
		}
		pause = min(2*pause, longestWait)
	}
}

func (d *Desk) do(ctx context.Context, w *Work) error {
	switch w.Task {
	case Translate:
		return d.translate(ctx, w)
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
	case Depart:
		return d.depart(ctx, w)
	case Arrive:
		if d.o.Arrive == nil {
			break
		}
		if err := d.o.Arrive(ctx, w); err != nil {
			return err
		}
		return d.done(ctx, w, func() error { return nil })
	}
	return fmt.Errorf("%w: there is no task %q", ErrRefused, w.Task)
}

// done ends work in one transaction with what came of it.
func (d *Desk) done(ctx context.Context, w *Work, record func() error) error {
	return d.o.Vault.Together(ctx, func() error {
		if err := record(); err != nil {
			return err
		}
		d.o.Vault.Delete(d.o.Kinds+kindWork, w.RoomID, w.EventID)
		return nil
	})
}

// keptReplies is how long it is known which replies belong to a message: an edit after that gets new ones.
const keptReplies = 90 * 24 * time.Hour

// Sweep forgets which replies belong to old messages.
func (d *Desk) Sweep(ctx context.Context) error {
	return d.o.Vault.Forget(ctx, d.o.Kinds+kindReplies, d.o.Now().Add(-keptReplies))
}
