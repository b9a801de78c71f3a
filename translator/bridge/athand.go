package bridge

import (
	"sync/atomic"

	"medixchange/rooms"
	"medixchange/rooms/view"
	"medixchange/translator/compose"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// atHand is what is at hand of an event while it is one of the last that were asked for: its readers ask for it at the same time.
type atHand struct {
	nid     int64 // of the event
	words   words
	ok      bool // it has words that may be shown in another language
	repeats bool // it may quote a translation, or be a copy of one

	putOff atomic.Pointer[putOffShown] // what was made so far of what it shows while engines have no room
}

// putOffShown is what an event shows to the readers of one language, before what it shows to others.
type putOffShown struct {
	language  language.Code
	rendering view.Rendering
	row       [1]*view.Rendering // it alone, for who goes through rows
	others    *putOffShown
}

const (
	// keptAtHand bounds the events of which that is at hand.
	keptAtHand = 512
	// keptContent is up to how many bytes what an event shows is kept: longer ones are made for each reader.
	keptContent = 8 << 10
)

// atHandOf returns what is at hand of an event, or finds it out.
func (b *Bridge) atHandOf(ev *rooms.Event) *atHand {
	if ev.NID == 0 {
		return b.readAtHand(ev)
	}
	place := b.lately.of(ev.NID)
	before := place.Load()
	if before != nil && before.nid == ev.NID {
		return before
	}
	of := b.readAtHand(ev)
	if !place.CompareAndSwap(before, of) {
		if other := place.Load(); other.nid == ev.NID { // which has what was made of it
			return other
		}
	}
	return of
}

func (b *Bridge) readAtHand(ev *rooms.Event) *atHand {
	w, ok := b.readWords(ev)
	return &atHand{nid: ev.NID, words: w, ok: ok, repeats: ok && mayRepeat(w)}
}

// mayRepeat reports whether a message may quote a translation, or be a copy of one.
func mayRepeat(w words) bool {
	w.text, w.html = protect.CutReply(w.text, w.html)
	return mayQuote(w) || compose.IsCopy(w.text)
}

// in returns what is shown in a language, nil when it was not made yet.
func (p *putOffShown) in(code language.Code) []*view.Rendering {
	for ; p != nil; p = p.others {
		if p.language == code {
			return p.row[:]
		}
	}
	return nil
}

// keepPutOff returns what is shown in a language from now on: that which was kept first.
func (f *atHand) keepPutOff(code language.Code, r view.Rendering) []*view.Rendering {
	of := &putOffShown{language: code, rendering: r}
	of.row[0] = &of.rendering
	for len(r.Content) <= keptContent {
		of.others = f.putOff.Load()
		if kept := of.others.in(code); kept != nil {
			return kept
		}
		if f.putOff.CompareAndSwap(of.others, of) {
			break
		}
	}
	return of.row[:]
}

// lately holds what is at hand of the last events, each in the place that its number gives it until one that is newer takes it. Safe for
// concurrent use.
type lately [keptAtHand]atomic.Pointer[atHand]

func (l *lately) of(nid int64) *atomic.Pointer[atHand] { return &l[uint64(nid)%keptAtHand] }
