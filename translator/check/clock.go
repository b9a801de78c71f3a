package check

import (
	"slices"
	"strconv"
)

// What a word of a language's "day" says of the time beside it.
const (
	beforeNoon = "am"
	afterNoon  = "pm"
	atNight    = "night"   // before midnight or behind it, which the hour tells
	evening    = "evening" // counts the hours from six: Thai 3 ทุ่ม is nine
	noon       = "noon"
	midnight   = "midnight"
	weekday    = "weekday"
)

// The frequencies that a weekday may be mistaken for, as frequencies.yaml names them.
const (
	everyDay  = "1/d"
	everyWeek = "1/w"
)

// dayParts are what a language's "day" may have words for.
var dayParts = []string{beforeNoon, afterNoon, atNight, evening, noon, midnight}

// clockTime is a time of day: 8:15 pm, 20 Uhr, 下午3点30分.
type clockTime struct {
	span
	minutes int // since midnight
	other   int // twelve hours later, where a word elsewhere in the text may say so; else the same
}

// findClock finds the times of day, and the weekdays; soft are the numbers in words, marks what the calendar's lexicon finds. It comes
// after findDates.
func (x *facts) findClock(words *wordRules, soft []number, marks []match) {
	d := dayMarks{marks: slices.DeleteFunc(slices.Clone(marks), func(m match) bool { return m.entries[0].group == perGroup })}
	d.used = make([]bool, len(d.marks))
	for _, numbers := range [][]number{x.numbers, soft} {
		for i := range numbers {
			x.findTime(words, numbers[i:], &d)
		}
	}
	for i, m := range d.marks {
		switch e := m.entries[0]; {
		case e.group == weekday:
			x.weekdays = append(x.weekdays, span{m.from, wordEnd(x.f, m), e.value})
		case d.used[i]:
		case e.group == noon || e.group == midnight:
			minutes := turned(12, e.group) * 60
			x.times = append(x.times, clockTime{span{m.from, m.to, e.group}, minutes, minutes})
		case e.group != beforeNoon:
			x.laterTimes()
		}
	}
}

// dayMarks are the parts of the day and the weekdays that a text names, and which of them belong to a time.
type dayMarks struct {
	marks []match
	used  []bool
}

// besides finds the part of the day directly behind a time, or in front of it, -1 for none.
func (d *dayMarks) besides(f *folded, from, to int) int {
	behind := skipSpaces(f, to)
	return slices.IndexFunc(d.marks, func(m match) bool {
		return m.entries[0].group != weekday && (m.from == behind || m.to <= from && skipSpaces(f, m.to) == from)
	})
}

// findTime looks whether a time begins with the first of some numbers.
func (x *facts) findTime(words *wordRules, numbers []number, d *dayMarks) {
	n := &numbers[0]
	if n.decimal || n.code || n.calendar || n.unit != "" && n.unit != "h" || n.soft && n.dated || !atMost(n.values[0], 24) {
		return
	}
	hour, _ := strconv.Atoi(n.values[0])
	minute, end, certain := x.minuteOf(words, numbers)
	if end < 0 {
		return
	}
	if !certain && len(d.marks) == 0 {
		return
	}
	from, part := n.from, ""
	at := words.at.endingAt(x.f, n.from)
	if at >= 0 {
		from = at
	}
	mark := d.besides(x.f, from, end)
	if mark >= 0 && (certain || at >= 0 || n.unit == "h" || d.marks[mark].entries[0].sure) {
		d.used[mark], part = true, d.marks[mark].entries[0].group
	} else if !certain {
		return
	}
	later := turned(hour, part)
	n.dated, n.clock, n.unit, n.unitTo = !n.soft, true, "", n.to
	if later != hour {
		n.values = append(slices.Clip(n.values), strconv.Itoa(later))
	}
	x.times = append(x.times, clockTime{span{n.from, end, part}, later*60 + minute, later*60 + minute})
}

// minuteOf gives the minute of a time whose hour is the first of some numbers, and where it ends; certain if its form alone says that it
// is a time, and -1 where it cannot be one.
func (x *facts) minuteOf(words *wordRules, numbers []number) (minute, end int, certain bool) {
	n := &numbers[0]
	end = max(n.to, n.unitTo)
	switch {
	case n.dated && len(numbers) > 1 && slices.ContainsFunc(x.dates, func(s span) bool { return s.value == "time" && s.from == n.from }):
		next := &numbers[1]
		next.clock = true
		minute, _ = strconv.Atoi(next.values[0])
		return minute, words.oclock.past(x.f, max(next.to, next.unitTo)), true
	case n.dated || n.unit == "" && x.f.at(n.to) == '.':
		return 0, -1, false
	}
	if hourTo := words.oclock.past(x.f, n.to); hourTo > n.to && hourTo >= n.unitTo {
		end, certain = hourTo, true
	}
	if len(numbers) > 1 && (certain || n.unit == "h") {
		minute, end = x.minuteBehind(words, &numbers[1], end, certain)
	}
	return minute, end, certain
}

// minuteBehind reads the 30 of 3点30分 and of "8 giờ 30 phút tối"; "8 giờ 30 phút" alone may be a length of time.
func (x *facts) minuteBehind(words *wordRules, next *number, end int, certain bool) (minute, to int) {
	mark := isOneOf(loaded().marks.Minute, x.f.at(next.to))
	if next.unit != "min" && !mark || skipSpaces(x.f, end) != next.from || !atMost(next.values[0], 59) {
		return 0, end
	}
	if !certain && words.calendar.past(x.f, next.unitTo) == next.unitTo {
		return 0, end
	}
	if to = next.unitTo; next.unit == "" {
		to = next.to + 1
	}
	minute, _ = strconv.Atoi(next.values[0])
	next.dated, next.clock, next.unit, next.unitTo = true, true, "", next.to
	return minute, to
}

// turned is the hour of a day of 24 for one of a part of the day.
func turned(hour int, part string) int {
	switch part {
	case afterNoon:
		if hour < 12 {
			return hour + 12
		}
	case evening:
		if hour < 6 {
			return hour + 18
		}
	case beforeNoon, midnight:
		if hour == 12 {
			return 0
		}
	case atNight:
		if hour == 12 {
			return 0
		}
		if hour >= loaded().limits.Numbers.NightFrom && hour < 12 {
			return hour + 12
		}
	}
	return hour
}

// laterTimes lets the times without a part of the day be those of the second half, which the text speaks of elsewhere ("tonight at 8:15").
func (x *facts) laterTimes() {
	for i := range x.times {
		if t := &x.times[i]; t.value == "" && t.minutes < 12*60 {
			t.other = t.minutes + 12*60
		}
	}
}

// endingAt gives where a word of the lexicon begins that stands directly before a place, -1 for none.
func (l *lexicon) endingAt(f *folded, at int) int {
	const longest = 12
	for start := max(at-longest, 0); start < at; start++ {
		if m, ok := l.at(f.runes, start); ok && l.startsWord(f.runes, start) && skipSpaces(f, m.to) == at {
			return start
		}
	}
	return -1
}

// past is where a word of the lexicon is over that stands directly behind a place; the place itself, if none does.
func (l *lexicon) past(f *folded, at int) int {
	if m, ok := l.at(f.runes, skipSpaces(f, at)); ok {
		return m.to
	}
	return at
}

// clock compares times of day and weekdays: one that only the source has, and one that only the translation has.
func (c *comparison) clock() {
	s, ok := c.source.timeWithout(c.target)
	if t, other := c.target.timeWithout(c.source); ok && other && !c.has("date") {
		c.found("date.changed", c.source.text(s), c.target.text(t))
	}
	a, ok := valueWithout(c.source.weekdays, c.target.weekdays)
	if b, other := valueWithout(c.target.weekdays, c.source.weekdays); ok && other {
		c.found("date.changed", c.source.text(a), c.target.text(b))
	}
	c.dayOfWeekOrDaily()
}

// dayOfWeekOrDaily finds what is given on days of the week by the one side, and daily by the other: methotrexate that is taken once a week kills daily.
func (c *comparison) dayOfWeekOrDaily() {
	if c.tells() {
		return
	}
	if day, daily, ok := c.source.onDaysWhere(c.target); ok {
		c.found("frequency.changed", c.source.text(day), c.target.text(daily))
	}
	if day, daily, ok := c.target.onDaysWhere(c.source); ok {
		c.found("frequency.changed", c.source.text(daily), c.target.text(day))
	}
}

// onDaysWhere gives a weekday of x and what says "daily" in y, where x says nothing of how often and y names nothing that may be a day.
func (x *facts) onDaysWhere(y *facts) (day, daily span, ok bool) {
	daily, ok = first(y.frequencies, everyDay)
	if !ok || !x.singleDays() || len(x.frequencies)+len(x.maybeFrequencies) > 0 || x.holdsRate(daily) {
		return span{}, span{}, false
	}
	if len(y.weekdays)+len(y.maybeWeekdays(y.f.lang)) > 0 || y.namesDate() || hasValue(y.frequencies, everyWeek) {
		return span{}, span{}, false
	}
	named := y.ranks()
	if !wordsOf(x.f.lang).NumberedDays {
		named = nil
	}
	day, ok = valueWithout(x.weekdays, named)
	return day, daily, ok
}

// singleDays reports weekdays that are no range: "Monday to Friday" may be "every working day", and seven of them are every day.
func (x *facts) singleDays() bool {
	switch days := distinct(x.weekdays); len(days) {
	case 1, 3, 4:
		return true
	case 2:
		first, last := x.weekdays[0], x.weekdays[len(x.weekdays)-1]
		return first.to <= last.from && len(wordsOf(x.f.lang).contrast.all(x.f.runes[first.to:last.from])) > 0
	}
	return false
}

// timeWithout is the first time of x that y has not.
func (x *facts) timeWithout(y *facts) (span, bool) {
	for _, s := range x.times {
		if !slices.ContainsFunc(y.times, func(t clockTime) bool {
			return s.minutes == t.minutes || s.other == t.minutes || s.minutes == t.other
		}) {
			return s.span, true
		}
	}
	return span{}, false
}

// valueWithout is the first of some spans whose value others have not.
func valueWithout(spans, others []span) (span, bool) {
	for _, s := range spans {
		if !hasValue(others, s.value) {
			return s, true
		}
	}
	return span{}, false
}
