package check

import (
	"slices"

	"medixchange/translator/language"
)

// omitted is the group of the words for not giving a dose. An order to omit a dose says "not" in a word of its own, for which another language may have a plain
// negation: "hold metoprolol" is "no dar metoprolol".
const omitted = "omit"

// treatment is the concept of data/opposites.yaml that an omission is the opposite of.
const treatment = "treatment"

// loadOmissions reads the words for not giving a dose; it comes after loadWords.
func (r *rules) loadOmissions() error {
	var table map[language.Code]struct{ Is, Before, Answers, Doses, Ignore []string }
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
			{row.Answers, entry{group: weakened, sure: true}},
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

// settleOmissions lets the words for omitting something count where a drug or a dose is spoken of, and answer elsewhere.
func (x *facts) settleOmissions(words *wordRules) {
	if len(x.omissions) == 0 {
		return
	}
	doses := words.doses.all(x.f.runes)
	anywhere := len(doses) > 0 || x.namesDose()
	for i := range x.omissions {
		o := &x.omissions[i]
		o.value = weakened
		if o.before && x.givenBehind(o.to, doses) || !o.before && anywhere {
			o.value = opposed
		}
		x.negate(o.span)
	}
}

// givenBehind reports a drug, or a word for a dose, behind a place in the same clause.
func (x *facts) givenBehind(at int, doses []match) bool {
	behind := func(from int) bool { return from >= at && x.oneClause(at, from, loaded().limits.Negation.OmitReach) }
	return slices.ContainsFunc(x.drugs, func(s span) bool { return behind(s.from) }) ||
		slices.ContainsFunc(doses, func(m match) bool { return behind(m.from) })
}
