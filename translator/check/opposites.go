package check

import (
	"fmt"
	"slices"
	"strings"

	"medixchange/translator/language"
)

// loadOpposites reads the words whose opposite differs by a prefix; it comes after loadWords.
func (r *rules) loadOpposites() error {
	var concepts map[string]map[language.Code]struct{ Is, IsNot, Says, Last []string }
	if err := readYAML("opposites.yaml", &concepts); err != nil {
		return err
	}
	for concept, languages := range concepts {
		concept, ordered := strings.CutSuffix(concept, "?")
		concept, whole := strings.CutSuffix(concept, "!")
		if whole {
			r.wholes[concept] = true
		}
		for code, words := range languages {
			w, known := r.words[code]
			if !known {
				return fmt.Errorf("opposites.yaml: %s: %q is no language", concept, code)
			}
			if len(words.Is) == 0 || len(words.IsNot) == 0 {
				return fmt.Errorf("opposites.yaml: %s: %s needs both words", concept, code)
			}
			l := &w.opposites
			for _, word := range words.Is {
				word, alone := strings.CutSuffix(word, "+")
				l.add(word, entry{group: concept, value: "is", sure: !ordered || alone})
			}
			for _, word := range words.IsNot {
				word, alone := strings.CutSuffix(word, "+")
				l.add(word, entry{group: concept, value: "isnot", sure: !ordered || alone})
				if whole {
					r.words[code].words.add(word, entry{group: negated, ignore: true})
				}
			}
			for _, word := range words.Last {
				l.add(word, entry{group: concept, value: atClauseEnd, sure: !ordered})
			}
			for _, word := range words.Says {
				l.add(word, entry{group: concept, value: mentioned, sure: !ordered})
			}
		}
	}
	return nil
}

// opposites compares words such as stable and unstable, where both sides negate as often and no negation was missed: "not stable" may
// be "unstable".
func (c *comparison) opposites() {
	if c.has("negation") || len(c.source.negations) != len(c.target.negations) {
		return
	}
	orders := c.orders() || c.source.namesClass(wordsOf(c.from)) && c.target.namesClass(wordsOf(c.to))
	source := c.source.concepts(c.from, orders)
	if len(source) == 0 {
		return
	}
	target := c.target.concepts(c.to, orders)
	for i, s := range source {
		if !slices.ContainsFunc(source[:i], func(before said) bool { return before.concept == s.concept }) {
			c.opposite(spansOfConcept(source, s.concept), spansOfConcept(target, s.concept))
		}
	}
}

// opposite compares the places of one concept: one that says the one thing with one that says the other, as often as each other with
// one of them turned ("stop …, restart …" that became "start …, restart …"), or with two drugs that changed places.
func (c *comparison) opposite(source, target []span) {
	if len(target) == 0 {
		return
	}
	turnedInSource, turnedInTarget := opposites(source), opposites(target)
	bothInSource, bothInTarget := turnedInSource%len(source) != 0, turnedInTarget%len(target) != 0
	switch {
	case !bothInSource && !bothInTarget && (turnedInSource == 0) != (turnedInTarget == 0), len(source) == len(target) && turnedInSource != turnedInTarget:
		c.found("negation.opposite", c.source.text(source[0]), c.target.text(target[0]))
	case bothInSource && bothInTarget:
		c.exchanged("negation.opposite", source, target)
	}
}

// opposites counts the places that say the opposite.
func opposites(spans []span) (count int) {
	for _, s := range spans {
		if s.value == "isnot" {
			count++
		}
	}
	return count
}

// said is a place that names a concept; its value is "is" or "isnot".
type said struct {
	span
	concept string
}

// concepts lists what a text names of the table of opposites, in order; what is done with drugs only in a text that orders something. A word may name
// two concepts: what is contraindicated is not indicated, and not to be given.
func (x *facts) concepts(code language.Code, orders bool) (found []said) {
	for _, m := range wordsOf(code).opposites.all(x.f.runes) {
		before := len(found)
		for _, e := range m.entries {
			if named, ok := x.concept(m, e, orders); ok && !slices.Contains(found[before:], named) {
				found = append(found, named)
			}
		}
	}
	if orders && len(x.omissions) > 0 {
		found = x.withOmissions(found)
	}
	return found
}

// concept is what one meaning of a word names.
func (x *facts) concept(m match, e entry, orders bool) (said, bool) {
	if e.value == mentioned || !e.sure && !orders {
		return said{}, false
	}
	if e.value == atClauseEnd && !x.endsWithDrug(m) {
		return said{}, false
	}
	if e.value == atClauseEnd || x.negatedWithin(m) { // "not stable" is the negation of what is said
		e.value = "is"
	}
	return said{span{m.from, wordEnd(x.f, m), e.value}, e.group}, true
}

// endsWithDrug reports a match that ends a clause which a drug begins, and that has no other word for treating: "Heparin ab heute Abend weiter.", not "he
// bleeds on heparin further".
func (x *facts) endsWithDrug(m match) bool {
	if !x.endsClause(m.to) { // first, since a text may be one long clause
		return false
	}
	from, _ := x.clauseAround(m.from, m.to)
	inside := func(s span) bool { return from <= s.from && s.to <= m.from }
	treats := slices.ContainsFunc(wordsOf(x.f.lang).opposites.all(x.f.runes[from:m.from]), match.treats)
	return !treats && slices.ContainsFunc(x.drugs, func(s span) bool { return inside(s) && x.beginsClause(s.from) }) && !slices.ContainsFunc(slices.Concat(x.negations, x.weak, x.omissions), inside)
}

// treats reports a word for treating, or for ending that.
func (m match) treats() bool {
	return slices.ContainsFunc(m.entries, func(e entry) bool { return e.group == treatment })
}

// negatedWithin reports whether a negation that counts stands in a match.
func (x *facts) negatedWithin(m match) bool {
	return slices.ContainsFunc(x.negations, func(n span) bool { return m.from <= n.from && n.to <= m.to })
}

// withOmissions adds the words for omitting something: they are the opposite of treating.
func (x *facts) withOmissions(found []said) []said {
	for _, o := range x.omissions {
		if o.value == omitted {
			found = append(found, said{span{o.from, o.to, "isnot"}, treatment})
		}
	}
	slices.SortStableFunc(found, func(a, b said) int { return a.from - b.from })
	return found
}

func spansOfConcept(all []said, concept string) (spans []span) {
	for _, s := range all {
		if s.concept == concept {
			spans = append(spans, s.span)
		}
	}
	return spans
}

// mentioned is the value of words that name a concept, whether it is so or not ("consciousness").
const mentioned = "says"

// atClauseEnd is the value of words that say that a drug is given at the end of its clause alone, and elsewhere anything ("weiter", "further").
const atClauseEnd = "last"

// wholeConcepts compares the concepts whose opposite counts as no negation: an "unconscious" may not be lost.
func (c *comparison) wholeConcepts() {
	if c.has("negation") {
		return
	}
	if s, lost := c.source.lostIn(c.target, c.from, c.to); lost {
		c.found("negation.missing", c.source.text(s), "")
	}
	if s, lost := c.target.lostIn(c.source, c.to, c.from); lost {
		c.found("negation.added", "", c.target.text(s))
	}
}

// lostIn gives the opposite of a whole concept for which another text has no word and no negation more.
func (x *facts) lostIn(other *facts, code, otherCode language.Code) (span, bool) {
	if len(other.negations) > len(x.negations) {
		return span{}, false
	}
	lost := slices.DeleteFunc(x.concepts(code, false), func(s said) bool { return s.value != "isnot" || !loaded().wholes[s.concept] })
	if len(lost) == 0 {
		return span{}, false
	}
	mentions := other.mentions(otherCode)
	i := slices.IndexFunc(lost, func(s said) bool { return !mentions[s.concept] })
	if i < 0 {
		return span{}, false
	}
	return lost[i].span, true
}

// mentions are the concepts that a text names in any way.
func (x *facts) mentions(code language.Code) map[string]bool {
	concepts := map[string]bool{}
	for _, m := range wordsOf(code).opposites.all(x.f.runes) {
		for _, e := range m.entries {
			concepts[e.group] = true
		}
	}
	return concepts
}

// denied compares what the one negation of both texts stands beside: of two drugs, or two ways to give one, the other must not be
// the one that is forbidden.
func (c *comparison) denied() {
	if len(c.source.negations) != 1 || len(c.target.negations) != 1 || c.has("negation") {
		return
	}
	for _, pair := range [][2][]span{
		{c.source.drugs, c.target.drugs},
		{spansOf(routesIn(c.source, c.from)), spansOf(routesIn(c.target, c.to))},
	} {
		s, ok := c.source.beside(c.source.negations[0], pair[0])
		t, both := c.target.beside(c.target.negations[0], pair[1])
		if !ok || !both {
			continue
		}
		if s.value != t.value {
			c.found("negation.order", c.source.text(s), c.target.text(t))
			return
		}
		c.told = append(c.told, s.value)
	}
}

// beside gives the only one of several things that stands in the clause of a place.
func (x *facts) beside(place span, things []span) (span, bool) {
	if len(distinct(things)) < 2 {
		return span{}, false
	}
	from, to := x.clauseAround(place.from, place.to)
	inside := slices.DeleteFunc(slices.Clone(things), func(s span) bool { return s.from < from || s.to > to })
	if len(inside) != 1 {
		return span{}, false
	}
	return inside[0], true
}

// clauseAround is where the clause of a place begins and ends.
func (x *facts) clauseAround(from, to int) (start, end int) {
	for from > 0 && !clauseMark(x.f.runes[from-1]) {
		from--
	}
	for to < len(x.f.runes) && !clauseMark(x.f.runes[to]) {
		to++
	}
	return from, to
}

func clauseMark(r rune) bool { return strings.ContainsRune(loaded().marks.Clause, r) }
