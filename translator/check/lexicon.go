package check

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"medixchange/translator/language"
)

// lexicon finds the longest known word or phrase at a place of a folded text. It is a trie in a few flat lists, which
// cost little however many words there are: a node for each letter as an object of its own takes four times as much.
type lexicon struct {
	first    []branch    // of the root, by rune: there every script has its letters
	latin    [128]uint32 // of the root too, for what most texts are made of
	nodes    []trieNode  // of all words; 0 is none
	lists    [][]entry   // what words stand for; 0 is nothing
	accents  bool        // its texts keep their accents
	separate bool        // its language writes no clitics onto a word, though it uses the Arabic script
}

// trieNode is a letter behind another. The letters that may follow it are a chain, mostly of one.
type trieNode struct {
	r     uint16 // no word has a letter beyond the basic plane
	list  uint16 // of the word that ends here
	child uint32 // the first that may follow
	next  uint32 // the next that may stand here
}

type branch struct {
	r    rune
	node uint32
}

// begin returns the node of a first letter, 0 without one.
func (l *lexicon) begin(r rune) uint32 {
	if r >= 0 && int(r) < len(l.latin) {
		return l.latin[r]
	}
	if i, ok := l.findFirst(r); ok {
		return l.first[i].node
	}
	return 0
}

func (l *lexicon) findFirst(r rune) (int, bool) {
	from, to := 0, len(l.first)
	for from < to {
		middle := int(uint(from+to) / 2)
		if l.first[middle].r < r {
			from = middle + 1
		} else {
			to = middle
		}
	}
	return from, from < len(l.first) && l.first[from].r == r
}

// follow returns the node of r behind a node, 0 without one.
func (l *lexicon) follow(node uint32, r rune) uint32 {
	at := l.nodes[node].child
	for at != 0 && rune(l.nodes[at].r) != r {
		at = l.nodes[at].next
	}
	return at
}

// growFirst returns the node of a first letter, which it makes if need be.
func (l *lexicon) growFirst(r rune) uint32 {
	i, ok := l.findFirst(r)
	if !ok {
		l.first = slices.Insert(l.first, i, branch{r, l.newNode(r, 0)})
		if r >= 0 && int(r) < len(l.latin) {
			l.latin[r] = l.first[i].node
		}
	}
	return l.first[i].node
}

// grow returns the node of r behind a node, which it makes if need be.
func (l *lexicon) grow(node uint32, r rune) uint32 {
	if known := l.follow(node, r); known != 0 {
		return known
	}
	grown := l.newNode(r, l.nodes[node].child)
	l.nodes[node].child = grown
	return grown
}

func (l *lexicon) newNode(r rune, next uint32) uint32 {
	if len(l.nodes) == 0 {
		l.nodes = append(l.nodes, trieNode{})
	}
	if r < 0 || r > math.MaxUint16 {
		panic("a word of the checks has the letter " + strconv.QuoteRune(r) + ", which lexicons have no room for") // a fault of the build
	}
	l.nodes = append(l.nodes, trieNode{r: uint16(r), next: next})
	return uint32(len(l.nodes) - 1)
}

// entry is what a word of a lexicon stands for.
type entry struct {
	group   string        // "negation", "left", "drug", …
	value   string        // canonical value: a drug's INN, a number, a frequency
	sure    bool          // means this whatever stands around it; else it only counts as an answer to one
	prefix  bool          // a few letters with which many words begin that stand for nothing ("in*")
	endings bool          // any ending may follow ("milligram*")
	only    language.Code // the one language in which it means this ("شهر" is a month in Arabic, a town in Persian); "" for all
	ignore  bool          // looks like an entry but is none ("不同"): consumes the text and stands for nothing
}

// bound reports an entry whose word must be over at its end.
func (e entry) bound() bool { return !e.endings }

// numberRune stands for a number in patterns ("every {n} hours") and in text prepared for them.
const numberRune = '\ue000'

// anyEnding stands for "*" in the middle of a pattern: the rest of a word.
const anyEnding = '\ue001'

var patternRunes = strings.NewReplacer("{n}", string(numberRune), "*", string(anyEnding))

// add puts a pattern into the lexicon. "*" lets any ending of a word follow; "{n}" is a number.
func (l *lexicon) add(pattern string, e entry) {
	pattern, e.endings = strings.CutSuffix(pattern, "*")
	pattern = patternRunes.Replace(pattern)
	if e.endings && !e.sure && e.value == "" && len([]rune(pattern)) <= maxPrefix {
		e.prefix = true
	}
	var node uint32
	for _, r := range foldFor(pattern, l.accents).runes {
		if node == 0 {
			node = l.growFirst(r)
		} else {
			node = l.grow(node, r)
		}
	}
	if node != 0 {
		l.nodes[node].list = l.listWith(l.nodes[node].list, e)
	}
}

// listWith returns a list with one entry more. Words of one meaning are added one after another and share theirs.
func (l *lexicon) listWith(list uint16, e entry) uint16 {
	if len(l.lists) == 0 {
		l.lists = append(l.lists, nil)
	}
	known := l.lists[list]
	if slices.Contains(known, e) {
		return list
	}
	last := uint16(len(l.lists) - 1)
	if list == 0 && last > 0 && len(l.lists[last]) == 1 && l.lists[last][0] == e {
		return last
	}
	if last == math.MaxUint16 {
		panic("a lexicon of the checks has no room for more meanings") // a fault of the build
	}
	l.lists = append(l.lists, append(slices.Clip(known), e))
	return last + 1
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
	if rest := l.begin(anyEnding); rest != 0 {
		l.walk(rest, runes, endOfWord(runes, i), &best)
	}
	if i < len(runes) {
		l.walk(l.begin(spaceFolded(runes[i])), runes, i+1, &best)
	}
	return best, best.to > i
}

// walk follows the runes from j on, behind a node, and keeps the longest match in best.
func (l *lexicon) walk(node uint32, runes []rune, j int, best *match) {
	for node != 0 {
		if j > best.to {
			if entries := ending(l.lists[l.nodes[node].list], runes, j); len(entries) > 0 {
				best.entries, best.to = entries, j
			}
		}
		if rest := l.follow(node, anyEnding); rest != 0 {
			l.walk(rest, runes, endOfWord(runes, j), best)
		}
		if j >= len(runes) {
			return
		}
		node = l.follow(node, spaceFolded(runes[j]))
		j++
	}
}

func spaceFolded(r rune) rune {
	if isSpace(r) {
		return ' '
	}
	return r
}

// endOfWord is where the letters that stand at i are over.
func endOfWord(runes []rune, i int) int {
	for i < len(runes) && wordRune(runes[i]) {
		i++
	}
	return i
}

// ending keeps the entries that may end before runes[at]: in a spaced script a word must be over,
// unless the entry takes endings.
func ending(entries []entry, runes []rune, at int) []entry {
	if len(entries) == 0 || at == 0 || at >= len(runes) || !wordRune(runes[at]) || !wordRune(runes[at-1]) || hangul(runes[at]) {
		return entries
	}
	if !slices.ContainsFunc(entries, entry.bound) {
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
	if len(l.nodes) == 0 {
		return nil
	}
	var found []match
	anywhere := l.begin(anyEnding) != 0
	for i := 0; i < len(runes); {
		if !anywhere && l.begin(spaceFolded(runes[i])) == 0 || !l.startsWord(runes, i) {
			i = pastLetters(runes, i)
			continue
		}
		m, ok := l.at(runes, i)
		if !ok {
			i = pastLetters(runes, i)
			continue
		}
		found = append(found, m)
		i = m.to
	}
	return found
}

// pastLetters is the next place behind i where a word may begin: none does between two letters of ASCII.
func pastLetters(runes []rune, i int) int {
	for asciiLetter(runes[i]) {
		if i++; i == len(runes) || !asciiLetter(runes[i]) {
			return i
		}
	}
	return i + 1
}

func asciiLetter(r rune) bool { return uint32(r) < utf8.RuneSelf && alphabetLetters[r] }

// startsWord reports whether a word may begin at i: anywhere in scripts without spaces, after a
// non-letter elsewhere, and in Arabic script after the clitics that are written onto a word.
func (l *lexicon) startsWord(runes []rune, i int) bool {
	if i == 0 || !wordRune(runes[i]) || !wordRune(runes[i-1]) {
		return true
	}
	if runes[i] < utf8.RuneSelf && runes[i-1] < utf8.RuneSelf {
		return false
	}
	if !unicode.Is(unicode.Arabic, runes[i]) {
		return hangul(runes[i]) != hangul(runes[i-1])
	}
	if l.separate {
		return false
	}
	a := alphabetRules()
	start := i
	for start > 0 && i-start <= a.longestClitic && unicode.Is(unicode.Arabic, runes[start-1]) {
		start--
	}
	return i-start <= a.longestClitic && a.clitics[string(runes[start:i])]
}
