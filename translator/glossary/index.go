package glossary

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// pattern is a spelling to be found, and the concepts that it names, the first one most likely.
type pattern struct {
	runes    []rune
	concepts []int32
	caps     bool // found in capitals only: "ALL" is a leukaemia, "all" is not
}

// index finds spellings in folded texts. It is immutable. Spellings are sorted, and those that begin with the same three
// runes lie together; of shorter ones all runes are the key. So a place where none begins costs three look-ups.
type index struct {
	patterns []pattern
	buckets  map[uint64]span
	arabic   bool // some begin with an Arabic letter
}

// span is a range of patterns.
type span struct{ from, to int32 }

const keyRunes = 3

// keyOf packs the first n runes.
func keyOf(runes []rune, n int) uint64 {
	var key uint64
	for _, r := range runes[:n] {
		key = key<<21 | uint64(r)
	}
	return key
}

// builder collects the spellings of an index.
type builder struct {
	index
	known map[string]int32
}

func newBuilder() *builder {
	return &builder{index: index{buckets: map[uint64]span{}}, known: map[string]int32{}}
}

// add has a form found as a concept. Whoever comes first is meant first.
func (b *builder) add(form string, spelling []rune, concept int32) {
	if len(spelling) == 0 {
		return
	}
	caps := capitals(form)
	name := string(spelling)
	if caps {
		name = "\x00" + name
	}
	at, ok := b.known[name]
	if !ok {
		at = int32(len(b.patterns))
		b.known[name] = at
		b.patterns = append(b.patterns, pattern{runes: spelling, caps: caps})
		b.arabic = b.arabic || arabic(spelling[0])
	}
	if !slices.Contains(b.patterns[at].concepts, concept) {
		b.patterns[at].concepts = append(b.patterns[at].concepts, concept)
	}
}

// done is the index.
func (b *builder) done() *index {
	slices.SortFunc(b.patterns, func(a, c pattern) int {
		if order := slices.Compare(a.runes, c.runes); order != 0 {
			return order
		}
		return cmp.Compare(capsFirst(a), capsFirst(c))
	})
	for i, p := range b.patterns {
		key := keyOf(p.runes, min(len(p.runes), keyRunes))
		bucket, ok := b.buckets[key]
		if !ok {
			bucket.from = int32(i)
		}
		bucket.to = int32(i) + 1
		b.buckets[key] = bucket
	}
	return &b.index
}

func capsFirst(p pattern) int {
	if p.caps {
		return 0
	}
	return 1
}

// maxCapitals is the longest form that counts as an abbreviation in capitals.
const maxCapitals = 6

// capitals reports an abbreviation that small letters would make another word.
func capitals(form string) bool {
	letters := 0
	for _, r := range form {
		if unicode.IsUpper(r) {
			letters++
		} else if unicode.IsLetter(r) {
			return false
		}
	}
	return letters > 0 && letters <= maxCapitals && !strings.Contains(form, " ")
}

// hit is a spelling found, in runes of the folded text.
type hit struct {
	start, end int
	pattern    int32
	attached   bool // a prefix or an ending that is not the term's is written together with it
}

// find returns what stands in a text, from left to right, without overlaps, the longest where several begin.
func (x *index) find(f *folded, most int) []hit {
	if len(x.patterns) == 0 {
		return nil
	}
	var hits []hit
	for i := 0; i < len(f.runes) && len(hits) < most; {
		h, ok := x.at(f, i)
		if !ok {
			i++
			continue
		}
		hits = append(hits, h)
		i = h.end
	}
	return hits
}

// at returns the longest spelling that begins at a place.
func (x *index) at(f *folded, i int) (hit, bool) {
	if i > 0 && joined(f.runes[i-1], f.runes[i]) {
		return hit{}, false
	}
	if h, ok := x.starting(f, i); ok {
		return h, true
	}
	if !x.arabic || !arabic(f.runes[i]) {
		return hit{}, false
	}
	for _, prefix := range arabicPrefixes {
		if !hasPrefix(f.runes[i:], prefix) {
			continue
		}
		if h, ok := x.starting(f, i+len(prefix)); ok && h.end-h.start > 2 {
			h.attached = true
			return h, true
		}
	}
	return hit{}, false
}

// starting returns the longest spelling at a place, wherever that place is.
func (x *index) starting(f *folded, i int) (hit, bool) {
	rest := f.runes[i:]
	for n := min(len(rest), keyRunes); n > 0; n-- {
		bucket, ok := x.buckets[keyOf(rest, n)]
		if !ok {
			continue
		}
		if n == keyRunes {
			var room [16]span
			for _, equal := range slices.Backward(x.prefixes(room[:0], bucket, rest)) {
				if h, ok := x.first(f, i, equal); ok {
					return h, true
				}
			}
			continue
		}
		if h, ok := x.first(f, i, bucket); ok {
			return h, true
		}
	}
	return hit{}, false
}

// prefixes appends the spellings of a bucket that a text begins with, the shortest first; those of the same runes are one.
func (x *index) prefixes(found []span, in span, text []rune) []span {
	for depth := keyRunes; ; depth++ {
		whole := in.from
		for whole < in.to && len(x.patterns[whole].runes) == depth {
			whole++
		}
		if whole > in.from {
			found = append(found, span{in.from, whole})
		}
		if in.from = whole; in.from == in.to || depth == len(text) {
			return found
		}
		in = x.narrowed(in, depth, text[depth])
	}
}

// narrowed is the part of sorted spellings that have a rune at a depth.
func (x *index) narrowed(in span, depth int, r rune) span {
	part := x.patterns[in.from:in.to]
	from, _ := slices.BinarySearchFunc(part, r, func(p pattern, r rune) int { return cmp.Compare(p.runes[depth], r) })
	to, _ := slices.BinarySearchFunc(part[from:], r+1, func(p pattern, r rune) int { return cmp.Compare(p.runes[depth], r) })
	return span{in.from + int32(from), in.from + int32(from+to)}
}

// first is the first spelling of a span that stands at i as a word of its own.
func (x *index) first(f *folded, i int, equal span) (hit, bool) {
	for p := equal.from; p < equal.to; p++ {
		if end, attached, ok := x.ends(f, i, p); ok {
			return hit{start: i, end: end, pattern: p, attached: attached}, true
		}
	}
	return hit{}, false
}

// ends reports whether a spelling, whose runes are there, stands at i as a word of its own, and where it ends.
func (x *index) ends(f *folded, i int, p int32) (end int, attached, ok bool) {
	spelling := &x.patterns[p]
	end = i + len(spelling.runes)
	last, next := f.runes[end-1], f.at(end)
	switch {
	case spelling.caps && !f.inCapitals(i, end):
		return 0, false, false
	case len(spelling.runes) == 1 && classOf(last) == unspaced && (classOf(f.at(i-1)) == unspaced || classOf(next) == unspaced):
		return 0, false, false // one character is part of too many words
	case !joined(last, next):
		return end, false, true
	case hangul(last) && f.koreanEnding(end) > 0:
		return end, true, true
	}
	return 0, false, false
}

// inCapitals reports whether a place has no small letter in the text as it was written.
func (f *folded) inCapitals(from, to int) bool {
	return !strings.ContainsFunc(f.text[f.starts[from]:f.ends[to-1]], unicode.IsLower)
}

func hasPrefix(runes, prefix []rune) bool {
	return len(runes) >= len(prefix) && slices.Equal(runes[:len(prefix)], prefix)
}
