package glossary

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"medixchange/translator/language"
)

// folded is a text as it is compared: small letters, one form of what is written in several, single spaces. Unlike the
// medical checks it keeps accents: "ano" is not "año". Each rune knows where it stands in the text, in bytes.
type folded struct {
	text   string
	runes  []rune
	starts []int32
	ends   []int32
}

func fold(text string) *folded {
	n := utf8.RuneCountInString(text)
	f := &folded{text: text, runes: make([]rune, 0, n), starts: make([]int32, 0, n), ends: make([]int32, 0, n)}
	for start, r := range text {
		switch {
		case r == utf8.RuneError:
			_, width := utf8.DecodeRuneInString(text[start:])
			f.put(r, start, start+width)
		case r < 0x80 && r > ' ':
			f.put(asciiLower(r), start, start+1)
		case space(r):
			f.space(start, start+utf8.RuneLen(r))
		case composes(r) && f.compose(r, start+utf8.RuneLen(r)), dropped(r):
		default:
			f.putSame(r, start, start+utf8.RuneLen(r))
		}
	}
	if n := len(f.runes); n > 0 && f.runes[n-1] == ' ' {
		f.runes = f.runes[:n-1]
	}
	return f
}

func (f *folded) put(r rune, start, end int) {
	f.runes, f.starts, f.ends = append(f.runes, r), append(f.starts, int32(start)), append(f.ends, int32(end))
}

// space makes one of several.
func (f *folded) space(start, end int) {
	if n := len(f.runes); n > 0 && f.runes[n-1] != ' ' {
		f.put(' ', start, end)
	}
}

// compose puts an accent that stands apart onto the letter before it.
func (f *folded) compose(mark rune, end int) bool {
	n := len(f.runes)
	if n == 0 {
		return false
	}
	composed := []rune(norm.NFC.String(string([]rune{f.runes[n-1], mark})))
	if len(composed) != 1 {
		return false
	}
	f.runes[n-1], f.ends[n-1] = composed[0], int32(end)
	return true
}

// at is the rune at a place, 0 outside.
func (f *folded) at(i int) rune {
	if i < 0 || i >= len(f.runes) {
		return 0
	}
	return f.runes[i]
}

func asciiLower(r rune) rune {
	if r >= 'A' && r <= 'Z' {
		return r + ('a' - 'A')
	}
	return r
}

func space(r rune) bool { return r <= ' ' || unicode.IsSpace(r) || r == 0x00a0 || r == 0x202f }

// composes reports accents, and the voicing marks of kana.
func composes(r rune) bool { return r >= 0x0300 && r <= 0x036f || r == 0x3099 || r == 0x309a }

// dropped reports what says nothing about which word it is: vowel signs and stretching of Arabic, soft hyphens, joiners,
// direction marks, variation selectors.
func dropped(r rune) bool {
	switch {
	case composes(r), r >= 0x064b && r <= 0x0652, r == 0x0670, r == 0x0640:
		return true
	case r == 0x00ad, r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff, r >= 0xfe00 && r <= 0xfe0f:
		return true
	}
	return false
}

// putSame puts what stands for a rune in folded text.
func (f *folded) putSame(r rune, start, end int) {
	if one := same(r); one != 0 {
		f.put(one, start, end)
		return
	}
	if r == 'ß' || r == 'ẞ' {
		f.put('s', start, end)
		f.put('s', start, end)
		return
	}
	for _, part := range strings.ToLower(norm.NFKC.String(string(r))) {
		f.put(part, start, end)
	}
}

// same is the rune that stands for another in folded text; 0 where that takes more than one, or a look at its compatible form.
func same(r rune) rune {
	switch r {
	case 'ı', 'İ':
		return 'i' // capitals of Turkish are written without their dots, and with
	case 'أ', 'إ', 'آ', 'ٱ':
		return 'ا'
	case 'ى', 'ی', 'ے':
		return 'ي'
	case 'ک':
		return 'ك'
	case 'ۀ', 'ہ', 'ھ', 'ە', 'ة':
		return 'ه'
	case '‐', '‑', '‒', '–', '—', '−':
		return '-'
	case '’', '‘', 'ʼ', '´':
		return '\''
	case '⁄', '∕':
		return '/'
	case 'ß', 'ẞ', 0x0e33, 0x0eb3:
		return 0
	}
	switch {
	case r >= 0x0660 && r <= 0x0669:
		return r - 0x0660 + '0'
	case r >= 0x06f0 && r <= 0x06f9:
		return r - 0x06f0 + '0'
	case r >= 0x3400 && r <= 0x9fff:
		return language.Simplified(r)
	case r >= 0xff01 && r <= 0xff5e:
		return asciiLower(r - 0xff01 + '!') // full width
	case r >= 0x3001 && r <= 0x3020, r >= 0x3041 && r <= 0x30fe, r >= 0xac00 && r <= 0xd7a3:
		return r
	case r > 0xbf && r < 0x2000:
		return unicode.ToLower(r) // letters of most alphabets are their own compatible form
	}
	return 0
}

// careless are languages in which people leave accents out when they type, and the letters that they do not leave out.
var careless = map[language.Code]string{
	"en": "", "es": "ñ", "fr": "", "it": "", "pt": "", "nl": "", "id": "", "ru": "й", "sr": "йјћђ",
}

// bare is a folded form without accents, as the careless write it; "" if that is no other spelling.
func bare(runes []rune, code language.Code) string {
	kept, ok := careless[code.Base()]
	if !ok {
		return ""
	}
	var b strings.Builder
	for _, r := range runes {
		if r >= 0x80 && !strings.ContainsRune(kept, r) && unicode.In(r, unicode.Latin, unicode.Cyrillic) {
			r, _ = firstOf(norm.NFD.String(string(r)))
		}
		b.WriteRune(r)
	}
	if b.String() == string(runes) {
		return ""
	}
	return b.String()
}

func firstOf(text string) (rune, bool) {
	for _, r := range text {
		return r, true
	}
	return 0, false
}
