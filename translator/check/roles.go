package check

import (
	"slices"
	"unicode"

	"medixchange/translator/language"
)

// loadRoles reads the words beside a drug that is given up; it comes after loadWords.
func (r *rules) loadRoles() error {
	var table map[language.Code]struct{ Before, Behind, Ending, Since, Thus, Together []string }
	if err := readYAML("roles.yaml", &table); err != nil {
		return err
	}
	for code, row := range table {
		w := r.words[code]
		w.roles.accents, w.roles.separate = w.words.accents, w.words.separate
		for _, word := range row.Before {
			w.roles.add(word, entry{group: "before", sure: true})
		}
		for _, word := range row.Behind {
			w.roles.add(word, entry{group: "behind", sure: true})
		}
		w.givenUp = row.Ending
		w.together = foldedWords(row.Together, w.words.accents)
		w.reasons.accents, w.reasons.separate = w.words.accents, w.words.separate
		for _, word := range row.Since {
			w.reasons.add(word, entry{group: "before", sure: true})
		}
		for _, word := range row.Thus {
			w.reasons.add(word, entry{group: "behind", sure: true})
		}
	}
	return nil
}

// roles notices two drugs that changed their roles: from the one to the other, the one instead of the other, the one but not the other,
// the one because of the other.
func (c *comparison) roles() {
	if c.has("drug") || len(distinct(c.source.drugs)) != 2 || len(distinct(c.target.drugs)) != 2 {
		return
	}
	for _, role := range []func(*facts, language.Code) (span, bool){(*facts).givenUp, (*facts).leftOut, (*facts).reason} {
		s, ok := role(c.source, c.from)
		t, both := role(c.target, c.to)
		if !ok || !both {
			continue
		}
		if s.value != t.value {
			c.found("drug.order", c.source.text(s), c.target.text(t))
			return
		}
		c.told = append(c.told, s.value)
	}
}

// givenUp is the one drug that words say to be given up for another.
func (x *facts) givenUp(code language.Code) (span, bool) {
	words := wordsOf(code)
	var found []span
	for _, m := range words.roles.all(x.f.runes) {
		if drug, ok := x.drugBeside(span{from: m.from, to: m.to}, loaded().limits.Drugs.RoleReach, m.entries[0].group == "behind"); ok {
			found = append(found, drug)
		}
	}
	for _, drug := range x.drugs {
		if x.marked(drug, words.givenUp) {
			found = append(found, drug)
		}
	}
	return theOne(found)
}

// marked reports whether one of some endings is that of a drug's word, or follows it.
func (x *facts) marked(drug span, endings []string) bool {
	if len(endings) == 0 {
		return false
	}
	word := string(x.f.runes[drug.from:endOfWord(x.f.runes, drug.to)])
	return endsIn(word, endings)
}

// reason is the one drug that words name as a reason, a condition or what another one is added to.
func (x *facts) reason(code language.Code) (span, bool) {
	var found []span
	for _, m := range wordsOf(code).reasons.all(x.f.runes) {
		place := span{from: m.from, to: m.to}
		if anyOverlaps(x.frequencies, place) || anyOverlaps(x.maybeFrequencies, place) { // "if needed"
			continue
		}
		if drug, ok := x.drugBeside(place, loaded().limits.Drugs.ReasonReach, m.entries[0].group == "behind"); ok {
			found = append(found, drug)
		}
	}
	return theOne(found)
}

func anyOverlaps(spans []span, place span) bool {
	return slices.ContainsFunc(spans, func(s span) bool { return s.from < place.to && place.from < s.to })
}

// leftOut is the one drug that a negation stands directly beside.
func (x *facts) leftOut(code language.Code) (span, bool) {
	var found []span
	reach := loaded().limits.Drugs.DeniedReach
	var reasons []match
	if len(x.negations) > 0 {
		reasons = wordsOf(code).reasons.all(x.f.runes)
	}
	for _, n := range x.negations {
		behind, ok := x.drugBeside(n, reach, false)
		before, both := x.drugBeside(n, reach, true)
		both = both && !beginsBetween(reasons, before.to, n.from)
		both = both && !unicode.Is(unicode.Arabic, x.f.at(n.from-1)) // with "and" written onto it (وليس) it begins a part of its own
		if ok && both {
			return span{}, false
		}
		if ok {
			found = append(found, behind)
		} else if both {
			found = append(found, before)
		}
	}
	return theOne(found)
}

// beginsBetween reports whether a reason or a condition begins between two places ("give fentanyl if not allergic").
func beginsBetween(reasons []match, from, to int) bool {
	return slices.ContainsFunc(reasons, func(m match) bool { return from <= m.from && m.from < to })
}

// drugBeside gives the drug that begins close behind a place, or ends close before it.
func (x *facts) drugBeside(place span, reach int, before bool) (span, bool) {
	if before {
		i := lastBefore(x.drugs, place.from)
		return x.drugAt(i, i >= 0 && x.joined(x.drugs[i].to, place.from, reach))
	}
	i := slices.IndexFunc(x.drugs, func(d span) bool { return d.from >= place.to })
	return x.drugAt(i, i >= 0 && x.joined(place.to, x.drugs[i].from, reach))
}

func (x *facts) drugAt(i int, ok bool) (span, bool) {
	if !ok {
		return span{}, false
	}
	return x.drugs[i], true
}

// lastBefore is which of some spans in order is the last that ends before a place, -1 for none.
func lastBefore(spans []span, at int) int {
	i := len(spans) - 1
	for i >= 0 && spans[i].to > at {
		i--
	}
	return i
}

// joined reports two places that are near each other with no mark and no digit between them.
func (x *facts) joined(from, to, reach int) bool {
	marks := loaded().marks.Clause
	return to-from <= reach && !slices.ContainsFunc(x.f.runes[from:to], func(r rune) bool {
		return isDigit(r) || isOneOf(marks, r)
	})
}

// theOne gives the drug that all of some places name, if it is one.
func theOne(drugs []span) (span, bool) {
	if len(distinct(drugs)) != 1 {
		return span{}, false
	}
	return drugs[0], true
}
