package glossary

import "unicode"

// class is what decides whether two neighbours belong to one word.
type class uint8

const (
	between  class = iota // spaces, punctuation, symbols
	spaced                // scripts that put spaces between words, and digits
	katakana              // borrowed words, one run of it mostly one word
	unspaced              // scripts that write words without spaces
)

func classOf(r rune) class {
	switch {
	case r < 0x80:
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' {
			return spaced
		}
		return between
	case r >= 0x3400 && r <= 0x9fff, r >= 0x3041 && r <= 0x309f:
		return unspaced // Han and hiragana, without a look at the tables
	case r < 0x0e00 || r >= 0xac00 && r <= 0xd7a3:
		return lettersOf(r)
	case r == 0x30fc || unicode.Is(unicode.Katakana, r):
		return katakana
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
		return unspaced
	}
	return lettersOf(r)
}

func lettersOf(r rune) class {
	if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
		return spaced
	}
	return between
}

// joined reports whether two neighbours may not be taken apart.
func joined(a, b rune) bool {
	switch classOf(a) {
	case spaced:
		return classOf(b) == spaced
	case katakana:
		return classOf(b) == katakana
	case unspaced:
		return thaiTail(b) || thaiLead(a)
	}
	return false
}

// thaiTail reports vowels and tone marks that belong to the letter before them.
func thaiTail(r rune) bool {
	return r >= 0x0e30 && r <= 0x0e3a || r == 0x0e45 || r >= 0x0e47 && r <= 0x0e4e
}

// thaiLead reports vowels that belong to the letter after them.
func thaiLead(r rune) bool { return r >= 0x0e40 && r <= 0x0e44 }

// arabicPrefixes are what Arabic writes together with the word after it: and, so, with, like, for, the. The longest first.
var arabicPrefixes = [][]rune{
	[]rune("وبال"), []rune("وكال"), []rune("وال"), []rune("فال"), []rune("بال"), []rune("كال"), []rune("ولل"),
	[]rune("ال"), []rune("لل"), []rune("وب"), []rune("ول"), []rune("فب"), []rune("فل"),
	[]rune("و"), []rune("ف"), []rune("ب"), []rune("ك"), []rune("ل"),
}

func arabic(r rune) bool { return r >= 0x0600 && r <= 0x06ff && unicode.Is(unicode.Arabic, r) }

// koreanEndings are the particles that Korean writes together with the noun before them.
var koreanEndings = setOf(
	"은", "는", "이", "가", "을", "를", "의", "에", "에서", "에게", "한테", "께", "와", "과", "도", "로", "으로", "만", "부터", "까지", "처럼", "보다",
	"이나", "나", "라", "이라", "이며", "며", "하고", "이고", "고", "들", "들이", "들을", "들은", "들의", "에는", "에도", "로는", "으로는", "와의", "과의",
	"입니다", "이다", "인", "라고", "이라고", "마다", "밖에", "조차", "에서는")

func setOf(words ...string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, word := range words {
		set[word] = true
	}
	return set
}

func hangul(r rune) bool { return r >= 0xac00 && r <= 0xd7a3 }

// koreanEnding is how long the particle is that ends the word at i, 0 if what follows is none.
func (f *folded) koreanEnding(i int) int {
	end := i
	for end < len(f.runes) && hangul(f.runes[end]) && end-i < 5 {
		end++
	}
	if end < len(f.runes) && joined(f.at(end-1), f.runes[end]) || !koreanEndings[string(f.runes[i:end])] {
		return 0
	}
	return end - i
}
