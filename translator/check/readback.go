package check

import (
	"slices"
	"strconv"
	"strings"

	"medixchange/translator/language"
)

// CompareReadBack says where what somebody repeats of an order differs from it: what Compare doubts, but for the form, and the weekdays that
// are left out. A translation is not doubted for these, since its language may have another word for one; whoever reads an order back has
// to name what was ordered.
func CompareReadBack(order, repeated string, from, to language.Code) []Reason {
	c := &comparison{from: from, to: to}
	c.segment(order, repeated)
	c.weekdaysLeftOut()
	return withoutHalves(c.report().Reasons)
}

// withoutHalves leaves out the numbers of a blood pressure that is found as a whole: of 120/80 that was read back as 80/120 both are there.
func withoutHalves(reasons []Reason) []Reason {
	var pressures []Reason
	for _, r := range reasons {
		if r.Code == "blood_pressure" {
			pressures = append(pressures, r)
		}
	}
	return slices.DeleteFunc(reasons, func(r Reason) bool {
		return slices.Contains([]string{"number", "decimal", "dose"}, r.Code) && slices.ContainsFunc(pressures, func(p Reason) bool {
			return halfOf(p.Original, r.Original) && halfOf(p.Translation, r.Translation)
		})
	})
}

// halfOf reports whether a number is one of the two of a blood pressure; none is one of none.
func halfOf(pressure, number string) bool {
	upper, lower, _ := strings.Cut(pressure, "/")
	return number == upper || number == lower
}

// weekdaysLeftOut notices the weekdays that only the source names. One that became another is found already, and a date may stand for one.
func (c *comparison) weekdaysLeftOut() {
	if !hasWords(c.from) || !hasWords(c.to) || c.target.namesDate() {
		return
	}
	if _, another := valueWithout(c.target.weekdays, c.source.weekdays); another {
		return
	}
	named := slices.Concat(c.target.weekdays, c.target.maybeWeekdays(c.to))
	if wordsOf(c.from).NumberedDays {
		named = append(named, c.target.ranks()...)
	}
	for {
		s, ok := valueWithout(c.source.weekdays, named)
		if !ok {
			return
		}
		c.found("date.missing", c.source.text(s), "")
		named = append(named, s)
	}
}

// maybeWeekdays are the words that may be weekdays: those who answer an order write "Mon".
func (x *facts) maybeWeekdays(code language.Code) (found []span) {
	for _, m := range wordsOf(code).shortDays.all(x.f.runes) {
		found = append(found, span{m.from, m.to, m.entries[0].value})
	}
	return found
}

// ranks are the weekdays whose names are the numbers that a text counts by: Vietnamese has one word for "the second" and Monday.
func (x *facts) ranks() (found []span) {
	for _, n := range x.numbers {
		if rank, err := strconv.Atoi(strings.TrimSuffix(n.values[0], ".0")); err == nil && (n.unit == "" || n.ordinal()) {
			found = append(found, span{n.from, n.to, itoa(rank - 1)})
		}
	}
	return found
}

// namesDate reports whether a text names a day of the calendar.
func (x *facts) namesDate() bool {
	return slices.ContainsFunc(x.numbers, func(n number) bool { return n.month || n.calendar || n.dated && !n.soft && !x.ofTime(n) })
}

// ofTime reports whether a number is an hour or a minute.
func (x *facts) ofTime(n number) bool {
	return slices.ContainsFunc(x.times, func(t clockTime) bool { return t.from <= n.from && n.to <= t.to })
}
