package stream

// slotBytes is the memory of one entry beside its value: the slot and its share of the index of topics.
const slotBytes = 160

// dormantBytes is the memory of a topic that is remembered without an entry in the ring.
const dormantBytes = 128

// ring holds the recent entries in the order of positions. Entries have sequence numbers; those of one topic are
// linked backwards by them, never by pointers, so that evicted entries are free at once.
type ring struct {
	slots []slot // a power of two; sequence s is at s & (len-1)
	first uint64 // the oldest sequence number in the ring
	next  uint64 // the one that the next entry takes
	bytes int
	limit int

	// floor is the position of the last evicted entry: the ring has everything above it.
	floor int64
	// forgotten is at or after the last change of every topic that is not in topics.
	forgotten int64
	topics    map[Topic]topicState
	// dormant are the topics whose entries are all evicted, the longest unchanged first.
	dormant      []dormantTopic
	dormantFirst int
	dormantLimit int
}

type slot struct {
	entry Entry
	// previous is the topic's entry before; it is in the ring if it is ≥ first.
	previous uint64
	// previousPosition is at or after the position of the topic's change before.
	previousPosition int64
}

// topicState is what is known of a topic.
type topicState struct {
	last     uint64 // its newest entry; in the ring if ≥ first
	position int64  // its last change
}

type dormantTopic struct {
	topic    Topic
	position int64
}

func newRing(limit int, position int64) *ring {
	return &ring{
		slots: make([]slot, 1024), first: 1, next: 1,
		limit: limit, dormantLimit: max(limit/8/dormantBytes, 16),
		floor: position, forgotten: position,
		topics: map[Topic]topicState{},
	}
}

func (r *ring) at(sequence uint64) *slot { return &r.slots[sequence&uint64(len(r.slots)-1)] }

func (e *Entry) bytes() int { return slotBytes + len(e.Topic.ID) + e.Size }

// push appends entries, whose positions do not go back.
func (r *ring) push(entries []Entry) {
	for i := range entries {
		r.pushOne(&entries[i])
	}
	r.trim()
}

// trim evicts the oldest entries beyond the limit.
func (r *ring) trim() {
	for r.bytes > r.limit && r.first < r.next {
		r.evict()
	}
}

func (r *ring) pushOne(e *Entry) {
	if r.next-r.first == uint64(len(r.slots)) {
		r.grow()
	}
	known, ok := r.topics[e.Topic]
	if !ok {
		known.position = r.forgotten
	}
	s := r.at(r.next)
	*s = slot{entry: *e, previous: known.last, previousPosition: known.position}
	r.topics[e.Topic] = topicState{last: r.next, position: e.Position}
	r.bytes += e.bytes()
	r.next++
}

func (r *ring) grow() {
	old := *r
	r.slots = make([]slot, 2*len(old.slots))
	for s := r.first; s < r.next; s++ {
		*r.at(s) = *old.at(s)
	}
}

// evict forgets the oldest entry; its topic's last change stays known for a while.
func (r *ring) evict() {
	s := r.at(r.first)
	topic, position := s.entry.Topic, s.entry.Position
	r.bytes -= s.entry.bytes()
	r.floor = position
	if r.topics[topic].last == r.first {
		r.rest(dormantTopic{topic, position})
	}
	*s = slot{}
	r.first++
}

// rest remembers the last change of a topic without entries and forgets those that have rested longest. Topics come
// here in the order of their last change, so what is forgotten lies before all that is kept.
func (r *ring) rest(d dormantTopic) {
	r.dormant = append(r.dormant, d)
	for len(r.dormant)-r.dormantFirst > r.dormantLimit {
		oldest := r.dormant[r.dormantFirst]
		r.dormant[r.dormantFirst] = dormantTopic{}
		r.dormantFirst++
		if known := r.topics[oldest.topic]; known.position == oldest.position && known.last < r.first+1 {
			delete(r.topics, oldest.topic)
			r.forgotten = max(r.forgotten, oldest.position)
		}
	}
	if r.dormantFirst > len(r.dormant)/2 {
		n := copy(r.dormant, r.dormant[r.dormantFirst:])
		clear(r.dormant[n:])
		r.dormant, r.dormantFirst = r.dormant[:n], 0
	}
}

// forgetAll empties the ring: everything up to position may have changed.
func (r *ring) forgetAll(position int64) {
	clear(r.slots)
	r.first, r.bytes = r.next, 0
	r.floor, r.forgotten = position, position
	r.topics = map[Topic]topicState{}
	r.dormant, r.dormantFirst = nil, 0
}

func (r *ring) lastChange(t Topic) int64 {
	if known, ok := r.topics[t]; ok {
		return known.position
	}
	return r.forgotten
}

func (r *ring) since(t Topic, since, upto int64) (entries []Entry, complete bool) {
	known, ok := r.topics[t]
	if !ok {
		return nil, since >= r.forgotten || since >= r.floor
	}
	count, before := 0, known.position
	sequence := known.last
	for sequence >= r.first && before > since {
		s := r.at(sequence)
		if s.entry.Position <= upto {
			count++
		}
		sequence, before = s.previous, s.previousPosition
	}
	// before is now the change ahead of those seen: after since only if the ring has lost it.
	complete = before <= since || since >= r.floor
	if count == 0 {
		return nil, complete
	}
	entries = make([]Entry, count)
	for sequence = known.last; count > 0; {
		s := r.at(sequence)
		if s.entry.Position <= upto {
			count--
			entries[count] = s.entry
		}
		sequence = s.previous
	}
	return entries, complete
}

func (r *ring) all(since, upto int64, limit int) (entries []Entry, complete bool) {
	first, end := r.search(since+1), r.search(upto+1)
	if last := first + uint64(max(limit, 1)); last < end {
		for last < end && r.at(last).entry.Position == r.at(last-1).entry.Position {
			last++
		}
		end = last
	}
	if first >= end {
		return nil, since >= r.floor
	}
	entries = make([]Entry, 0, end-first)
	for s := first; s < end; s++ {
		entries = append(entries, r.at(s).entry)
	}
	return entries, since >= r.floor
}

// search returns the first sequence number whose entry is at position or behind it.
func (r *ring) search(position int64) uint64 {
	low, high := r.first, r.next
	for low < high {
		middle := low + (high-low)/2
		if r.at(middle).entry.Position < position {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}
