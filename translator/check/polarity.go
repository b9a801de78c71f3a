package check

import (
	"slices"
	"strings"
)

// negations notices when only one of the two has any. Where a drug or a dose stands, that turns an order into its opposite.
func (c *comparison) negations() {
	if len(c.source.negations) > 0 && !answered(c.source, c.target) {
		original := around(c.source, c.source.negations[0])
		if c.orders() {
			c.found("negation.changed", original, "")
		} else {
			c.found("negation.missing", original, "")
		}
	}
	if len(c.target.negations) > 0 && !answered(c.target, c.source) {
		translation := around(c.target, c.target.negations[0])
		if c.orders() {
			c.found("negation.changed", "", translation)
		} else {
			c.found("negation.added", "", translation)
		}
	}
}

// orders reports whether the source names a drug or a dose.
func (c *comparison) orders() bool {
	return len(c.source.drugs) > 0 || slices.ContainsFunc(c.source.numbers, func(n number) bool { return critical(n.unit) && !n.dated })
}

// answered reports whether the negations of x have something in y that may stand for them. A prefix does only where y has
// more of them, since "infection" begins like "incapable" in many languages.
func answered(x, y *facts) bool {
	return y.answers["negation"] > 0 || y.prefixes["negation"] > x.prefixes["negation"]
}

// around is a word with a little of what follows it, so that "no" tells what it negates.
func around(x *facts, s span) string {
	to := s.to
	for words := 0; to < len(x.f.runes) && to-s.from < 24; to++ {
		r := x.f.runes[to]
		if strings.ContainsRune(".,;:!?。，；、\n", r) {
			break
		}
		if isSpace(r) {
			if words++; words > 3 {
				break
			}
		}
	}
	return x.f.original(s.from, to)
}

var opposite = map[string]string{"left": "right", "right": "left"}

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
	if a, b := c.source.sides, c.target.sides; len(a) == 2 && len(b) == 2 && a[0].value != a[1].value && a[0].value == b[1].value && a[1].value == b[0].value {
		c.found("side.order", c.source.text(a[0]), c.target.text(b[0]))
	}
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
