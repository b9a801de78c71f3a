package search

import (
	"maps"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// candidate is a term that a unit may be found as.
type candidate struct {
	nid     int64
	term    string
	tail    []byte
	quality float64 // 1 for the term itself
}

const (
	// maxCandidates bounds the forms in which a word is looked for; the best count.
	maxCandidates = 48
	// maxScanned bounds the words that are looked at for forms of one word.
	maxScanned = 1200
	// maxGramPostings bounds how many words are counted that share a part with one.
	maxGramPostings = 300_000
)

// prefixed are what stands before Arabic words without a space: and, so, with, for, like, and the article where it was kept.
var prefixed = []string{"و", "ف", "ب", "ل", "ك", "وب", "ول", "ال"}

// stemOf is the beginning of a word that its other forms share, and how much a form of it may add to that.
func stemOf(word string) string {
	bounds := letterBounds(word)
	letters := len(bounds) - 1
	switch {
	case letters >= longWord:
		return word[:bounds[letters*3/5]]
	case letters >= 7:
		return word[:bounds[letters-3]]
	case letters >= 5:
		return word[:bounds[letters-2]]
	case letters == 4:
		return word[:bounds[3]]
	}
	return word
}

// longWord is from how many letters on a word may end in more letters than others of its kind.
const longWord = 11

const (
	beginningQuality = 0.95 // of a word that the query's word begins
	endingQuality    = 0.85 // of a word with another ending
	perLetter        = 0.05
	minQuality       = 0.5
	prefixedQuality  = 0.9
	partQuality      = 0.6 // of a longer word that holds the query's
	slipQuality      = 0.65
)

// likeness returns the quality of a word of the index as a form of the query's; 0 for none.
func likeness(word, found string) float64 {
	if word == found {
		return 1
	}
	common := commonLetters(word, found)
	missing := utf8.RuneCountInString(word) - common
	added := utf8.RuneCountInString(found) - common
	switch {
	case missing == 0:
		return max(beginningQuality-perLetter*float64(added), minQuality)
	case common*5 >= 3*longWord && missing <= common && added <= 6: // respiración and respirar, Schwangerschaft and Schwangere
	case common < 3, missing > 3, added > 4:
		return 0
	case common == 3 && missing+added > 2:
		return 0
	case common < 2*missing-1:
		return 0
	}
	return max(endingQuality-perLetter*float64(missing+added), minQuality)
}

func commonLetters(a, b string) (letters int) {
	other := []rune(b)
	for _, r := range a {
		if letters == len(other) || other[letters] != r {
			break
		}
		letters++
	}
	return letters
}

// isSlip reports whether one letter is wrong, missing, too many, or changed with its neighbour.
func isSlip(a, b string) bool {
	x, y := []rune(a), []rune(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	if len(y)-len(x) > 1 {
		return false
	}
	i := 0
	for i < len(x) && x[i] == y[i] {
		i++
	}
	if len(x) < len(y) {
		return slices.Equal(x[i:], y[i+1:])
	}
	if i == len(x) || slices.Equal(x[i+1:], y[i+1:]) {
		return true
	}
	return i+1 < len(x) && x[i] == y[i+1] && x[i+1] == y[i] && slices.Equal(x[i+2:], y[i+2:])
}

// isMostOf reports whether a word is within a longer one, and most of it.
func isMostOf(part, word string) bool {
	letters := utf8.RuneCountInString(part)
	return letters > minFuzzy && 2*letters > utf8.RuneCountInString(word) && strings.Contains(word, part)
}

// wellKnown is from how many bytes of postings on, some dozens of documents, a word is not looked for within other words or
// with slips: there is enough to find.
const wellKnown = 160

// words finds the forms of a word in one index.
func (l *lookup) words(u *unit, exact map[string]*termRow) ([]candidate, error) {
	found := map[int64]candidate{}
	l.keep(found, exact[u.term], 1)
	if err := l.beginnings(u.term, found); err != nil {
		return nil, err
	}
	if first, _ := utf8.DecodeRuneInString(u.term); unicode.Is(unicode.Arabic, first) {
		if err := l.arabicForms(u.term, found); err != nil {
			return nil, err
		}
	}
	if row := exact[u.term]; row != nil && len(row.tail) > wellKnown {
		return bestOf(found), nil
	}
	if err := l.bySlips(u.term, found); err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(u.term) >= minFuzzy {
		if err := l.byParts(u.term, found); err != nil {
			return nil, err
		}
	}
	return bestOf(found), nil
}

func (l *lookup) keep(found map[int64]candidate, row *termRow, quality float64) {
	if row == nil || quality <= found[row.nid].quality {
		return
	}
	found[row.nid] = candidate{row.nid, row.term, row.tail, quality}
}

func (l *lookup) beginnings(word string, found map[int64]candidate) error {
	if utf8.RuneCountInString(word) < 3 {
		return nil
	}
	rows, err := l.termsFrom(stemOf(word))
	if err != nil {
		return err
	}
	for _, row := range rows {
		l.keep(found, row, likeness(word, row.term))
	}
	return nil
}

// arabicForms finds a word behind what is written together with it, and without it.
func (l *lookup) arabicForms(word string, found map[int64]candidate) error {
	if utf8.RuneCountInString(word) < 3 {
		return nil
	}
	for _, before := range prefixed {
		rows, err := l.termsFrom(before + word)
		if err != nil {
			return err
		}
		for _, row := range rows {
			l.keep(found, row, prefixedQuality*likeness(word, row.term[len(before):]))
		}
	}
	for _, before := range prefixed {
		rest, ok := strings.CutPrefix(word, before)
		if !ok || utf8.RuneCountInString(rest) < 3 {
			continue
		}
		rows, err := l.termsFrom(rest)
		if err != nil {
			return err
		}
		for _, row := range rows {
			l.keep(found, row, prefixedQuality*likeness(rest, row.term))
		}
	}
	return nil
}

// bySlips finds words of which the query's has two letters in the wrong order or one too many: there are few such words, and
// short ones share too few trigrams with it.
func (l *lookup) bySlips(word string, found map[int64]candidate) error {
	runes := []rune(word)
	if len(runes) < minFuzzy {
		return nil
	}
	hashes := make([]int64, 0, 2*len(runes))
	for i := range runes {
		if len(runes) > minFuzzy {
			hashes = append(hashes, hashOf(l.index.nid, string(slices.Delete(slices.Clone(runes), i, i+1))))
		}
		if i > 0 {
			changed := slices.Clone(runes)
			changed[i-1], changed[i] = changed[i], changed[i-1]
			hashes = append(hashes, hashOf(l.index.nid, string(changed)))
		}
	}
	rows, err := selectTails(l.q, hashes)
	if err != nil {
		return err
	}
	for _, row := range rows {
		l.keep(found, row, slipQuality)
	}
	return nil
}

// byParts finds words that hold the word, and those that differ by one slip, by the trigrams that they share.
func (l *lookup) byParts(word string, found map[int64]candidate) error {
	all := trigrams(word)
	atLeast := min(3, len(inner(all)), max(len(all)-3, 2)) // a wrong letter spoils three
	counts, err := l.countShared(all)
	if err != nil {
		return err
	}
	likely := make([]int64, 0, maxScanned)
	for nid, n := range counts {
		if n >= atLeast {
			likely = append(likely, nid)
		}
	}
	sort.Slice(likely, func(i, j int) bool {
		if counts[likely[i]] != counts[likely[j]] {
			return counts[likely[i]] > counts[likely[j]]
		}
		return likely[i] < likely[j]
	})
	words, err := selectWords(l.q, likely[:min(len(likely), 4*maxCandidates)])
	if err != nil {
		return err
	}
	like := map[int64]float64{}
	for nid, other := range words {
		if quality := likenessOfParts(word, other); quality > 0 {
			like[nid] = quality
		}
	}
	rows, err := selectTerms(l.q, slices.Collect(maps.Keys(like)))
	if err != nil {
		return err
	}
	for _, row := range rows {
		l.keep(found, row, like[row.nid])
	}
	return nil
}

// likenessOfParts returns the quality of a word that shares parts with the query's.
func likenessOfParts(word, found string) float64 {
	switch {
	case strings.Contains(found, word):
		return partQuality
	case isSlip(word, found) && utf8.RuneCountInString(word) > minFuzzy:
		return slipQuality
	case isMostOf(found, word):
		return partQuality
	}
	return 0
}

// countShared returns how many of the trigrams each word has.
func (l *lookup) countShared(of []string) (map[int64]int, error) {
	hashes := make([]int64, len(of))
	for i, t := range of {
		hashes[i] = hashOf(l.index.nid, t)
	}
	rows, err := selectTails(l.q, hashes)
	if err != nil {
		return nil, err
	}
	nids := make([]int64, 0, len(rows))
	blocks := make([][]byte, 0, len(rows))
	for _, row := range rows {
		nids = append(nids, row.nid)
		blocks = append(blocks, row.tail)
	}
	closed, err := selectBlocks(l.q, nids)
	if err != nil {
		return nil, err
	}
	for _, of := range closed {
		blocks = append(blocks, of...)
	}
	counts := map[int64]int{}
	seen := 0
	for _, block := range blocks {
		err := each(block, func(p posting) bool { counts[p.doc]++; seen++; return seen < maxGramPostings })
		if err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// bestOf returns the candidates of the best quality.
func bestOf(found map[int64]candidate) []candidate {
	all := make([]candidate, 0, len(found))
	for _, c := range found {
		all = append(all, c)
	}
	sort.Slice(all, func(i, j int) bool {
		if all[i].quality != all[j].quality {
			return all[i].quality > all[j].quality
		}
		return all[i].term < all[j].term
	})
	return all[:min(len(all), maxCandidates)]
}
