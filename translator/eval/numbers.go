package eval

import (
	"regexp"
	"slices"
	"strings"
)

// written finds a number in digits with its separators.
var written = regexp.MustCompile(`[0-9]+(?:[.,\x{a0}\x{202f}][0-9]+)*`)

// grouped finds one whose separators part thousands, in whatever language.
var grouped = regexp.MustCompile(`^[0-9]{1,3}(?:[^0-9][0-9]{3})+$`)

// numbersIn lists the numbers that a text has in digits, as values and in the order of these: "1,000" is "1.000", and
// "2.50" is "2,5".
func numbersIn(text string) []string {
	found := written.FindAllString(text, -1)
	for i, number := range found {
		found[i] = valueOf(number)
	}
	slices.Sort(found)
	return found
}

func valueOf(number string) string {
	parts := strings.FieldsFunc(number, func(r rune) bool { return r < '0' || r > '9' })
	if len(parts) == 1 || grouped.MatchString(number) {
		return strings.Join(parts, "")
	}
	whole, fraction := strings.Join(parts[:len(parts)-1], ""), strings.TrimRight(parts[len(parts)-1], "0")
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}

// sameNumbers reports whether two texts have the same numbers in digits, each as often.
func sameNumbers(a, b string) bool { return slices.Equal(numbersIn(a), numbersIn(b)) }
