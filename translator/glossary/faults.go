package glossary

import (
	"fmt"
	"strings"
)

// Fault is what is wrong at a place of a file.
type Fault struct {
	Line   int    `json:"line"`             // from 1
	Column int    `json:"column,omitempty"` // from 1; 0: the line as a whole
	Field  string `json:"field,omitempty"`  // name of the column
	Reason string `json:"reason"`
}

// Error says it in one line.
func (f Fault) Error() string {
	place := fmt.Sprintf("line %d", f.Line)
	if f.Column > 0 {
		place += fmt.Sprintf(", column %d", f.Column)
	}
	if f.Field != "" {
		place += " (" + f.Field + ")"
	}
	return place + ": " + f.Reason
}

// Faults are all that is wrong with a file, up to maxFaults.
type Faults []Fault

// maxFaults is after how many a file is read no further.
const maxFaults = 50

// Error says all of it, a line each.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Error()
	}
	if len(f) == maxFaults {
		lines = append(lines, "(and perhaps more)")
	}
	return strings.Join(lines, "\n")
}

// nearest is the word among some that a mistyped one was most likely meant to be, "" if none is near.
func nearest(typed string, words []string) string {
	typed = strings.ToLower(typed)
	best, distance := "", 3
	if len([]rune(typed)) <= 3 {
		distance = 2
	}
	for _, word := range words {
		if d := edits(typed, strings.ToLower(word)); d < distance {
			best, distance = word, d
		}
	}
	return best
}

// edits counts the letters to be changed, added or taken away between two short words.
func edits(a, b string) int {
	from, to := []rune(a), []rune(b)
	if len(from) > 40 || len(to) > 40 {
		return 40
	}
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j := range to {
			cost := diagonal
			if from[i] != to[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(to)]
}

func didYouMean(word string) string {
	if word == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", word)
}
