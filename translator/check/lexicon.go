package check

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// lexicon finds the longest known word or phrase at a place of a folded text.
type lexicon struct {
	root     trieNode
	accents  bool // its texts keep their accents
	separate bool // its language writes no clitics onto a word, though it uses the Arabic script
}

// trieNode keeps its branches in a sorted list: nearly all nodes have one, and there are tens of thousands of them.
type trieNode struct {
	next    []branch // by rune
	entries []entry
}

type branch struct {
	r    rune
	node *trieNode
}

// follow returns the node behind r, nil without one.
func (n *trieNode) follow(r rune) *trieNode {
	if i, ok := n.find(r); ok {
		return n.next[i].node
	}
	return nil
}

func (n *trieNode) find(r rune) (int, bool) {
	return slices.BinarySearchFunc(n.next, r, func(b branch, r rune) int { return cmp.Compare(b.r, r) })
}

// grow returns the node behind r, which it makes if need be.
func (n *trieNode) grow(r rune) *trieNode {
	i, ok := n.find(r)
	if !ok {
		n.next = slices.Insert(n.next, i, branch{r, &trieNode{}})
	}
	return n.next[i].node
}

// entry is what a word of a lexicon stands for.
type entry struct {
	group   string // "negation", "left", "drug", …
	value   string // canonical value: a drug's INN, a number, a frequency
	sure    bool   // means this whatever stands around it; else it only counts as an answer to one
	prefix  bool   // a few letters with which many words begin that stand for nothing ("in*")
	endings bool   // any ending may follow ("milligram*")
	ignore  bool   // looks like an entry but is none ("不同"): consumes the text and stands for nothing
}

// numberRune stands for a number in patterns ("every {n} hours") and in text prepared for them.
const numberRune = '\ue000'

// anyEnding stands for "*" in the middle of a pattern: the rest of a word.
const anyEnding = '\ue001'

// add puts a pattern into the lexicon. "*" lets any ending of a word follow; "{n}" is a number.
func (l *lexicon) add(pattern string, e entry) {
	pattern, e.endings = strings.CutSuffix(pattern, "*")
	pattern = strings.NewReplacer("{n}", string(numberRune), "*", string(anyEnding)).Replace(pattern)
	node := &l.root
	for _, r := range foldFor(pattern, l.accents).runes {
		node = node.grow(r)
	}
	if e.endings && !e.sure && e.value == "" && len([]rune(pattern)) <= maxPrefix {
		e.prefix = true
	}
	if !slices.Contains(node.entries, e) { // 没有 and 沒有 are one
		node.entries = append(node.entries, e)
	}
}

const (
	maxPrefix   = 3 // letters of a pattern with any ending that is a mere prefix
	minInPrefix = 3 // letters that follow a prefix: "in" itself is none
)

// match is an entry found in a text.
type match struct {
	entries  []entry
	from, to int // in runes
}

// at gives the longest match that begins at i, or false.
func (l *lexicon) at(runes []rune, i int) (match, bool) {
	best := match{from: i}
	l.root.walk(runes, i, &best)
	return best, best.to > i
}

// walk follows the runes from j on and keeps the longest match in best.
func (n *trieNode) walk(runes []rune, j int, best *match) {
	for node := n; node != nil; {
		if entries := ending(node.entries, runes, j); len(entries) > 0 && j > best.to {
			best.entries, best.to = entries, j
		}
		if rest := node.follow(anyEnding); rest != nil {
			k := j
			for k < len(runes) && wordRune(runes[k]) {
				k++
			}
			rest.walk(runes, k, best)
		}
		if j >= len(runes) {
			return
		}
		r := runes[j]
		if isSpace(r) {
			r = ' '
		}
		node = node.follow(r)
		j++
	}
}

// ending keeps the entries that may end before runes[at]: in a spaced script a word must be over,
// unless the entry takes endings.
func ending(entries []entry, runes []rune, at int) []entry {
	if len(entries) == 0 || at == 0 || at >= len(runes) || !wordRune(runes[at]) || !wordRune(runes[at-1]) || unicode.Is(unicode.Hangul, runes[at]) {
		return entries
	}
	var kept []entry
	for _, e := range entries {
		if e.endings {
			kept = append(kept, e)
		}
	}
	return kept
}

// all gives every match in the text, longest first at each place, without overlaps.
func (l *lexicon) all(runes []rune) []match {
	var found []match
	for i := 0; i < len(runes); {
		if !l.startsWord(runes, i) {
			i++
			continue
		}
		m, ok := l.at(runes, i)
		if !ok {
			i++
			continue
		}
		found = append(found, m)
		i = m.to
	}
	return found
}

// startsWord reports whether a word may begin at i: anywhere in scripts without spaces, after a
// non-letter elsewhere, and in Arabic script after the clitics that are written onto a word.
func (l *lexicon) startsWord(runes []rune, i int) bool {
	if i == 0 || !wordRune(runes[i]) || !wordRune(runes[i-1]) {
		return true
	}
	if !unicode.Is(unicode.Arabic, runes[i]) {
		return unicode.Is(unicode.Hangul, runes[i]) != unicode.Is(unicode.Hangul, runes[i-1])
	}
	if l.separate {
		return false
	}
	start := i
	for start > 0 && unicode.Is(unicode.Arabic, runes[start-1]) {
		start--
	}
	switch string(runes[start:i]) {
	case "ال", "و", "ف", "ب", "ل", "ك", "وال", "بال", "لل", "فال", "كال", "ول", "وب", "وبال":
		return true
	}
	return false
}
