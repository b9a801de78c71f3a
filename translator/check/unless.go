package check

import (
	"fmt"
	"slices"
	"strings"

	"medixchange/translator/language"
)

// unless is the group of the words for "if not" that have no "not" in them.
const unless = "unless"

// loadConditions reads the words that make a condition; it comes after loadWords.
func (r *rules) loadConditions() error {
	var table map[language.Code]struct{ If, Ending, Unless []string }
	if err := readYAML("conditions.yaml", &table); err != nil {
		return err
	}
	for code, row := range table {
		w, known := r.words[code]
		if !known {
			return fmt.Errorf("conditions.yaml: %q is no language", code)
		}
		for _, word := range row.If {
			w.conditions.add(word, entry{group: conditional, sure: true})
		}
		for _, word := range row.Unless {
			w.conditions.add(word, entry{group: unless, sure: true})
		}
		w.conditionEnds = foldedWords(row.Ending, w.Accents)
	}
	return nil
}

// conditions are the words of a text that make a condition, by place; their value is "if" or "unless".
func (x *facts) conditions(words *wordRules) (found []span) {
	for _, m := range words.conditions.all(x.f.runes) {
		if !x.writtenOn(m.from) {
			found = append(found, span{m.from, m.to, m.entries[0].group})
		}
	}
	for from := 0; len(words.conditionEnds) > 0 && from < len(x.f.runes); {
		to := endOfWord(x.f.runes, from)
		if endsIn(string(x.f.runes[from:to]), words.conditionEnds) {
			found = append(found, span{from, to, conditional})
		}
		from = max(to, from+1)
	}
	sortSpans(found)
	return found
}

// unless notices an "unless" that became an "if", or the other way round: what is to be given unless the pressure is low is then given
// where it is.
func (c *comparison) unless() {
	if c.has("negation") {
		return
	}
	source, target := c.source.conditions(wordsOf(c.from)), c.target.conditions(wordsOf(c.to))
	if s, lost := unlessLost(c.source, c.target, source, target); lost {
		c.found("negation.missing", c.source.text(s), "")
	}
	if t, added := unlessLost(c.target, c.source, target, source); added {
		c.found("negation.added", "", c.target.text(t))
	}
}

// unlessLost gives the "unless" of x for which y has none, but an "if" and no more that denies anything than x has.
func unlessLost(x, y *facts, inX, inY []span) (span, bool) {
	s, ok := first(inX, unless)
	if _, kept := first(inY, unless); !ok || kept {
		return span{}, false
	}
	if _, conditional := first(inY, conditional); !conditional {
		return span{}, false
	}
	return s, y.denials(inY) <= x.denials(inX)
}

// denials counts all that denies something in a text, in whatever way, but for its words for "unless".
func (x *facts) denials(conditions []span) (count int) {
	for _, s := range slices.Concat(x.negations, x.opposites, x.weak, x.pauses) {
		if !slices.ContainsFunc(conditions, func(c span) bool { return c.value == unless && s.from < c.to && c.from < s.to }) {
			count++
		}
	}
	return count
}

// besideCondition reports whether nothing but marks stand between a word and one that makes a condition: "hold if", "なら、保留".
func (x *facts) besideCondition(s span, conditions []span) bool {
	end := endOfWord(x.f.runes, s.to)
	return slices.ContainsFunc(conditions, func(c span) bool {
		return c.value == conditional && (x.onlyMarks(end, c.from) || x.onlyMarks(c.to, s.from))
	})
}

// onlyMarks reports whether there is nothing between two places, or a space and a comma.
func (x *facts) onlyMarks(from, to int) bool {
	limits := &loaded().limits.Negation
	return from <= to && to-from <= limits.HeldMark && strings.Trim(string(x.f.runes[from:to]), " \u00a0,、،") == ""
}
