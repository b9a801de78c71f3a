package check

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// fractionMark stands between the parts of ½ once it is folded.
const fractionMark = '⁄'

// joinFractions makes one number of "½" and of "1/2 tablet", and of a whole number before it ("2½", "2 1/2").
func (x *facts) joinFractions() {
	for i := 0; i+1 < len(x.numbers); i++ {
		part, ok := x.fraction(i)
		if !ok {
			continue
		}
		from := i
		if i > 0 && x.wholeBefore(i) {
			from, part = i-1, part+float(x.numbers[i-1].values[0])
		}
		joined := x.numbers[i+1]
		joined.from, joined.decimal, joined.code = x.numbers[from].from, true, false
		joined.values = []string{strconv.FormatFloat(part, 'f', -1, 64)}
		x.numbers = slices.Replace(x.numbers, from, i+2, joined)
		i = from
	}
}

// fraction gives what the number at a place is divided by the next, if the two are a fraction. With a common slash that
// is so only for halves, thirds and quarters of what is given, or of a scheme (1-0-1/2).
func (x *facts) fraction(i int) (value float64, ok bool) {
	a, b := &x.numbers[i], &x.numbers[i+1]
	mark := x.f.at(a.to)
	if b.from != a.to+1 || mark != fractionMark && mark != '/' || a.unit != "" || a.decimal || b.decimal {
		return 0, false
	}
	over, under := float(a.values[0]), float(b.values[0])
	if under <= over || over <= 0 {
		return 0, false
	}
	if mark == '/' && (under > 4 || !b.isGiven() && x.f.at(a.from-1) != '-') {
		return 0, false
	}
	return over / under, true
}

// isGiven reports an amount of what a patient is given.
func (n number) isGiven() bool {
	whole, _, _ := strings.Cut(n.unit, "/")
	return loaded().units[whole].Given || critical(n.unit)
}

// wholeBefore reports whether a number belongs to the fraction behind it.
func (x *facts) wholeBefore(fraction int) bool {
	n, end := x.numbers[fraction-1], x.numbers[fraction].from
	if n.unit != "" || n.decimal || n.code || end <= n.to {
		return false
	}
	return !slices.ContainsFunc(x.f.runes[n.to:end], func(r rune) bool { return !isSpace(r) })
}

// addHalves adds the half that stands in words behind an amount or behind its unit: "two and a half tablets", 两片半. Behind an hour
// it may be one of a time of day (2時半, "deux heures et demie").
func (x *facts) addHalves(words *wordRules) {
	for i := range x.numbers {
		n := &x.numbers[i]
		if n.code || n.dated || len(n.values) != 1 {
			continue
		}
		if end := x.pastHalf(words, n.to); n.unit == "" && end > n.to {
			if x.takeHalf(n, end) {
				n.addHalf()
				x.dropWithin(i)
			}
		} else if end := x.pastHalf(words, n.unitTo); n.takesHalf() && end > n.unitTo && !x.countsMore(end) {
			n.unitTo = end
			hour := n.values[0]
			n.addHalf()
			if clockUnit(n.unit) && !words.HoursLast {
				n.values = append(n.values, hour)
			}
			x.dropWithin(i)
		}
	}
}

// raise adds to a number what a word in front of it adds: "ساڑھے تین" is three and a half.
func (x *facts) raise(words *wordRules) {
	for _, m := range words.raised.all(x.f.runes) {
		at := skipSpaces(x.f, m.to)
		i := slices.IndexFunc(x.numbers, func(n number) bool { return n.from == at && !n.code && !n.dated && !n.telephone && len(n.values) == 1 })
		if i < 0 {
			continue
		}
		n := &x.numbers[i]
		share := float(m.entries[0].value) * float(shifted("1", n.zeros))
		n.from, n.decimal, n.plain, n.unscaled = m.from, true, n.soft, nil
		n.values = []string{strconv.FormatFloat(float(n.values[0])+share, 'f', -1, 64)}
	}
}

// takeHalf reports whether the half that ends at a place belongs to the number in front of it, and lets that end there. Without a unit behind it
// ("38 and a half") that is sure only of what is no hour.
func (x *facts) takeHalf(n *number, end int) bool {
	half := number{from: n.from, to: end, unitTo: end, values: n.values}
	attachUnit(x.f, &half)
	if half.unit == "" && (atMost(n.values[0], lastHour) || x.countsMore(end) || x.sharesOut(end)) {
		return false
	}
	n.to, n.unit, n.symbol, n.unitTo = end, half.unit, half.symbol, half.unitTo
	return true
}

// lastHour is the largest number that may be an hour of the day.
const lastHour = 24

// sharesOut reports whether a half that ends at a place is one of something that follows ("and half of it").
func (x *facts) sharesOut(end int) bool {
	_, of := wordsOf(x.f.lang).share.at(x.f.runes, skipSpaces(x.f, end))
	return of
}

// addBareHalves adds what is one and a half without a number in front of it: "litro y medio", "a litre and a half".
func (x *facts) addBareHalves(words *wordRules) {
	if !words.BareHalves || len(words.half.all(x.f.runes)) == 0 {
		return
	}
	for _, m := range x.unitPlaces() {
		unitTo := wordEnd(x.f, m)
		end := x.pastHalf(words, unitTo)
		n := number{from: m.from, to: end, unitTo: end, unit: m.entries[0].value, soft: true, counted: true, plain: true, values: []string{"1"}}
		if end == unitTo || m.foreign(x.f) || m.to-m.from == 1 || x.countsMore(end) || x.f.at(m.from-1) == '/' || x.hasOwner(m) {
			continue
		}
		n.addHalf()
		x.numbers = x.atMost(append(x.numbers, n))
		x.dropWithin(len(x.numbers) - 1)
	}
}

// hasOwner reports a unit that belongs to a number.
func (x *facts) hasOwner(m match) bool {
	return slices.ContainsFunc(x.numbers, func(n number) bool { return n.unit != "" && n.from <= m.from && m.from < max(n.unitTo, n.rateTo) })
}

// takesHalf reports an amount, a weight or a length of time, behind which words may add a half.
func (n number) takesHalf() bool {
	u := loaded().units[n.unit]
	return n.isGiven() || u.Time || u.Dimension == weight
}

// weight is the dimension of kilograms.
const weight = "mass"

// pastHalf is where a half is over that stands behind a place; the place itself where the word goes on and says something else (반복).
func (x *facts) pastHalf(words *wordRules, at int) int {
	if end := words.half.past(x.f, at); !wordRune(x.f.at(end)) {
		return end
	}
	return at
}

// dropWithin leaves out the numbers that have become a part of another ("half tablets").
func (x *facts) dropWithin(whole int) {
	for i := range x.numbers {
		if n := &x.numbers[i]; i != whole && n.from >= x.numbers[whole].from && n.from < x.numbers[whole].unitTo {
			n.code = true
		}
	}
}

// countsMore reports whether a unit stands at a place: the half there is one of something else.
func (x *facts) countsMore(at int) bool {
	_, ok := loaded().unitWords.at(x.f.runes, skipSpaces(x.f, at))
	return ok
}

// addHalf adds a half to a number. What is given as one and a half is an amount, whatever else "one" may say alone.
func (n *number) addHalf() {
	n.plain = n.plain || n.soft && !n.ordinal() && loaded().units[n.unit].Given
	n.values = []string{strconv.FormatFloat(float(n.values[0])+0.5, 'f', -1, 64)}
	n.decimal = true
}

// addSmaller adds what stands behind the scale of a numeral of East Asia: 1万5千, 1만 5천, 一万五千.
func (w *wordRules) addSmaller(f *folded, n *number) {
	limit := shifted("1", n.zeros)
	for float(limit) > 1 && unspacedNumeral(f.at(n.to-1)) {
		rest, end, scale := w.smaller(f, n.to)
		if end == n.to || rest >= float(limit) {
			return
		}
		for i, value := range n.values {
			n.values[i] = strconv.FormatFloat(float(value)+rest, 'f', -1, 64)
		}
		n.to, n.unitTo, limit = end, end, scale
	}
}

func unspacedNumeral(r rune) bool { return hangul(r) || unicode.Is(unicode.Han, r) }

// smaller reads a numeral that continues a larger one, where it ends, and its scale. Behind a space it needs a scale of its own.
func (w *wordRules) smaller(f *folded, at int) (value float64, end int, scale string) {
	start := skipSpaces(f, at)
	if han := hanNumeral(f, number{from: start, to: start}); han.to > start && start == at {
		return float(han.values[0]), han.to, "1"
	}
	to := start
	for isDigit(f.at(to)) {
		to++
	}
	if to == start || f.at(to) == '.' || f.at(to) == ',' {
		return 0, at, ""
	}
	digits := scanNumber(f, start, false)
	m, ok := w.numbers.at(f.runes, to)
	switch {
	case ok && m.entries[0].group == "scale":
		return float(digits.values[0]) * float(m.entries[0].value), m.to, m.entries[0].value
	case start == at:
		return float(digits.values[0]), to, "1"
	}
	return 0, at, ""
}
