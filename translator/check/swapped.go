package check

import (
	"slices"
	"sort"
	"strings"
	"unicode"
)

// numbersSwapped notices numbers that changed places and were no finding of numberOrder: where a word tells which is the first, and where languages are free
// to order their clauses, but what stands around the one in its clause stands around the other one in the translation.
func (c *comparison) numbersSwapped() {
	free := wordsOf(c.from).Reorders != wordsOf(c.to).Reorders
	if len(c.paired) < 2 || !free && !c.reordered() {
		return
	}
	all := c.inClauses()
	beside := map[[2]int]int{} // how many numbers are in a clause of the source and in one of the translation
	for _, n := range all {
		beside[[2]int{n.source, n.target}]++
	}
	for i, a := range all {
		for j, b := range all[i+1:] {
			next := j == 0 && (free || b.partner.from < a.partner.from)
			if free && mayBeSwapped(a, b) && tradedPlaces(a, b, beside) || next && c.startsElse(a, b) {
				c.found("number.order", c.source.numberText(a.number), c.target.numberText(a.partner.number))
				return
			}
		}
	}
}

// reordered reports numbers that follow each other otherwise in the translation.
func (c *comparison) reordered() bool {
	last := 0
	for _, s := range c.paired {
		if !s.mayBeMoved() {
			continue
		}
		if s.partner.from < last {
			return true
		}
		last = s.partner.from
	}
	return false
}

// mayBeMoved reports a number whose place tells something: no word without a unit.
func (s *candidate) mayBeMoved() bool {
	return s.partner != nil && !s.partner.code && (!s.soft || s.unit != "")
}

// inClause is a number with the clauses in which it and its partner stand, and the units of both.
type inClause struct {
	*candidate
	source, target int
	units          [2]string
}

// inClauses are the numbers that both texts have once.
func (c *comparison) inClauses() (found []inClause) {
	ends, endsInTarget := c.source.clauseEnds(), c.target.clauseEnds()
	times, timesInTarget := c.source.values(), c.target.values()
	for _, s := range c.paired {
		if !s.mayBeMoved() || times[s.values[0]] > 1 || timesInTarget[s.partner.values[0]] > 1 {
			continue
		}
		units := [2]string{c.source.unitInRange(s.number), c.target.unitInRange(s.partner.number)}
		found = append(found, inClause{s, sort.SearchInts(ends, s.from), sort.SearchInts(endsInTarget, s.partner.from), units})
	}
	return found
}

// clauseEnds are the places of the marks that part clauses, in order. Between digits only those are one that no number has in it: "8.4、3日目".
func (x *facts) clauseEnds() (ends []int) {
	for i, r := range x.f.runes {
		if x.partsClause(i) || clauseMark(r) && r > unicode.MaxLatin1 {
			ends = append(ends, i)
		}
	}
	return ends
}

// values counts how often a text has each of its numbers.
func (x *facts) values() map[string]int {
	times := map[string]int{}
	for _, n := range x.numbers {
		times[n.values[0]]++
	}
	return times
}

// mayBeSwapped reports two numbers of one unit that stand in two clauses of either text.
func mayBeSwapped(a, b inClause) bool {
	return a.source != b.source && a.target != b.target && a.units == b.units && !a.inDate() && !b.inDate() && !a.soft && !b.soft
}

// tradedPlaces reports that nothing beside one of two numbers has stayed with it, and what stands beside one is now with the other: in either clause, or in the
// one, and they also follow each other the other way round.
func tradedPlaces(a, b inClause, beside map[[2]int]int) bool {
	const themselves = 2
	if beside[[2]int{a.source, a.target}]+beside[[2]int{b.source, b.target}] > themselves {
		return false
	}
	first, second := beside[[2]int{a.source, b.target}] > 0, beside[[2]int{b.source, a.target}] > 0
	return first && second || (first || second) && b.partner.from < a.partner.from
}

// startsElse reports that of two numbers in one clause that follow each other the one is where something starts in the source, and the other in the translation: "from 600 to 800"
// and 800から600へ.
func (c *comparison) startsElse(a, b inClause) bool {
	if a.source != b.source || a.target != b.target || a.units != b.units || a.inDate() || b.inDate() {
		return false
	}
	inSource, known := c.source.starts(a.number, b.number)
	inTarget, knownToo := c.target.starts(a.partner.number, b.partner.number)
	return known && knownToo && inSource != inTarget
}

// starts reports whether something starts with the first of two numbers, or with the second; known where a word or an arrow tells which.
func (x *facts) starts(a, b number) (first, known bool) {
	switch {
	case x.arrow(a, b):
		return true, true
	case x.arrow(b, a):
		return false, true
	}
	first, second := x.startWord(a), x.startWord(b)
	return first, first != second
}

// arrow reports nothing but an arrow between two numbers.
func (x *facts) arrow(a, b number) bool {
	from := max(a.to, a.unitTo, a.rateTo)
	if from > b.from || b.from-from > loaded().limits.Numbers.RangeMark {
		return false
	}
	return slices.Contains(loaded().marks.Arrows, strings.TrimSpace(string(x.f.runes[from:b.from])))
}
