package check

import (
	"slices"
	"strings"
)

// A rate is what a dose is given by: an hour, a minute, a kilogram. It stands behind the unit as a sign ("mL/h") or in words
// ("80 mL por hora"), or in front of the number ("每小时80毫升", "saatte 80 mL"). Whatever the way, the unit of the number becomes "mL/h".

// rate is a place that says "per" units.
type rate struct {
	from, to int
	units    []string
	vague    bool // it may be a length of time ("over an hour"), so that it answers to a rate and makes none
}

// attachRates gives the doses of a text the rates that stand in words beside them.
func (x *facts) attachRates(marks []match) {
	if !slices.ContainsFunc(x.numbers, func(n number) bool { return n.takesRate() }) {
		return
	}
	for _, r := range ratesAmong(x.f, marks) {
		if r.vague {
			x.maybeRates = append(x.maybeRates, span{r.from, r.to, r.units[0]})
			continue
		}
		if x.inRhythm(r) || x.counted(r) {
			continue
		}
		x.dropCounts(r)
		if n := x.rated(r); n != nil {
			n.unit = withRates(n.unit, r.units)
			if r.from >= n.unitTo {
				n.rateTo = r.to
			}
		}
	}
}

// takesRate reports whether a number is an amount that may be given by the hour.
func (n *number) takesRate() bool {
	return n.unit != "" && !n.code && !n.dated && n.isGiven()
}

// ratesAmong finds what says "per" units, those that stand side by side as one.
func ratesAmong(f *folded, marks []match) []rate {
	var found []rate
	for _, m := range marks {
		if m.entries[0].group != perGroup {
			continue
		}
		r := rate{m.from, m.to, []string{m.entries[0].value}, !m.entries[0].sure}
		if r.units[0] == perUnit {
			at := skipSpaces(f, m.to)
			u, ok := loaded().unitWords.at(f.runes, at)
			if !ok || noRate(f, u) {
				continue
			}
			r.units[0], r.to = u.entries[0].value, wordEnd(f, u)
		}
		if last := len(found) - 1; last >= 0 && r.from-found[last].to <= 1 && r.vague == found[last].vague {
			found[last].units, found[last].to = append(found[last].units, r.units...), r.to
			continue
		}
		found = append(found, r)
	}
	return found
}

// noRate reports what stands behind "per", looks like a unit and is none: an article that lost its vowel ("per l'infezione"), a tube ("per NG
// tube", "per G-tube"; nothing is given by the nanogram).
func noRate(f *folded, m match) bool {
	if m.entries[0].value == "ng" || noUnit(f, number{values: []string{"1"}, unitTo: m.from}, m) {
		return true
	}
	return m.to-m.from == 1 && f.at(m.to) == '-' && latinLetter(f.at(m.to+1))
}

// perGroup is the group of words that make a rate.
const perGroup = "per"

// perUnit is the value of words that stand in front of the unit they make a rate of ("per", "por").
const perUnit = "unit"

// inRhythm reports a rate that is a part of how often something is given: "in den" of "3 раза в день".
func (x *facts) inRhythm(r rate) bool {
	return slices.ContainsFunc(x.frequencies, func(s span) bool {
		return s.from <= r.from && r.to <= s.to && !frequencyOf(s.value).Vague
	})
}

// counted reports a unit of time that a number counts ("12 saatte" is in twelve hours, "saatte" an hour).
func (x *facts) counted(r rate) bool {
	return slices.ContainsFunc(x.numbers, func(n number) bool { return n.from < r.from && n.to <= r.from && r.from < n.unitTo })
}

// dropCounts leaves out the "one" of "in one hour" (1時間に).
func (x *facts) dropCounts(r rate) {
	for i := range x.numbers {
		if n := &x.numbers[i]; n.from >= r.from && n.to <= r.to {
			n.code = true
		}
	}
}

// rated is the dose that a rate belongs to: the one directly in front of it, else the next, else the last of its clause.
func (x *facts) rated(r rate) *number {
	reach := &loaded().limits.Numbers
	var before, behind *number
	for i := range x.numbers {
		n := &x.numbers[i]
		if !n.takesRate() {
			continue
		}
		if end := max(n.unitTo, n.rateTo); end <= r.from && (before == nil || n.from > before.from) && x.oneClause(end, r.from, reach.RateBehind) {
			before = n
		}
		if n.from >= r.to && (behind == nil || n.from < behind.from) && x.oneClause(r.to, n.from, reach.RateBefore) {
			behind = n
		}
	}
	if before != nil && (behind == nil || r.from-max(before.unitTo, before.rateTo) <= 1) {
		return before
	}
	return behind
}

// oneClause reports whether no mark parts two places that are near each other.
func (x *facts) oneClause(from, to, reach int) bool {
	return to-from <= reach && !slices.ContainsFunc(x.f.runes[from:to], clauseMark)
}

// withRates adds rates to a unit, in one order whatever that of the text is.
func withRates(unit string, more []string) string {
	head, rest, _ := strings.Cut(unit, "/")
	parts := slices.Clone(more)
	if rest != "" {
		parts = append(parts, strings.Split(rest, "/")...)
	}
	slices.Sort(parts)
	return head + "/" + strings.Join(slices.Compact(parts), "/")
}

// hasRate reports whether a unit is by the hour, the kilogram, …
func hasRate(unit, per string) bool {
	_, rest, rated := strings.Cut(unit, "/")
	return rated && slices.Contains(strings.Split(rest, "/"), per)
}

// rateDifference gives what only one of two units with the same head is given by.
func rateDifference(a, b string) (onlyA, onlyB []string, sameHead bool) {
	headA, restA, _ := strings.Cut(a, "/")
	headB, restB, _ := strings.Cut(b, "/")
	return partsWithout(restA, restB), partsWithout(restB, restA), headA == headB
}

func partsWithout(a, b string) (left []string) {
	for _, part := range strings.Split(a, "/") {
		if part != "" && !slices.Contains(strings.Split(b, "/"), part) {
			left = append(left, part)
		}
	}
	return left
}

// changedRate looks at partners that differ in what they are given by, and reports whether that is all they differ in.
func (c *comparison) changedRate(s, t number) bool {
	lost, gained, sameHead := rateDifference(s.unit, t.unit)
	if !sameHead {
		return false
	}
	lost, gained = c.target.unsaid(lost, t, c.source), c.source.unsaid(gained, s, c.target)
	original, translation := c.source.numberText(s), c.target.numberText(t)
	switch {
	case len(lost) > 0 && len(gained) > 0:
		c.found("unit.changed", original, translation)
	case len(lost) > 0:
		c.found("unit.missing", original, translation)
	case len(gained) > 0:
		c.found("unit.added", original, translation)
	}
	return true
}

// unsaid leaves the rates that a text does not tell as a frequency ("daily", "every hour") or a length of time beside the dose either, nor "per dose", which
// others call "each time". A length of time that the other text has too says no rate: "4 mL/h, reassess in an hour".
func (x *facts) unsaid(rates []string, dose number, other *facts) []string {
	return slices.DeleteFunc(rates, func(per string) bool {
		return loaded().units[per].Piece || x.mayRate(dose, per) && !hasValue(other.maybeRates, per) || slices.ContainsFunc(x.frequencies, func(s span) bool { return frequencyOf(s.value).Per == per })
	})
}

// mayRate reports whether what may be a rate by a unit stands in the clause of a dose.
func (x *facts) mayRate(dose number, per string) bool {
	reach := &loaded().limits.Numbers
	return slices.ContainsFunc(x.maybeRates, func(s span) bool {
		behind := s.from >= dose.unitTo && x.oneClause(dose.unitTo, s.from, reach.RateBehind)
		before := s.to <= dose.from && x.oneClause(s.to, dose.from, reach.RateBefore)
		return s.value == per && (behind || before)
	})
}

// lengths compares lengths of time that may be rates: "over an hour" became "over a minute".
func (c *comparison) lengths() {
	s, ok := valueWithout(c.source.maybeRates, c.target.maybeRates)
	if t, other := valueWithout(c.target.maybeRates, c.source.maybeRates); ok && other {
		c.found("unit.changed", c.source.text(s), c.target.text(t))
	}
}
