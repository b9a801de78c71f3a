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

// treatment is the concept of data/opposites.yaml that an omission is the opposite of.
const treatment = "treatment"

// loadOmissions reads the words for not giving a dose; it comes after loadWords.
func (r *rules) loadOmissions() error {
	var table map[language.Code]struct{ Is, Before, Answers, Denied, Doses, Ignore []string }
	if err := readYAML("omissions.yaml", &table); err != nil {
		return err
	}
	for code, row := range table {
		words, doses := &r.words[code].words, &r.words[code].doses
		for _, list := range []struct {
			words []string
			entry entry
		}{
			{row.Is, entry{group: omitted, sure: true}},
			{row.Before, entry{group: omitted, value: "before", sure: true}},
			{row.Answers, entry{group: paused, sure: true}},
			{row.Denied, entry{group: paused, sure: true}},
			{row.Denied, entry{group: negated, sure: true}},
			{row.Ignore, entry{group: omitted, ignore: true}},
		} {
			for _, word := range list.words {
				words.add(word, list.entry)
			}
		}
		for _, word := range row.Doses {
			doses.add(word, entry{group: "dose", sure: true})
		}
	}
	return nil
}

// omission is a word for not giving something.
type omission struct {
	span
	before bool // only in front of what is not given
}

// omit notes an omission, unless there are more than are compared.
func (x *facts) omit(o omission) {
	if len(x.omissions) == loaded().limits.Negation.Most {
		x.manyNegations = true
		return
	}
	x.omissions = append(x.omissions, o)
}

// settleOmissions lets the words for omitting something count where a drug or a dose is spoken of, and answer elsewhere: no negation in a
// text with a drug ("do not give heparin, hold the rail").
func (x *facts) settleOmissions(words *wordRules) {
	if len(x.omissions) == 0 && len(x.pauses) == 0 {
		return
	}
	doses := words.doses.all(x.f.runes)
	anywhere := len(doses) > 0 || x.namesDose()
	for i := range x.omissions {
		o := &x.omissions[i]
		o.value = weakened
		switch {
		case o.before && x.givenBehind(o.to, doses), !o.before && anywhere:
			o.value = opposed
		case anywhere:
			o.value = paused
		}
		x.negate(o.span)
	}
	x.pauses = slices.DeleteFunc(x.pauses, func(s span) bool { return !x.givenBeside(s, doses) })
}

// givenBehind reports a drug, or a word for a dose, behind a place in the same clause.
func (x *facts) givenBehind(at int, doses []match) bool {
	behind := func(from int) bool { return from >= at && x.oneClause(at, from, loaded().limits.Negation.OmitReach) }
	return slices.ContainsFunc(x.drugs, func(s span) bool { return behind(s.from) }) ||
		slices.ContainsFunc(doses, func(m match) bool { return behind(m.from) })
}

// givenBeside reports a drug, or a word for a dose, in the clause of a place, on either side of it.
func (x *facts) givenBeside(place span, doses []match) bool {
	reach := loaded().limits.Negation.OmitReach
	beside := func(from, to int) bool {
		return from >= place.to && x.oneClause(place.to, from, reach) || to <= place.from && x.oneClause(to, place.from, reach)
	}
	return slices.ContainsFunc(x.drugs, func(s span) bool { return beside(s.from, s.to) }) ||
		slices.ContainsFunc(doses, func(m match) bool { return beside(m.from, m.to) })
}

// withoutAnswered gives the places of the omissions of y and of its other negations, without the omissions that the pauses of x answer.
func (x *facts) withoutAnswered(need []float64, y *facts, reach float64) []float64 {
	if len(x.pauses) == 0 {
		return need
	}
	var omitting []span
	for _, o := range y.omissions {
		if o.value == opposed {
			omitting = append(omitting, o.span)
		}
	}
	omissions := y.places(omitting)
	others := slices.DeleteFunc(need, func(p float64) bool { return slices.Contains(omissions, p) })
	left := append(others, unmatched(omissions, x.places(x.pauses), reach)...)
	slices.Sort(left)
	return left
}
