package check

import "slices"

// unanswered gives the places of the negations of y that need one of x: all but the omissions that a pause of x answers. It has to be one
// that answers to no pause of y ("hold heparin and postpone the surgery"), stands beside a drug or a dose, and is denied as the omission is
// ("hold apixaban, do not stop aspirin").
func (x *facts) unanswered(y *facts, reach float64) []place {
	omissions, left := partition(y.places(y.negations, y.opposites), omits)
	free := unmatched(x.places(x.pauses), y.places(y.pauses), reach)
	free = slices.DeleteFunc(free, func(p place) bool { return p.value == "" })
	denied, ordered := partition(omissions, y.denies)
	deniedPauses, pauses := partition(free, x.denies)
	pauses = slices.DeleteFunc(pauses, func(p place) bool { return p.value == forgotten })
	left = append(left, unmatched(denied, deniedPauses, reach)...)
	left = append(left, unmatched(ordered, pauses, reach)...)
	sortPlaces(left)
	return left
}

// orders parts the orders to omit something from the other places, among them those not to omit it.
func (x *facts) orders(places []place) (orders, others []place) {
	return partition(places, func(p place) bool { return omits(p) && !x.denies(p) })
}

// answer gives the orders of y that no weak negation of x answers, and the weak ones that are left. One that is denied says the opposite of an
// order ("hold apixaban, do not stop aspirin").
func (x *facts) answer(orders []place, y *facts, reach float64) (lacking, weak []place) {
	weak = x.places(x.weak)
	_, answers := partition(weak, x.denies)
	_, answered := partition(y.places(y.weak), y.denies)
	lacking, used := matched(orders, unmatched(answers, answered, reach), reach)
	return lacking, slices.DeleteFunc(weak, func(p place) bool { return slices.Contains(used, p) })
}

// forgetting is a word for an order to forget, or one that only pauses where it is no order: inside a clause that it has to begin, behind a
// condition in its clause, and in a question. The last condition in front of the word ends at a place, -1 for none.
func (x *facts) forgetting(word span, where string, condition int) span {
	conditioned := condition >= 0 && x.oneClause(condition, word.from, loaded().limits.Negation.ConcordReach)
	if conditioned || where == firstWord && !x.beginsClause(word.from) || x.asked(word.to) {
		word.value = paused
	}
	return word
}

// asked reports whether the sentence that a place stands in ends as a question.
func (x *facts) asked(at int) bool {
	rest := x.f.runes[at:min(at+loaded().limits.Negation.ConcordReach, len(x.f.runes))]
	end := slices.IndexFunc(rest, func(r rune) bool { return isOneOf(loaded().marks.Sentence, r) })
	return end >= 0 && isOneOf(loaded().marks.Question, rest[end])
}

func omits(p place) bool { return p.value == omitted }

// partition parts the places that are so from the others.
func partition(places []place, are func(place) bool) (some, others []place) {
	for _, p := range places {
		if are(p) {
			some = append(some, p)
		} else {
			others = append(others, p)
		}
	}
	return some, others
}

// denies reports a negation in a word for pausing or omitting, close to it in its clause, or at the end of that ("Heparin verschieben wir nicht").
func (x *facts) denies(s place) bool {
	limits := &loaded().limits.Negation
	s.to = endOfWord(x.f.runes, s.to)
	return slices.ContainsFunc(x.negations, func(n span) bool {
		switch {
		case n.to <= s.from:
			return x.oneClause(n.to, s.from, limits.DeniedBefore)
		case n.from >= s.to:
			return x.oneClause(s.to, n.from, limits.DeniedBehind) || x.inReach(s.span, n) && x.endsClause(n.to) && !x.pausesBetween(s.to, n.from)
		}
		return true
	})
}

// pausesBetween reports whether another word that may be denied stands between two places.
func (x *facts) pausesBetween(from, to int) bool {
	return slices.ContainsFunc(slices.Concat(x.pauses, x.weak, x.opposites), func(s span) bool { return from <= s.from && s.to <= to })
}

// beginsClause reports whether a clause begins at a place, be it behind a dash or a bullet.
func (x *facts) beginsClause(at int) bool {
	for isSpace(x.f.at(at - 1)) {
		at--
	}
	return at == 0 || !wordRune(x.f.runes[at-1]) && !isDigit(x.f.runes[at-1])
}

// endsClause reports whether a clause is over at a place.
func (x *facts) endsClause(at int) bool {
	for isSpace(x.f.at(at)) {
		at++
	}
	return at >= len(x.f.runes) || clauseMark(x.f.runes[at])
}
