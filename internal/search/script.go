package search

import (
	"unicode"
)

// class is how a letter makes words.
type class uint8

const (
	other     class = iota // parts words
	letter                 // of a script that parts words: Latin, Cyrillic, Arabic, …
	digit                  // of any script
	ideograph              // Han
	kana                   // hiragana, katakana
	syllable               // Hangul
	unspaced               // letters of scripts without spaces: Thai, Lao, Khmer, Burmese
	joiner                 // parts a word that is also one: hyphen, apostrophe, ZWNJ
)

const zwnj = 0x200C

func classOf(r rune) class {
	if r < 0x80 {
		return classOfASCII(r)
	}
	switch {
	case r == zwnj, r == 0x2019, r == 0x2010, r == 0x2011, r == 0x02BC, r == 0x05BE:
		return joiner
	case unicode.Is(unicode.Nd, r):
		return digit
	case r == 'ー' || unicode.In(r, unicode.Hiragana, unicode.Katakana):
		return kana
	case unicode.Is(unicode.Han, r):
		return ideograph
	case unicode.Is(unicode.Hangul, r):
		return syllable
	case unicode.In(r, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
		return classOfUnspaced(r)
	case unicode.IsLetter(r), unicode.IsMark(r), ignorable[r]:
		return letter
	}
	return other
}

func classOfASCII(r rune) class {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z':
		return letter
	case '0' <= r && r <= '9':
		return digit
	case r == '-', r == '\'', r == '_', r == '.', r == '/':
		return joiner
	}
	return other
}

func classOfUnspaced(r rune) class {
	if unicode.IsLetter(r) || unicode.IsMark(r) {
		return unspaced
	}
	return other
}

// digitValue is that of a decimal digit of any script: each has its ten in a row, from a multiple of the table's stride.
func digitValue(r rune) byte {
	if r < 0x80 {
		return byte(r)
	}
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return '0' + byte((r-rune(t.Lo))%10)
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return '0' + byte((r-rune(t.Lo))%10)
		}
	}
	return '0'
}
