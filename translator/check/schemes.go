package check

import (
	"slices"
	"strconv"
	"strings"
)

// A scheme says how much of a drug is taken at each time of the day: 1-0-1 is one in the morning and one in the evening. "2x1" says
// how often, then how much.

const (
	minSchemeLen = 3 // morning, noon, evening
	maxSchemeLen = 4 // and the night
)

// findSchemes finds how often something is given where that stands in numbers alone.
func (x *facts) findSchemes(words *wordRules) {
	for i := 0; i < len(x.numbers); i++ {
		if length := x.schemeAt(i); length > 0 {
			x.addScheme(x.numbers[i : i+length])
			i += length - 1
		} else if x.timesAt(words, i) {
			a := &x.numbers[i]
			x.frequencies = append(x.frequencies, span{a.from, a.to, expandFrequency("{n}/d", a.values[0])})
			a.code = true
			x.numbers[i+1].code = x.numbers[i+1].values[0] == "1" && !x.numbers[i+1].isGiven()
		}
	}
}

// schemeAt tells how many numbers from a place on are a scheme, 0 for none.
func (x *facts) schemeAt(i int) int {
	to := i
	for to < len(x.numbers) && x.schemePart(to) {
		to++
		if to == len(x.numbers) || x.f.at(x.numbers[to-1].to) != '-' || x.numbers[to].from != x.numbers[to-1].to+1 {
			break
		}
	}
	if length := to - i; length >= minSchemeLen && length <= maxSchemeLen && !x.goesOn(x.numbers[i].from-1) && !x.goesOn(x.numbers[to-1].to) {
		return length
	}
	return 0
}

// goesOn reports whether what stands at a place makes a scheme a part of something longer, such as the number of a telephone.
func (x *facts) goesOn(at int) bool {
	r := x.f.at(at)
	return r == '-' || r == '/' || r == '.' && isDigit(x.f.at(at+1)) || isDigit(r)
}

func (x *facts) schemePart(i int) bool {
	n := &x.numbers[i]
	value := float(n.values[0])
	return !n.soft && !n.code && !n.dated && value <= float64(loaded().limits.Numbers.Scheme) && (n.to-n.from == 1 || n.decimal && value < 1)
}

// addScheme notes a scheme and how often that is. What it says with a nought or a one needs no partner among other numbers.
func (x *facts) addScheme(parts []number) {
	times, said := 0, make([]string, 0, maxSchemeLen)
	for i := range parts {
		value := parts[i].values[0]
		said = append(said, value)
		if value != "0" {
			times++
		}
		parts[i].code = value == "0" || value == "1"
	}
	if times == 0 {
		return
	}
	from, to := parts[0].from, parts[len(parts)-1].to
	x.frequencies = append(x.frequencies, span{from, to, expandFrequency("{n}/d", strconv.Itoa(times))})
	x.schemes = append(x.schemes, span{from, to, strings.TrimSuffix(strings.Join(said, "-"), "-0")})
}

// inScheme reports whether a number is a part of a scheme, and so of no date.
func (x *facts) inScheme(n *number) bool {
	return slices.ContainsFunc(x.schemes, func(s span) bool { return s.from <= n.from && n.to <= s.to })
}

// timesAt reports whether a number says how often a day the next is given ("2x1"). Before milligrams it says so in some languages
// only: elsewhere "2 x 500 mg" are two tablets.
func (x *facts) timesAt(words *wordRules, i int) bool {
	if i+1 >= len(x.numbers) {
		return false
	}
	a, b := &x.numbers[i], &x.numbers[i+1]
	if a.unit != "" || a.decimal || !atMost(a.values[0], loaded().limits.Numbers.Times) || b.unit != "" && !b.isGiven() || critical(b.unit) && !words.dailyTimes {
		return false
	}
	mark := skipSpaces(x.f, a.to)
	return isOneOf(loaded().marks.Times, x.f.at(mark)) && skipSpaces(x.f, mark+1) == b.from && !x.goesOn(b.to)
}

// schemes compares what both texts give at each time of the day.
func (c *comparison) schemes() {
	if len(c.source.schemes) != len(c.target.schemes) {
		return
	}
	for i, s := range c.source.schemes {
		if t := c.target.schemes[i]; s.value != t.value && !slices.ContainsFunc(c.findings, func(f finding) bool { return f.name == "frequency.changed" }) {
			c.found("frequency.changed", c.source.text(s), c.target.text(t))
		}
	}
}
