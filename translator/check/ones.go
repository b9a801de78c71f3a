package check

import (
	"slices"

	"medixchange/translator/language"
)

// oneTime is one of a unit of time in a text: "one hour", or with no number "over an hour".
type oneTime struct {
	span
	bare bool // without a number
}

// oneTimes notices that one of a unit of time became one of another where a side has no number for it: "over an hour", "trong một phút". With a number on
// both sides the numbers tell.
func (c *comparison) oneTimes() {
	if c.has("number") || c.has("unit") {
		return
	}
	source, target := c.source.oneTimes(wordsOf(c.from)), c.target.oneTimes(wordsOf(c.to))
	for _, s := range source {
		if c.source.lasting(source, s.value) <= c.target.lasting(target, s.value) {
			continue
		}
		for _, t := range target {
			if (s.bare || t.bare) && c.source.lasting(source, t.value) < c.target.lasting(target, t.value) {
				c.found("number.changed", c.source.text(s.span), c.target.text(t.span))
				return
			}
		}
	}
}

// oneTimes are the places of a text that speak of one minute, hour, day and so on; none of how often something is given, or of an amount in that time.
func (x *facts) oneTimes(words *wordRules) (ones []oneTime) {
	for _, m := range words.ones.all(x.f.runes) {
		ones = append(ones, oneTime{span{m.from, m.to, m.entries[0].value}, true})
	}
	for _, n := range x.numbers {
		if loaded().units[n.unit].Time && n.values[0] == "1" && !n.clock && !n.dated && !n.code {
			ones = append(ones, oneTime{span{n.from, n.unitTo, n.unit}, false})
		}
	}
	ones = ones[:min(len(ones), loaded().limits.Numbers.Most)]
	return slices.DeleteFunc(ones, func(one oneTime) bool {
		return slices.ContainsFunc(slices.Concat(x.frequencies, x.maybeFrequencies), func(s span) bool { return s.from < one.to && one.from < s.to }) ||
			!one.bare && slices.ContainsFunc(x.numbers, func(n number) bool { return n.unit != "" && n.to <= one.from && x.touch(n.unitTo, one.from) })
	})
}

// lasting counts what takes as long as one of a unit of time: that itself, or about as many of a smaller one ("7 days" for a week).
func (x *facts) lasting(ones []oneTime, unit string) (count int) {
	units := loaded().units
	of := units[unit]
	for _, one := range ones {
		if one.value == unit {
			count++
		}
	}
	for _, n := range x.numbers {
		u := units[n.unit]
		share := float(n.values[0]) * u.Factor / of.Factor
		if u.Time && n.unit != unit && u.Dimension == of.Dimension && share > 0.9 && share < 1.1 {
			count++
		}
	}
	return count
}

// saysOne reports whether a text has a length of time without a number that lasts as long as a number of another text: "for a week" is 7 days.
func (x *facts) saysOne(code language.Code, n number) bool {
	u := loaded().units[n.unit]
	if !u.Time || n.dated {
		return false
	}
	for _, m := range wordsOf(code).ones.all(x.f.runes) {
		one := loaded().units[m.entries[0].value]
		if share := float(n.values[0]) * u.Factor / one.Factor; u.Dimension == one.Dimension && share > 0.99 && share < 1.01 {
			return true
		}
	}
	return false
}
