package check

import (
	"slices"

	"medixchange/translator/language"
)

// Slot is a place in a text that a template may leave open.
type Slot struct {
	Kind    Kind // KindDrug, KindPressure, or KindNumber
	Span         // of the drug, the pair, or the number alone
	UnitEnd int  // of a number with a unit symbol: where the unit ends; else equal to End
}

// Slots lists drugs, blood pressures and numbers in digits, in order and without overlaps.
func Slots(text string, from language.Code) []Slot { return NewText(text).Slots(from) }

// Text is a text whose slots are looked for in one language after another: what all of them share is found once. It is for
// one goroutine at a time.
type Text struct {
	text  string
	f     *folded // without accents
	drugs []span
}

// NewText prepares a text.
func NewText(text string) *Text { return &Text{text: text} }

// in gives the text as a language folds it, and its drugs.
func (t *Text) in(code language.Code) (*folded, []span) {
	if keepsAccents(code) {
		f := foldIn(t.text, code)
		return f, drugsIn(f)
	}
	if t.f == nil {
		t.f = fold(t.text)
		t.drugs = drugsIn(t.f)
	}
	if code == t.f.lang {
		return t.f, t.drugs
	}
	f := *t.f
	f.lang = code.Base()
	return &f, t.drugs
}

// Slots is Slots of the text in a language.
func (t *Text) Slots(from language.Code) []Slot {
	f, drugs := t.in(from)
	x := &facts{f: f}
	x.numbers = scanNumbers(x.f, plainRules(from))
	x.findPressures(plainRules(from))
	var found []Slot
	inPressure := func(n number) bool {
		for _, s := range x.pressures {
			if n.from >= s.from && n.to <= s.to {
				return true
			}
		}
		return false
	}
	for _, s := range x.pressures {
		found = append(found, x.slot(KindPressure, s.from, s.to, s.to))
	}
	for _, s := range drugs {
		found = append(found, x.slot(KindDrug, s.from, s.to, s.to))
	}
	for _, n := range x.numbers {
		if inPressure(n) || n.code {
			continue
		}
		unitTo := n.to
		if n.symbol {
			unitTo = n.unitTo
		}
		found = append(found, x.slot(KindNumber, n.from, n.to, unitTo))
	}
	return ordered(found)
}

func (x *facts) slot(kind Kind, from, to, unitTo int) Slot {
	return Slot{Kind: kind, Span: x.f.place(from, to), UnitEnd: int(x.f.ends[unitTo-1])}
}

// wordEnd is where the word of a drug with a free ending is over.
func wordEnd(f *folded, m match) int {
	end := m.to
	if !m.entries[0].endings {
		return end
	}
	for end < len(f.runes) && wordRune(f.runes[end]) {
		end++
	}
	return end
}

// ordered sorts slots by their place and drops those that overlap an earlier one.
func ordered(slots []Slot) []Slot {
	slices.SortStableFunc(slots, func(a, b Slot) int { return a.Start - b.Start })
	kept := slots[:0]
	end := 0
	for _, s := range slots {
		if s.Start >= end {
			kept = append(kept, s)
			end = s.End
		}
	}
	return kept
}
