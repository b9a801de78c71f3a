package check

import (
	"strings"
	"unicode"

	"medixchange/translator/language"
)

const (
	minLengthLetters = 24  // below, the length of a translation says nothing
	maxRatio         = 4.5 // between the lengths of source and translation, either way
	maxRepeats       = 4   // times the same words may follow each other
	minEchoUnspaced  = 15  // five Han letters: 体温 is the same in Chinese and Japanese
	minEchoWords     = 3   // shorter sentences may well be equal in two languages
)

// form looks for signs that the engine failed, whatever the text says.
func (c *comparison) form(source, translation string) {
	if language.HasLetters(source) && !language.HasLetters(translation) {
		c.found("length.empty", shortText(source), shortText(translation))
		return
	}
	if stuck(translation) && !stuck(source) {
		c.found("repetition.changed", "", shortText(translation))
	}
	if c.echo(source, translation) {
		c.found("echo.changed", "", "") // the same words stand above it as the original
		return
	}
	c.written(source, translation)
	a, b := letters(source), letters(translation)
	if a >= minLengthLetters && (b*maxRatio < a || b > a*maxRatio) {
		c.found("length.changed", "", "")
	}
}

// echo reports whether the translation is the source again.
func (c *comparison) echo(source, translation string) bool {
	if c.from.Base() == c.to.Base() || foldedString(strings.TrimSpace(source)) != foldedString(strings.TrimSpace(translation)) {
		return false
	}
	rest := withoutDrugsAndUnits(source)
	if unspacedShare(rest) {
		return letters(rest) >= minEchoUnspaced
	}
	return len(strings.Fields(rest)) >= minEchoWords
}

// withoutDrugsAndUnits leaves the words of a text that every language has its own for.
func withoutDrugsAndUnits(text string) string {
	f := fold(text)
	taken := make([]bool, len(f.runes))
	for _, m := range drugsIn(f) {
		for i := m.from; i < m.to; i++ {
			taken[i] = true
		}
	}
	for _, n := range scanNumbers(f, &wordRules{}) {
		for i := n.from; i < n.unitTo; i++ {
			taken[i] = true
		}
	}
	var rest strings.Builder
	for i, r := range f.runes {
		if !taken[i] && (unicode.IsLetter(r) || isSpace(r)) {
			rest.WriteRune(r)
		} else {
			rest.WriteByte(' ')
		}
	}
	return rest.String()
}

func unspacedShare(text string) bool {
	for _, r := range text {
		if unicode.IsLetter(r) {
			return unspaced(r)
		}
	}
	return false
}

// written checks script and language of the translation.
func (c *comparison) written(source, translation string) {
	rest := withoutDrugsAndUnits(translation)
	if letters(rest) < 4 || onlyNames(source) {
		return
	}
	found, sameScript := language.Certain(translation, c.to)
	if !hasWords(c.to) {
		sameScript = inItsScript(rest, c.to)
		if found != c.from {
			found = ""
		}
	}
	if !sameScript {
		c.found("script.changed", "", shortText(translation))
		return
	}
	switch found {
	case "", c.to:
	case c.from:
		c.found("language.changed", "", shortText(translation))
	default:
		c.found("language.other", "", shortText(translation))
	}
}

// onlyNames reports whether a text has no words of its own beside drugs, numbers and capitals (ECG).
func onlyNames(text string) bool {
	for _, word := range strings.Fields(withoutDrugsAndUnits(text)) {
		if len([]rune(word)) > 4 || unspacedShare(word) {
			return false
		}
	}
	return true
}

// stuck reports whether a text repeats the same piece again and again.
func stuck(text string) bool {
	f := fold(text)
	return repeatsWords(strings.Fields(string(f.runes))) || repeatsRunes(f.runes)
}

func repeatsWords(words []string) bool {
	for size := 1; size <= 8; size++ {
		run := 0
		for i := size; i < len(words); i++ {
			if words[i] != words[i-size] || !language.HasLetters(words[i]) {
				run = 0
				continue
			}
			if run++; run >= size*maxRepeats {
				return true
			}
		}
	}
	return false
}

// repeatsRunes does the same for scripts without spaces.
func repeatsRunes(runes []rune) bool {
	for size := 1; size <= 12; size++ {
		run := 0
		for i := size; i < len(runes); i++ {
			if runes[i] != runes[i-size] || !unspaced(runes[i]) {
				run = 0
				continue
			}
			if run++; run >= size*(maxRepeats+1) {
				return true
			}
		}
	}
	return false
}

func shortText(text string) string {
	runes := []rune(strings.TrimSpace(text))
	if len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return string(runes)
}
