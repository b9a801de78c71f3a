package stream

// Aside divides the kinds of entries: those from Aside on are kept in a ring of their own, so that a flood of receipts
// or account data never evicts an event from memory.
const Aside uint8 = 128

// rings are the two rings of a hub. A position's entries are in one or the other.
type rings struct {
	events *ring // kinds below Aside
	aside  *ring
}

// newRings gives three quarters of limit to events.
func newRings(limit int, position int64) rings {
	return rings{events: newRing(limit-limit/4, position), aside: newRing(limit/4, position)}
}

func (r rings) push(entries []Entry) {
	for i := range entries {
		if entries[i].Kind < Aside {
			r.events.pushOne(&entries[i])
		} else {
			r.aside.pushOne(&entries[i])
		}
	}
	r.events.trim()
	r.aside.trim()
}

func (r rings) forgetAll(position int64) {
	r.events.forgetAll(position)
	r.aside.forgetAll(position)
}

func (r rings) bytes() int { return r.events.bytes + r.aside.bytes }

func (r rings) lastChange(t Topic) int64 {
	return max(r.events.lastChange(t), r.aside.lastChange(t))
}

func (r rings) since(t Topic, since, upto int64) (entries []Entry, complete bool) {
	events, complete := r.events.since(t, since, upto)
	aside, whole := r.aside.since(t, since, upto)
	return Merge(events, aside), complete && whole
}

func (r rings) all(since, upto int64, limit int) (entries []Entry, complete bool) {
	events, complete := r.events.all(since, upto, limit)
	aside, whole := r.aside.all(since, upto, limit)
	return cut(Merge(events, aside), max(limit, 1)), complete && whole
}

// Merge puts two lists that are in the order of positions into one.
func Merge(a, b []Entry) []Entry {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	merged := make([]Entry, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0].Position <= b[0].Position {
			merged, a = append(merged, a[0]), a[1:]
		} else {
			merged, b = append(merged, b[0]), b[1:]
		}
	}
	return append(append(merged, a...), b...)
}

// cut returns the first limit entries and those at the position of the last of them.
func cut(entries []Entry, limit int) []Entry {
	if len(entries) <= limit {
		return entries
	}
	for limit < len(entries) && entries[limit].Position == entries[limit-1].Position {
		limit++
	}
	return entries[:limit]
}
