package language

import (
	"strings"
	"unicode"
)

// serbianLetters are the letters of Serbian by their Latin ones. Two of a pair are one letter: nj, lj, dž.
var serbianLetters = map[rune]string{
	'а': "a", 'б': "b", 'в': "v", 'г': "g", 'д': "d", 'ђ': "đ", 'е': "e", 'ж': "ž", 'з': "z", 'и': "i", 'ј': "j", 'к': "k", 'л': "l", 'љ': "lj",
	'м': "m", 'н': "n", 'њ': "nj", 'о': "o", 'п': "p", 'р': "r", 'с': "s", 'т': "t", 'ћ': "ć", 'у': "u", 'ф': "f", 'х': "h", 'ц': "c", 'ч': "č",
	'џ': "dž", 'ш': "š",
}

// SerbianLatin writes Serbian Cyrillic in the Latin alphabet. It is exact: each letter has one way to be written. What is
// Latin already, and letters that Serbian has not, stay. There is no way back by rule: "nj" is њ in "konj" and н with ј in
// "injekcija".
func SerbianLatin(text string) string {
	if !hasSerbian(text) {
		return text
	}
	runes := []rune(text)
	var b strings.Builder
	b.Grow(len(text))
	for i, r := range runes {
		lower := unicode.ToLower(r)
		latin, known := serbianLetters[lower]
		switch {
		case !known:
			b.WriteRune(r)
		case lower == r:
			b.WriteString(latin)
		case allCapitals(runes, i):
			b.WriteString(strings.ToUpper(latin))
		default:
			first, rest := []rune(latin)[0], []rune(latin)[1:]
			b.WriteRune(unicode.ToUpper(first))
			b.WriteString(string(rest))
		}
	}
	return b.String()
}

// allCapitals reports whether a capital letter stands in a word of capitals: Њ is NJ in ЊЕГА and Nj in Његош.
func allCapitals(runes []rune, i int) bool {
	if i+1 < len(runes) && unicode.IsLetter(runes[i+1]) {
		return unicode.IsUpper(runes[i+1])
	}
	return i > 0 && unicode.IsUpper(runes[i-1])
}

func hasSerbian(text string) bool {
	for _, r := range text {
		if r >= 0x400 && r <= 0x45f {
			return true
		}
	}
	return false
}
