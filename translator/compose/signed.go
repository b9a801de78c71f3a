package compose

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"medixchange/internal/pattern"
)

// signs are those that end words in Latin letters: "O-", "HER2+", "Ca²⁺", "Cl⁻".
const signs = "+⁺⁻−-"

// signedWord is a word that may end with such a sign, and may have more of them within it.
const signedWord = `[\p{Latin}\p{Greek}][\p{Latin}\p{Greek}0-9₀-₉²³'’/` + signs + `]*`

// latinPhrase is a run of words in Latin or Greek letters, as clients show it from left to right without being asked.
var latinPhrase = pattern.Lazy(signedWord + `(?:` + space + signedWord + `)*`)

// maxHyphened is the longest word behind which a hyphen is taken for a minus: "AB-", "HBsAg-". Behind others it is a dash.
const maxHyphened = 6

// signsIsolated isolates each phrase in Latin letters of text[from:to] that ends with a sign: an Arabic sentence takes the sign to the
// phrase's other end, so that blood group "O-" is shown as "-O" and, before "HER2+", as "+O-".
func signsIsolated(text string, from, to int) string {
	part := text[from:to]
	if !strings.ContainsAny(part, signs) {
		return part
	}
	var out strings.Builder
	at := 0
	for _, found := range latinPhrase().FindAllStringIndex(part, -1) {
		before, _ := utf8.DecodeLastRuneInString(text[:from+found[0]])
		behind, _ := utf8.DecodeRuneInString(text[from+found[1]:])
		if !endsWithSign(part[found[0]:found[1]]) || continuesWord(before) || strings.ContainsRune("&;@#_", before) || continuesWord(behind) {
			continue
		}
		out.WriteString(part[at:found[0]] + leftToRightIsolate + part[found[0]:found[1]] + popIsolate)
		at = found[1]
	}
	return out.String() + part[at:]
}

func continuesWord(r rune) bool { return unicode.In(r, unicode.Latin, unicode.Greek, unicode.Nd) }

// endsWithSign reports whether a phrase ends with a sign that belongs to its last word.
func endsWithSign(phrase string) bool {
	sign, _ := utf8.DecodeLastRuneInString(phrase)
	if !strings.ContainsRune(signs, sign) {
		return false
	}
	word := phrase[strings.LastIndexAny(phrase, spaces)+1:]
	first, _ := utf8.DecodeRuneInString(word)
	return sign != '-' || unicode.IsUpper(first) && utf8.RuneCountInString(word) <= maxHyphened+1
}
