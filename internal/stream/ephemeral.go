package stream

import (
	"sync"
	"sync/atomic"
)

// factBytes is the memory of one remembered fact, in the index and in the order of changes.
const factBytes = 192

// ephemeral numbers facts that are not durable. Its sequence starts again with each process, under another epoch, so
// that a token from before a crash cannot be mistaken for one of now.
type ephemeral struct {
	epoch    string
	sequence atomic.Int64

	mu    sync.RWMutex
	last  map[fact]int64
	bytes int
	limit int
	// forgotten is at or after the last change of every fact that is not in last.
	forgotten int64
	order     []change
	first     int
}

// fact is one kind of thing about one topic.
type fact struct {
	topic Topic
	kind  uint8
}

type change struct {
	fact     fact
	sequence int64
}

func newEphemeral(epoch string, limit int) *ephemeral {
	return &ephemeral{epoch: epoch, limit: limit, last: map[fact]int64{}}
}

// Epoch names this start of the process. A token with another epoch says nothing about ephemeral facts: send them
// all again.
func (h *Hub) Epoch() string { return h.ephemeral.epoch }

// EphemeralPosition is the sequence number of the last ephemeral change, 0 at the start.
func (h *Hub) EphemeralPosition() int64 { return h.ephemeral.sequence.Load() }

// Touch says that an ephemeral fact has changed, after its new value can be read, and wakes the topic's watches. It
// returns the sequence number of the change.
func (h *Hub) Touch(t Topic, kind uint8) int64 {
	sequence := h.ephemeral.touch(fact{t, kind})
	h.waking.mu.Lock()
	defer h.waking.mu.Unlock()
	if a := h.waking.topics[t]; a != nil {
		a.wake()
	}
	return sequence
}

// EphemeralLast returns a sequence number at or after the fact's last change in this epoch: exact while it is
// remembered, otherwise that of the last change that was forgotten; 0 if nothing was.
func (h *Hub) EphemeralLast(t Topic, kind uint8) int64 {
	e := h.ephemeral
	e.mu.RLock()
	defer e.mu.RUnlock()
	if last, ok := e.last[fact{t, kind}]; ok {
		return last
	}
	return e.forgotten
}

func (e *ephemeral) touch(f fact) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	sequence := e.sequence.Load() + 1
	e.last[f] = sequence
	e.order = append(e.order, change{f, sequence})
	e.bytes += f.bytes()
	for e.bytes > e.limit && e.first < len(e.order) {
		e.forget()
	}
	if e.first > len(e.order)/2 {
		n := copy(e.order, e.order[e.first:])
		clear(e.order[n:])
		e.order, e.first = e.order[:n], 0
	}
	e.sequence.Store(sequence)
	return sequence
}

// forget drops the oldest change; its fact, too, unless it has changed again.
func (e *ephemeral) forget() {
	oldest := e.order[e.first]
	e.order[e.first] = change{}
	e.first++
	e.bytes -= oldest.fact.bytes()
	if e.last[oldest.fact] == oldest.sequence {
		delete(e.last, oldest.fact)
		e.forgotten = oldest.sequence
	}
}

func (f fact) bytes() int { return factBytes + len(f.topic.ID) }
