package check

import (
	"sync"
	"unicode"

	"medixchange/translator/language"
)

// Most of the time of a check goes into looking at one rune after another. What the tables of Unicode say of those that
// messages are made of is kept here where it is found by an index or a comparison.

const (
	alphabets                   = 0x700 // below are the Latin, Greek, Cyrillic, Hebrew and Arabic letters
	firstHan, lastHan           = 0x4e00, 0x9fff
	firstHangul, lastHangul     = 0xac00, 0xd7a3
	firstHiragana, lastHiragana = 0x3041, 0x3096
	firstKatakana, lastKatakana = 0x30a1, 0x30fa
)

// alphabetLetters are the letters below alphabets, all of scripts that put spaces between words.
var alphabetLetters = func() (table [alphabets]bool) {
	for r := range table {
		table[r] = unicode.IsLetter(rune(r))
	}
	return table
}()

// singleRunes holds for the runes below alphabets the one rune that stands for each in folded text, 0 where that is none or several.
type singleRunes [alphabets]uint16

var singles = sync.OnceValue(func() *singleRunes {
	var table singleRunes
	for r := range rune(alphabets) {
		if r < 0x80 {
			table[r] = uint16(unicode.ToLower(r))
		} else if dropped(r) {
			continue
		} else if parts := unified(r); len(parts) == 1 && parts[0] <= 0xffff {
			table[r] = uint16(parts[0])
		}
	}
	return &table
})

// of is the rune that stands for r, 0 if that has to be looked up.
func (s *singleRunes) of(r rune) rune {
	switch {
	case r < alphabets:
		return rune(s[r])
	case r >= firstHan && r <= lastHan:
		if alphabetRules().fold[r] != nil {
			return 0
		}
		if simple := language.Simplified(r); simple >= firstHan && simple <= lastHan {
			return simple
		}
	case r >= firstHiragana && r <= lastHiragana, r >= firstKatakana && r <= lastKatakana, r >= firstHangul && r <= lastHangul:
		return r
	}
	return 0
}

// hangul reports Korean letters.
func hangul(r rune) bool { return r >= 0x1100 && unicode.Is(unicode.Hangul, r) }
