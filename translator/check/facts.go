package check

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"medixchange/translator/language"
)

func itoa(n int) string { return strconv.Itoa(n) }

// facts is what a text says that must be the same in every language.
type facts struct {
	f           *folded
	numbers     []number // in digits first by place, then in words
	pressures   []span
	dates       []span
	drugs       []span
	frequencies []span
	negations   []span // those that count
	opposites   []span // "ineffective", "unable"
	weak        int    // "avoid", "instead of"
	crowded     bool   // it has more numbers than are compared
	answers     map[string]int
	sides       []span // value is "left" or "right", sure ones
}

// span is a fact at a place; from and to are in folded runes.
type span struct {
	from, to int
	value    string
}

func (x *facts) text(s span) string { return x.f.original(s.from, s.to) }

// numberText is a number with its unit as the source has it, with the lower end of its range.
func (x *facts) numberText(n number) string { return x.f.original(x.rangeStart(n), n.unitTo) }

// rangeStart is where "5" begins in "5–10 mg".
func (x *facts) rangeStart(n number) int {
	i := n.from - 1
	for isSpace(x.f.at(i)) {
		i--
	}
	if r := x.f.at(i); r != '-' && r != '~' && r != '〜' && r != '至' {
		return n.from
	}
	for i--; isSpace(x.f.at(i)); i-- {
	}
	for _, m := range x.numbers {
		if m.to == i+1 && !m.soft && m.unit == "" && !m.code && !m.dated {
			return m.from
		}
	}
	return n.from
}

// extract reads the facts of a text in a language.
func extract(text string, code language.Code) *facts {
	words := wordsOf(code)
	x := &facts{f: foldFor(text, keepsAccents(code)), answers: map[string]int{}}
	x.numbers = x.atMost(scanNumbers(x.f, words))
	x.findDates()
	x.findPressures()
	x.findFrequencies(words)
	x.numbers = x.atMost(append(x.numbers, words.softNumbers(x.f, x.numbers)...))
	x.findMonths()
	x.shareUnits()
	x.drugs = drugsIn(x.f)
	x.findWords(words)
	return x
}

// maxNumbers bounds the numbers of a segment that are compared, each with each other one. No message has as many.
const maxNumbers = 300

// atMost keeps the first numbers and notes that there were more.
func (x *facts) atMost(numbers []number) []number {
	if len(numbers) <= maxNumbers {
		return numbers
	}
	x.crowded = true
	return numbers[:maxNumbers]
}

// findDates joins numbers that stand as 12.03.2026, 2026-03-12 or 14:30.
func (x *facts) findDates() {
	for i := 0; i+1 < len(x.numbers); i++ {
		a, b := &x.numbers[i], &x.numbers[i+1]
		if a.dated || b.from != a.to+1 || a.unit != "" {
			continue
		}
		switch mark := x.f.at(a.to); mark {
		case ':':
			if atMost(a.values[0], 24) && atMost(b.values[0], 59) && b.to-b.from == 2 {
				a.dated, b.dated = true, true
				x.dates = append(x.dates, span{a.from, b.to, "time"})
			}
		case '/', '-':
			if i+2 < len(x.numbers) && x.numbers[i+2].from == b.to+1 && x.f.at(b.to) == mark {
				c := &x.numbers[i+2]
				a.dated, b.dated, c.dated = true, true, true
				x.dates = append(x.dates, span{a.from, c.to, "date"})
			}
		}
	}
	x.findDottedDates()
	x.findHanDates()
}

// wordDate marks "12 tháng 3 năm 2026": a month or a year whose number stands behind its word.
func (x *facts) wordDate(i int) bool {
	n := &x.numbers[i]
	if n.unit != "mo" && n.unit != "yr" || i+1 == len(x.numbers) {
		return false
	}
	next := &x.numbers[i+1]
	if next.from != n.unitTo+1 || n.unit == "yr" && next.to-next.from != 4 {
		return false
	}
	n.dated, n.unit, n.unitTo, next.dated = true, "", n.to, true
	return true
}

// findMonths marks the names of months that stand beside a day or a year; elsewhere "may" and "mar" are words.
func (x *facts) findMonths() {
	for i := range x.numbers {
		month := &x.numbers[i]
		if !month.soft || !month.dated {
			continue
		}
		for j := range x.numbers {
			n := &x.numbers[j]
			if !n.soft && n.unit == "" && !n.decimal && (within(n.to, month.from) || within(month.to, n.from)) {
				month.month, n.calendar = true, true
			}
		}
		x.chainCalendar()
	}
}

const maxRangeMark = 7 // runes between the ends of a range ("5 to 10 mg", "от 5 до 10 мг")

// shareUnits gives the lower end of a range the unit of its upper end.
func (x *facts) shareUnits() {
	for i := range x.numbers {
		a := &x.numbers[i]
		if a.unit != "" {
			continue
		}
		for _, b := range x.numbers {
			if b.unit != "" && b.from > a.to && b.from-a.to <= maxRangeMark && !strings.ContainsAny(string(x.f.runes[a.to:b.from]), ".,;:。，；、") {
				a.shared = b.unit
			}
		}
	}
}

// chainCalendar marks the year behind a day ("March 7, 2020").
func (x *facts) chainCalendar() {
	for i := 0; i+1 < len(x.numbers); i++ {
		a, b := &x.numbers[i], &x.numbers[i+1]
		if a.calendar && !b.soft && b.to-b.from == 4 && within(a.to, b.from) {
			b.calendar = true
		}
	}
}

// within reports whether a place is a few runes behind another ("18 de marzo", "March 7").
func within(from, to int) bool { return from <= to && to-from <= 4 }

// findHanDates marks the month of 3月18日 or 3월 18일, and the day behind it.
func (x *facts) findHanDates() {
	for i := range x.numbers {
		n := &x.numbers[i]
		at := n.to
		for isSpace(x.f.at(at)) {
			at++
		}
		if x.wordDate(i) {
			continue
		}
		switch x.f.at(at) {
		case '年', '년':
			n.calendar = n.to-n.from == 4 && i+1 < len(x.numbers) && x.numbers[i+1].from-n.to <= 3
		case '月', '월':
			n.dated, n.unit, n.unitTo = true, "", n.to
		case '日', '号', '號', '일':
			if i > 0 && x.numbers[i-1].dated && n.from-x.numbers[i-1].to <= 3 {
				n.dated, n.unit, n.unitTo = true, "", n.to
			}
		}
	}
}

// findDottedDates finds 12.03.2026, which the scanner reads as one number with two marks.
func (x *facts) findDottedDates() {
	for i := range x.numbers {
		n := &x.numbers[i]
		dots, digits := 0, 0
		for j := n.from; j < n.to; j++ {
			if x.f.at(j) == '.' {
				dots++
			} else {
				digits++
			}
		}
		if dots == 2 && digits >= 4 && digits <= 8 && n.to-n.from <= 10 && !groupsOfThree(x.f, *n) {
			n.dated = true
			n.values = []string{x.f.original(n.from, n.to)}
			x.dates = append(x.dates, span{n.from, n.to, "date"})
		}
	}
}

func groupsOfThree(f *folded, n number) bool {
	return f.at(n.to-4) == '.' && f.at(n.to-8) == '.'
}

func atMost(value string, limit int) bool {
	v, err := strconv.Atoi(value)
	return err == nil && v <= limit
}

// findPressures finds pairs such as 120/80.
func (x *facts) findPressures() {
	for i := 0; i+1 < len(x.numbers); i++ {
		a, b := x.numbers[i], x.numbers[i+1]
		if a.dated || b.dated || b.from != a.to+1 || x.f.at(a.to) != '/' || a.decimal || b.decimal {
			continue
		}
		upper, errA := strconv.Atoi(a.values[0])
		lower, errB := strconv.Atoi(b.values[0])
		if errA == nil && errB == nil && upper > lower && upper >= 50 && upper <= 300 && lower >= 20 && lower <= 200 {
			x.pressures = append(x.pressures, span{a.from, b.unitTo, a.values[0] + "/" + b.values[0]})
		}
	}
}

// findFrequencies looks for "every 8 hours", "twice daily", "q8h", with numbers as slots.
func (x *facts) findFrequencies(words *wordRules) {
	for _, m := range words.frequency.all(x.f.runes) {
		x.frequencies = append(x.frequencies, span{m.from, m.to, m.entries[0].value})
	}
	soft := words.softNumbers(x.f, x.numbers)
	x.findRhythms(words, x.numbers)
	if len(soft) > 0 { // words may be numbers or parts of the phrase (Turkish "saatte bir")
		x.findRhythms(words, slices.Concat(x.numbers, soft))
	}
	x.frequencies = dedupe(x.frequencies)
}

// findRhythms looks for phrases with numbers in them.
func (x *facts) findRhythms(words *wordRules, numbers []number) {
	runes, index, values := x.slotted(numbers)
	for _, lex := range []*lexicon{&words.frequency, &wordsOf("en").frequency} {
		for _, m := range lex.all(runes) {
			value := m.entries[0].value
			for i := m.to - 1; i >= m.from; i-- { // the last number counts: 1日3回
				if runes[i] == numberRune {
					value = expandFrequency(value, values[i])
				}
			}
			x.frequencies = append(x.frequencies, span{index[m.from], index[m.to-1] + 1, value})
			if runes[m.to-1] == numberRune {
				x.frequencies[len(x.frequencies)-1].to = index[m.to]
			}
		}
		if words == wordsOf("en") {
			break
		}
	}
}

// slotted is the text with each of the numbers as one rune; index leads back, and has one entry more for the end.
func (x *facts) slotted(numbers []number) (runes []rune, index []int, values map[int]string) {
	values = map[int]string{}
	numbers = slices.Clone(numbers)
	sort.Slice(numbers, func(i, j int) bool { return numbers[i].from < numbers[j].from })
	next := 0
	for i := 0; i < len(x.f.runes); i++ {
		for next < len(numbers) && numbers[next].from < i {
			next++
		}
		index = append(index, i)
		if next < len(numbers) && numbers[next].from == i && (!numbers[next].soft || len(numbers[next].values) == 1) {
			values[len(runes)] = numbers[next].values[0]
			runes = append(runes, numberRune)
			i = numbers[next].to - 1
			next++
			continue
		}
		runes = append(runes, x.f.runes[i])
	}
	return runes, append(index, len(x.f.runes)), values
}

// expandFrequency fills a number into "q{n}h" or "{n}/d" and gives equal rhythms one name.
func expandFrequency(pattern, n string) string {
	switch pattern {
	case "q{n}h":
		switch n {
		case "24":
			return "1/d"
		case "12":
			return "2/d"
		case "8":
			return "3/d"
		case "6":
			return "4/d"
		}
		return "q" + n + "h"
	case "{n}/d":
		return n + "/d"
	case "{n}/w":
		return n + "/w"
	}
	return pattern
}

// dedupe keeps the longest of spans that overlap ("twice daily", not "daily"), in their order.
func dedupe(spans []span) []span {
	sort.SliceStable(spans, func(i, j int) bool { return spans[i].to-spans[i].from > spans[j].to-spans[j].from })
	spans = spans[:min(len(spans), maxNumbers)]
	var kept []span
	for _, s := range spans {
		overlaps := false
		for _, k := range kept {
			overlaps = overlaps || (s.from < k.to && k.from < s.to)
		}
		if !overlaps {
			kept = append(kept, s)
		}
	}
	sort.Slice(kept, func(i, j int) bool { return kept[i].from < kept[j].from })
	return kept
}

// findWords collects negations and sides. What stands in the name of a drug is none (左氧氟沙星).
func (x *facts) findWords(words *wordRules) {
	taken := make([]bool, len(x.f.runes))
	mark := func(from, to int) {
		for i := from; i < to; i++ {
			taken[i] = true
		}
	}
	for _, s := range x.drugs {
		mark(s.from, s.to)
	}
	var repeated []span
	for _, m := range words.words.all(x.f.runes) {
		if taken[m.from] {
			continue
		}
		mark(m.from, m.to)
		for _, e := range m.entries {
			if e.ignore || e.prefix && wordEnd(x.f, m)-m.to < minInPrefix {
				continue
			}
			s := span{m.from, m.to, e.group}
			switch e.group {
			case concord:
				repeated = append(repeated, s)
			case negated, opposed, weakened:
				x.negate(s)
			default:
				x.answers[e.group]++
				if e.sure {
					x.sides = append(x.sides, s)
				}
			}
		}
	}
	x.findInside(words, taken)
	x.addConcord(repeated)
	sortSpans(x.negations)
}
