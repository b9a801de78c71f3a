package check

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"medixchange/translator/language"
)

func itoa(n int) string { return strconv.Itoa(n) }

// facts is what a text says that must be the same in every language.
type facts struct {
	f         *folded
	numbers   []number // in digits first by place, then in words
	pressures []span

	concentrations []concentration
	dates          []span
	days           []day
	schemes        []span // "1-0-1": how much at each time of the day
	times          []clockTime
	weekdays       []span
	drugs          []span
	frequencies    []span

	maybeFrequencies []span  // words that may be one
	periods          []span  // "each day", which leaves open how often
	counts           []span  // "three times", in no frequency
	parts            []span  // those of them that may be doses
	apart            []apart // frequencies that may stand apart
	rhythms          []apart // those of them that do
	negations        []span  // those that count
	opposites        []span  // "ineffective", "unable"
	weak             []span  // "avoid", "instead of"
	faint            []span  // "shortage", "unlike"
	omissions        []span  // words for not giving something
	told             []span  // those of them that are no orders
	missed           []span  // words for a dose that was forgotten
	pauses           []span  // words that answer an omission
	crowded          bool    // it has more numbers than are compared
	manyNegations    bool    // and more words that negate
	answers          map[string]int
	sides            []span  // value is "left" or "right", sure ones
	maybeSides       []span  // words that may be one
	faced            []span  // those of them that are the second of two sides ("the right one")
	maybeRates       []span  // units that a dose may be given by, or lengths of time
	units            []match // words for units, once unitPlaces has looked for them
	signs            []match // and for signs of numbers, once signPlaces has
	stopWords        []match // words that end a treatment, once it was asked for them
	stopsKnown       bool
}

// span is a fact at a place; from and to are in folded runes.
type span struct {
	from, to int
	value    string
}

func (x *facts) text(s span) string {
	s = x.wholeRhythm(s)
	return x.f.original(s.from, s.to)
}

// numberText is a number with its unit as the source has it, with the lower end of its range and the rest of its concentration.
func (x *facts) numberText(n number) string {
	if whole, ok := x.concentrationOf(n); ok {
		return x.text(whole)
	}
	return x.f.original(x.rangeStart(n), max(n.unitTo, n.rateTo))
}

// rangeStart is where "5" begins in "5–10 mg".
func (x *facts) rangeStart(n number) int {
	i := n.from - 1
	for isSpace(x.f.at(i)) {
		i--
	}
	if !isOneOf(loaded().marks.Range, x.f.at(i)) {
		return n.from
	}
	for i--; isSpace(x.f.at(i)); i-- {
	}
	for _, m := range x.numbers {
		if m.to == i+1 && !m.soft && m.unit == "" && !m.code && !m.dated && !m.telephone {
			return m.from
		}
	}
	return n.from
}

// extract reads the facts of a text in a language.
func extract(text string, code language.Code) *facts {
	words := wordsOf(code)
	x := &facts{f: foldIn(text, code), answers: map[string]int{}}
	x.numbers = x.atMost(scanNumbers(x.f, words))
	x.splitClock(words)
	x.joinFractions()
	x.findSchemes(words)
	x.findDates()
	x.findPressures(words)
	soft := words.softNumbers(x.f, x.numbers)
	marks := words.calendar.all(x.f.runes)
	x.findClock(words, soft, marks)
	x.findFrequencies(words, soft)
	x.numbers = x.atMost(append(x.numbers, soft...))
	x.addHalves(words)
	x.raise(words)
	x.addBareHalves(words)
	x.findMonths()
	x.findDays()
	x.drugs = drugsIn(x.f)
	x.addDoseLetters(words)
	x.attachRates(marks)
	x.shareUnits()
	x.findConcentrations(words)
	x.findWords(words)
	return x
}

// atMost keeps the first numbers, as many as are compared with each other, and notes that there were more.
func (x *facts) atMost(numbers []number) []number {
	most := loaded().limits.Numbers.Most
	if len(numbers) <= most {
		return numbers
	}
	x.crowded = true
	return numbers[:most]
}

// shareUnits gives the lower end of a range the unit of its upper end, and lets it be so many millions.
func (x *facts) shareUnits() {
	reach, clause := loaded().limits.Numbers.RangeMark, loaded().marks.Clause
	for i := range x.numbers {
		a := &x.numbers[i]
		for _, b := range x.numbers {
			if b.from <= a.to || b.from-a.to > reach || strings.ContainsAny(string(x.f.runes[a.to:b.from]), clause) {
				continue
			}
			if a.unit == "" && b.unit != "" {
				a.shared = b.unit
			}
			if a.zeros == 0 && b.zeros > 0 && !a.code {
				a.values = append(slices.Clip(a.values), shifted(a.values[0], b.zeros))
			}
		}
	}
}

// within reports whether a place is a few runes behind another ("18 de marzo", "March 7").
func within(from, to int) bool { return from <= to && to-from <= loaded().limits.Numbers.MonthMark }

// findPressures finds pairs such as 120/80.
func (x *facts) findPressures(words *wordRules) {
	limits := &loaded().limits.Pressure
	for i := 0; i+1 < len(x.numbers); i++ {
		a, b := &x.numbers[i], &x.numbers[i+1]
		if x.saidOver(words, a, b) {
			x.centimetres(words, a, b)
		}
		if a.dated || b.dated || b.from != a.to+1 || x.f.at(a.to) != '/' {
			continue
		}
		x.centimetres(words, a, b)
		upper, errA := strconv.Atoi(a.values[len(a.values)-1])
		lower, errB := strconv.Atoi(b.values[len(b.values)-1])
		if errA == nil && errB == nil && upper > lower && limits.Upper.hold(float64(upper)) && limits.Lower.hold(float64(lower)) {
			x.pressures = append(x.pressures, span{a.from, b.unitTo, strconv.Itoa(upper) + "/" + strconv.Itoa(lower)})
		}
	}
}

// saidOver reports two numbers with a word of a blood pressure between them ("۱۴ روی ۹").
func (x *facts) saidOver(words *wordRules, a, b *number) bool {
	return len(words.over) > 0 && a.to < b.from && slices.Contains(words.over, strings.TrimSpace(string(x.f.runes[a.to:b.from])))
}

// centimetres lets a blood pressure in centimetres of mercury also be one in millimetres: "TA 18/11" is 180/110.
func (x *facts) centimetres(words *wordRules, a, b *number) {
	if loaded().limits.Pressure.Centimetres.hold(float(a.values[0])) && words.tenths.endingAt(x.f, a.from) >= 0 {
		a.values = append(slices.Clip(a.values), shifted(a.values[0], 1))
		b.values = append(slices.Clip(b.values), shifted(b.values[0], 1))
	}
}

// findFrequencies looks for "every 8 hours", "twice daily", "q8h", with numbers as slots; soft are those in words.
func (x *facts) findFrequencies(words *wordRules, soft []number) {
	for _, m := range words.frequency.all(x.f.runes) {
		x.addFrequency(m, span{m.from, m.to, m.entries[0].value}, "")
	}
	s := newSlotted(len(x.f.runes))
	x.findRhythms(words, s, x.numbers, nil)
	if len(soft) > 0 { // words may be numbers or parts of the phrase (Turkish "saatte bir")
		x.findRhythms(words, s, x.numbers, soft)
	}
	x.frequencies = dedupe(x.frequencies)
	x.findApart(soft)
}

// findRhythms looks for phrases with numbers in them.
func (x *facts) findRhythms(words *wordRules, s *slotted, hard, soft []number) {
	s.fill(x.f.runes, hard, soft)
	english := wordsOf("en")
	if len(s.values) > 0 || words == english { // without a number, the words of its own language have been looked up
		x.addRhythms(&words.frequency, s)
	}
	if words != english {
		x.addRhythms(&english.frequency, s)
	}
}

func (x *facts) addRhythms(lex *lexicon, s *slotted) {
	for _, m := range lex.all(s.runes) {
		if m.foreign(x.f) {
			continue
		}
		value, count := m.entries[0].value, ""
		for i := m.to - 1; i >= m.from; i-- { // the last number counts: 1日3回
			if s.runes[i] == numberRune {
				count = cmp.Or(count, s.valueAt(i))
				value = expandFrequency(value, s.valueAt(i))
			}
		}
		found := span{s.index[m.from], s.index[m.to-1] + 1, value}
		if s.runes[m.to-1] == numberRune {
			found.to = s.index[m.to]
		}
		x.addFrequency(m, found, count)
	}
}

func (x *facts) addFrequency(m match, found span, count string) {
	if slices.ContainsFunc(x.weekdays, func(day span) bool { return day.from <= found.from && found.to <= day.to }) {
		return // "every day" of "every Monday" (كل يوم اثنين)
	}
	x.addParts(m, found, count)
	if m.entries[0].group != frequencyGroup {
		return
	}
	if m.entries[0].sure {
		x.frequencies = append(x.frequencies, found)
	} else {
		x.maybeFrequencies = append(x.maybeFrequencies, found)
	}
}

// expandFrequency fills a number into "q{n}h" or "{n}/d" and gives equal rhythms one name.
func expandFrequency(pattern, n string) string {
	value := strings.ReplaceAll(pattern, "{n}", n)
	if name, ok := loaded().sameRhythm[value]; ok {
		return name
	}
	return value
}

// dedupe keeps the longest of spans that overlap ("twice daily", not "daily"), in their order.
func dedupe(spans []span) []span {
	slices.SortStableFunc(spans, func(a, b span) int { return (b.to - b.from) - (a.to - a.from) })
	spans = spans[:min(len(spans), loaded().limits.Numbers.Most)]
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
	sortSpans(kept)
	return kept
}

// acronym reports whether the word at a place is written in capitals (UNESCO).
func (x *facts) acronym(at int) bool {
	to := at
	for to < len(x.f.runes) && wordRune(x.f.runes[to]) {
		to++
	}
	word := x.f.original(at, to)
	return word == strings.ToUpper(word) && word != strings.ToLower(word)
}

// findWords collects negations and sides. What stands in the name of a drug is none (左氧氟沙星), nor is a number with its unit.
func (x *facts) findWords(words *wordRules) {
	taken := make([]use, len(x.f.runes))
	mark := func(from, to int) {
		for i := from; i < to; i++ {
			taken[i] = used
		}
	}
	for _, s := range x.drugs {
		mark(s.from, s.to)
	}
	for _, n := range x.numbers {
		if n.plain && n.counted { // Persian writes nine as it writes "not"
			mark(n.from, n.to)
		}
	}
	var repeated []span
	var condition span // the last one
	for _, m := range words.words.all(x.f.runes) {
		if taken[m.from] != unused {
			continue
		}
		mark(m.from, m.to)
		if x.doubled(m, words) {
			continue
		}
		if slices.ContainsFunc(m.entries, entry.inflects) {
			taken[m.from] = inflected
		}
		for _, e := range m.entries {
			if e.ignore || e.prefix && (wordEnd(x.f, m)-m.to < minInPrefix || x.acronym(m.from)) {
				continue
			}
			s := span{m.from, m.to, e.group}
			switch e.group {
			case concord:
				if e.value != onlyAccented || x.f.hasAccent(m) {
					x.keep(&repeated, s)
				}
			case omitted:
				x.omit(span{m.from, m.to, e.value}, condition)
			case conditional:
				if !x.writtenOn(m.from) {
					condition = span{m.from, m.to, e.value}
				}
			case negated, opposed, weakened, faint, paused, missed, skipped:
				if !x.measures(m, words) {
					x.negate(s)
				}
			default:
				x.addSide(m, e)
			}
		}
	}
	x.findInside(words, taken)
	x.addConcord(words, repeated)
	x.dropOnly(words)
	x.settleOmissions(words)
	sortSpans(x.negations)
	x.settleSides(words)
}
