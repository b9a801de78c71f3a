package check

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The mutants of this file lose a word without which the rest still reads well.

// droppedUnits leave a number of a dose without its unit: 500 mg becomes 500.
func (d damages) droppedUnits(text string) (list []mutant) {
	for _, unit := range d.Doses {
		for _, at := range occurrences(text, "-"+unit) {
			before := strings.TrimRight(text[:at], " \u00a0\u202f")
			rest := text[at+len(unit):]
			if before == "" || !unicode.IsDigit(lastRune(before)) || strings.HasPrefix(rest, "/") { // of mg/L the L would be left
				continue
			}
			list = append(list, mutant{"unit dropped", before + rest})
		}
	}
	return list
}

// longestEnding is of an adjective, in letters: правого. What is longer is another word: правительство, the government.
const longestEnding = 3

// droppedSides cut "left" and "right" with their endings.
func (d damages) droppedSides(text string) (list []mutant) {
	for _, side := range d.Sides {
		for _, at := range occurrences(text, side) {
			behind := text[at+len(strings.Trim(side, "-")):]
			rest := strings.TrimLeftFunc(behind, func(r rune) bool { return wordLetter(string(r), false) })
			if utf8.RuneCountInString(behind)-utf8.RuneCountInString(rest) <= longestEnding {
				list = append(list, mutant{"side dropped", text[:at] + strings.TrimLeft(rest, " ")})
			}
		}
	}
	return list
}

func lastRune(text string) rune {
	runes := []rune(text)
	return runes[len(runes)-1]
}
