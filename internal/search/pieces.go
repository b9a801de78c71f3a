package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// maxText bounds what is read of one field, in bytes; an event of Matrix has 64 KiB.
	maxText = 64 << 10
	// maxWord bounds a word, in letters; what is longer is no word but data, and its beginning stands for it.
	maxWord = 32
	// maxParts bounds the parts of a word that is also looked for as a whole.
	maxParts = 4
)

// source is a text in the form NFKC, with the place that each letter has in the text as it was.
type source struct {
	text   string
	runes  []rune
	starts []int32
	ends   []int32
}

func read(text string) *source {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	s := &source{text: text, runes: make([]rune, 0, len(text)), starts: make([]int32, 0, len(text)), ends: make([]int32, 0, len(text))}
	if norm.NFKC.IsNormalString(text) {
		for at, r := range text {
			s.add(r, at, at+utf8.RuneLen(max(r, 0)))
		}
		return s
	}
	var it norm.Iter
	it.InitString(norm.NFKC, text)
	for !it.Done() {
		at := it.Pos()
		segment := it.Next()
		for _, r := range string(segment) {
			s.add(r, at, it.Pos())
		}
	}
	return s
}

func (s *source) add(r rune, start, end int) {
	s.runes = append(s.runes, r)
	s.starts = append(s.starts, int32(start))
	s.ends = append(s.ends, int32(min(end, len(s.text))))
}

// piece is what one look at a text finds: a word, a number, or a run of a script without spaces.
type piece struct {
	class    class  // letter, digit, ideograph (with kana), syllable or unspaced
	term     string // folded
	from, to int    // in source.runes
	parts    int    // of a whole: how many pieces before it are its parts
}

// scanner takes a text to pieces.
type scanner struct {
	*source
	simplify func(rune) rune
	pieces   []piece
	buffer   []byte
}

// scan returns the pieces of a text. A word of parts (COVID-19, 5mg, می‌روم) gives its parts and then the whole, since
// others write them together or apart.
func scan(text string, simplify func(rune) rune) (*source, []piece) {
	s := &scanner{source: read(text), simplify: simplify}
	for at := 0; at < len(s.runes); {
		switch classOf(s.runes[at]) {
		case letter, digit, joiner:
			at = s.word(at)
		case ideograph, kana:
			at = s.run(at, ideograph, kana)
		case syllable:
			at = s.run(at, syllable, syllable)
		case unspaced:
			at = s.run(at, unspaced, unspaced)
		default:
			at++
		}
	}
	return s.source, s.pieces
}

// run takes all letters of two classes together.
func (s *scanner) run(at int, a, b class) int {
	from := at
	s.buffer = s.buffer[:0]
	for ; at < len(s.runes); at++ {
		if c := classOf(s.runes[at]); c != a && c != b {
			break
		}
		s.buffer = fold(s.buffer, s.runes[at], s.simplify)
	}
	s.pieces = append(s.pieces, piece{class: a, term: string(s.buffer), from: from, to: at})
	return at
}

// word takes letters, digits and what joins them.
func (s *scanner) word(at int) int {
	first := len(s.pieces)
	from := at
	for at < len(s.runes) {
		switch classOf(s.runes[at]) {
		case letter:
			at = s.letters(at)
			continue
		case digit:
			at = s.number(at)
			continue
		case joiner:
			at++
			continue
		}
		break
	}
	if parts := len(s.pieces) - first; parts > 1 && parts <= maxParts {
		whole := piece{class: letter, from: from, to: at, parts: parts}
		for _, p := range s.pieces[first:] {
			whole.term += p.term
		}
		whole.term = cutWord(whole.term)
		s.pieces = append(s.pieces, whole)
	}
	return at
}

func (s *scanner) letters(at int) int {
	from := at
	s.buffer = s.buffer[:0]
	for ; at < len(s.runes) && classOf(s.runes[at]) == letter; at++ {
		s.buffer = fold(s.buffer, s.runes[at], s.simplify)
	}
	if len(s.buffer) > 0 {
		term := withoutArticle(cutWord(string(s.buffer)))
		s.pieces = append(s.pieces, piece{class: letter, term: term, from: from, to: at})
	}
	return at
}

// number takes digits, and one separator at a time between them: 0,5 and 0.5 and ٠٫٥ are one number.
func (s *scanner) number(at int) int {
	from := at
	s.buffer = s.buffer[:0]
	for at < len(s.runes) {
		r := s.runes[at]
		switch {
		case classOf(r) == digit:
			s.buffer = append(s.buffer, digitValue(r))
		case isSeparator(r) && at+1 < len(s.runes) && classOf(s.runes[at+1]) == digit:
			s.buffer = append(s.buffer, '.')
		default:
			return s.endNumber(from, at)
		}
		at++
	}
	return s.endNumber(from, at)
}

func (s *scanner) endNumber(from, at int) int {
	s.pieces = append(s.pieces, piece{class: digit, term: cutWord(string(s.buffer)), from: from, to: at})
	return at
}

func isSeparator(r rune) bool { return r == '.' || r == ',' || r == '٫' || r == '٬' || r == '،' }

func cutWord(term string) string {
	letters := 0
	for at := range term {
		if letters == maxWord {
			return term[:at]
		}
		letters++
	}
	return term
}

// articles begin Arabic words that are looked for without them: al-, wa-l-, fa-l-, bi-l-, ka-l-, li-l-.
var articles = []string{"وال", "فال", "بال", "كال", "لل", "ال"}

// withoutArticle takes the article from an Arabic word of which enough is left.
func withoutArticle(term string) string {
	if first, _ := utf8.DecodeRuneInString(term); !unicode.Is(unicode.Arabic, first) {
		return term
	}
	for _, article := range articles {
		if rest, ok := strings.CutPrefix(term, article); ok && utf8.RuneCountInString(rest) >= 3 {
			return rest
		}
	}
	return term
}
