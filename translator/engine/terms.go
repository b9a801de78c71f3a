package engine

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"medixchange/translator/protect"
)

// Term is an entry of a glossary for the languages of a request: how a word or phrase is to be translated.
type Term struct {
	Source string `json:"source"`
	Target string `json:"target"`
}

// maxTerms is how many terms of a request are heeded.
const maxTerms = 200

// stretch is a place in a text, and the term that stands there if it is one.
type stretch struct {
	text string
	term *Term
}

// glossary finds terms in texts: the longest first, in any case, whole words only.
type glossary []Term

// newGlossary prepares the terms of a request.
func newGlossary(terms []Term) glossary {
	g := make(glossary, 0, min(len(terms), maxTerms))
	for _, t := range terms {
		if len(g) < maxTerms && t.Source != "" && t.Target != "" {
			g = append(g, t)
		}
	}
	slices.SortStableFunc(g, func(a, b Term) int { return cmp.Compare(len(b.Source), len(a.Source)) })
	return g
}

// split divides a text at the terms in it.
func (g glossary) split(text string) []stretch {
	if len(g) == 0 {
		return []stretch{{text: text}}
	}
	var parts []stretch
	start := 0
	for i := 0; i < len(text); {
		term, length := g.at(text, i)
		if term == nil {
			_, width := utf8.DecodeRuneInString(text[i:])
			i += width
			continue
		}
		if i > start {
			parts = append(parts, stretch{text: text[start:i]})
		}
		parts = append(parts, stretch{text: text[i : i+length], term: term})
		i += length
		start = i
	}
	if start < len(text) {
		parts = append(parts, stretch{text: text[start:]})
	}
	return parts
}

// at is the term that stands at a place of a text, and its length there.
func (g glossary) at(text string, i int) (*Term, int) {
	before, _ := utf8.DecodeLastRuneInString(text[:i])
	for k := range g {
		length := prefixFold(text[i:], g[k].Source)
		if length == 0 {
			continue
		}
		first, _ := utf8.DecodeRuneInString(text[i:])
		last, _ := utf8.DecodeLastRuneInString(text[:i+length])
		after, _ := utf8.DecodeRuneInString(text[i+length:])
		if !oneWord(before, first) && !oneWord(last, after) {
			return &g[k], length
		}
	}
	return nil, 0
}

// prefixFold is how much of text equals prefix but for the case, 0 if it does not begin with it. What is in capitals alone is
// found in capitals alone: "ALL" is a leukaemia, "all" is not.
func prefixFold(text, prefix string) int {
	capitals := strings.ToUpper(prefix) == prefix
	i := 0
	for _, want := range prefix {
		got, width := utf8.DecodeRuneInString(text[i:])
		if width == 0 || unicode.ToLower(got) != unicode.ToLower(want) || capitals && got != want {
			return 0
		}
		i += width
	}
	return i
}

// oneWord reports whether two neighbours belong to one word. Scripts without spaces have no such bounds.
func oneWord(a, b rune) bool { return wordRune(a) && wordRune(b) }

func wordRune(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)) &&
		!unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
}

// in lists the terms that occur in the text of segments.
func (g glossary) in(segments []protect.Segment) []Term {
	var terms []Term
	seen := map[string]bool{}
	for _, segment := range segments {
		for _, piece := range segment {
			if piece.Kind != protect.Text {
				continue
			}
			for _, part := range g.split(piece.Text) {
				if part.term != nil && !seen[strings.ToLower(part.term.Source)] {
					seen[strings.ToLower(part.term.Source)] = true
					terms = append(terms, *part.term)
				}
			}
		}
	}
	return terms
}
