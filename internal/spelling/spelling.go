// Package spelling finds what a misspelt word was meant to be, for messages about files that people write.
package spelling

import "strings"

// maxWord bounds the words that are compared, in bytes: longer ones are no misspelling of a key.
const maxWord = 60

// Nearest returns the candidate that word is most likely a misspelling of, "" where none is near. Candidates are in small
// letters.
func Nearest(word string, candidates []string) string {
	if len(word) > maxWord {
		return ""
	}
	best, limit := "", max(2, len(word)/3)+1
	for _, candidate := range candidates {
		if d := distance(strings.ToLower(word), candidate); d < limit {
			best, limit = candidate, d
		}
	}
	return best
}

// distance counts insertions, deletions and substitutions (Levenshtein).
func distance(a, b string) int {
	if len(b) > maxWord {
		return maxWord
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
