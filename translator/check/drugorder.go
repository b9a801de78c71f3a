package check

import (
	"slices"
	"strings"

	"medixchange/translator/language"
)

// drugOrder notices two drugs that changed places where no word says which is which ("allergic to penicillin, so we gave azithromycin"):
// they are named in another order. Where a dose, a word or what is done with it tells which is which, the order says no more. A language
// that puts a clause before what it describes is only asked which sentence names a drug.
func (c *comparison) drugOrder() {
	if c.has("drug") || c.has("dose") || c.has("negation") {
		return
	}
	source, target := alsoIn(c.source.drugs, c.target.drugs), alsoIn(c.target.drugs, c.source.drugs)
	if len(distinct(source)) < 2 {
		return
	}
	if wordsOf(c.from).Reorders != wordsOf(c.to).Reorders {
		c.sameSentences(firstNames(source), firstNames(target))
		return
	}
	if len(source) != len(target) {
		source, target = firstNames(source), firstNames(target)
	}
	if slices.EqualFunc(c.source.lists(source, c.from), c.target.lists(target, c.to), sameItems) {
		return
	}
	for i, s := range source {
		if t := target[i]; s.value != t.value {
			c.otherPlace(s, t)
			return
		}
	}
}

// lists puts drugs together that no more than a comma or a word such as "and" parts: which of them comes first says nothing.
func (x *facts) lists(drugs []span, code language.Code) (lists [][]string) {
	for i, s := range drugs {
		if i > 0 && x.listed(drugs[i-1], s, code) {
			last := &lists[len(lists)-1]
			*last = append(*last, s.value)
			continue
		}
		lists = append(lists, []string{s.value})
	}
	return lists
}

func (x *facts) listed(a, b span, code language.Code) bool {
	between := strings.Trim(string(x.f.runes[a.to:max(a.to, b.from)]), loaded().marks.List)
	return between == "" || slices.Contains(wordsOf(code).together, between)
}

// sameItems reports whether two lists have the same items.
func sameItems(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// otherPlace notes that one drug stands where another does, unless it is known which is which.
func (c *comparison) otherPlace(s, t span) {
	if !slices.Contains(c.told, s.value) && !slices.Contains(c.told, t.value) {
		c.found("drug.order", c.source.text(s), c.target.text(t))
	}
}

// sameSentences compares, in texts of as many sentences, which of them names a drug first.
func (c *comparison) sameSentences(source, target []span) {
	ends, others := c.source.sentenceEnds(), c.target.sentenceEnds()
	if len(ends) != len(others) {
		return
	}
	for _, s := range source {
		sentence := countBefore(ends, s.from)
		if t, _ := first(target, s.value); sentence == countBefore(others, t.from) {
			continue
		}
		i := slices.IndexFunc(target, func(t span) bool { return countBefore(others, t.from) == sentence })
		if i >= 0 {
			c.otherPlace(s, target[i])
			return
		}
	}
}

// sentenceEnds are the marks that end a sentence and have something behind them.
func (x *facts) sentenceEnds() (ends []int) {
	sentence := loaded().marks.Sentence
	for i := 0; i+1 < len(x.f.runes); i++ {
		if isOneOf(sentence, x.f.runes[i]) && !isDigit(x.f.at(i+1)) && !isOneOf(sentence, x.f.at(i+1)) {
			ends = append(ends, i)
		}
	}
	return ends
}

func countBefore(places []int, at int) int {
	n, _ := slices.BinarySearch(places, at)
	return n
}

// alsoIn gives those of some drugs that another text names too.
func alsoIn(drugs, others []span) []span {
	return slices.DeleteFunc(slices.Clone(drugs), func(s span) bool { return !hasValue(others, s.value) })
}

// firstNames gives each drug where it is named first.
func firstNames(drugs []span) []span {
	var firsts []span
	for _, s := range drugs {
		if !hasValue(firsts, s.value) {
			firsts = append(firsts, s)
		}
	}
	return firsts
}
