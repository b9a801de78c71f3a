package bridge

import (
	"slices"
	"sync"
	"sync/atomic"

	"medixchange/rooms"
	"medixchange/translator/language"
)

// finding is what was found out about an event, once for all who ask: the reader of the stream and those who wait for the event
// are woken together, and what takes longest would be done by each of them. It can be found out again.
type finding struct {
	mu       sync.Mutex  // of who finds something out
	decided  atomic.Bool // decision can be read
	decision decision
	live     atomic.Bool

	quoteless atomic.Bool // it was looked for what it repeats of translations, and there is nothing

	// Of an event that came while engines had no room, by language: whether it was asked if the translation is known without them,
	// whether it is, and whether there is a rendering in the database, or none as yet.
	asked, known, stored, bare languages
}

// keptFindings bounds the events of which it is remembered what was found out about them.
const keptFindings = 65_536

func (b *Bridge) finding(nid int64) *finding { return b.findings.Of(nid) }

// languages is a set of the languages that a node translates into, by their places among them. Safe for concurrent use.
type languages struct{ bits atomic.Uint64 }

func (l *languages) has(one uint64) bool { return l.bits.Load()&one != 0 }

func (l *languages) add(one uint64) { l.bits.Or(one) }

func (l *languages) remove(one uint64) { l.bits.And(^one) }

// placeOf is that of a language among those of the node, in such a set; 0 for another one.
func (b *Bridge) placeOf(code language.Code) uint64 {
	i := slices.Index(b.languages, code)
	if i < 0 {
		return 0
	}
	return 1 << i
}

// isBare reports whether it is known that nothing is stored of an event that was put off, so that nobody has to look for it.
func (b *Bridge) isBare(k key) bool { return b.finding(k.nid).bare.has(b.placeOf(k.language)) }

// noteStored notes that an event has a rendering.
func (b *Bridge) noteStored(k key) {
	f, one := b.finding(k.nid), b.placeOf(k.language)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stored.add(one)
	f.bare.remove(one)
}

// isKnown reports whether an event may have its translation without an engine. The first answer for an event holds, so that
// all who ask are told the same.
func (b *Bridge) isKnown(ev *rooms.Event, of scope) bool {
	f, one := b.finding(ev.NID), b.placeOf(of.to)
	if f.asked.has(one) {
		return f.known.has(one)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.asked.has(one) {
		return f.known.has(one)
	}
	known := b.mayKnow(ev, of, f.decision.by)
	switch {
	case known:
		f.known.add(one)
	case b.hasJustCome(ev) && !f.stored.has(one):
		f.bare.add(one) // what has just come has no rendering yet
	}
	f.asked.add(one)
	return known
}
