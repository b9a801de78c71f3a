package handbook

import (
	"strings"
	"unicode"
)

// PieceKind says in which of two texts a piece stands.
type PieceKind int

// The kinds.
const (
	Same PieceKind = iota
	Gone           // in the text before only
	New            // in the text now only
)

// Piece is a part of two texts that were compared.
type Piece struct {
	Kind PieceKind
	Text string // with the spaces behind its words; a line end stands between two paragraphs
}

// maxCompared bounds the words of each text that are compared one by one: the work grows with their product.
const maxCompared = 1500

// ProseOf gives the heading, paragraphs, list items and cells of a block's Markdown as plain text, also of one that no edition
// has any more.
func ProseOf(block string) []string {
	var out []string
	for _, b := range parseBody(&log{}, &Section{Body: block, BodyLine: 1}) {
		out = append(out, b.Segments...)
	}
	return out
}

// Pieces finds what two texts have in common, word by word, in the order of the texts. Texts that are very long are not taken apart.
func Pieces(before, now []string) []Piece {
	a, b := wordsIn(before), wordsIn(now)
	var out []Piece
	start, end := common(a, b)
	for _, word := range a[:start] {
		out = put(out, Same, word)
	}
	middleA, middleB := a[start:len(a)-end], b[start:len(b)-end]
	if len(middleA) > maxCompared || len(middleB) > maxCompared {
		out = put(put(out, Gone, strings.Join(middleA, "")), New, strings.Join(middleB, ""))
	} else {
		out = compareWords(out, middleA, middleB)
	}
	for _, word := range a[len(a)-end:] {
		out = put(out, Same, word)
	}
	return out
}

// common counts the words that two texts have in common at their beginnings and at their ends.
func common(a, b []string) (start, end int) {
	for start < min(len(a), len(b)) && a[start] == b[start] {
		start++
	}
	for end < min(len(a), len(b))-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	return start, end
}

// compareWords appends the pieces of two texts by their longest common subsequence.
func compareWords(out []Piece, a, b []string) []Piece {
	longest := make([][]uint16, len(a)+1) // of what begins at i and j
	for i := range longest {
		longest[i] = make([]uint16, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				longest[i][j] = longest[i+1][j+1] + 1
				continue
			}
			longest[i][j] = max(longest[i+1][j], longest[i][j+1])
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = put(out, Same, a[i])
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && longest[i+1][j] >= longest[i][j+1]:
			out = put(out, Gone, a[i])
			i++
		default:
			out = put(out, New, b[j])
			j++
		}
	}
	return out
}

// put appends a word to the last piece where that is of the same kind.
func put(out []Piece, kind PieceKind, word string) []Piece {
	if word == "" {
		return out
	}
	if n := len(out); n > 0 && out[n-1].Kind == kind {
		out[n-1].Text += word
		return out
	}
	return append(out, Piece{kind, word})
}

// wordsIn takes texts apart: words with the spaces behind them, each letter of scripts that are written without spaces, and a line
// end between two texts.
func wordsIn(texts []string) []string {
	var out []string
	for i, text := range texts {
		if i > 0 {
			out = append(out, "\n")
		}
		var word strings.Builder
		spaces := false
		for _, r := range text {
			if spaces && !unicode.IsSpace(r) || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai) {
				if word.Len() > 0 {
					out = append(out, word.String())
				}
				word.Reset()
			}
			spaces = unicode.IsSpace(r)
			word.WriteRune(r)
		}
		if word.Len() > 0 {
			out = append(out, word.String())
		}
	}
	return out
}
