package search

import "unicode/utf8"

// gramLength is how many letters of a script without spaces are looked for together. Thai letters say too little in twos.
func gramLength(c class) int {
	if c == unspaced {
		return 3
	}
	return 2
}

// gram is a piece of a run: letters from ≤ i < to of it.
type gram struct {
	term     string
	from, to int
}

// grams cuts a run into overlapping grams. With ends, the last letters stand alone too, in ever shorter grams, so that
// every letter begins one and shorter words are found by their beginning.
func grams(term string, length int, ends bool) []gram {
	bounds := letterBounds(term)
	letters := len(bounds) - 1
	var all []gram
	for from := 0; from < letters; from++ {
		to := min(from+length, letters)
		if to-from < length && !ends {
			break
		}
		all = append(all, gram{term[bounds[from]:bounds[to]], from, to})
	}
	return all
}

// letterBounds returns where each letter begins, and the end.
func letterBounds(term string) []int {
	bounds := make([]int, 0, utf8.RuneCountInString(term)+1)
	for at := range term {
		bounds = append(bounds, at)
	}
	return append(bounds, len(term))
}

// trigramMark begins the terms whose postings are words.
const trigramMark = "\x01"

const (
	// minFuzzy is the shortest word that is found by parts of it, or in spite of a slip, in letters.
	minFuzzy = 4
	wordEdge = "^"
)

// trigrams returns the terms by which a word is found by parts of it; none for words that are too short for it.
func trigrams(word string) []string {
	if utf8.RuneCountInString(word) < minFuzzy {
		return nil
	}
	edged := wordEdge + word + wordEdge
	found := make([]string, 0, len(edged))
	for _, g := range grams(edged, 3, false) {
		found = append(found, trigramMark+g.term)
	}
	return found
}

// inner leaves out the trigrams at the edges of a word: those of a part of a longer word.
func inner(trigrams []string) []string {
	if len(trigrams) <= 2 {
		return nil
	}
	return trigrams[1 : len(trigrams)-1]
}
