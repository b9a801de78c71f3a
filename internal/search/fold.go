package search

import (
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// folded is what letters become beyond what their decomposition gives: letters with strokes, ligatures, Cyrillic (whose
// Serbian has two alphabets, so that all of it is written in Latin letters), and the Arabic letters that Persian, Urdu and
// careless writing use for one another.
var folded = foldTable()

// ignorable letters say nothing and do not part words: harakat and other marks come with their category, these do not.
var ignorable = map[rune]bool{
	0x00AD: true, 0x200B: true, 0x200D: true, 0x200E: true, 0x200F: true, 0x061C: true, 0x202A: true, 0x202B: true, 0x202C: true,
	0x202D: true, 0x202E: true, 0x2060: true, 0x2066: true, 0x2067: true, 0x2068: true, 0x2069: true, 0xFEFF: true,
	0x0640: true, // tatweel
	0x0621: true, // hamza on the line
}

func foldTable() map[rune]string {
	table := map[rune]string{
		'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d", 'þ': "th", 'ł': "l", 'ħ': "h", 'ŋ': "n", 'ı': "i", 'ə': "e", 'ς': "σ",
		// Arabic: one form of alif, ya, kaf, ha.
		'ى': "ي", 'ی': "ي", 'ے': "ي", 'ې': "ي", 'ک': "ك", 'ڪ': "ك", 'ھ': "ه", 'ہ': "ه", 'ە': "ه", 'ة': "ه", 'ۃ': "ه", 'ں': "ن", 'ٱ': "ا",
		// Ukrainian and others' letters beside those below.
		'є': "e", 'і': "i", 'ґ': "g", 'й': "j",
	}
	cyrillic := "а a б b в v г g д d ђ d е e ж z з z и i ј j к k л l љ lj м m н n њ nj о o п p р r с s т t ћ c у u ф f х h ц c ч c џ dz ш s щ sc ы y э e ю ju я ja"
	var letter rune
	for i, word := range splitWords(cyrillic) {
		if i%2 == 0 {
			letter = []rune(word)[0]
			continue
		}
		table[letter] = word
	}
	table['ь'], table['ъ'] = "", "" // so that боль and боли begin alike
	return table
}

func splitWords(s string) []string {
	var words []string
	start := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] != ' ' {
			continue
		}
		words = append(words, s[start:i])
		start = i + 1
	}
	return words
}

// fold appends what a letter (of a text in the form NFKC) becomes: lower case, without marks, in the form that all its
// variants share. simplify is that of [Options].
func fold(dst []byte, r rune, simplify func(rune) rune) []byte {
	if r < 0x80 {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return append(dst, byte(r))
	}
	switch classOf(r) {
	case ideograph:
		return appendRune(dst, simplify(r))
	case kana:
		return appendRune(dst, hiragana(r))
	case syllable, unspaced:
		return appendRune(dst, r)
	}
	if ignorable[r] {
		return dst
	}
	r = unicode.ToLower(r)
	if to, ok := folded[r]; ok {
		return append(dst, to...)
	}
	return foldParts(dst, r)
}

// foldParts folds a letter by its parts.
func foldParts(dst []byte, r rune) []byte {
	parts := norm.NFD.PropertiesString(string(r)).Decomposition()
	if parts == nil {
		if isMark(r) {
			return dst
		}
		return appendRune(dst, r)
	}
	for _, part := range string(parts) {
		switch to, ok := folded[part]; {
		case ok:
			dst = append(dst, to...)
		case !isMark(part):
			dst = appendRune(dst, part)
		}
	}
	return dst
}

// isMark reports whether r is a mark that folding leaves out. The vowel signs of Indic scripts are marks too, and stay.
func isMark(r rune) bool {
	return unicode.Is(unicode.Mn, r) && (unicode.Is(unicode.Inherited, r) || unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Arabic, unicode.Hebrew))
}

// hiragana writes katakana in hiragana and small letters large: ウィルス and ウイルス are one word.
func hiragana(r rune) rune {
	if 'ァ' <= r && r <= 'ヶ' {
		r -= 'ァ' - 'ぁ'
	}
	switch r {
	case 'ぁ', 'ぃ', 'ぅ', 'ぇ', 'ぉ', 'っ', 'ゃ', 'ゅ', 'ょ', 'ゎ':
		return r + 1
	}
	return r
}

func appendRune(dst []byte, r rune) []byte { return append(dst, string(r)...) }
