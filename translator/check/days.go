package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// day is a date with its year, in whatever form: 12 March 2026, 12.03.2026, 2026年3月12日.
type day struct {
	span
	parts    []int    // its numbers, by their place in facts.numbers
	readings []string // what it may be, as 2026-03-12; none for a thirteenth month
}

// findDays puts the parts of full dates together. It comes after findMonths.
func (x *facts) findDays() {
	for _, run := range x.dateRuns() {
		first, last := x.numbers[run[0]], x.numbers[run[len(run)-1]]
		d := day{span: span{first.from, last.to, ""}, parts: run}
		if len(run) == 1 {
			d.readings = x.dottedReadings(first)
		} else if len(run) == 3 && x.hasYear(run) {
			d.readings = x.readingsOf(run)
		} else {
			continue
		}
		x.days = append(x.days, d)
	}
}

// hasYear keeps a date apart from days of one month ("1 and 10 January").
func (x *facts) hasYear(run []int) bool {
	return slices.ContainsFunc(run, func(i int) bool { return !atMost(x.numbers[i].values[0], 31) }) ||
		slices.ContainsFunc(x.dates, func(s span) bool { return s.value == "date" && s.from == x.numbers[run[0]].from })
}

// dateRuns lists the parts of dates that stand beside each other, by place.
func (x *facts) dateRuns() (runs [][]int) {
	var parts []int
	for i, n := range x.numbers {
		if n.inDate() && !n.clock && (!n.soft || n.month) {
			parts = append(parts, i)
		}
	}
	slices.SortFunc(parts, func(a, b int) int { return x.numbers[a].from - x.numbers[b].from })
	for _, i := range parts {
		n := x.numbers[i]
		if last := len(runs) - 1; last >= 0 && x.dotted(n) == 0 {
			before := x.numbers[runs[last][len(runs[last])-1]]
			if gap := n.from - before.to; gap >= 0 && gap <= loaded().limits.Numbers.DayMark && x.dotted(before) == 0 && x.sameDate(runs[last], n) {
				runs[last] = append(runs[last], i)
				continue
			}
		}
		runs = append(runs, []int{i})
	}
	return slices.DeleteFunc(runs, func(run []int) bool { return len(run) == 1 && x.dotted(x.numbers[run[0]]) == 0 })
}

// sameDate reports whether a number may be one more part of a date, which has one year and one month ("from April 2020 to May 2021" are two).
func (x *facts) sameDate(run []int, n number) bool {
	return len(run) < 3 && !slices.ContainsFunc(run, func(i int) bool {
		part := x.numbers[i]
		return part.month && n.month || !part.month && !n.month && !atMost(part.values[0], 31) && !atMost(n.values[0], 31)
	})
}

// dotted counts the dots of 12.03.2026, which is one number; 0 for any other.
func (x *facts) dotted(n number) int {
	if !n.dated || n.soft || !strings.Contains(n.values[0], ".") {
		return 0
	}
	return strings.Count(n.values[0], ".")
}

func (x *facts) dottedReadings(n number) []string {
	var parts []int
	for _, text := range strings.Split(n.values[0], ".") {
		v, err := strconv.Atoi(digitsOf(text))
		if err != nil {
			return nil
		}
		parts = append(parts, v)
	}
	if len(parts) != 3 {
		return nil
	}
	if parts[0] > 31 {
		return x.valid(nil, parts[0], parts[1], parts[2])
	}
	return x.valid(nil, parts[2], parts[1], parts[0])
}

// readingsOf reads three numbers that make a date.
func (x *facts) readingsOf(run []int) []string {
	var v [3]int
	named := -1
	for k, i := range run {
		n, err := strconv.Atoi(x.numbers[i].values[0])
		if err != nil {
			return nil
		}
		if v[k] = n; x.numbers[i].month {
			named = k
		}
	}
	a, b, c := v[0], v[1], v[2]
	switch {
	case named == 0: // March 12, 2026
		return x.valid(nil, c, a, b)
	case named == 1: // 12 March 2026; nobody writes the year first or the month last
		return x.valid(nil, c, b, a)
	case named == 2:
		return nil
	case a > 31:
		return x.valid(nil, a, b, c)
	}
	readings := x.valid(nil, c, b, a)
	if wordsOf(x.f.lang).MonthFirst && x.f.at(x.numbers[run[0]].to) == '/' { // nothing tells who wrote it
		readings = x.valid(readings, c, a, b)
	}
	return readings
}

// valid adds a date, if there is one; a year may be of another era as well.
func (x *facts) valid(readings []string, year, month, dayOfMonth int) []string {
	if year < 100 {
		year += 2000
	}
	if year < 1000 || month < 1 || month > 12 || dayOfMonth < 1 || dayOfMonth > 31 {
		return readings
	}
	readings = append(readings, fmt.Sprintf("%d-%d-%d", year, month, dayOfMonth))
	if era := wordsOf(x.f.lang).Era; era.Since > 0 && year > era.Since {
		readings = append(readings, fmt.Sprintf("%d-%d-%d", year-era.Ahead, month, dayOfMonth))
	}
	return readings
}

// days compares full dates, whatever their forms. The numbers of those that agree are settled.
func (c *comparison) days() {
	if len(c.source.days) == 0 || len(c.target.days) == 0 {
		return
	}
	left := c.source.days[:0:0]
	free := slices.Clone(c.target.days)
	for _, s := range c.source.days {
		i := slices.IndexFunc(free, func(t day) bool {
			return slices.ContainsFunc(s.readings, func(r string) bool { return contains(t.readings, r) })
		})
		if i < 0 {
			left = append(left, s)
			continue
		}
		c.settle(s, free[i])
		free = slices.Delete(free, i, i+1)
	}
	for i := range min(len(left), len(free)) {
		c.found("date.changed", c.source.text(left[i].span), c.target.text(free[i].span))
		c.settle(left[i], free[i])
	}
}

func (c *comparison) settle(s, t day) {
	for _, i := range s.parts {
		c.source.numbers[i].settled = true
	}
	for _, i := range t.parts {
		c.target.numbers[i].settled = true
	}
}
