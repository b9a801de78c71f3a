package check

import (
	"slices"
	"unicode"

	"medixchange/translator/language"
)

// loadRoles reads the words beside a drug that is given up; it comes after loadWords.
func (r *rules) loadRoles() error {
	var table map[language.Code]struct{ Before, Behind, Ending []string }
	if err := readYAML("roles.yaml", &table); err != nil {
		return err
	}
	for code, row := range table {
		w := r.words[code]
		w.roles.accents, w.roles.separate = w.words.accents, w.words.separate
		for _, word := range row.Before {
			w.roles.add(word, entry{group: "before", sure: true})
		}
		for _, word := range row.Behind {
			w.roles.add(word, entry{group: "behind", sure: true})
		}
		w.givenUp = row.Ending
	}
	return nil
}

// roles notices two drugs that changed their roles: from the one to the other, the one instead of the other, the one but not the other.
func (c *comparison) roles() {
	if c.has("drug") || len(distinct(c.source.drugs)) != 2 || len(distinct(c.target.drugs)) != 2 {
		return
	}
	for _, role := range []func(*facts, language.Code) (span, bool){(*facts).givenUp, (*facts).leftOut} {
		s, ok := role(c.source, c.from)
		t, both := role(c.target, c.to)
		if ok && both && s.value != t.value {
			c.found("drug.order", c.source.text(s), c.target.text(t))
			return
		}
	}
}

// givenUp is the one drug that words say to be given up for another.
func (x *facts) givenUp(code language.Code) (span, bool) {
	words := wordsOf(code)
	var found []span
	for _, m := range words.roles.all(x.f.runes) {
		if drug, ok := x.drugBeside(span{from: m.from, to: m.to}, loaded().limits.Drugs.RoleReach, m.entries[0].group == "behind"); ok {
			found = append(found, drug)
		}
	}
	for _, drug := range x.drugs {
		if x.marked(drug, words.givenUp) {
			found = append(found, drug)
		}
	}
	return theOne(found)
}

// marked reports whether one of some endings is that of a drug's word, or follows it.
func (x *facts) marked(drug span, endings []string) bool {
	if len(endings) == 0 {
		return false
	}
	word := string(x.f.runes[drug.from:endOfWord(x.f.runes, drug.to)])
	return endsIn(word, endings)
}

// leftOut is the one drug that a negation stands directly beside.
func (x *facts) leftOut(language.Code) (span, bool) {
	var found []span
	reach := loaded().limits.Drugs.DeniedReach
	for _, n := range x.negations {
		behind, ok := x.drugBeside(n, reach, false)
		before, both := x.drugBeside(n, reach, true)
		both = both && !unicode.Is(unicode.Arabic, x.f.at(n.from-1)) // with "and" written onto it (وليس) it begins a part of its own
		if ok && both {
			return span{}, false
		}
		if ok {
			found = append(found, behind)
		} else if both {
			found = append(found, before)
		}
	}
	return theOne(found)
}

// drugBeside gives the drug that begins close behind a place, or ends close before it.
func (x *facts) drugBeside(place span, reach int, before bool) (span, bool) {
	i := slices.IndexFunc(x.drugs, func(d span) bool {
		if before {
			return d.to <= place.from && x.joined(d.to, place.from, reach)
		}
		return d.from >= place.to && x.joined(place.to, d.from, reach)
	})
	if i < 0 {
		return span{}, false
	}
	return x.drugs[i], true
}

// joined reports two places that are near each other with no mark and no digit between them.
func (x *facts) joined(from, to, reach int) bool {
	marks := loaded().marks.Clause
	return to-from <= reach && !slices.ContainsFunc(x.f.runes[from:to], func(r rune) bool {
		return isDigit(r) || isOneOf(marks, r)
	})
}

// theOne gives the drug that all of some places name, if it is one.
func theOne(drugs []span) (span, bool) {
	if len(distinct(drugs)) != 1 {
		return span{}, false
	}
	return drugs[0], true
}
