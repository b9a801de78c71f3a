package check

import (
	"slices"
	"strings"
	"unicode"

	"medixchange/translator/language"
)

var opposite = map[string]string{"left": "right", "right": "left"}

// addSide notes a word for a side. Its place is the whole word, whatever part of it is listed: readers are shown what stands there.
func (x *facts) addSide(m match, e entry) {
	x.answers[e.group]++
	s := span{x.arabicStart(m.from), wordEnd(x.f, m), e.group}
	if e.sure {
		x.sides = append(x.sides, s)
		return
	}
	x.maybeSides = append(x.maybeSides, s)
}

// arabicStart is where a word in Arabic script begins, with the article and what else is written onto it.
func (x *facts) arabicStart(at int) int {
	for at > 0 && unicode.Is(unicode.Arabic, x.f.runes[at]) && wordRune(x.f.runes[at-1]) {
		at--
	}
	return at
}

// sides compares left and right.
func (c *comparison) sides() {
	for _, side := range []string{"left", "right"} {
		other := opposite[side]
		s, ok := first(c.source.sides, side)
		if !ok || c.target.answers[side] > 0 {
			continue
		}
		if t, turned := first(c.target.sides, other); turned && c.source.answers[other] == 0 {
			c.found("side.changed", c.source.text(s), c.target.text(t))
		} else if c.target.answers[other] > 0 && c.source.answers[other] == 0 {
			c.found("side.changed", c.source.text(s), "")
		} else {
			c.found("side.missing", c.source.text(s), "")
		}
	}
	c.addedSides()
	c.turnedSides()
	c.facedSides()
	if c.deniedSides() {
		return
	}
	if a, b := c.source.sidesInOrder(), c.target.sidesInOrder(); len(a) == 2 && len(b) == 2 && a[0].value != a[1].value && a[0].value == b[1].value && a[1].value == b[0].value {
		c.found("side.order", c.source.text(a[0]), c.target.text(b[0]))
	}
}

// sidesInOrder are the places of a text that name a side, with those that do so only beside another one ("the right one").
func (x *facts) sidesInOrder() []span {
	sides := slices.Concat(x.sides, x.faced)
	sortSpans(sides)
	return sides
}

// turnedSides notices that one of several sides has become the other.
func (c *comparison) turnedSides() {
	if c.has("side") {
		return
	}
	a, b := c.source.answers, c.target.answers
	for _, side := range []string{"left", "right"} {
		if a[side] > b[side] && a[opposite[side]] < b[opposite[side]] {
			c.found("side.changed", c.source.sideText(side), c.target.sideText(opposite[side]))
		}
	}
}

// facedSides notices that the second of two sides got lost, where nothing else is doubted of them.
func (c *comparison) facedSides() {
	if c.has("side") {
		return
	}
	for _, s := range c.source.faced {
		if c.target.answers[s.value] == 0 {
			c.found("side.missing", c.source.text(s), "")
		}
	}
}

// sideText is the first place that names a side with some certainty, "" for none.
func (x *facts) sideText(side string) string {
	if s, ok := first(slices.Concat(x.sides, x.faced), side); ok {
		return x.text(s)
	}
	return ""
}

// addedSides notices a side that only the translation names: of two legs that both were left, one became right.
func (c *comparison) addedSides() {
	for _, side := range []string{"left", "right"} {
		t, ok := first(c.target.sides, side)
		if !ok || c.source.answers[side] > 0 {
			continue
		}
		if c.source.answers["left"]+c.source.answers["right"] == 0 {
			c.found("side.added", "", c.target.text(t))
		} else if s, ok := first(c.source.sides, opposite[side]); ok && c.target.answers[opposite[side]] > 0 {
			c.found("side.changed", c.source.text(s), c.target.text(t))
		}
	}
}

// settleSides takes words that may be a side ("right" is also correct) for one where they are set against one that is certain:
// "on the left, not right, leg".
func (x *facts) settleSides(words *wordRules) {
	certain := x.sides
	for _, s := range x.maybeSides {
		against := func(stands func(s, other span, words *wordRules) bool) bool {
			return slices.ContainsFunc(certain, func(other span) bool { return other.value == opposite[s.value] && stands(s, other, words) })
		}
		if against(x.contrasted) {
			x.sides = append(x.sides, s)
		} else if against(x.faces) {
			x.faced = append(x.faced, s)
		}
	}
	sortSpans(x.sides)
}

// faces reports whether a clause says something of what may be a side, and the clause in front of it the same way of the other one:
// "the left knee is swollen, the right one looks normal". Anything else between them may be what is right, so that it is no side.
func (x *facts) faces(s, other span, words *wordRules) bool {
	if s.from <= other.to || s.from-other.to > loaded().limits.Sides.FacedReach || words.facedSays.past(x.f, other.to) == other.to {
		return false
	}
	start := words.facedBefore.endingAt(x.f, s.from)
	said := words.facedOne.past(x.f, s.to)
	if start < other.to || words.facedSays.past(x.f, said) == said {
		return false
	}
	clause := loaded().marks.Clause
	return !strings.ContainsAny(strings.TrimRight(string(x.f.runes[other.to:start]), clause+" "), clause)
}

// contrasted reports whether a negation or a word such as "or" stands between two places of one sentence.
func (x *facts) contrasted(a, b span, words *wordRules) bool {
	if a.from > b.from {
		a, b = b, a
	}
	if b.from-a.to > loaded().limits.Sides.ContrastReach || b.from < a.to || !x.sameClause(a, b) {
		return false
	}
	for _, n := range x.negations {
		if a.to <= n.from && n.to <= b.from {
			return true
		}
	}
	return len(words.contrast.all(x.f.runes[a.to:b.from])) > 0
}

// deniedSide is the one side that a text says is not meant; false where it denies none or both.
func (x *facts) deniedSide(code language.Code) (span, bool) {
	var denied []span
	behind, reach := wordsOf(code).DeniesBehind, loaded().limits.Sides.DeniedReach
	for _, s := range x.sides {
		for _, n := range x.negations {
			if gap := s.from - n.to; !behind && gap >= 0 && gap <= reach || behind && n.from >= s.to && n.from-s.to <= reach {
				denied = append(denied, s)
				break
			}
		}
	}
	if len(denied) != 1 || !slices.ContainsFunc(x.sides, func(s span) bool { return s.value != denied[0].value }) {
		return span{}, false
	}
	return denied[0], true
}

// deniedSides compares which of two sides is not meant, where both texts say so. Then their order says nothing: languages that
// say "not" behind a word put the other side first.
func (c *comparison) deniedSides() bool {
	s, ok := c.source.deniedSide(c.from)
	t, both := c.target.deniedSide(c.to)
	if ok && both && s.value != t.value {
		c.found("side.changed", c.source.text(s), c.target.text(t))
	}
	return ok && both
}
