package check

import "slices"

// unanswered gives the places of the negations of y that need one of x: all but the omissions that a pause of x answers. It has to be one
// that answers to no pause of y ("hold heparin and postpone the surgery"), stands beside a drug or a dose, and is denied as the omission is
// ("hold apixaban, do not stop aspirin"). What is no order may have been missed as well.
func (x *facts) unanswered(y *facts, reach float64) []place {
	omissions, left := partition(y.places(y.negations, y.opposites), omits)
	denied, said := partition(omissions, y.denies)
	told, ordered := partition(said, y.tells)
	lapsesOfY := y.places(y.missed)
	skipsOfY, _ := partition(lapsesOfY, skips)
	pausesOfY := slices.Concat(y.places(y.pauses), unmatched(skipsOfY, x.places(x.missed), reach))
	deniedPauses, pauses := partition(free(x.places(x.pauses), pausesOfY, reach), x.denies)
	deniedLapses, lapses := partition(free(x.places(x.missed), lapsesOfY, reach), x.denies)
	skippings, _ := partition(lapses, skips)
	lacking, used := matched(ordered, slices.Concat(pauses, skippings), reach)
	answers := without(slices.Concat(pauses, lapses), used)
	left = append(left, lacking...)
	left = append(left, unmatched(told, answers, reach)...)
	left = append(left, unmatched(denied, slices.Concat(deniedPauses, deniedLapses), reach)...)
	sortPlaces(left)
	return left
}

// lacking gives the places of the negations of y that no negation of x answers either. An order to leave something out answers none that forbids that
// ("lassen Sie die Dosis nicht aus", "skip the dose"), nor the other way round ("hold metoprolol", "do not forget metoprolol").
func (x *facts) lacking(y *facts, reach float64) []place {
	forbidden, left := partition(x.unanswered(y, reach), y.forbids)
	ordered, left := y.orders(left)
	orders, answers := x.orders(x.places(x.negations, x.opposites))
	lackingForbidden, used := matched(forbidden, answers, reach)
	forbids, answers := partition(slices.Concat(orders, without(answers, used)), x.forbids)
	lackingOrdered, used := matched(ordered, answers, reach)
	answers = slices.Concat(forbids, without(answers, used))
	sortPlaces(answers)
	lacking := slices.Concat(lackingForbidden, lackingOrdered, unmatched(left, answers, reach))
	sortPlaces(lacking)
	return lacking
}

// without gives those places that are not among some others.
func without(places, others []place) []place {
	return slices.DeleteFunc(slices.Clone(places), func(p place) bool { return slices.Contains(others, p) })
}

// forbids reports a negation that denies a word for missing, pausing or stopping what is given right beside it, or is one with it: "do not forget the
// dose", "do not stop heparin", Turkish "kaçırmayın".
func (x *facts) forbids(n place) bool {
	behind := wordsOf(x.f.lang).DeniesBehind || wordsOf(x.f.lang).VerbLast
	return n.value == negated && slices.ContainsFunc(slices.Concat(x.pauses, x.missed, x.ends()), func(s span) bool {
		return s.value != "" && (n.from == s.from || x.touch(n.to, s.from) || behind && x.touch(endOfWord(x.f.runes, s.to), n.from))
	})
}

// touch reports whether nothing but a space stands between the end of a word and another.
func (x *facts) touch(end, from int) bool {
	return end == from || end+1 == from && isSpace(x.f.at(end))
}

// free gives those of some places beside a drug or a dose that answer to none of the others.
func free(places, others []place, reach float64) []place {
	return slices.DeleteFunc(unmatched(places, others, reach), func(p place) bool { return p.value == "" })
}

// tells reports an omission that is no order.
func (x *facts) tells(p place) bool {
	return slices.ContainsFunc(x.told, func(s span) bool { return s.from == p.from })
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
	lacking, used := matched(orders, x.unused(answers, y, answered, reach), reach)
	return lacking, slices.DeleteFunc(weak, func(p place) bool { return slices.Contains(used, p) })
}

// unused gives those of some weak negations of x that answer to no weak one of y. Where x only stops treatments and starts none, what stops them
// answers to such words alone: the "until" of "hold heparin until the CT" is no "sospendere".
func (x *facts) unused(answers []place, y *facts, answered []place, reach float64) []place {
	if len(x.treatmentWords("is")) > 0 {
		return unmatched(answers, answered, reach)
	}
	stops, others := partition(answers, x.stops)
	stopsOfY, othersOfY := partition(answered, y.stops)
	left, used := matched(stops, stopsOfY, reach)
	return slices.Concat(left, unmatched(others, slices.Concat(without(stopsOfY, used), othersOfY), reach))
}

// ends are the words of a text that end a treatment.
func (x *facts) ends() (words []span) {
	for _, m := range x.stopMatches() {
		words = append(words, span{m.from, m.to, treatment})
	}
	return words
}

func (x *facts) stopMatches() []match {
	if !x.stopsKnown {
		x.stopWords, x.stopsKnown = x.treatmentWords("isnot"), true
		x.stopWords = x.stopWords[:min(len(x.stopWords), loaded().limits.Negation.Most)]
	}
	return x.stopWords
}

// stops reports a word that ends a treatment, which may count as a weak negation.
func (x *facts) stops(p place) bool {
	return slices.ContainsFunc(x.stopMatches(), func(m match) bool { return m.from < p.to && p.from < m.to })
}

// treatmentWords are the words of a text that give something, or end that.
func (x *facts) treatmentWords(says string) []match {
	return slices.DeleteFunc(wordsOf(x.f.lang).opposites.all(x.f.runes), func(m match) bool {
		return !slices.ContainsFunc(m.entries, func(e entry) bool { return e.group == treatment && e.value == says })
	})
}

func omits(p place) bool { return p.value == omitted }

func skips(p place) bool { return p.value == skipped }

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

// endsClause reports whether a clause is over at a place.
func (x *facts) endsClause(at int) bool {
	for isSpace(x.f.at(at)) {
		at++
	}
	return at >= len(x.f.runes) || clauseMark(x.f.runes[at])
}
