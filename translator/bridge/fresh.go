package bridge

import (
	"sync/atomic"

	"medixchange/rooms"
	"medixchange/rooms/view"
	"medixchange/translator/compose"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// fresh is what is at hand of an event while it is one of the last that were asked for: its readers ask for it at the same time.
type fresh struct {
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

// keptFresh bounds the events of which that is at hand.
const keptFresh = 512

// freshOf returns what is at hand of an event, or finds it out.
func (b *Bridge) freshOf(ev *rooms.Event) *fresh {
	if ev.NID == 0 {
		return b.readFresh(ev)
	}
	f := b.finding(ev.NID)
	if of := f.fresh.Load(); of != nil {
		return of
	}
	of := b.readFresh(ev)
	if f.fresh.CompareAndSwap(nil, of) {
		b.lately.add(f)
	}
	return of
}

func (b *Bridge) readFresh(ev *rooms.Event) *fresh {
	w, ok := b.readWords(ev)
	return &fresh{words: w, ok: ok, repeats: ok && mayRepeat(w)}
}

// mayRepeat reports whether a message may quote a translation, or be a copy of one.
func mayRepeat(w words) bool {
	w.text, w.html = protect.CutReply(w.text, w.html)
	return mayQuote(w) || compose.IsCopy(w.text)
}

// shownPutOff returns what the event shows in a language, nil when it was not made yet.
func (f *fresh) shownPutOff(code language.Code) []*view.Rendering {
	for of := f.putOff.Load(); of != nil; of = of.others {
		if of.language == code {
			return of.row[:]
		}
	}
	return nil
}

// keepPutOff returns what is shown from now on: that which was kept first.
func (f *fresh) keepPutOff(code language.Code, r view.Rendering) []*view.Rendering {
	of := &putOffShown{language: code, rendering: r}
	of.row[0] = &of.rendering
	for {
		if kept := f.shownPutOff(code); kept != nil {
			return kept
		}
		of.others = f.putOff.Load()
		if f.putOff.CompareAndSwap(of.others, of) {
			return of.row[:]
		}
	}
}

// lately holds the findings that have something fresh, which the oldest lose when others come. Safe for concurrent use.
type lately struct {
	added atomic.Uint64
	kept  [keptFresh]atomic.Pointer[finding]
}

func (l *lately) add(f *finding) {
	place := &l.kept[l.added.Add(1)%keptFresh]
	if old := place.Swap(f); old != nil {
		old.fresh.Store(nil)
	}
}
