package stream

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"medixchange/internal/sqldb"
)

// Topic is what entries are about and what readers wait for. The packages that use the stream declare the kinds.
type Topic struct {
	Kind uint8
	ID   string
}

// Entry is one fact at one position. Several entries may share a position, e.g. when one fact concerns two topics.
// Entries are immutable after Append.
type Entry struct {
	Position int64
	Topic    Topic
	// Kind tells what happened to the topic; the users of the package declare the values, below or above [Aside].
	Kind uint8
	// Value is what readers need to answer without SQL; it is shared by all of them.
	Value any
	// Size is the memory that Value keeps alive, in bytes.
	Size int
}

// Options of a Hub. Zero values take the defaults.
type Options struct {
	// RingBytes bounds the memory of recent entries; 64 MiB by default. A quarter is for kinds from [Aside] on.
	RingBytes int
	// EphemeralBytes bounds the memory of the last changes that are not durable; 8 MiB by default.
	EphemeralBytes int
	// Registerer takes the metrics; nil for none.
	Registerer prometheus.Registerer
	// Logger takes what happens outside of any call; the standard logger by default.
	Logger *logrus.Entry
}

// Hub is the stream of one database. All methods are safe for concurrent use.
type Hub struct {
	db      *sqldb.DB
	logger  *logrus.Entry
	metrics *metrics

	position atomic.Int64

	mu     sync.RWMutex // guards rings
	rings  rings
	waking waking

	pendingMu sync.Mutex
	pending   []Entry

	ephemeral *ephemeral
	lastWarn  time.Time // the announcing goroutine's own
}

// New makes the hub of db and registers it for db's commits; call it before traffic. What happened before counts as
// unknown: readers from there go to SQL.
func New(db *sqldb.DB, o Options) *Hub {
	if o.RingBytes <= 0 {
		o.RingBytes = 64 << 20
	}
	if o.EphemeralBytes <= 0 {
		o.EphemeralBytes = 8 << 20
	}
	if o.Logger == nil {
		o.Logger = logrus.NewEntry(logrus.StandardLogger())
	}
	h := &Hub{
		db:        db,
		logger:    o.Logger,
		rings:     newRings(o.RingBytes, db.Position()),
		ephemeral: newEphemeral(newEpoch(), o.EphemeralBytes),
	}
	h.waking.topics = map[Topic]*audience{}
	h.position.Store(db.Position())
	h.metrics = newMetrics(h, o.Registerer)
	db.OnCommit(h.announce)
	return h
}

func newEpoch() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// Append publishes entries of a group that has just been committed. Call it from a function given to
// [sqldb.Tx.OnCommit], and for every position that the write has taken: the entries become visible when the position
// of the whole group is announced.
func (h *Hub) Append(entries ...Entry) {
	h.pendingMu.Lock()
	h.pending = append(h.pending, entries...)
	h.pendingMu.Unlock()
}

// Position is the position up to which everything is committed and readable, in the ring or in SQL. It never goes
// back.
func (h *Hub) Position() int64 { return h.position.Load() }

// LastChange returns a position at or after the last change of the topic: the exact one while it is remembered,
// otherwise that of the last change that was forgotten. If it is not after a reader's position, there is nothing new
// for them, without a look into SQL.
func (h *Hub) LastChange(t Topic) int64 {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.rings.lastChange(t)
}

// Since returns the topic's entries with since < Position ≤ upto, ascending. complete is false when entries may be
// missing because since is older than what the ring remembers; the caller then reads SQL and ignores entries.
func (h *Hub) Since(t Topic, since, upto int64) (entries []Entry, complete bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.rings.since(t, since, upto)
}

// EventsSince is Since for the kinds below [Aside] alone: it stays complete however many others came in between.
func (h *Hub) EventsSince(t Topic, since, upto int64) (entries []Entry, complete bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.rings.events.since(t, since, upto)
}

// All returns the entries of all topics with since < Position ≤ upto, ascending, about limit of them: the entries of
// one position stay together, so that the last one's position is where to go on. complete is as in Since.
func (h *Hub) All(since, upto int64, limit int) (entries []Entry, complete bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.rings.all(since, upto, limit)
}

// AllEvents is All for the kinds below [Aside] alone.
func (h *Hub) AllEvents(since, upto int64, limit int) (entries []Entry, complete bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.rings.events.all(since, upto, limit)
}

// announce makes the entries up to position visible and wakes those who wait for their topics. It runs on the
// database's writer, once for each group, in order.
func (h *Hub) announce(position int64) {
	h.pendingMu.Lock()
	entries := h.pending
	h.pending = nil
	h.pendingMu.Unlock()

	before := h.position.Load()
	if position <= before && len(entries) == 0 {
		return
	}
	sound := h.sound(entries, before, position)
	h.mu.Lock()
	if sound {
		h.rings.push(entries)
	} else {
		h.rings.forgetAll(max(position, before))
	}
	h.position.Store(max(position, before))
	h.mu.Unlock()
	h.wake(entries)
}

// sound tells whether the entries cover exactly the positions of the group. Where one is missing, the ring would
// answer "nothing new" wrongly, so it must not answer at all.
func (h *Hub) sound(entries []Entry, before, position int64) bool {
	if !slices.IsSortedFunc(entries, byPosition) {
		slices.SortStableFunc(entries, byPosition)
	}
	last := before
	for _, e := range entries {
		if e.Position != last && e.Position != last+1 || e.Position == before {
			return h.unsound(before, position)
		}
		last = e.Position
	}
	return last == position || h.unsound(before, position)
}

func byPosition(a, b Entry) int {
	switch {
	case a.Position < b.Position:
		return -1
	case a.Position > b.Position:
		return 1
	}
	return 0
}

// unsound counts and reports, once a minute, that a writer took positions and published other ones.
func (h *Hub) unsound(before, position int64) bool {
	h.metrics.unsound.Inc()
	if now := time.Now(); now.Sub(h.lastWarn) > time.Minute {
		h.lastWarn = now
		h.logger.WithField("after", before).WithField("upto", position).
			Warn("positions were taken without publishing their entries; readers go to the database")
	}
	return false
}

// WaitFor waits until the stream has reached position: for tokens that another process gave out.
func (h *Hub) WaitFor(ctx context.Context, position int64) error {
	if h.Position() >= position {
		return nil
	}
	w := h.watchAll()
	defer w.Close()
	for h.Position() < position {
		select {
		case <-w.C():
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
