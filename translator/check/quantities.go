package check

import (
	"slices"
	"strings"
	"unicode"

	"medixchange/translator/language"
)

// numbers compares all numbers: first those with the same value and unit, then what is left over.
func (c *comparison) numbers() {
	sameStrengths(c.source, c.target)
	sameStrengths(c.target, c.source)
	source, target := pool(c.source.numbers), pool(c.target.numbers)
	pair(source, target, sameMonth)
	pair(source, target, sameQuantity)
	pair(source, target, sameValue)
	pair(source, target, sameOrdinal)
	pair(source, target, func(a, b number) bool { return sameRank(a, b) && c.source.has("d", a) && c.target.has("d", b) })
	c.misread(source, target)
	pairNames(source, c.target.numbers)
	pairNames(target, c.source.numbers)
	c.paired = source
	c.changedUnits(source)
	c.lengths()
	c.leftOver(source, target)
}

// candidate is a number that waits for its partner.
type candidate struct {
	number
	partner *candidate
}

func pool(numbers []number) []*candidate {
	all, candidates := make([]candidate, len(numbers)), make([]*candidate, 0, len(numbers))
	for i, n := range numbers {
		if !n.code && !n.settled {
			all[i].number = n
			candidates = append(candidates, &all[i])
		}
	}
	return candidates
}

func pair(source, target []*candidate, same func(a, b number) bool) {
	for _, s := range source {
		for _, t := range target {
			if s.partner == nil && t.partner == nil && same(s.number, t.number) {
				s.partner, t.partner = t, s
			}
		}
	}
}

// sameQuantity is the same value with the same unit, or the same amount in another unit.
func sameQuantity(a, b number) bool {
	if a.unit == b.unit {
		return sameValue(a, b)
	}
	u, known := loaded().units[a.unit]
	v, knownToo := loaded().units[b.unit]
	if !known || !knownToo || u.Dimension != v.Dimension {
		return false
	}
	return near(float(a.values[0])*u.Factor, float(b.values[0])*v.Factor)
}

// sameMonth is a month by its name beside the same month, by its name or as in 3月18日. Those come first, lest the third day of
// March be taken for it.
func sameMonth(a, b number) bool {
	return (a.month && b.inDate() || b.month && a.inDate()) && (a.month || a.dated) && (b.month || b.dated) && b.reads(a.values[0])
}

// changedUnits looks at partners whose units differ.
func (c *comparison) changedUnits(source []*candidate) {
	for _, s := range source {
		if s.partner == nil || s.partner.code || s.unit == s.partner.unit || sameQuantity(s.number, s.partner.number) {
			continue
		}
		t := s.partner.number
		original, translation := c.source.numberText(s.number), c.target.numberText(t)
		switch {
		case c.sharesUnit(s):
		case s.mayBeTime() && clockUnit(t.unit) || t.mayBeTime() && clockUnit(s.unit):
		case s.unit != "" && t.unit != "" && c.changedRate(s.number, t):
		case s.unit != "" && t.unit != "" && !compatible(s.unit, t.unit):
			c.found("unit.changed", original, translation)
		case critical(s.unit) && s.symbol && t.unit == "":
			c.found("unit.missing", original, translation)
		case critical(t.unit) && t.symbol && s.unit == "":
			c.found("unit.added", original, translation)
		case t.unit == "" && s.counts() && !c.target.has(s.unit, t):
			c.found("unit.missing", original, translation)
		case s.unit == "" && t.counts() && !c.source.has(t.unit, s.number):
			c.found("unit.added", original, translation)
		}
	}
}

// mayBeTime reports what another language may write with a unit of time: 8:30, midnight.
func (n number) mayBeTime() bool { return n.dated || n.soft && !n.plain && n.unit == "" }

// clockUnit reports the units in which some languages write a time (8 h, 8時30分).
func clockUnit(unit string) bool { return loaded().units[unit].Clock }

// counts reports whether a number in digits has a unit that its readers need: a time, a length, a share. Years are often
// left out (aged 40).
func (n number) counts() bool {
	u := loaded().units[n.unit]
	return n.unit != "" && !n.soft && !n.dated && !u.Age && !u.Vague && !u.Piece && !u.Degrees
}

// has reports whether a number has a unit from its range, or the unit stands near it and beside no other number.
func (x *facts) has(unit string, n number) bool {
	if n.shared == unit {
		return true
	}
	unit, _, _ = strings.Cut(unit, "/")
	reach, units := &loaded().limits.Numbers, x.unitPlaces()
	next, _ := slices.BinarySearchFunc(units, n.from-reach.UnitBefore, func(m match, from int) int { return m.from - from })
	for _, m := range units[next:] {
		if m.from > n.to+reach.UnitBehind {
			return false
		}
		if m.entries[0].value == unit && !slices.ContainsFunc(x.numbers, func(n number) bool { return n.to <= m.from && m.from < n.unitTo }) {
			return true
		}
	}
	return false
}

// unitPlaces are the words for units, in order. They are looked up once, for there may be many numbers.
func (x *facts) unitPlaces() []match {
	if x.units == nil {
		x.units = append([]match{}, loaded().unitWords.all(x.f.runes)...) // not nil
	}
	return x.units
}

// pairNames gives a number its partner in a name (interleukin 6, IL-6).
func pairNames(side []*candidate, others []number) {
	for _, s := range side {
		for _, n := range others {
			if s.partner == nil && n.code && sameValue(s.number, n) {
				s.partner = &candidate{number: n}
			}
		}
	}
}

// compatible lets pass what languages mix: minutes for a rate, degrees with and without their scale,
// and the words that some languages share between a time and an age.
func compatible(a, b string) bool {
	u, v := loaded().units[a], loaded().units[b]
	if u.Vague && v.Vague || u.Solid && v.Solid {
		return true
	}
	return u.Degrees && v.Degrees && (u.Dimension == anyDegrees || v.Dimension == anyDegrees)
}

func critical(symbol string) bool {
	whole, _, _ := strings.Cut(symbol, "/")
	return loaded().units[whole].Critical
}

// leftOver reports numbers without a partner. Numbers in words are only missed when both sides have
// one left, since languages differ in where they use words.
func (c *comparison) leftOver(source, target []*candidate) {
	for _, s := range source {
		if s.partner != nil || s.soft && !s.month || s.fullHour() || s.rhythm(c.source, c.target) || s.unit != "" && !critical(s.unit) && c.repeated(source, s) || c.target.saysOne(c.to, s.number) {
			continue
		}
		if t := closest(s, target); t != nil {
			c.differing(s, t)
			t.partner = s
			continue
		}
		c.lost(s)
	}
	for _, t := range target {
		if t.partner != nil || t.soft && !t.month || t.fullHour() || t.rhythm(c.target, c.source) || c.source.saysOne(c.from, t.number) {
			continue
		}
		if critical(t.unit) || !c.repeated(target, t) && !c.repeated(source, t) {
			c.gained(t)
		}
	}
	c.softChange(source, target)
	c.softLost(source)
	c.softGained(target)
}

// fullHour reports the minutes of 22:00, which 22 h leaves out.
func (n number) fullHour() bool { return n.dated && n.values[0] == "0" }

// softLost notices numbers in words that the translation has in no form.
func (c *comparison) softLost(source []*candidate) {
	for _, s := range source {
		if s.partner == nil && s.plain && !s.inside(c.source.frequencies) && !c.dual(s.number, c.target, c.to) {
			c.found("number.missing", c.source.numberText(s.number), "")
		}
	}
}

// rhythm reports whether a number of a frequency is no more than its form: one day (1日3回), the number again (8 em 8 horas), or
// how often a day, which the other text has in letters (2x/day, BID).
func (n number) rhythm(x, other *facts) bool {
	return slices.ContainsFunc(x.frequencies, func(s span) bool {
		if n.from < s.from || n.to > s.to {
			return false
		}
		return n.values[0] == "1" || s.value == n.values[0]+"/d" && hasValue(other.frequencies, s.value) || slices.ContainsFunc(x.numbers, func(m number) bool {
			return m.from != n.from && m.values[0] == n.values[0] && m.inside(x.frequencies)
		})
	})
}

func (n number) inside(spans []span) bool {
	return slices.ContainsFunc(spans, func(s span) bool { return s.from <= n.from && n.to <= s.to })
}

// dual reports whether a "two" may stand in the ending of a noun of the other side.
func (c *comparison) dual(n number, other *facts, code language.Code) bool {
	return n.values[0] == "2" && other.hasEnding(wordsOf(code).dual)
}

// hasEnding reports whether a word that is no drug ends in one of some endings.
func (x *facts) hasEnding(endings []string) bool {
	if len(endings) == 0 {
		return false
	}
	for from := 0; from < len(x.f.runes); {
		to := endOfWord(x.f.runes, from)
		drug := slices.ContainsFunc(x.drugs, func(s span) bool { return s.from < to && from < s.to })
		if !drug && endsIn(string(x.f.runes[from:to]), endings) {
			return true
		}
		from = max(to, from+1)
	}
	return false
}

func endsIn(word string, endings []string) bool {
	return slices.ContainsFunc(endings, func(ending string) bool {
		return len(word) > len(ending)+loaded().limits.Negation.BeforePart && strings.HasSuffix(word, ending)
	})
}

// softGained notices numbers in words that only the translation has.
func (c *comparison) softGained(target []*candidate) {
	for _, t := range target {
		if t.partner == nil && t.plain && !t.inside(c.target.frequencies) && !c.dual(t.number, c.source, c.from) {
			c.found("number.added", "", c.target.numberText(t.number))
		}
	}
}

// repeated reports whether the same value of the same side has found a partner: said twice, translated
// once.
func (c *comparison) repeated(side []*candidate, s *candidate) bool {
	for _, other := range side {
		if other != s && other.partner != nil && sameValue(other.number, s.number) && (s.unit == "" || other.unit == s.unit) {
			return true
		}
	}
	return false
}

// closest picks what an unmatched number has probably become: the same unit, else a shifted decimal,
// else the only other one left.
func closest(s *candidate, target []*candidate) *candidate {
	var free []*candidate
	for _, t := range target {
		if t.partner == nil && (!t.soft || t.month) {
			free = append(free, t)
		}
	}
	for _, t := range free {
		if powerOfTen(s.values[0], t.values[0]) {
			return t
		}
	}
	for _, t := range free {
		if s.unit != "" && t.unit == s.unit {
			return t
		}
	}
	if len(free) > 0 {
		return free[0]
	}
	return nil
}

func (c *comparison) differing(s, t *candidate) {
	original, translation := c.source.numberText(s.number), c.target.numberText(t.number)
	switch {
	case s.dated:
		c.found("date.changed", original, translation)
	case !s.telephone && !t.telephone && powerOfTen(s.values[0], t.values[0]):
		c.found("decimal.changed", original, translation)
	case critical(s.unit) || critical(t.unit):
		c.found("dose.changed", original, translation)
	default:
		c.found("number.changed", original, translation)
	}
}

func (c *comparison) lost(s *candidate) {
	original := c.source.numberText(s.number)
	switch {
	case s.dated:
		c.found("date.missing", original, "")
	case critical(s.unit):
		c.found("dose.missing", original, "")
	default:
		c.found("number.missing", original, "")
	}
}

func (c *comparison) gained(t *candidate) {
	translation := c.target.numberText(t.number)
	if critical(t.unit) {
		c.found("dose.added", "", translation)
		return
	}
	if t.dated {
		c.found("date.added", "", translation)
		return
	}
	c.found("number.added", "", translation)
}

// letters counts the letters of a text, those of dense scripts for more.
func letters(text string) (count float64) {
	limits := &loaded().limits.Form
	for _, r := range text {
		switch {
		case r >= 0 && r < alphabets:
			if alphabetLetters[r] {
				count++
			}
		case unicode.Is(unicode.Han, r):
			count += limits.HanLetters
		case unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
			count += limits.SyllableLetters
		case unicode.IsLetter(r):
			count++
		}
	}
	return count
}
