package identifiers

import (
	"regexp"
	"slices"
	"unicode"
	"unicode/utf8"

	"medixchange/internal/pattern"
)

// scheme is a kind of number as a country writes it.
type scheme struct {
	pattern *regexp.Regexp
	valid   func(compacted string) bool // nil: the form is enough
}

// figures are runs of digits with letters among them and marks that only make them readable.
var figures = pattern.Lazy(`\d[\dA-Za-z]*(?:[ ./()-]{1,3}\d[\dA-Za-z]*)*`)

// Least numbers of digits: behind a label of each kind, and of a number that its form alone tells.
const (
	minRecordDigits   = 4
	minIdentityDigits = 5
	minPhoneDigits    = 6
	minSchemeDigits   = 7
)

// maxRun is how long a run of figures is in which numbers are told apart, in bytes; a longer one counts as some.
const maxRun = 1000

// beyond is how far a number may reach over the run of its figures, in bytes: letters before it, a mark behind it.
const beyond = 10

// holds reports whether a run of figures holds a number of some scheme.
func holds(schemes []scheme, line string, run span) bool {
	if run.end-run.start > maxRun {
		return true
	}
	window := span{max(0, run.start-beyond), min(len(line), run.end+beyond)}
	for window.start > 0 && !utf8.RuneStart(line[window.start]) {
		window.start--
	}
	for window.end < len(line) && !utf8.RuneStart(line[window.end]) {
		window.end++
	}
	return slices.ContainsFunc(schemes, func(s scheme) bool { return s.found(line, window) })
}

// found looks for a number of the scheme in a window of a line. A match that turns out to be none hides no other that begins
// in it.
func (s scheme) found(line string, window span) bool {
	for from := window.start; from < window.end; {
		at := s.pattern.FindStringIndex(line[from:window.end])
		if at == nil {
			return false
		}
		start, end := from+at[0], from+at[1]
		if alone(line, start, end) && (s.valid == nil || s.valid(compact(line[start:end]))) {
			return true
		}
		from = nextStart(line, start)
	}
	return false
}

// nextStart is the first place behind one where a number may begin: not within digits, where none is by itself.
func nextStart(line string, from int) int {
	_, size := utf8.DecodeRuneInString(line[from:])
	for from += size; from < len(line) && isDigit(line[from-1]) && isDigit(line[from]); {
		from++
	}
	return from
}

// alone reports whether a place is a number by itself: no digit or letter of its kind stands beside it.
func alone(line string, start, end int) bool {
	if inside(line, start, end) {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(line[:start])
	after, _ := utf8.DecodeRuneInString(line[end:])
	return !spaced(before) && !spaced(after) && (before != '+' || line[start] == '+')
}

// spaced reports whether a rune is a letter of a script in which words have spaces between them.
func spaced(r rune) bool {
	return unicode.IsLetter(r) && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai)
}

// measured reports whether a text goes on with a unit: then the number before it is a measurement.
func (r *rules) measured(after string) bool {
	return r.units.MatchString(after)
}
