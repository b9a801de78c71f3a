package check

import (
	"slices"

	"medixchange/translator/language"
)

// omitted is the group of the words for not giving a dose. An order to omit a dose says "not" in a word of its own, for which another language may have a plain
// negation: "hold metoprolol" is "no dar metoprolol".
const omitted = "omit"

// paused is the group of the words that may say as much, "postpone", "pause": they answer an omission beside a drug or a dose, and nothing else.
const paused = "pause"

// missed is the group of the words for a dose that was not given without anybody's order, "forget", "miss": they answer an omission that is
// denied, reported or conditional ("do not skip a dose", "a dose was omitted", "if you skip a dose"), and no order.
const missed = "miss"

// skipped is the group of those of them that say as much of what somebody ordered: "heparin skipped".
const skipped = "skip"

// The values of the words for omitting that say so at some places only.
const (
	besideGiven = "beside" // in front of what is not given, or right behind it
	partOfVerb  = "part"   // behind what is not given, which stands behind the verb that it is a part of
	reported    = "report" // anywhere, and it is no order
	besideValue = "value"  // an order without a drug too, where a number stands behind: "hold if SBP < 100"
)

// leaving is the group of such verbs.
const leaving = "leave"

// class is the group of the names of kinds of drugs, and of what else is given: "the diuretic", "the feeds".
const class = "class"

// treatment is the concept of data/opposites.yaml that an omission is the opposite of.
const treatment = "treatment"

// loadOmissions reads the words for not giving a dose; it comes after loadWords.
func (r *rules) loadOmissions() error {
	var table map[language.Code]struct{ Is, IsNot, Before, Value, Reported, Answers, Missed, Skipped, If, IfFirst, Denied, Leave, Out, Doses, Classes, Ignore []string }
	if err := readYAML("omissions.yaml", &table); err != nil {
		return err
	}
	for code, row := range table {
		words, doses := &r.words[code].words, &r.words[code].doses
		for _, list := range []struct {
			into  *lexicon
			words []string
			entry entry
		}{
			{words, row.Is, entry{group: omitted, sure: true}},
			{words, row.IsNot, entry{group: omitted, sure: true}},
			{words, row.IsNot, entry{group: negated, sure: true}},
			{words, row.Before, entry{group: omitted, value: besideGiven, sure: true}},
			{words, row.Value, entry{group: omitted, value: besideValue, sure: true}},
			{words, row.Out, entry{group: omitted, value: partOfVerb, sure: true}},
			{words, row.Reported, entry{group: omitted, value: reported, sure: true}},
			{words, row.Answers, entry{group: paused, sure: true}},
			{words, row.Missed, entry{group: missed, sure: true}},
			{words, row.Skipped, entry{group: skipped, sure: true}},
			{words, row.If, entry{group: conditional, sure: true}},
			{words, row.IfFirst, entry{group: conditional, value: atStart, sure: true}},
			{words, row.Denied, entry{group: paused, sure: true}},
			{words, row.Denied, entry{group: negated, sure: true}},
			{words, row.Ignore, entry{group: omitted, ignore: true}},
			{doses, row.Leave, entry{group: leaving, sure: true}},
			{doses, row.Doses, entry{group: "dose", sure: true}},
			{doses, row.Classes, entry{group: class, sure: true}},
		} {
			for _, word := range list.words {
				list.into.add(word, list.entry)
			}
		}
	}
	return nil
}

// treatments is what a text says of giving something.
type treatments struct {
	things []span // drugs, and words for a dose
	verbs  []span // that leave something out, with a word that stands behind it
}

func (x *facts) treatments(words *wordRules) treatments {
	g := treatments{things: slices.Clone(x.drugs)}
	for _, m := range words.doses.all(x.f.runes) {
		s := span{m.from, m.to, m.entries[0].group}
		if s.value == leaving {
			g.verbs = append(g.verbs, s)
		} else {
			g.things = append(g.things, s)
		}
	}
	return g
}

// namesClass reports whether a text names a kind of drugs.
func (x *facts) namesClass(words *wordRules) bool {
	return slices.ContainsFunc(words.doses.all(x.f.runes), func(m match) bool { return m.entries[0].group == class })
}

// settleOmissions lets the words for omitting something count where a drug or a dose is spoken of, and answer elsewhere: no negation in a
// text with a drug ("do not give heparin, hold the rail").
func (x *facts) settleOmissions(words *wordRules) {
	if len(x.omissions) == 0 && len(x.pauses) == 0 && len(x.missed) == 0 {
		return
	}
	g := x.treatments(words)
	for i, o := range x.omissions {
		x.omissions[i].value = x.settled(o, g)
		x.negate(x.omissions[i])
	}
	x.settleAnswers(x.pauses, g.things, x.conditions(words))
	x.settleAnswers(x.missed, g.things, nil)
}

// settleAnswers takes the value from words that stand beside nothing that is given: they may be of anything, and only answer to such a word of
// the other side. A condition right beside them makes an order of them too, whose drug stands in another clause or is known to the reader.
func (x *facts) settleAnswers(words, things, conditions []span) {
	for i, s := range words {
		if !x.besideCondition(s, conditions) && !x.givenBehind(s, things) && !x.givenBefore(s, things) && !slices.ContainsFunc(things, func(thing span) bool { return x.inReach(thing, s) }) {
			words[i].value = ""
		}
	}
}

// settled is what a word for omitting something is taken for, "" for nothing.
func (x *facts) settled(o span, g treatments) string {
	switch {
	case o.value == partOfVerb && x.leavesOut(o, g):
		return omitted
	case o.value == partOfVerb:
		return ""
	case o.value == besideValue && x.valueBehind(o):
		return omitted
	case len(g.things) == 0 && !x.namesDose():
		return weakened
	case o.value == besideGiven && !x.givenBehind(o, g.things) && !x.givenBefore(o, g.things):
		return paused
	}
	return omitted
}

// valueBehind reports whether a number stands behind a place in its clause.
func (x *facts) valueBehind(place span) bool {
	return slices.ContainsFunc(x.numbers, func(n number) bool { return !n.soft && x.inReach(place, span{from: n.from}) })
}

// inReach reports whether a place stands behind another in its clause.
func (x *facts) inReach(a, b span) bool {
	return a.to <= b.from && x.oneClause(a.to, b.from, loaded().limits.Negation.OmitReach)
}

// leavesOut reports whether a verb stands in front of a part of it, in its clause, and a drug or a dose between them: "lassen Sie Metoprolol weg".
func (x *facts) leavesOut(part span, g treatments) bool {
	for _, verb := range g.verbs {
		if x.inReach(verb, part) && slices.ContainsFunc(g.things, func(s span) bool { return verb.to <= s.from && s.to <= part.from }) {
			return true
		}
	}
	return false
}

// givenBehind reports a drug, or a word for a dose, behind a place in the same clause.
func (x *facts) givenBehind(place span, things []span) bool {
	place.to = x.pastHeld(place.to)
	return slices.ContainsFunc(things, func(s span) bool { return x.inReach(place, s) })
}

// givenBefore reports a drug, or a word for a dose, in front of a place as wards write it: in the clause before a colon or a dash ("metoprolol
// succinate: hold"), or with nothing but how much of it is given between them ("metoprolol 25 mg hold"). A comma parts them ("inhale salbutamol,
// hold for 10 seconds").
func (x *facts) givenBefore(place span, things []span) bool {
	end, label := x.heldFrom(place.from)
	if label {
		return slices.ContainsFunc(things, func(s span) bool { return x.inReach(s, span{from: end}) })
	}
	for place.from-end <= loaded().limits.Negation.OmitReach {
		if slices.ContainsFunc(things, func(s span) bool { return s.to == end }) {
			return true
		}
		amount, ok := x.amountBefore(end)
		if !ok {
			return false
		}
		end, _ = x.heldFrom(amount)
	}
	return false
}

// heldFrom is the end of what stands in front of a place, without the few signs between them, and tells whether one of these is a mark.
func (x *facts) heldFrom(at int) (end int, label bool) {
	for end = at; at-end < loaded().limits.Negation.HeldMark && x.heldMark(end-1); end-- {
		label = label || !isSpace(x.f.at(end-1))
	}
	return end, label
}

// pastHeld is where what stands behind a place begins, without the few marks between them ("hold: metoprolol").
func (x *facts) pastHeld(at int) (from int) {
	for from = at; from-at < loaded().limits.Negation.HeldMark && x.heldMark(from); from++ {
	}
	return from
}

func (x *facts) heldMark(at int) bool {
	return isSpace(x.f.at(at)) || isOneOf(loaded().marks.Held, x.f.at(at))
}

// amountBefore is where the amount or the frequency begins that ends at a place.
func (x *facts) amountBefore(end int) (from int, ok bool) {
	for _, s := range x.frequencies { // they come first: "q12h" ends in "12h"
		if s.to == end {
			return s.from, true
		}
	}
	for _, n := range x.numbers {
		if max(n.unitTo, n.rateTo) == end {
			return n.from, true
		}
	}
	return 0, false
}
