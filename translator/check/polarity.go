package check

import "strings"

// negations notices when only one of the two has any.
func (c *comparison) negations() {
	if len(c.source.negations) > 0 && c.target.answers["negation"] == 0 {
		c.found("negation.missing", around(c.source, c.source.negations[0]), "")
	}
	if len(c.target.negations) > 0 && c.source.answers["negation"] == 0 {
		c.found("negation.added", "", around(c.target, c.target.negations[0]))
	}
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

// sides compares left and right.
func (c *comparison) sides() {
	for _, side := range []string{"left", "right"} {
		other := map[string]string{"left": "right", "right": "left"}[side]
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
	for _, side := range []string{"left", "right"} {
		t, ok := first(c.target.sides, side)
		if ok && c.source.answers["left"]+c.source.answers["right"] == 0 {
			c.found("side.added", "", c.target.text(t))
		}
	}
}
