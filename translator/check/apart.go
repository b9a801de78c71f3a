package check

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"medixchange/translator/language"
)

// A frequency may stand apart: the day in one place and how often in another ("每天服用三次", "take it every day, three times"). The day
// alone would say "once daily". What may belong together is looked for in each text; whether it does, the other text tells as well, since
// "three times" behind "daily" may count something else ("give it daily, and call after it was missed three times").

// rhythmWords are the words of data/rhythms.yaml in one language.
type rhythmWords struct {
	Day, Week, Month []string            // say each one and leave open how often
	Times            map[string][]string // a number, or {n}, → words that say how often
	Parts            []string            // the same, of what is divided ("分{n}次"), which others may call "in {n} doses"
	Ignore           []string            // look like these, are none
}

// The groups of words for frequencies: whole ones, and the parts of those that stand apart.
const (
	frequencyGroup = "frequency"
	eachGroup      = "each"
	timesGroup     = "times"
	partsGroup     = "parts"
)

// loadRhythms reads the words for frequencies that stand apart; it comes after loadWords.
func (r *rules) loadRhythms() error {
	var lists map[language.Code]rhythmWords
	if err := readYAML("rhythms.yaml", &lists); err != nil {
		return err
	}
	for _, code := range language.Bases {
		list := lists[code]
		if len(list.Day) == 0 || len(list.Week) == 0 || len(list.Month) == 0 || len(list.Times) == 0 {
			return fmt.Errorf("rhythms.yaml: %s needs words for a day, a week, a month, and how often", code)
		}
		r.words[code].addRhythms(list, code)
	}
	return nil
}

func (w *wordRules) addRhythms(list rhythmWords, code language.Code) {
	only := language.Code("")
	if code == "en" { // its frequencies are looked for in every language
		only = code
	}
	for per, words := range map[string][]string{"d": list.Day, "w": list.Week, "mo": list.Month} {
		for _, word := range words {
			w.keepFrequency(word)
			w.frequency.add(word, entry{group: eachGroup, value: per, sure: true, only: only})
		}
	}
	for value, words := range list.Times {
		for _, word := range words {
			w.frequency.add(word, entry{group: timesGroup, value: value, sure: true, only: only})
		}
	}
	for _, word := range list.Parts {
		w.frequency.add(word, entry{group: partsGroup, value: "{n}", sure: true, only: only})
	}
	for _, word := range list.Ignore {
		w.frequency.add(word, entry{group: timesGroup, ignore: true, only: only})
	}
}

// keepFrequency lets a word that is longer than one with any ending ("ежедневн*") be a frequency as before.
func (w *wordRules) keepFrequency(word string) {
	runes := foldFor(word, w.Accents).runes
	m, ok := w.frequency.at(runes, 0)
	if !ok || m.to == len(runes) {
		return
	}
	for _, e := range m.entries {
		if e.endings && e.group == frequencyGroup {
			e.endings = false
			w.frequency.add(word, e)
		}
	}
}

// apart is a frequency that stands in two places.
type apart struct {
	each, times span
	value       string
	distance    int
	doses       bool // it may be said of doses instead: what is divided, or stands behind a comma ("漏用两次", "two doses were missed")
}

// from and to are where it begins and ends with all that is between.
func (a apart) from() int { return min(a.each.from, a.times.from) }
func (a apart) to() int   { return max(a.each.to, a.times.to) }

// addParts notes the parts of a frequency that stand alone; count is how often, where a number says it.
func (x *facts) addParts(m match, found span, count string) {
	for _, e := range m.entries {
		switch {
		case e.ignore || e.only != "" && e.only != x.f.lang:
		case e.group == eachGroup:
			x.periods = append(x.periods, span{found.from, found.to, e.value})
		case e.group == timesGroup, e.group == partsGroup && count != "":
			s := span{found.from, found.to, expandFrequency(e.value, count)}
			x.counts = append(x.counts, s)
			if e.group == partsGroup {
				x.parts = append(x.parts, s)
			}
		}
	}
}

// findApart finds the frequencies that stand apart: each word for a day with the count that is nearest in its sentence.
func (x *facts) findApart(soft []number) {
	x.counts = slices.DeleteFunc(dedupe(x.counts), func(s span) bool { return !countsTimes(s.value) || anyOverlaps(x.frequencies, s) })
	if len(x.counts) == 0 || len(x.periods) == 0 {
		return
	}
	x.periods = slices.DeleteFunc(dedupe(x.periods), func(s span) bool { return !x.isPeriod(s, soft) })
	most := loaded().limits.Numbers.Most
	x.counts, x.periods = x.counts[:min(len(x.counts), most)], x.periods[:min(len(x.periods), most)]
	var near []apart
	for _, each := range x.periods {
		for _, times := range x.counts {
			if distance, ok := x.apartBy(each, times); ok {
				near = append(near, apart{each, times, times.value + "/" + each.value, distance, distance >= loaded().limits.Rhythm.Comma || slices.Contains(x.parts, times)})
			}
		}
	}
	slices.SortStableFunc(near, func(a, b apart) int { return cmp.Compare(a.distance, b.distance) })
	var paired []apart
	for _, a := range near {
		if slices.ContainsFunc(paired, func(b apart) bool { return a.each == b.each || a.times == b.times }) {
			continue
		}
		paired = append(paired, a)
	}
	x.apart = slices.DeleteFunc(paired, func(a apart) bool { // "every day … once" is what "every day" is already
		return slices.Contains(x.frequencies, span{a.each.from, a.each.to, a.value})
	})
}

// countsTimes reports whether a count may be how often a day: 72次 is a pulse.
func countsTimes(value string) bool {
	n, err := strconv.Atoi(value)
	return err == nil && n > 0 && n <= loaded().limits.Rhythm.Most
}

// isPeriod reports whether a word says each day: not within "every morning", nor behind another number ("3 ngày uống"), nor where it is a
// part of a date (3月1日に).
func (x *facts) isPeriod(s span, soft []number) bool {
	for _, f := range x.frequencies {
		if f.from == s.from && f.to == s.to {
			return true
		}
		if f.from < s.to && s.from < f.to {
			return false
		}
	}
	if before := x.f.at(s.from - 1); isDigit(before) || isOneOf(loaded().marks.Month, before) || loaded().forms.hanNumeral[before] != (hanSign{}) {
		return false
	}
	before := func(n number) bool {
		return n.to <= s.from && n.values[0] != "1" && skipSpaces(x.f, n.to) == s.from && !n.inside(x.counts)
	}
	return !slices.ContainsFunc(x.numbers, before) && !slices.ContainsFunc(soft, before)
}

// apartBy is how far the parts of a frequency are from each other, if they may belong together. A comma counts for some letters.
func (x *facts) apartBy(each, times span) (distance int, ok bool) {
	a, b := each, times
	if b.from < a.from {
		a, b = b, a
	}
	if b.from < a.to {
		return 0, false
	}
	limits := &loaded().limits.Rhythm
	if distance = b.from - a.to; distance > limits.Reach {
		return 0, false
	}
	for i := a.to; i < b.from; i++ {
		switch {
		case !x.partsClause(i):
		case isOneOf(loaded().marks.Sentence, x.f.runes[i]):
			return 0, false
		default:
			distance += limits.Comma
		}
	}
	return distance, distance <= limits.Reach
}

// join makes one frequency of the two parts.
func (x *facts) join(a apart) {
	x.frequencies = slices.DeleteFunc(x.frequencies, func(s span) bool { return s.from == a.each.from && s.to == a.each.to })
	x.frequencies = append(x.frequencies, span{a.times.from, a.times.to, a.value})
	sortSpans(x.frequencies)
	x.rhythms = append(x.rhythms, a)
}

// wholeRhythm is a frequency with all its parts and what is between them.
func (x *facts) wholeRhythm(s span) span {
	for _, a := range x.rhythms {
		if a.times.from == s.from && a.times.to == s.to && a.value == s.value {
			return span{a.from(), a.to(), s.value}
		}
	}
	return s
}

// joinRhythms joins the frequencies of both texts that stand apart, but for those that the other one does not have and counts
// otherwise as well: "daily … three times" where the other says "once daily" and "three times" apart from it.
func (c *comparison) joinRhythms() {
	c.source.dropRepeats(c.target)
	c.target.dropRepeats(c.source)
	source, target := c.source.rhythmsFor(c.target), c.target.rhythmsFor(c.source)
	for _, a := range source {
		c.source.join(a)
	}
	for _, a := range target {
		c.target.join(a)
	}
}

// rhythmsFor are the frequencies of x in two parts that are such, seen beside y.
func (x *facts) rhythmsFor(y *facts) (joined []apart) {
	for _, a := range x.apart {
		if !x.countsElse(a, y) {
			joined = append(joined, a)
		}
	}
	return joined
}

// countsElse reports whether y tells that the times of a frequency in two parts count something else: it has more of them that belong to no
// frequency, or, where it does not have the frequency, more such numbers.
func (x *facts) countsElse(a apart, y *facts) bool {
	value := a.times.value
	if y.looseCounts(value) > x.looseCounts(value) {
		return true
	}
	if hasValue(y.frequencies, a.value) || slices.ContainsFunc(y.apart, func(b apart) bool { return b.value == a.value }) {
		return false
	}
	return y.looseCounts(value)+y.looseNumbers(value) > x.looseCounts(value)+x.looseNumbers(value) || a.doses && y.countsDoses(value)
}

// dropRepeats leaves out "every day" directly beside how often that is ("every day, three times a day"), which is no frequency of its own
// unless the other text has both.
func (x *facts) dropRepeats(y *facts) {
	x.frequencies = slices.DeleteFunc(slices.Clone(x.frequencies), func(s span) bool {
		return slices.ContainsFunc(x.periods, func(each span) bool { return each.from == s.from && each.to == s.to && x.repeats(each, y) })
	})
}

func (x *facts) repeats(each span, y *facts) bool {
	return slices.ContainsFunc(x.frequencies, func(s span) bool {
		times, per, _ := strings.Cut(s.value, "/")
		return x.adjoin(each, s) && per == each.value && times != "1" && !(hasValue(y.frequencies, s.value) && hasValue(y.frequencies, "1/"+per))
	})
}

// adjoin reports whether nothing but a comma stands between two places.
func (x *facts) adjoin(a, b span) bool {
	if b.from < a.from {
		a, b = b, a
	}
	marks := &loaded().marks
	return a.to <= b.from && !slices.ContainsFunc(x.f.runes[a.to:b.from], func(r rune) bool {
		return !isSpace(r) && (!isOneOf(marks.Items, r) || isOneOf(marks.Sentence, r))
	})
}

// countsDoses reports whether a text has a number that may be one of doses.
func (x *facts) countsDoses(value string) bool {
	return slices.ContainsFunc(x.numbers, func(n number) bool {
		return (n.unit == "" || n.unit == "dose") && !n.dated && contains(n.values, value) && !n.inside(x.frequencies)
	})
}

// looseCounts is how often a text counts so many times what is in no frequency.
func (x *facts) looseCounts(value string) (times int) {
	for _, s := range x.counts {
		if s.value == value && !slices.ContainsFunc(x.apart, func(a apart) bool { return a.times == s }) {
			times++
		}
	}
	return times
}

// looseNumbers is how often it says a number that is in none either, and has no unit.
func (x *facts) looseNumbers(value string) (times int) {
	for i := range x.numbers {
		n := &x.numbers[i]
		if n.unit == "" && !n.dated && contains(n.values, value) && !n.inside(x.frequencies) && !n.inside(x.counts) {
			times++
		}
	}
	return times
}
