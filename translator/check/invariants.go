package check

import (
	"cmp"
	"slices"
	"sort"

	"medixchange/translator/language"
)

// Invariants lists what of a source must be the same in every language, as written, in its order:
// doses, blood pressures, drugs, frequencies, routes, negations and sides. A text that has none of them, such
// as "see you at 5", has no invariants, whatever numbers it holds.
func Invariants(text string, from language.Code) []Invariant {
	x := extract(text, from)
	var found []placed
	for _, n := range x.numbers {
		if !n.dose() {
			continue
		}
		found = append(found, placed{from: x.signStart(n), to: max(n.unitTo, n.rateTo), kind: KindDose})
	}
	for _, c := range x.concentrations {
		s := x.whole(c)
		found = append(found, placed{from: s.from, to: s.to, kind: KindDose})
	}
	for _, s := range x.pressures {
		found = append(found, placed{from: s.from, to: s.to, kind: KindPressure})
	}
	for _, s := range x.drugs {
		found = append(found, placed{from: s.from, to: s.to, kind: KindDrug})
	}
	given := found
	for _, a := range x.apart {
		x.join(a)
	}
	for _, s := range x.frequencies {
		if !frequencyOf(s.value).Vague || len(given) > 0 { // "daily" says how often only where something is given
			found = append(found, x.placedRhythm(s, given))
		}
	}
	if len(found) > 0 { // "oral" says how to give something only where something is given
		for _, r := range firstRoutes(routesIn(x, from)) {
			if r.sure {
				found = append(found, placed{from: r.from, to: r.to, kind: KindRoute})
			}
		}
	}
	for _, s := range x.sides {
		found = append(found, placed{from: s.from, to: s.to, kind: KindSide})
	}
	if len(found) > 0 || clinicalNegation(x) {
		for _, s := range slices.Concat(x.negations, x.opposites) {
			found = append(found, placed{from: s.from, to: endOf(x, s), kind: KindNegation})
		}
	}
	return x.verbatim(found)
}

// placedRhythm shows a frequency with all that is between its parts, but for a dose or a drug, which are shown by themselves.
func (x *facts) placedRhythm(s span, given []placed) placed {
	whole := x.wholeRhythm(s)
	p := placed{from: whole.from, to: whole.to, kind: KindFrequency}
	if !slices.ContainsFunc(given, func(g placed) bool { return g.from < p.to && p.from < g.to }) {
		return p
	}
	for _, a := range x.rhythms {
		if a.times.from == s.from {
			first, last := a.each, a.times
			if last.from < first.from {
				first, last = last, first
			}
			return placed{s.from, s.to, KindFrequency, x.f.original(first.from, first.to) + " … " + x.f.original(last.from, last.to)}
		}
	}
	return p
}

// dose reports whether a number says how much of something: "500 mg", "two tablets". A first dose is no amount.
func (n number) dose() bool {
	if n.unit == "" || n.code || n.dated {
		return false
	}
	if n.isGiven() {
		return !n.ordinal()
	}
	return n.symbol && !n.soft
}

// placed is an invariant before its text is cut out.
type placed struct {
	from, to int
	kind     Kind
	apart    string // what is shown of it instead, if it stands in two places
}

// verbatim sorts invariants, joins those that overlap (no item may be lost to its neighbour), and cuts
// out their text.
func (x *facts) verbatim(found []placed) []Invariant {
	sort.SliceStable(found, func(i, j int) bool {
		if found[i].from != found[j].from {
			return found[i].from < found[j].from
		}
		return found[i].to > found[j].to
	})
	var merged []placed
	for _, p := range found {
		last := len(merged) - 1
		if last >= 0 && p.from < merged[last].to {
			merged[last].to, merged[last].apart = max(merged[last].to, p.to), ""
			continue
		}
		merged = append(merged, p)
	}
	list := make([]Invariant, 0, len(merged))
	for _, p := range merged {
		list = append(list, Invariant{Kind: p.kind, Text: cmp.Or(p.apart, x.f.original(p.from, p.to))})
	}
	return list
}

// clinicalNegation reports a negation in a text without other invariants. Every sentence may turn on
// one, so each counts.
func clinicalNegation(x *facts) bool { return len(x.negations)+len(x.opposites) > 0 }

func endOf(x *facts, s span) int {
	return s.from + len([]rune(foldedString(around(x, s))))
}

// Span is a place in a text, in bytes.
type Span struct{ Start, End int }

// Protected lists what an engine must not touch, in order and without overlaps: drugs, numbers with a
// unit symbol, concentrations, decimals, telephone numbers, blood pressures, and dates and times in digits.
func Protected(text string, from language.Code) []Span {
	f := foldIn(text, from)
	x := &facts{f: f, numbers: scanNumbers(f, wordsOf(from))}
	x.splitClock(wordsOf(from))
	x.findDates()
	x.findPressures(wordsOf(from))
	x.findConcentrations(wordsOf(from))
	var found []placed
	for _, c := range x.concentrations {
		if x.numbers[c.amount].symbol && x.numbers[c.volume].symbol { // a unit that is a word is translated
			s := x.whole(c)
			found = append(found, placed{from: s.from, to: s.to})
		}
	}
	for _, n := range x.numbers {
		if n.unit != "" && n.symbol || n.decimal || n.telephone {
			end := n.to
			if n.symbol {
				end = pastRate(f, wordsOf(from), n.unitTo)
			}
			found = append(found, placed{from: x.rangeStart(n), to: end})
		}
	}
	for _, spans := range [][]span{x.pressures, x.dates} {
		for _, s := range spans {
			found = append(found, placed{from: s.from, to: s.to})
		}
	}
	for _, s := range drugsIn(f) {
		found = append(found, placed{from: s.from, to: s.to})
	}
	sort.SliceStable(found, func(i, j int) bool {
		return found[i].from < found[j].from || found[i].from == found[j].from && found[i].to > found[j].to
	})
	var spans []Span
	end := 0
	for _, p := range found {
		if p.from < end {
			continue
		}
		spans = append(spans, f.place(p.from, p.to))
		end = p.to
	}
	return spans
}
