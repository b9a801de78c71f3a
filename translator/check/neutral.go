package check

import (
	"unicode"

	"golang.org/x/text/language"

	lang "medixchange/translator/language"
)

// A language without a file of words gets the checks that hold for every language: numbers in digits, units written as
// symbols, decimal marks, blood pressures, drugs that became others, and the form. What its words say is not known: a
// number that is missing may stand there in words.

// hasWords reports whether the words of a language are known.
func hasWords(code lang.Code) bool {
	_, ok := loaded().words[code.Base()]
	return ok
}

// neutral compares a segment of which one side is in a language without words.
func (c *comparison) neutral() {
	c.pressures()
	c.source.forgetConvention(c.from)
	c.target.forgetConvention(c.to)
	source, target := withUnscaled(pool(c.source.numbers)), withUnscaled(pool(c.target.numbers))
	pair(source, target, sameQuantity)
	pair(source, target, sameValue)
	c.misread(source, target)
	pairNames(source, c.target.numbers)
	pairNames(target, c.source.numbers)
	for _, s := range source {
		if s.partner != nil && s.symbol && s.partner.symbol && s.unit != s.partner.unit && !compatible(s.unit, s.partner.unit) && !sameQuantity(s.number, s.partner.number) {
			c.found("unit.changed", c.source.numberText(s.number), c.target.numberText(s.partner.number))
		}
	}
	c.paired = source
	c.signs()
	c.neutralLeftOver(source, target)
	c.neutralDrugs()
}

// forgetConvention lets the marks of numbers be read either way in a language of which no convention is known.
func (x *facts) forgetConvention(code lang.Code) {
	if hasWords(code) {
		return
	}
	for i := range x.numbers {
		x.numbers[i].doubtful = false
	}
}

// withUnscaled lets a number with a word such as "million" also be the number before it.
func withUnscaled(numbers []*candidate) []*candidate {
	for _, n := range numbers {
		n.values = append(n.values[:len(n.values):len(n.values)], n.unscaled...)
	}
	return numbers
}

func (c *comparison) neutralLeftOver(source, target []*candidate) {
	maxInWords := loaded().limits.Numbers.InWords
	for _, s := range source {
		if s.partner != nil || s.soft || s.unit != "" && c.repeated(source, s) {
			continue
		}
		if t := closest(s, target); t != nil {
			c.differing(s, t)
			t.partner = s
		} else if s.decimal || !atMost(s.values[0], maxInWords) {
			c.lost(s)
		}
	}
	for _, t := range target {
		if t.partner == nil && !t.soft && (t.decimal || !atMost(t.values[0], maxInWords)) && !c.repeated(target, t) && !c.repeated(source, t) {
			c.gained(t)
		}
	}
}

// neutralDrugs notices a drug that became another; a name that is missing may be spelled in a way that is not known.
func (c *comparison) neutralDrugs() {
	missing, added := c.drugDifferences()
	for i := range min(len(missing), len(added)) {
		c.found("drug.changed", c.source.text(missing[i]), c.target.text(added[i]))
	}
}

// scripts are the tables of the scripts that x/text names by their ISO 15924 codes.
var scripts = map[string]*unicode.RangeTable{
	"Arab": unicode.Arabic, "Armn": unicode.Armenian, "Beng": unicode.Bengali, "Cyrl": unicode.Cyrillic, "Deva": unicode.Devanagari,
	"Ethi": unicode.Ethiopic, "Geor": unicode.Georgian, "Grek": unicode.Greek, "Gujr": unicode.Gujarati, "Guru": unicode.Gurmukhi,
	"Hebr": unicode.Hebrew, "Khmr": unicode.Khmer, "Knda": unicode.Kannada, "Laoo": unicode.Lao, "Latn": unicode.Latin,
	"Mlym": unicode.Malayalam, "Mymr": unicode.Myanmar, "Orya": unicode.Oriya, "Sinh": unicode.Sinhala, "Taml": unicode.Tamil,
	"Telu": unicode.Telugu, "Tibt": unicode.Tibetan,
}

// inItsScript reports whether a text has letters of the script that a language without words is mostly written in; true where
// that is not known.
func inItsScript(text string, code lang.Code) bool {
	tag, err := language.Parse(string(code))
	if err != nil {
		return true
	}
	script, confidence := tag.Script()
	table := scripts[script.String()]
	if table == nil || confidence == language.No {
		return true
	}
	for _, r := range text {
		if unicode.Is(table, r) {
			return true
		}
	}
	return false
}
