package check

import "slices"

// addConcord counts the words that repeat a negation where there is none to repeat, or only one of another clause ("никаких жалоб, но
// аппетита нет"). Several that have one near them are weak ones ("не было ни температуры, ни кашля").
func (x *facts) addConcord(words *wordRules, repeated []span) {
	if len(repeated) == 0 {
		return
	}
	var answers []span
	apart := 0
	joins := x.joins(words, repeated)
	for _, s := range repeated {
		near, same := x.negatedNear(s, joins)
		switch {
		case same:
			answers = append(answers, s)
			continue
		case near:
			apart++
		}
		x.keep(&x.negations, span{s.from, s.to, negated})
	}
	if len(answers)+apart < 2 {
		return
	}
	for _, s := range answers {
		x.keep(&x.weak, s)
	}
}

// negatedNear reports whether a negation is near a word that may repeat it, and whether one is in its own clause.
func (x *facts) negatedNear(s span, joins []int) (near, same bool) {
	for _, n := range x.negations {
		if x.sameClause(n, s) {
			near = true
			same = same || !joined(joins, n, s)
		}
	}
	return near, same
}

// joins are the places where "and" or "but" behind a comma begins another clause. In front of a word that repeats a negation it goes on
// with a list ("нет ни боли, ни отёка, а также ни…").
func (x *facts) joins(words *wordRules, repeated []span) (places []int) {
	for _, m := range words.contrast.all(x.f.runes) {
		behind := skipSpaces(x.f, m.to)
		_, goesOn := slices.BinarySearchFunc(repeated, behind, func(s span, at int) int { return s.from - at })
		if !goesOn && x.behindComma(m.from) {
			places = append(places, m.from)
		}
	}
	return places
}

// behindComma reports a place that has nothing but a space between it and a comma.
func (x *facts) behindComma(at int) bool {
	for isSpace(x.f.at(at - 1)) {
		at--
	}
	return isOneOf(loaded().marks.Comma, x.f.at(at-1)) || isOneOf(loaded().marks.ListComma, x.f.at(at-1))
}

// joined reports whether another clause begins between two places.
func joined(joins []int, a, b span) bool {
	if a.from > b.from {
		a, b = b, a
	}
	i, _ := slices.BinarySearch(joins, a.to)
	return i < len(joins) && joins[i] < b.from
}
