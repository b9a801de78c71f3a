package stream

import "sync"

// waking knows who waits for what. It has its own lock, so that registering does not hold up readers of the ring.
type waking struct {
	mu     sync.Mutex
	topics map[Topic]*audience
	global audience
	count  int
	round  uint64 // of waking
}

// audience are the watches of one topic.
type audience struct {
	topic   Topic
	watches []place
	round   uint64 // in which they were last woken
}

// place is one watch in an audience, with the index of the seat that points back.
type place struct {
	watch *Watch
	seat  int
}

// seat is one topic of a watch, with its index in the audience.
type seat struct {
	audience *audience
	place    int
}

// Watch is woken when one of its topics changes. Its owner registers, then reads, then waits on C, and closes it. It
// costs some hundred bytes and less than 100 for each topic.
type Watch struct {
	hub   *Hub
	c     chan struct{}
	tell  func() // instead of c, if it is set
	seats []seat
	shut  bool
}

// Watch registers for topics. What is announced after it returns wakes it, so read after it and wait after that.
func (h *Hub) Watch(topics ...Topic) *Watch {
	w := &Watch{hub: h, c: make(chan struct{}, 1), seats: make([]seat, 0, len(topics))}
	h.waking.mu.Lock()
	defer h.waking.mu.Unlock()
	h.waking.count++
	for _, t := range topics {
		h.waking.enter(w, t)
	}
	return w
}

// watchAll registers for every announcement.
func (h *Hub) watchAll() *Watch {
	w := &Watch{hub: h, c: make(chan struct{}, 1)}
	h.waking.mu.Lock()
	defer h.waking.mu.Unlock()
	h.waking.count++
	h.waking.sit(w, &h.waking.global)
	return w
}

// C receives after a change; many changes may come as one. The owner reads again after each.
func (w *Watch) C() <-chan struct{} { return w.c }

// Tell has f called after each change instead of C being filled, and at once when C holds one; nil goes back to C. f is
// called from any goroutine, must return at once, and may be called once more while Tell or Close takes it back.
func (w *Watch) Tell(f func()) {
	w.hub.waking.mu.Lock()
	w.tell = f
	w.hub.waking.mu.Unlock()
	if f == nil {
		return
	}
	select {
	case <-w.c:
		f()
	default:
	}
}

// Add registers for further topics. Read them after it.
func (w *Watch) Add(topics ...Topic) {
	w.hub.waking.mu.Lock()
	defer w.hub.waking.mu.Unlock()
	if w.shut {
		return
	}
	for _, t := range topics {
		if w.find(t) < 0 {
			w.hub.waking.enter(w, t)
		}
	}
}

// Remove ends the registration for topics.
func (w *Watch) Remove(topics ...Topic) {
	w.hub.waking.mu.Lock()
	defer w.hub.waking.mu.Unlock()
	for _, t := range topics {
		if i := w.find(t); i >= 0 {
			w.hub.waking.leave(w, i)
		}
	}
}

// Close ends all registrations. Further calls do nothing.
func (w *Watch) Close() {
	w.hub.waking.mu.Lock()
	defer w.hub.waking.mu.Unlock()
	if w.shut {
		return
	}
	w.shut = true
	w.hub.waking.count--
	for i := len(w.seats) - 1; i >= 0; i-- {
		w.hub.waking.leave(w, i)
	}
}

func (w *Watch) find(t Topic) int {
	for i := range w.seats {
		if w.seats[i].audience.topic == t {
			return i
		}
	}
	return -1
}

func (w *Watch) wake() {
	if w.tell != nil {
		w.tell()
		return
	}
	select {
	case w.c <- struct{}{}:
	default: // it is awake already and will read again
	}
}

func (k *waking) enter(w *Watch, t Topic) {
	a := k.topics[t]
	if a == nil {
		a = &audience{topic: t}
		k.topics[t] = a
	}
	if n := len(a.watches); n > 0 && a.watches[n-1].watch == w {
		return // named twice
	}
	k.sit(w, a)
}

func (k *waking) sit(w *Watch, a *audience) {
	w.seats = append(w.seats, seat{audience: a, place: len(a.watches)})
	a.watches = append(a.watches, place{watch: w, seat: len(w.seats) - 1})
}

// leave gives up the seat; the last place of the audience and the last seat of the watch move into the gaps.
func (k *waking) leave(w *Watch, i int) {
	left := w.seats[i]
	a := left.audience
	end := len(a.watches) - 1
	moved := a.watches[end]
	a.watches[left.place] = moved
	moved.watch.seats[moved.seat].place = left.place
	a.watches[end] = place{}
	a.watches = a.watches[:end]
	if end == 0 && a != &k.global {
		delete(k.topics, a.topic)
	}

	end = len(w.seats) - 1
	if i != end {
		w.seats[i] = w.seats[end]
		w.seats[i].audience.watches[w.seats[i].place].seat = i
	}
	w.seats[end] = seat{}
	w.seats = w.seats[:end]
}

// wake wakes the watches of the entries' topics, each topic once, and those of everything.
func (h *Hub) wake(entries []Entry) {
	k := &h.waking
	k.mu.Lock()
	defer k.mu.Unlock()
	k.round++
	for i := range entries {
		if a := k.topics[entries[i].Topic]; a != nil && a.round != k.round {
			a.round = k.round
			a.wake()
		}
	}
	k.global.wake()
}

func (a *audience) wake() {
	for _, p := range a.watches {
		p.watch.wake()
	}
}
