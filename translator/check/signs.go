package check

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"medixchange/translator/language"
)

// loadSigns reads the words that may stand for a sign of a number; it comes after loadWords.
func (r *rules) loadSigns() error {
	var meanings map[string]map[language.Code][]string
	if err := readYAML("signs.yaml", &meanings); err != nil {
		return err
	}
	for meaning, languages := range meanings {
		if !slices.Contains([]string{less, more, minus, plus, rangeStart}, meaning) {
			return fmt.Errorf("signs.yaml: %q is no meaning of a sign", meaning)
		}
		for code := range languages {
			if _, known := r.words[code]; !known {
				return fmt.Errorf("signs.yaml: %s: %q is no language", meaning, code)
			}
		}
		for code, w := range r.words {
			if len(languages[code]) == 0 && meaning != rangeStart && meaning != plus {
				return fmt.Errorf("signs.yaml: %s has no words in %s", meaning, code)
			}
			for _, word := range languages[code] {
				word, vague := strings.CutSuffix(word, "?")
				word, upTo := strings.CutSuffix(word, "~")
				word, behind := strings.CutSuffix(word, "<")
				group := "sign"
				switch {
				case upTo:
					group = rangeEnd
				case behind:
					group = signBehind
				}
				w.signs.add(word, entry{group: group, value: meaning, sure: !vague && !upTo})
			}
		}
	}
	return nil
}

// What a sign before a number says, as signs.yaml names it.
const (
	less  = "less"
	more  = "more"
	minus = "minus"
	plus  = "plus"
)

// rangeStart is what a word says that begins a range, and rangeEnd the group of those that end one and elsewhere say "less": "up to".
const (
	rangeStart = "start"
	rangeEnd   = "upto"
)

// signBehind is the group of words that stand behind their number: in front of one 以下 says "the following".
const signBehind = "behind"

// sign is what stands before a number and makes it another.
type sign struct {
	from  int    // where it begins; the number's place without one
	bound string // less, more, or ""
	equal bool   // the bound holds the number itself: ≤, ≥
	minus bool
}

// signOf reads the signs before a number: "<7", ">= 5", "−8".
func (x *facts) signOf(n number) sign {
	s := sign{from: n.from}
	if isOneOf(loaded().marks.UnitsBefore, x.f.at(s.from-1)) {
		s.from--
	}
	if x.minusAt(s.from - 1) {
		s.minus = true
		s.from--
	}
	at := x.beforeSpaces(s.from)
	bound, equal, width := boundAt(x.f, at)
	if bound != "" {
		s.bound, s.equal, s.from = bound, equal, at+1-width
	}
	return s
}

// beforeSpaces is the last place before another that is no space.
func (x *facts) beforeSpaces(at int) int {
	at--
	for isSpace(x.f.at(at)) {
		at--
	}
	return at
}

// boundAt reads the comparison that ends at a place, in how many runes it stands there. "->" is an arrow.
func boundAt(f *folded, at int) (bound string, equal bool, width int) {
	r, before := f.at(at), f.at(at-1)
	if r == '>' && (before == '-' || before == '<') {
		return "", false, 0
	}
	bound, equal = direction(r)
	if r == '=' { // "<="
		bound, _ = direction(before)
		return bound, true, 2
	}
	if before == '=' && bound != "" { // "=<"
		return bound, true, 2
	}
	return bound, equal, 1
}

// direction tells what a sign of comparison says, and whether it holds the number itself.
func direction(r rune) (bound string, equal bool) {
	m := &loaded().marks
	switch {
	case isOneOf(m.Less, r):
		return less, strings.IndexRune(m.Less, r) > 0
	case isOneOf(m.More, r):
		return more, strings.IndexRune(m.More, r) > 0
	}
	return "", false
}

// minusAt reports whether the rune at a place is the sign of the number behind it: no hyphen of a name (COVID-19), no range
// (5-8, 5 mg -8 mg), no dash with a space behind it.
func (x *facts) minusAt(at int) bool {
	if x.f.at(at) != '-' {
		return false
	}
	before := x.f.at(at - 1)
	if isDigit(before) || wordRune(before) || unicode.IsMark(before) || isOneOf(loaded().marks.MinusNot, before) {
		return false
	}
	end := x.beforeSpaces(at) + 1
	for _, n := range x.numbers {
		if n.to == end || n.unitTo == end {
			return false
		}
	}
	return true
}

// says reports whether a word with the meaning of a sign stands near a number.
func (x *facts) says(code language.Code, n number, meaning string) bool {
	reach := &loaded().limits.Numbers
	near := x.f.runes[max(0, n.from-reach.SignBefore):min(len(x.f.runes), n.unitTo+reach.SignBehind)]
	return slices.ContainsFunc(wordsOf(code).signs.all(near), func(m match) bool { return m.entries[0].value == meaning })
}

// signs compares what stands before the numbers that both sides have. A sign that only one side has may be a word on the other,
// which is not known in languages without words.
func (c *comparison) signs() {
	for _, s := range c.paired {
		if s.partner == nil || s.partner.code || s.dated || s.partner.dated {
			continue
		}
		c.bounds(s.number, s.partner.number)
		c.minuses(s.number, s.partner.number)
	}
	c.boundsInWords()
	c.minusesInWords()
	c.rangeEnds()
}

func (c *comparison) bounds(s, t number) {
	a, b := c.source.signOf(s), c.target.signOf(t)
	switch {
	case a.bound == b.bound && (a.bound == "" || a.equal == b.equal):
	case a.bound == b.bound:
		c.foundSign("number.bound", s, t)
	case a.bound != "" && b.bound != "":
		c.foundSign("number.turned", s, t)
	case !hasWords(c.from) || !hasWords(c.to):
	case b.bound == "" && !c.target.says(c.to, t, a.bound):
		c.foundSign("number.bound_missing", s, t)
	case a.bound == "" && !c.source.says(c.from, s, b.bound):
		c.foundSign("number.bound_added", s, t)
	}
}

func (c *comparison) minuses(s, t number) {
	a, b := c.source.signOf(s).minus, c.target.signOf(t).minus
	switch {
	case a == b || !hasWords(c.from) || !hasWords(c.to):
	case a && !c.target.says(c.to, t, minus):
		c.foundSign("number.minus_missing", s, t)
	case b && !c.source.says(c.from, s, minus):
		c.foundSign("number.minus_added", s, t)
	}
}

func (c *comparison) foundSign(name string, s, t number) {
	c.found(name, c.source.signed(s), c.target.signed(t))
}

// signStart is where a number begins with its signs, and with the lower end of its range: "<7", "5–10".
func (x *facts) signStart(n number) int {
	if start := x.rangeStart(n); start < n.from {
		return start
	}
	return x.signOf(n).from
}

// signed is a number with its signs and its unit as the text has it.
func (x *facts) signed(n number) string { return x.f.original(x.signOf(n).from, n.unitTo) }
