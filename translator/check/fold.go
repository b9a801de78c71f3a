package check

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"medixchange/translator/language"
)

// folded is text prepared for matching: lower case, compatibility forms unified, accents of spaced
// scripts removed. Every rune knows where in the original it comes from.
type folded struct {
	text   string
	runes  []rune
	starts []int32       // byte offset in text of the rune that runes[i] comes from
	ends   []int32       // byte offset after it
	lang   language.Code // base of its language, "" if that does not matter
}

func fold(text string) *folded { return foldFor(text, false) }

// foldIn is fold for a text in a language.
func foldIn(text string, code language.Code) *folded {
	f := foldFor(text, keepsAccents(code))
	f.lang = code.Base()
	return f
}

// foldFor is fold for a language; with accents they stay, since Vietnamese has words that differ by
// nothing else (đừng, dùng).
func foldFor(text string, accents bool) *folded {
	n := len(text)
	room := make([]int32, 3*n) // a rune is an int32
	f := &folded{text: text, runes: room[:0:n], starts: room[n : n : 2*n], ends: room[2*n : 2*n]}
	single := singles()
	for start, r := range text {
		end := start + utf8.RuneLen(r)
		if !accents || r < 0x80 {
			if one := single.of(r); one != 0 {
				f.put(one, start, end)
				continue
			}
		}
		f.putWide(r, start, end, accents)
	}
	return f
}

func (f *folded) put(r rune, start, end int) {
	f.runes = append(f.runes, r)
	f.starts = append(f.starts, int32(start))
	f.ends = append(f.ends, int32(end))
}

func (f *folded) putWide(r rune, start, end int, accents bool) {
	if accents && unicode.Is(unicode.Latin, r) {
		f.put(unicode.ToLower(r), start, end)
		return
	}
	if dropped(r) {
		return
	}
	for _, part := range unified(r) {
		f.put(part, start, end)
	}
}

// unified gives the runes that stand for r in folded text.
func unified(r rune) []rune {
	if others, ok := alphabetRules().fold[r]; ok {
		return others
	}
	if simple := language.Simplified(r); simple != r {
		return []rune{simple}
	}
	composed := []rune(norm.NFKC.String(string(unicode.ToLower(r))))
	if len(composed) > 1 && slices.Contains(composed, fractionMark) { // of "2½" the 2 is no part
		return slices.Insert(composed, 0, ' ')
	}
	if !accented(r) {
		return composed
	}
	var bare []rune
	for _, part := range norm.NFD.String(string(composed)) {
		if !dropped(part) {
			bare = append(bare, part)
		}
	}
	return bare
}

// accented reports whether marks on r are left out: й and ё lose theirs as é does, か keeps its own.
func accented(r rune) bool { return unicode.In(r, unicode.Latin, unicode.Cyrillic, unicode.Greek) }

// dropped reports runes that carry no meaning for matching: combining accents, Arabic vowel signs
// and stretching, soft hyphens, joiners, direction marks and isolates.
func dropped(r rune) bool {
	switch {
	case r >= 0x0300 && r <= 0x036f, r >= 0x064b && r <= 0x0652, r == 0x0670, r == 0x0640:
		return true
	case r == 0x00ad, r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff, r == 0xfe0f:
		return true
	}
	return false
}

// foldedString is fold for text whose offsets do not matter.
func foldedString(text string) string { return string(fold(text).runes) }

// foldedWords are words as they stand in a folded text.
func foldedWords(words []string, accents bool) (folded []string) {
	for _, word := range words {
		folded = append(folded, string(foldFor(word, accents).runes))
	}
	return folded
}

// keepsAccents reports languages whose words differ by accents alone.
func keepsAccents(code language.Code) bool { return wordsOf(code).Accents }

// place is where runes[from:to] stand in the source text.
func (f *folded) place(from, to int) Span {
	return Span{int(f.starts[from]), int(f.ends[to-1])}
}

// original is the source text of runes[from:to].
func (f *folded) original(from, to int) string {
	return strings.TrimSpace(f.text[f.starts[from]:f.ends[to-1]])
}

// hasAccent reports whether a word is written with an accent, or with an apostrophe in its place ("ne'").
func (f *folded) hasAccent(m match) bool {
	end := len(f.text)
	if m.to < len(f.runes) {
		end = int(f.starts[m.to])
	}
	word := f.text[f.starts[m.from]:end]
	return strings.ContainsFunc(word, func(r rune) bool { return r >= utf8.RuneSelf && accented(r) }) || strings.ContainsFunc(word, dropped) || isOneOf("'’", f.at(m.to))
}

func (f *folded) at(i int) rune {
	if i < 0 || i >= len(f.runes) {
		return 0
	}
	return f.runes[i]
}

// unspaced reports whether r belongs to a script that writes words without spaces.
func unspaced(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// wordRune reports whether r continues a word of a spaced script.
func wordRune(r rune) bool {
	switch {
	case r >= 0 && r < alphabets:
		return alphabetLetters[r]
	case r >= firstHan && r <= lastHan:
		return false
	case r >= firstHangul && r <= lastHangul:
		return true
	}
	return unicode.IsLetter(r) && !unspaced(r)
}

func isSpace(r rune) bool {
	return r == ' ' || r == 0xa0 || r == 0x202f || r == 0x2009 || r == 0x3000 || r == '\t'
}
