package check

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"medixchange/translator/language"
)

// The ways to say "not", which are groups of a language's words.
const (
	negated  = "negation"
	concord  = "concord"
	opposed  = "opposite"
	weakened = "weak"
	faint    = "faint"
)

// onlyAccented is the value of words that mean this with their accent only, which folded text has lost.
const onlyAccented = "accented"

// wordPart is a part of words that negates, wherever it stands in them but for their first two letters.
type wordPart struct {
	runes []rune
	group string
}

func (x *facts) negate(s span) {
	switch s.value {
	case negated:
		x.keep(&x.negations, s)
	case opposed, omitted:
		x.keep(&x.opposites, s)
	case weakened:
		x.keep(&x.weak, s)
	case faint:
		x.keep(&x.faint, s)
	case paused:
		x.keep(&x.pauses, s)
	case missed, skipped:
		x.keep(&x.missed, s)
	}
}

// keep adds a place to those of its kind, as many as are compared with each other, and notes that there were more. A word that two patterns
// of a list fit is there once.
func (x *facts) keep(list *[]span, s span) {
	if last := len(*list) - 1; last >= 0 && (*list)[last] == s {
		return
	}
	if len(*list) == loaded().limits.Negation.Most {
		x.manyNegations = true
		return
	}
	*list = append(*list, s)
}

// use is what the first letter of a word tells of it.
type use uint8

const (
	unused    use = iota
	used          // it stands for something
	inflected     // it stands for something, in a form of its own that may say "not" ("kesmeyin", "do not stop")
)

// inflects reports a verb for not doing something of which only the beginning is known.
func (e entry) inflects() bool {
	return e.endings && !e.ignore && (e.group == weakened || e.group == paused || e.group == missed || e.group == skipped || e.group == omitted)
}

// findInside looks into the words that are not taken for parts that negate them.
func (x *facts) findInside(words *wordRules, taken []use) {
	if len(words.inside) == 0 {
		return
	}
	for from := 0; from < len(x.f.runes); {
		to := from
		for to < len(x.f.runes) && wordRune(x.f.runes[to]) {
			to++
		}
		if to > from && taken[from] != used {
			x.negateWord(words, from, to, taken[from])
		}
		from = max(to, from+1)
	}
}

// negateWord notes the first part of a word that negates it. One that stands for something has no opposite ("başarısız", "failed").
func (x *facts) negateWord(words *wordRules, from, to int, is use) {
	word := x.f.runes[from:to]
	for _, part := range words.inside {
		if is == inflected && part.group != negated || indexRunes(word, part.runes) < loaded().limits.Negation.BeforePart {
			continue
		}
		if !x.followedBy(to, words.insideUnless) {
			x.negate(span{from, to, part.group})
		}
		return
	}
}

// doubledLetter is the Arabic sign for one, the shadda.
const doubledLetter = "\u0651"

// doubled reports a word that the sign for a doubled letter makes another one.
func (x *facts) doubled(m match, words *wordRules) bool {
	return len(words.doubled) > 0 && slices.Contains(words.doubled, string(x.f.runes[m.from:m.to])) && strings.Contains(x.f.original(m.from, m.to), doubledLetter)
}

func (x *facts) followedBy(at int, words []string) bool {
	for isSpace(x.f.at(at)) {
		at++
	}
	end := at
	for end < len(x.f.runes) && wordRune(x.f.runes[end]) {
		end++
	}
	return slices.Contains(words, string(x.f.runes[at:end]))
}

// indexRunes is where part last begins in word, -1 for nowhere.
func indexRunes(word, part []rune) int {
	for i := len(word) - len(part); i >= 0; i-- {
		if slices.Equal(word[i:i+len(part)], part) {
			return i
		}
	}
	return -1
}

// dropOnly leaves out the negations that say no more than "only" together with a word behind a number: しか…ない, 밖에 안. The word itself is a weak one,
// for "no more than".
func (x *facts) dropOnly(words *wordRules) {
	if len(words.only) == 0 || len(x.negations) == 0 {
		return
	}
	sortSpans(x.negations)
	for _, n := range x.numbers {
		from, ok := x.pastOnly(words, max(n.unitTo, n.rateTo))
		if !ok {
			continue
		}
		i := slices.IndexFunc(x.negations, func(s span) bool { return s.from >= from })
		if i >= 0 && x.oneClause(from, x.negations[i].from, loaded().limits.Negation.ConcordReach) {
			x.negations = slices.Delete(x.negations, i, i+1)
		}
	}
}

// pastOnly is where a word for "only" is over that is written onto what ends at a place.
func (x *facts) pastOnly(words *wordRules, at int) (end int, ok bool) {
	for _, word := range words.only {
		end = at + len([]rune(word))
		if end <= len(x.f.runes) && string(x.f.runes[at:end]) == word {
			return end, true
		}
	}
	return at, false
}

// sameClause reports whether two places are near each other and not parted by the end of a sentence.
func (x *facts) sameClause(a, b span) bool {
	if a.from > b.from {
		a, b = b, a
	}
	if b.from-a.to > loaded().limits.Negation.ConcordReach {
		return false
	}
	sentence := loaded().marks.Sentence
	for i := a.to; i < b.from; i++ {
		if strings.ContainsRune(sentence, x.f.runes[i]) {
			return false
		}
	}
	return true
}

// negations compares how often the two say "not". A negation may be told by a word that has the opposite meaning, or
// weakly; those only answer: what counts is that one side has fewer negations, and fewer of all together. Where a drug or
// a dose stands, the loss of all of them turns an order into its opposite.
func (c *comparison) negations() {
	a, b := c.source, c.target
	if !c.orders() {
		a.weak, b.weak = append(a.weak, a.faint...), append(b.weak, b.faint...)
	}
	strict := opposesReliably(a, c.from) && opposesReliably(b, c.to)
	if lessNegated(b, a, strict) {
		c.found(c.negationFinding(b, a, "negation.missing"), around(a, a.firstNegation()), "")
	}
	if lessNegated(a, b, strict) {
		c.found(c.negationFinding(a, b, "negation.added"), "", around(b, b.firstNegation()))
	}
}

// opposesReliably reports whether opposites prove something in a text although they may be common in its language.
func opposesReliably(x *facts, code language.Code) bool {
	return !wordsOf(code).common || len(x.f.runes) <= loaded().limits.Negation.Opposing
}

// negationFinding is the finding that less, one of the two sides, says fewer negations than more. The only weak one of less answers for
// none, if it is that of more as well ("do not stop heparin", "stop heparin"), nor do the opposites that both have ("do not skip heparin",
// "skip heparin").
func (c *comparison) negationFinding(less, more *facts, name string) string {
	answers := len(less.weak)
	if answers == 1 && len(more.weak) == 1 {
		answers = 0
	}
	opposites := max(len(less.opposites)-len(more.opposites), 0)
	if c.orders() && len(less.negations)+opposites+answers == 0 {
		return "negation.changed"
	}
	return name
}

// lessNegated reports whether x says "not" less often than y; if strict, fewer opposites count as well. What is too much in y
// may be answered by a weak negation of x that stands at about the same place and answers to no weak one of y.
func lessNegated(x, y *facts, strict bool) bool {
	plainX, plainY := len(x.negations), len(y.negations)
	oppositeX, oppositeY := plainX+len(x.opposites), plainY+len(y.opposites)
	if plainX >= plainY && !(strict && oppositeX < oppositeY) {
		return false
	}
	limits := &loaded().limits.Negation
	reach := limits.Shift
	if len(y.f.runes) <= limits.Opposing { // in a short text it may stand anywhere
		reach = 1
	}
	orders, others := y.orders(x.lacking(y, reach))
	lacking, weak := x.answer(orders, y, reach)
	spare := unmatched(weak, y.places(y.weak), reach)
	return len(lacking)+len(unmatched(others, spare, reach)) > 0
}

// place is a span and where in its text it stands, from 0 to 1.
type place struct {
	span
	at float64
}

// places gives where in a text some spans stand, in order.
func (x *facts) places(lists ...[]span) []place {
	var places []place
	for _, s := range slices.Concat(lists...) {
		places = append(places, place{s, float64(s.from) / float64(len(x.f.runes))})
	}
	sortPlaces(places)
	return places
}

func sortPlaces(places []place) {
	slices.SortStableFunc(places, func(a, b place) int { return cmp.Compare(a.at, b.at) })
}

// unmatched gives those places that have no partner among others within reach, each of which is partner of one only. The
// nearest find each other first.
func unmatched(places, others []place, reach float64) []place {
	left, _ := matched(places, others, reach)
	return left
}

// matched gives the same, and those of the others that are partners.
func matched(places, others []place, reach float64) (left, chosen []place) {
	type partners struct {
		place, other int
		distance     float64
	}
	var near []partners
	for i := range places {
		for j := range others {
			if d := math.Abs(places[i].at - others[j].at); d <= reach {
				near = append(near, partners{i, j, d})
			}
		}
	}
	slices.SortFunc(near, func(a, b partners) int { // of equals the last ones first
		return cmp.Or(cmp.Compare(a.distance, b.distance), b.place-a.place, b.other-a.other)
	})
	done, taken := make([]bool, len(places)), make([]bool, len(others))
	for _, p := range near {
		if !done[p.place] && !taken[p.other] {
			done[p.place], taken[p.other] = true, true
			chosen = append(chosen, others[p.other])
		}
	}
	for i, p := range places {
		if !done[i] {
			left = append(left, p)
		}
	}
	return left, chosen
}

// firstNegation is the first place that negates, in a text that has one.
func (x *facts) firstNegation() span {
	if len(x.negations) > 0 {
		return x.negations[0]
	}
	return x.opposites[0]
}

// orders reports whether the source names a drug or a dose.
func (c *comparison) orders() bool { return c.source.namesDose() }

// namesDose reports whether a text names a drug or a dose.
func (x *facts) namesDose() bool {
	return len(x.drugs) > 0 || slices.ContainsFunc(x.numbers, func(n number) bool { return critical(n.unit) && !n.dated })
}

// around is a word with a little of what follows it, so that "no" tells what it negates. It ends where a word does: half of "before" says
// nothing, and half of a dose something else.
func around(x *facts, s span) string {
	to := s.to
	for words := 0; to < len(x.f.runes) && (to-s.from < loaded().limits.Negation.Shown || x.withinWord(to)); to++ {
		if x.partsClause(to) {
			break
		}
		if isSpace(x.f.runes[to]) {
			if words++; words > 3 {
				break
			}
		}
	}
	return x.f.original(s.from, to)
}

// partsClause reports a mark that parts what belongs together. One between digits is a part of a number.
func (x *facts) partsClause(at int) bool {
	return clauseMark(x.f.runes[at]) && !(isDigit(x.f.at(at-1)) && isDigit(x.f.at(at+1)))
}

// withinWord reports whether a place is in a word or a number of a script with spaces.
func (x *facts) withinWord(at int) bool {
	return !isSpace(x.f.runes[at]) && !isSpace(x.f.at(at-1)) && !unspaced(x.f.runes[at]) && !unspaced(x.f.at(at-1))
}
