package check

import "slices"

// comparisons are the words for "less" and "more" in a text.
func (x *facts) comparisons(words *wordRules) []match {
	return slices.DeleteFunc(slices.Clone(x.signPlaces(words)), func(m match) bool {
		e := m.entries[0]
		return !e.sure || e.value != less && e.value != more
	})
}

// signPlaces are the words for signs of numbers, in order. They are looked up once.
func (x *facts) signPlaces(words *wordRules) []match {
	if x.signs == nil {
		x.signs = append([]match{}, words.signs.all(x.f.runes)...) // not nil
	}
	return x.signs
}

// boundsInWords compares "below 7" with "above 7": numbers that both sides compare with a word and no sign. In a long text a negation
// may turn the one ("not in less than" is "not before at least"): there only such numbers tell as each side has once, in clauses without one.
func (c *comparison) boundsInWords() {
	source := c.source.comparisons(wordsOf(c.from))
	if len(source) == 0 {
		return
	}
	target := c.target.comparisons(wordsOf(c.to))
	long := len(c.source.f.runes) > loaded().limits.Negation.Opposing && len(c.source.negations)+len(c.target.negations) > 0
	for _, s := range c.paired {
		if s.partner == nil || s.partner.code || s.dated || s.partner.dated {
			continue
		}
		if long && (!c.source.plainlySaid(s.number) || !c.target.plainlySaid(s.partner.number)) {
			continue
		}
		a, b := c.source.compared(s.number, source), c.target.compared(s.partner.number, target)
		if a.value != "" && b.value != "" && a.value != b.value {
			c.found("number.bound_turned", c.source.text(a), c.target.text(b))
		}
	}
}

// plainlySaid reports a number that its text has once, in a clause that denies nothing.
func (x *facts) plainlySaid(n number) bool {
	times := 0
	for _, other := range x.numbers {
		if other.values[0] == n.values[0] {
			times++
		}
	}
	from, to := x.clauseAround(n.from, n.to)
	return times == 1 && !slices.ContainsFunc(slices.Concat(x.negations, x.weak), func(s span) bool { return s.from < to && from < s.to })
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
		case ok && x.boundDenied(n, m):
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
	if from > to || m.entries[0].group == signBehind && m.from < n.to {
		return 0, false
	}
	return to - from, x.joined(from, to, reach)
}

// boundDenied reports a negation in front of a number with its word, in the same clause ("must not fall below 90"); where the verb stands last,
// it may follow them. What denies something else ("no heparin below 50", "not if below 90"), or stops it, denies no bound.
func (x *facts) boundDenied(n number, m match) bool {
	from, to := min(n.from, m.from), max(n.to, n.unitTo, m.to)
	words := wordsOf(x.f.lang)
	parted := func(s span) bool { return m.to <= s.from && s.to <= n.from || n.to <= s.from && s.to <= m.from } // "ne dépassant pas 96"
	return slices.ContainsFunc(x.negations, parted) || slices.ContainsFunc(slices.Concat(x.negations, x.weak), func(s span) bool {
		if s.to > from && (s.from < to || !words.DeniesBehind && !words.VerbLast) {
			return false
		}
		between := span{from: s.to, to: from}
		if s.to > from {
			between = span{from: to, to: s.from}
		}
		return x.joined(between.from, between.to, loaded().limits.Numbers.WordBehind) && !x.ofOther(words, n, m, between) && !x.stops(place{span: s})
	})
}

// ofOther reports that what stands between a negation and a bound tells that it denies something else: a word for "if", or a drug whose dose the
// number is not. Where "not" stands behind, that is also a word for giving something beside a value that is measured ("60以下では投与しない").
func (x *facts) ofOther(words *wordRules, n number, m match, between span) bool {
	inside := func(s span) bool { return between.from <= s.from && s.to <= between.to }
	if n.unit == "" && slices.ContainsFunc(x.drugs, inside) {
		return true
	}
	runes := x.f.runes[between.from:between.to]
	if slices.ContainsFunc(words.words.all(runes), func(m match) bool { return m.entries[0].group == conditional }) {
		return true
	}
	if between.from < max(n.to, m.to) {
		return false
	}
	return x.endsCondition(words, between) || words.DeniesBehind && x.measuresPatient(n, m) && len(words.doses.all(runes)) > 0
}

// endsCondition reports a word for "if" between a bound and a negation behind it. In Japanese and Korean what is denied has to stand between that word and the
// negation: 以下なら投与しない, not 以下にならない.
func (x *facts) endsCondition(words *wordRules, between span) bool {
	denies := func(at int) bool {
		return !words.DeniesBehind || len(words.inside) > 0 || skipSpaces(x.f, at) < between.to
	}
	for _, m := range words.conditions.all(x.f.runes[between.from:between.to]) {
		if denies(between.from + m.to) {
			return true
		}
	}
	start := between.from
	for wordRune(x.f.at(start - 1)) {
		start--
	}
	for start < between.to {
		end := endOfWord(x.f.runes, start)
		if denies(end) && endsIn(string(x.f.runes[start:end]), words.conditionEnds) {
			return true
		}
		start = max(end, start+1)
	}
	return false
}

// measuresPatient reports a number that measures a patient, with its bound right behind it: no dose, and not how often (4回以上).
func (x *facts) measuresPatient(n number, m match) bool {
	u := loaded().units[n.unit]
	return skipSpaces(x.f, max(n.to, n.unitTo)) == m.from && (n.unit == "" || u.Age || !u.Critical && !u.Given && !u.Time)
}

// minusesInWords compares "minus 1.2" with "plus 1.2" and "+1.2": of a number with neither, the other side may say as much in other words.
func (c *comparison) minusesInWords() {
	source, target := c.source.ownSigns(wordsOf(c.from)), c.target.ownSigns(wordsOf(c.to))
	if len(source)+len(target) == 0 {
		return
	}
	for _, s := range c.paired {
		if s.partner == nil || s.partner.code || s.dated || s.partner.dated {
			continue
		}
		switch c.source.ownSign(s.number, source) + " " + c.target.ownSign(s.partner.number, target) {
		case minus + " " + plus:
			c.foundSign("number.minus_missing", s.number, s.partner.number)
		case plus + " " + minus:
			c.foundSign("number.minus_added", s.number, s.partner.number)
		}
	}
}

// ownSigns are the words for "minus" and "plus" in a text.
func (x *facts) ownSigns(words *wordRules) []match {
	return slices.DeleteFunc(slices.Clone(x.signPlaces(words)), func(m match) bool { return m.entries[0].value != minus && m.entries[0].value != plus })
}

// ownSign is what stands right in front of a number: minus or plus, as a sign or as one of some words, or "".
func (x *facts) ownSign(n number, words []match) string {
	if x.f.at(n.from-1) == '+' {
		return plus
	}
	if x.signOf(n).minus {
		return minus
	}
	end := x.beforeSpaces(n.from) + 1
	if i := slices.IndexFunc(words, func(m match) bool { return m.to == end }); i >= 0 {
		return words[i].entries[0].value
	}
	return ""
}
