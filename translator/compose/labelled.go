package compose

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"medixchange/internal/pattern"
)

// numeral is a quantity, or a number alone in its last group.
var numeral = pattern.Lazy(quantityPattern + `|\b(` + number + `)\b`)

const (
	// word is one in Latin or Greek letters, as labels are written: "SpO2", "HbA1c", "K+", "HCO3-", "Ca²⁺".
	word = `[\p{Latin}\p{Greek}][\p{Latin}\p{Greek}0-9₀-₉²³'’/-]*[+⁺⁻−]?`
	// toNumber stands between a label and its number; nothing does in "K+5.8".
	toNumber = `(?:` + space + `?[:=]` + space + `?|` + space + `)?`
	spaces   = " \u00a0\u2009\u202f" // those of space
)

var (
	labelBefore = pattern.Lazy(`(?:` + word + space + `)*` + word + toNumber + `$`)
	wordsBehind = pattern.Lazy(`^(?:` + space + word + `)+`)
	// signBehind says how a value stands to what is normal: an arrow, "2+", "5.8*". "5 mg + 10" is a sum.
	signBehind = pattern.Lazy(`^(` + space + `?(?:[↑↓⇑⇓▲▼⬆⬇]\x{fe0f}?){1,3}|[+*]{1,3})(?:$|[^\pL\pN+* ]| \pL)`)
)

// quantitiesIsolated isolates each quantity of a right-to-left text, with the words in Latin letters that stand directly before it and
// the sign behind it: outside, "K+" is shown as "+K", and where several labels follow each other the values change places between them.
func quantitiesIsolated(text string) string {
	found := numeral().FindAllStringSubmatchIndex(text, -1)
	if found == nil {
		return signsIsolated(text, 0, len(text))
	}
	w := labelWriter{text: text}
	for i, at := range found {
		next := len(text)
		if i+1 < len(found) {
			next = numeralAt(found[i+1]).start
		}
		w.write(numeralAt(at), next)
	}
	w.out.WriteString(signsIsolated(text, w.at, len(text)))
	return w.out.String()
}

// maxLabelBytes bounds what is looked through for a label.
const maxLabelBytes = 200

// numeralPlace is where a numeral stands; bare says that it is a number alone.
type numeralPlace struct {
	start, end int
	bare       bool
}

func numeralAt(found []int) numeralPlace {
	for group := 2; group < len(found)/2; group++ {
		if found[2*group] >= 0 {
			return numeralPlace{found[2*group], found[2*group+1], group == len(found)/2-1}
		}
	}
	return numeralPlace{}
}

// labelWriter writes a text from numeral to numeral.
type labelWriter struct {
	text string
	out  strings.Builder
	at   int // up to here it is written
	open int // where a numeral without a label ended: words directly behind it belong to that
}

// write writes the text up to the end of a numeral; next is where the one after it begins.
func (w *labelWriter) write(n numeralPlace, next int) {
	start, end := w.labelStart(n.start), n.end
	labelled := start < n.start
	if sign := signBehind().FindStringSubmatch(w.text[end:next]); sign != nil && (labelled || !n.bare) {
		end += len(sign[1])
	}
	ends := end > n.end || w.endsValue(n)
	if labelled {
		end += w.wordsUntil(end, next)
	}
	if !labelled {
		w.open = end
	}
	switch {
	case !n.bare || labelled && ends:
		w.isolate(start, end)
	case labelled && w.unitIsOutside(n):
		w.isolate(start, len(strings.TrimRight(w.text[:n.start], spaces+":=")))
	}
}

func (w *labelWriter) isolate(start, end int) {
	w.out.WriteString(signsIsolated(w.text, w.at, start) + leftToRightIsolate + w.text[start:end] + popIsolate)
	w.at = end
}

// labelStart returns where the label of a numeral begins; that is the numeral itself where it has none.
func (w *labelWriter) labelStart(numeral int) int {
	from := max(w.at, w.open, numeral-maxLabelBytes)
	found := labelBefore().FindStringIndex(w.text[from:numeral])
	if found == nil {
		return numeral
	}
	start := from + found[0]
	before, _ := utf8.DecodeLastRuneInString(w.text[:start])
	continues := w.open > 0 && strings.Trim(w.text[w.open:start], spaces) == ""
	if continues || unicode.In(before, unicode.Latin, unicode.Greek, unicode.Nd) || strings.ContainsRune("&;@#_", before) {
		return numeral
	}
	return start
}

// wordsUntil measures the words behind a labelled numeral that are no label of the next one: "morphine 5 mg now" is one phrase.
func (w *labelWriter) wordsUntil(end, next int) int {
	words := len(wordsBehind().FindString(w.text[end:next]))
	if next < len(w.text) && strings.Trim(w.text[end+words:next], spaces+":=") == "" {
		return 0
	}
	return words
}

// endsValue reports whether a number alone is the whole value of its label.
func (w *labelWriter) endsValue(n numeralPlace) bool {
	behind := w.behind(n)
	return w.isSeparate(n) && !unicode.IsLetter(behind) && !unicode.IsDigit(behind)
}

// unitIsOutside reports whether a word of the text's own letters stands behind a number alone. It may be its unit: then the number
// must not be drawn to the label, which would put "morphine" between "5" and "ملغ".
func (w *labelWriter) unitIsOutside(n numeralPlace) bool {
	return w.isSeparate(n) && unicode.In(w.behind(n), unicode.Arabic, unicode.Hebrew)
}

func (w *labelWriter) behind(n numeralPlace) rune {
	r, _ := utf8.DecodeRuneInString(strings.TrimLeft(w.text[n.end:], spaces))
	return r
}

// isSeparate reports whether a number is no part of a name, as in "COVID-19".
func (w *labelWriter) isSeparate(n numeralPlace) bool {
	r, _ := utf8.DecodeLastRuneInString(w.text[:n.start])
	return strings.ContainsRune(spaces+":=", r)
}
