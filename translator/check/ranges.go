package check

import (
	"slices"
	"strings"
)

// rangeEnds compares words such as "up to" with those for "at least": at the end of a range ("from 5 up to 10") they say nothing of the kind, and
// another word beside the same number says it better.
func (c *comparison) rangeEnds() {
	if len(c.source.f.runes) > loaded().limits.Negation.Opposing && len(c.source.negations)+len(c.target.negations) > 0 {
		return
	}
	from, to := wordsOf(c.from), wordsOf(c.to)
	source, target := c.source.upTo(from), c.target.upTo(to)
	if len(source)+len(target) == 0 {
		return
	}
	sure, sureInTarget := c.source.comparisons(from), c.target.comparisons(to)
	for _, s := range c.paired {
		if s.partner == nil || s.partner.code || s.dated || s.partner.dated {
			continue
		}
		a, b := c.source.boundWith(s.number, sure, source), c.target.boundWith(s.partner.number, sureInTarget, target)
		if a.value != "" && b.value != "" && a.value != b.value {
			c.found("number.bound_turned", c.source.text(a), c.target.text(b))
		}
	}
}

// upTo are the words in a text that end a range and stand behind no beginning of one: neither a word for that in their clause nor a number.
func (x *facts) upTo(words *wordRules) (ends []match) {
	var starts []match
	for _, m := range x.signPlaces(words) {
		switch e := m.entries[0]; {
		case e.value == rangeStart:
			starts = append(starts, m)
		case e.group == rangeEnd && !x.betweenNumbers(m) && !slices.ContainsFunc(starts, func(start match) bool { return x.oneClause(start.to, m.from, loaded().limits.Numbers.SignBefore) }):
			ends = append(ends, m)
		}
	}
	return ends
}

// boundWith gives a number with the word that bounds it, one that ends a range where there is no other.
func (x *facts) boundWith(n number, sure, ends []match) span {
	if slices.ContainsFunc(sure, func(m match) bool { _, ok := x.besideNumber(n, m); return ok }) {
		return x.compared(n, sure)
	}
	return x.compared(n, ends)
}

// betweenNumbers reports whether a word stands right between two numbers that may be the ends of a range: "180 up to 250", "5 up to 10 mg".
func (x *facts) betweenNumbers(m match) bool {
	for _, a := range x.numbers {
		if !x.touch(a.unitTo, m.from) {
			continue
		}
		if slices.ContainsFunc(x.numbers, func(b number) bool { return x.touch(m.to, b.from) && (a.unit == "" || a.unit == b.unit) }) {
			return true
		}
	}
	return false
}

// sharesUnit reports the lower end of a range that has its unit in one text, and in the other that of its upper end: "from 5 to 10 mg", "de 5 mg a 10 mg".
func (c *comparison) sharesUnit(s *candidate) bool {
	a, b := s.number, s.partner.number
	if a.unit != "" {
		a, b = b, a
	}
	return a.unit == "" && a.shared != "" && withoutRate(a.shared) == withoutRate(b.unit) && c.keepsNext(s) && (c.source.beginsRange(s.number) || c.target.beginsRange(s.partner.number))
}

// keepsNext reports that the number behind one of the source stands behind its partner as well.
func (c *comparison) keepsNext(s *candidate) bool {
	next := slices.Index(c.paired, s) + 1
	return next > 0 && next < len(c.paired) && c.paired[next].partner != nil && c.paired[next].partner.from > s.partner.from
}

// beginsRange reports a word such as "from" beside a number, or the mark of a range behind it.
func (x *facts) beginsRange(n number) bool {
	return isOneOf(loaded().marks.Range, x.f.at(skipSpaces(x.f, max(n.to, n.unitTo)))) || x.startWord(n)
}

// unitInRange is the unit of a number, or that of the range which it begins.
func (x *facts) unitInRange(n number) string {
	if n.unit == "" && x.beginsRange(n) {
		return withoutRate(n.shared)
	}
	return withoutRate(n.unit)
}

// withoutRate is what a unit measures: one language says "daily" where another has a rate.
func withoutRate(unit string) string {
	unit, _, _ = strings.Cut(unit, "/")
	return unit
}

// startWord reports a word such as "from" beside a number: behind it where clauses stand before what they describe.
func (x *facts) startWord(n number) bool {
	words := wordsOf(x.f.lang)
	if words.Reorders {
		m, ok := words.signs.at(x.f.runes, skipSpaces(x.f, max(n.to, n.unitTo, n.rateTo)))
		return ok && m.entries[0].value == rangeStart
	}
	at := words.signs.endingAt(x.f, n.from)
	if at < 0 {
		return false
	}
	m, _ := words.signs.at(x.f.runes, at)
	return m.entries[0].value == rangeStart
}
