package search

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxQuery bounds a query, in bytes; what comes after is left out.
	MaxQuery = 1024
	// maxUnits bounds what one query looks for.
	maxUnits = 48
	// maxLimit bounds the hits of one query.
	maxLimit = 1000
)

// Query says what to look for.
type Query struct {
	Text string
	// In are the indexes to ask. A document id that several have is one hit, with the best of its scores.
	In []Source
	// Limit bounds the hits; 1,000 at most.
	Limit int
	// MinCoverage is the share of the query, by the count of its words, that a hit must have; 0 for 0.6.
	MinCoverage float64
	// Upto leaves out documents with higher ids, so that a later page goes on where the first began; 0 for none.
	Upto int64
	// Newest orders the hits by time, newest first, instead of by score.
	Newest bool
	// HalfLife makes a document that is this much older than Now count less by a fifth, and never less than by two fifths;
	// 0 for no such thing.
	HalfLife time.Duration
	Now      time.Time
	// Budget bounds the time of the look-up; 0 for two seconds. What was found until then is the result, which is then Partial.
	Budget time.Duration
}

// Source is an index that a query asks.
type Source struct {
	Index string
	// Scopes says which scopes to look in; nil for all. It takes well under a microsecond.
	Scopes func(scope int64) bool
}

// Result is what a query found.
type Result struct {
	Hits []Hit
	// Total is how many documents are hits, also those beyond the limit.
	Total int
	// Partial says that the look-up was cut off by a bound: there may be more.
	Partial bool
	// Matched is what was found of the query; it marks texts.
	Matched *Matched
}

// Hit is a document that was found.
type Hit struct {
	ID, Scope int64
	// Time is the document's; ms.
	Time int64
	// Score is above 0 and at most 1.
	Score float64
	// Source is the place in Query.In of the index that it was found in.
	Source int
}

// unit is what a hit has one of: a word in any of its forms, or a gram of a script without spaces.
type unit struct {
	term string
	// kind is letter for words, digit for numbers, another class for grams.
	kind class
	// short says that a gram is shorter than they are: it is looked for by beginnings.
	short bool
	// share is what it counts beside others of its kind: kana of endings less than ideographs.
	share float64
	// parts are units that may stand for this one, all together.
	parts []int
}

// parse takes a query to units. A word of parts becomes its whole, which may also be found by its parts.
func (e *Engine) parse(text string) []unit {
	if len(text) > MaxQuery {
		text = strings.ToValidUTF8(text[:MaxQuery], "")
	}
	_, pieces := scan(text, e.simplify)
	var units []unit
	for _, p := range pieces {
		if len(units) >= maxUnits {
			break
		}
		if p.class != letter && p.class != digit {
			units = appendGrams(units, p)
			continue
		}
		u := unit{term: p.term, kind: p.class, share: 1}
		for i := range p.parts {
			at := len(units) - p.parts + i
			units[at].share = 0 // they count through the whole
			u.parts = append(u.parts, at)
		}
		units = append(units, u)
	}
	return unique(units)
}

func appendGrams(units []unit, p piece) []unit {
	length := gramLength(p.class)
	letters := utf8.RuneCountInString(p.term)
	if letters < length {
		return append(units, unit{term: p.term, kind: p.class, short: true, share: 1})
	}
	all := grams(p.term, length, false)
	for i, g := range all {
		if len(units) >= maxUnits {
			return units
		}
		share := 1.0
		switch {
		case p.class == syllable && i > 0 && i == len(all)-1:
			share = 0.4 // often a particle
		case p.class == ideograph:
			share = shareOfKana(g.term)
		}
		units = append(units, unit{term: g.term, kind: p.class, share: share})
	}
	return units
}

// shareOfKana is 1 for ideographs, less with hiragana, which are mostly endings and particles.
func shareOfKana(term string) float64 {
	share := 1.0
	for _, r := range term {
		if unicode.Is(unicode.Hiragana, r) {
			share -= 0.35
		}
	}
	return share
}

// unique leaves out units that are there already, but parts, which are pointed to.
func unique(units []unit) []unit {
	seen := map[string]bool{}
	for i := range units {
		u := &units[i]
		if u.share == 0 {
			continue
		}
		if seen[u.term] {
			u.share = 0
			u.parts = nil
		}
		seen[u.term] = true
	}
	return units
}
