package check

import (
	"slices"
	"strings"
	"unicode"
)

// thousandMutants make numbers a thousand times smaller or larger by their marks, as engines do that take the mark of one language for
// that of another: 5,000 becomes 5, 1,500 becomes 1.5, and the other way round.
func (d damages) thousandMutants(text string) (list []mutant) {
	runes, marks := []rune(text), []rune(d.Marks)
	if len(marks) < 2 {
		return nil
	}
	for _, r := range digitRuns(runes) {
		if with := otherMarks(runes[r.from:r.to], marks[0], marks[1]); with != "" {
			list = append(list, mutant{"thousand", string(runes[:r.from]) + with + string(runes[r.to:])})
		}
	}
	return list
}

// otherMarks gives the digits of a number with another value by its marks, "" where there is none to give.
func otherMarks(digits []rune, group, decimal rune) string {
	isMark := func(r rune) bool { return !unicode.IsDigit(r) }
	zero := digits[0] - rune(decimalValue(digits[0]))
	at := slices.IndexFunc(digits, isMark)
	switch {
	case digits[0] == zero:
		return ""
	case at < 0 && len(digits) <= groupDigits:
		return string(digits) + string(group) + strings.Repeat(string(zero), groupDigits)
	case at < 0 || slices.ContainsFunc(digits[at+1:], isMark):
		return ""
	}
	whole, part := string(digits[:at]), digits[at+1:]
	switch {
	case digits[at] == group && len(part) == groupDigits:
		return strings.TrimRight(whole+string(decimal)+strings.TrimRight(string(part), string(zero)), string(decimal))
	case digits[at] == decimal && len(part) < groupDigits:
		return whole + string(group) + string(part) + strings.Repeat(string(zero), groupDigits-len(part))
	}
	return ""
}
