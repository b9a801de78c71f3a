package search

import "golang.org/x/text/unicode/norm"

// Fold writes a short text as the index compares texts: without case, marks and variants of letters, Cyrillic in Latin
// letters. Two spellings of one name are equal then.
func Fold(text string) string {
	var out []byte
	for _, r := range norm.NFKC.String(text) {
		out = fold(out, r, func(r rune) rune { return r })
	}
	return string(out)
}
