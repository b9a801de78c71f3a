package check

import "slices"

// comparisons are the words for "less" and "more" in a text.
func (x *facts) comparisons(words *wordRules) []match {
	return slices.DeleteFunc(words.signs.all(x.f.runes), func(m match) bool {
		e := m.entries[0]
		return !e.sure || e.value != less && e.value != more
	})
}

// boundsInWords compares "below 7" with "above 7": numbers that both sides compare with a word and no sign. In a long text a negation
// may turn the one ("not in less than" is "not before at least").
func (c *comparison) boundsInWords() {
	if len(c.source.f.runes) > loaded().limits.Negation.Opposing && len(c.source.negations)+len(c.target.negations) > 0 {
		return
	}
	source := c.source.comparisons(wordsOf(c.from))
	if len(source) == 0 {
		return
	}
	target := c.target.comparisons(wordsOf(c.to))
	for _, s := range c.paired {
		if s.partner == nil || s.partner.code || s.dated || s.partner.dated {
			continue
		}
		a, b := c.source.compared(s.number, source), c.target.compared(s.partner.number, target)
		if a.value != "" && b.value != "" && a.value != b.value {
			c.found("number.bound_turned", c.source.text(a), c.target.text(b))
		}
	}
}

// compared gives a number with the nearest word beside it; its value is what that says, "" for nothing or for both.
func (x *facts) compared(n number, words []match) (said span) {
	if x.signOf(n).bound != "" {
		return span{}
	}
	limits := &loaded().limits.Numbers
	nearest := limits.WordBefore + limits.WordBehind
	for _, m := range words {
		gap, ok := x.besideNumber(n, m)
		switch value := m.entries[0].value; {
		case ok && x.deniedBeside(m):
			return span{} // "not above 96" says what one word of another language says
		case !ok || gap > nearest:
		case gap < nearest:
			said, nearest = span{min(n.from, m.from), max(n.unitTo, m.to), value}, gap
		case said.value != value:
			said.value = ""
		}
	}
	return said
}

// besideNumber tells how far a word is from a number, if it stands beside it.
func (x *facts) besideNumber(n number, m match) (gap int, ok bool) {
	limits := &loaded().limits.Numbers
	from, to, reach := m.to, n.from, limits.WordBefore
	if m.from >= n.to {
		from, to, reach = max(n.unitTo, n.rateTo), m.from, limits.WordBehind
	}
	return to - from, from <= to && x.joined(from, to, reach)
}

// deniedBeside reports a negation close to a word and outside of it.
func (x *facts) deniedBeside(m match) bool {
	reach := loaded().limits.Numbers.WordBehind
	return slices.ContainsFunc(slices.Concat(x.negations, x.weak), func(n span) bool {
		return n.to <= m.from && m.from-n.to <= reach || n.from >= m.to && n.from-m.to <= reach
	})
}
