package bridge

import (
	"context"
	"slices"
	"sync"
	"time"

	"medixchange/rooms"
	"medixchange/rooms/view"
	"medixchange/translator"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// While engines have no room, be it that they hang, fail or are asked too much, a message must not cost more than one that
// nobody translates. So the node states once, as a fact of the stream, that from here on a pair is away, and what each later
// message shows follows from that: it is not translated for now, since engines are overloaded. No message has a job or a
// rendering of its own then, and none is held. All of them are owed a translation, from the first that was turned away: see
// owed.go.

// scope is what engines are asked for: a pair, by any engine or only by those of this machine.
type scope struct {
	from, to language.Code
	local    bool
}

// absence is a time in which engines had no room for a scope.
type absence struct {
	scope
	position int64 // of the fact: what came after it was shown as not translated
	first    int64 // of the oldest message that is owed
	until    int64 // the last position of that time; 0: it lasts
	sinceTS  int64 // ms
	settled  bool  // nothing is owed any more
}

func (a absence) lasts() bool { return a.until == 0 }

// covers reports whether what came at a position was shown as not translated at once.
func (a absence) covers(position int64) bool {
	return a.position < position && (a.lasts() || position <= a.until)
}

// keptAbsences bounds those of one scope that are remembered.
const keptAbsences = 4096

// absences holds what is known of them, by scope and ascending. Safe for concurrent use.
type absences struct {
	mu       sync.RWMutex
	of       map[scope][]absence
	troubled map[scope]troubled
	knocking map[scope]bool
	resting  map[int64]time.Time // by the position of an absence: it is left alone until then
	writing  sync.Mutex          // one change at a time
	kick     chan struct{}
}

// troubled is the oldest message that an engine did not answer in time, and none since.
type troubled struct {
	position int64
	ts       int64 // ms
}

func newAbsences() *absences {
	return &absences{
		of: map[scope][]absence{}, troubled: map[scope]troubled{}, knocking: map[scope]bool{}, resting: map[int64]time.Time{}, kick: make(chan struct{}, 1),
	}
}

// put adds an absence, or replaces what was known of it.
func (a *absences) put(of absence) {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := a.of[of.scope]
	at, found := slices.BinarySearchFunc(all, of.position, func(x absence, position int64) int { return int(x.position - position) })
	if found {
		all = slices.Clone(all)
		if all[at] = of; of.settled {
			delete(a.resting, of.position)
		}
	} else {
		all = slices.Insert(all, at, of)
	}
	a.of[of.scope] = all[max(0, len(all)-keptAbsences):]
}

// covering reports whether a message at a position came while the scope was away.
func (a *absences) covering(of scope, position int64) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	all := a.of[of]
	at, _ := slices.BinarySearchFunc(all, position, func(x absence, position int64) int { return int(x.position - position) })
	return at > 0 && all[at-1].covers(position)
}

// last returns the newest absence of a scope.
func (a *absences) last(of scope) (absence, bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	all := a.of[of]
	if len(all) == 0 {
		return absence{}, false
	}
	return all[len(all)-1], true
}

// owing returns those that are not settled, the newest first.
func (a *absences) owing() []absence {
	a.mu.RLock()
	defer a.mu.RUnlock()
	var found []absence
	for _, all := range a.of {
		for _, one := range all {
			if !one.settled {
				found = append(found, one)
			}
		}
	}
	slices.SortFunc(found, func(x, y absence) int { return int(y.position - x.position) })
	return found
}

// forgetBefore drops what was settled and began before a time (ms).
func (a *absences) forgetBefore(ts int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for of, all := range a.of {
		left := slices.DeleteFunc(slices.Clone(all), func(x absence) bool { return x.settled && x.sinceTS < ts })
		if a.of[of] = left; len(left) == 0 {
			delete(a.of, of)
		}
	}
}

// lasting reports whether any scope is away.
func (a *absences) lasting() bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	for _, all := range a.of {
		if len(all) > 0 && all[len(all)-1].lasts() {
			return true
		}
	}
	return false
}

func (a *absences) none() bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return len(a.of) == 0
}

// learn notes how a message went: those that were not answered in time are owed once the engines turn out to be away, unless
// they are from before a time (ms).
func (a *absences) learn(of scope, message troubled, since int64, result translator.Result) {
	inTime := reasonOf(result) != translator.ReasonTimeout
	a.mu.Lock()
	defer a.mu.Unlock()
	oldest, known := a.troubled[of]
	switch {
	case result.State == translator.Translated:
		delete(a.troubled, of)
	case !inTime && (!known || oldest.ts < since || message.position < oldest.position):
		a.troubled[of] = message
	}
}

// troubledFrom returns the oldest message since a time (ms) that was not answered in time, position without one.
func (a *absences) troubledFrom(of scope, position, since int64) int64 {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if oldest, known := a.troubled[of]; known && oldest.ts >= since {
		return min(oldest.position, position)
	}
	return position
}

// wake lets what is owed be looked at.
func (a *absences) wake() {
	select {
	case a.kick <- struct{}{}:
	default:
	}
}

// scopeOf says who would be asked to translate an event; false for what is never put off.
func (b *Bridge) scopeOf(ev *rooms.Event, d decision, code language.Code) (scope, bool) {
	if !d.wantedBy(code) { // then how the room is translated need not be looked up
		return scope{}, false
	}
	return scopeIn(b.translationIn(context.Background(), ev.RoomID), ev, d, code)
}

// scopeIn is scopeOf in a room of which it is known how it is translated.
func scopeIn(room string, ev *rooms.Event, d decision, code language.Code) (scope, bool) {
	if ev.Position == 0 || !d.wantedBy(code) || d.voice || room == translationOff {
		return scope{}, false
	}
	return scope{d.from, code, room == translationLocal}, true
}

// putOff reports whether an event came while the engines had no room for it, and nothing but an engine can translate it.
func (b *Bridge) putOff(ev *rooms.Event, code language.Code) bool {
	if b.absences.none() {
		return false
	}
	of, ok := b.scopeOf(ev, b.decide(ev), code)
	return ok && b.isPutOff(ev, of)
}

// putOffIn is putOff in a room of which it is known how it is translated.
func (b *Bridge) putOffIn(room string, ev *rooms.Event, d decision, code language.Code) bool {
	of, ok := scopeIn(room, ev, d, code)
	return ok && b.isPutOff(ev, of)
}

func (b *Bridge) isPutOff(ev *rooms.Event, of scope) bool {
	return b.absences.covering(of, ev.Position) && !b.isKnown(ev, of)
}

// mayKnow reports whether the translation of an event, whose author writes a language, may be known without an engine.
func (b *Bridge) mayKnow(ev *rooms.Event, of scope, writes language.Code) bool {
	said := b.atHandOf(ev)
	if !said.ok || said.repeats {
		return true
	}
	w := said.words
	w.text, w.html = protect.CutReply(w.text, w.html)
	return b.o.Pipeline.Knows(translator.Request{
		Text: w.text, HTML: w.html, SourceHint: of.from, SenderLanguage: writes, Target: of.to, Local: of.local,
	})
}

// putOffRendering is what an event that was put off shows from its own place on, alone in its list: itself, and that engines are
// overloaded.
func (b *Bridge) putOffRendering(ev *rooms.Event, code language.Code) ([]*view.Rendering, error) {
	known := b.atHandOf(ev)
	if shown := known.putOff.Load().in(code); shown != nil {
		return shown, nil
	}
	content, said, err := b.untranslated(ev, b.decide(ev).from, code, translator.ReasonBusy)
	if err != nil {
		return nil, err
	}
	return known.keepPutOff(code, view.Rendering{
		EventNID: ev.NID, EventID: ev.ID, RoomID: ev.RoomID, Language: string(code), Version: ev.NID, Of: ev, VersionTS: ev.OriginServerTS,
		Position: ev.Position, State: string(translator.None), Content: content, Key: said, PutOff: true,
	}), nil
}

// withPutOff puts what events show that were put off before what they came to later.
func (b *Bridge) withPutOff(code language.Code, events []*rooms.Event, found [][]*view.Rendering) error {
	if b.absences.none() {
		return nil
	}
	for i, ev := range events {
		if !b.putOff(ev, code) {
			continue
		}
		first, err := b.putOffRendering(ev, code)
		if err != nil {
			return err
		}
		found[i] = append(first, found[i]...)
	}
	return nil
}
