package search

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// Span is a part of a text, in bytes: from ≤ i < to.
type Span struct{ From, To int }

// Matched is what a query was found as. It marks texts, and is safe for concurrent use after Search has returned.
type Matched struct {
	simplify func(rune) rune
	terms    map[string]bool
	shorts   []string // letters that grams begin with
}

func newMatched(simplify func(rune) rune, units []unit) *Matched {
	m := &Matched{simplify: simplify, terms: map[string]bool{}}
	for _, u := range units {
		if u.short {
			m.shorts = append(m.shorts, u.term)
		} else {
			m.terms[u.term] = true
		}
	}
	return m
}

// add notes the forms in which a unit stands in the index.
func (m *Matched) add(found []candidate) {
	for _, c := range found {
		m.terms[c.term] = true
	}
}

// Highlight returns what a text has of the query, ascending and apart from one another.
func (m *Matched) Highlight(text string) []Span {
	s, pieces := scan(text, m.simplify)
	var spans []Span
	for _, p := range pieces {
		if p.class == letter || p.class == digit {
			if m.terms[p.term] {
				spans = append(spans, s.span(p.from, p.to))
			}
			continue
		}
		spans = m.markGrams(spans, s, p)
	}
	return joined(spans)
}

func (m *Matched) markGrams(spans []Span, s *source, p piece) []Span {
	if utf8.RuneCountInString(p.term) != p.to-p.from {
		return spans // no letter of these classes folds to another number of letters
	}
	for _, g := range grams(p.term, gramLength(p.class), true) {
		if m.terms[g.term] {
			spans = append(spans, s.span(p.from+g.from, p.from+g.to))
			continue
		}
		for _, short := range m.shorts {
			if strings.HasPrefix(g.term, short) {
				spans = append(spans, s.span(p.from+g.from, p.from+g.from+utf8.RuneCountInString(short)))
			}
		}
	}
	return spans
}

func (s *source) span(from, to int) Span {
	return Span{int(s.starts[from]), int(s.ends[to-1])}
}

// joined puts spans together that overlap or touch.
func joined(spans []Span) []Span {
	sort.Slice(spans, func(i, j int) bool { return spans[i].From < spans[j].From })
	var all []Span
	for _, s := range spans {
		if n := len(all); n > 0 && s.From <= all[n-1].To {
			all[n-1].To = max(all[n-1].To, s.To)
			continue
		}
		all = append(all, s)
	}
	return all
}

// Words returns the different words of a text that were found, as they are written there.
func (m *Matched) Words(text string) []string {
	var words []string
	seen := map[string]bool{}
	for _, s := range m.Highlight(text) {
		word := text[s.From:s.To]
		if !seen[word] {
			seen[word] = true
			words = append(words, word)
		}
	}
	return words
}

// Snippet returns about so many letters of a text around the place that has most of the query, with … where it is cut, and
// what to mark in it. Where the text has nothing of the query it is its beginning.
func (m *Matched) Snippet(text string, letters int) (string, []Span) {
	spans := m.Highlight(text)
	bounds := letterBounds(text)
	if len(bounds)-1 <= letters {
		return text, spans
	}
	from := densest(bounds, spans, letters)
	to := min(from+letters, len(bounds)-1)
	start, end := wordStart(text, bounds[from]), wordEnd(text, bounds[to])
	return cutOut(text, start, end, spans)
}

// densest returns the letter from which so many letters have the most marks, with some text before the first of them.
func densest(bounds []int, spans []Span, letters int) int {
	best, from := 0, 0
	for i, s := range spans {
		first := sort.SearchInts(bounds, s.From)
		last := bounds[min(first+letters*3/4, len(bounds)-1)]
		n := 0
		for _, other := range spans[i:] {
			if other.To > last {
				break
			}
			n++
		}
		if n > best {
			best, from = n, max(first-letters/4, 0)
		}
	}
	return min(from, max(len(bounds)-1-letters, 0))
}

// near is how far a cut moves to the edge of a word, in bytes; in scripts without spaces there is none.
const near = 24

func wordStart(text string, at int) int {
	if at == 0 {
		return 0
	}
	if i := strings.LastIndexByte(text[max(at-near, 0):at], ' '); i >= 0 {
		return max(at-near, 0) + i + 1
	}
	return at
}

func wordEnd(text string, at int) int {
	if i := strings.IndexByte(text[at:min(at+near, len(text))], ' '); i >= 0 {
		return at + i
	}
	return at
}

const ellipsis = "…"

func cutOut(text string, start, end int, spans []Span) (string, []Span) {
	out := text[start:end]
	shift := -start
	if start > 0 {
		out = ellipsis + out
		shift += len(ellipsis)
	}
	if end < len(text) {
		out += ellipsis
	}
	var kept []Span
	for _, s := range spans {
		if s.From >= start && s.To <= end {
			kept = append(kept, Span{s.From + shift, s.To + shift})
		}
	}
	return out, kept
}
