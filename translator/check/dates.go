package check

import (
	"slices"
	"strconv"
)

// findDates joins numbers that stand as 12.03.2026, 2026-03-12 or 14:30.
func (x *facts) findDates() {
	for i := 0; i+1 < len(x.numbers); i++ {
		a, b := &x.numbers[i], &x.numbers[i+1]
		if a.dated || b.from != a.to+1 || a.unit != "" || x.inScheme(a) {
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
			} else if mark == '-' {
				shareCentury(a, b)
			}
		}
	}
	x.findHours()
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

// findMonths marks the names of months that stand beside a day or a year; elsewhere "may" and "mar" are words. Some
// languages put no year before its month ("the flu of 1890 may have been").
func (x *facts) findMonths() {
	yearBehind := wordsOf(x.f.lang).YearBehind
	for i := range x.numbers {
		month := &x.numbers[i]
		if !month.soft || !month.dated {
			continue
		}
		for j := range x.numbers {
			n := &x.numbers[j]
			if n.soft || n.unit != "" || n.decimal || n.code {
				continue
			}
			if within(n.to, month.from) && (atMost(n.values[0], 31) || !yearBehind) || within(month.to, n.from) {
				month.month, n.calendar = true, true
			}
		}
		x.chainCalendar()
	}
}

// chainCalendar marks the year behind a day ("March 7, 2020") and the days of one month ("1–10 January", "March 4 and 5").
func (x *facts) chainCalendar() {
	for i := 0; i+1 < len(x.numbers); i++ {
		a, b := &x.numbers[i], &x.numbers[i+1]
		if a.calendar && !b.soft && b.to-b.from == 4 && within(a.to, b.from) {
			b.calendar = true
		}
		if a.calendar != b.calendar && a.isDay() && b.isDay() && b.from >= a.to && b.from-a.to <= loaded().limits.Numbers.RangeMark {
			a.calendar, b.calendar = true, true
		}
	}
}

// isDay reports whether a number may be the day of a month.
func (n number) isDay() bool {
	return !n.soft && n.unit == "" && !n.decimal && !n.code && atMost(n.values[0], 31)
}

// findHanDates marks the month of 3月18日 or 3월 18일, and the day behind it.
func (x *facts) findHanDates() {
	marks := &loaded().marks
	for i := range x.numbers {
		n := &x.numbers[i]
		at := n.to
		for isSpace(x.f.at(at)) {
			at++
		}
		if x.wordDate(i) {
			continue
		}
		switch mark := x.f.at(at); {
		case isOneOf(marks.Year, mark):
			n.calendar = n.to-n.from == 4 && i+1 < len(x.numbers) && x.numbers[i+1].from-n.to <= 3
		case isOneOf(marks.Month, mark):
			n.dated, n.unit, n.unitTo = true, "", n.to
		case isOneOf(marks.Day, mark):
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

// shareCentury lets "2019-20" be read as 2019-2020, also in the order in which Arabic script shows it.
func shareCentury(a, b *number) {
	if len(a.values[0]) == 4 && b.to-b.from == 2 {
		b.values = append(slices.Clip(b.values), a.values[0][:2]+b.values[0])
	}
	if len(b.values[0]) == 4 && a.to-a.from == 2 {
		a.values = append(slices.Clip(a.values), b.values[0][:2]+a.values[0])
	}
}

// findHours finds times that stand as 8h30 or 8 h 30.
func (x *facts) findHours() {
	for i := 0; i+1 < len(x.numbers); i++ {
		a, b := &x.numbers[i], &x.numbers[i+1]
		at := skipSpaces(x.f, a.to)
		if x.f.at(at) != 'h' || skipSpaces(x.f, at+1) != b.from || b.to-b.from != 2 || b.decimal {
			continue
		}
		if !atMost(a.values[0], 24) || !atMost(b.values[0], 59) {
			continue
		}
		a.dated, a.unit, a.unitTo, a.code = true, "", a.to, false
		b.dated, b.code = true, false
		x.dates = append(x.dates, span{a.from, b.to, "time"})
	}
}

// splitClock reads 8.30 as a time where the words around it say so (pukul 8.30, um 8.30 Uhr).
func (x *facts) splitClock(words *wordRules) {
	for i := 0; i < len(x.numbers); i++ {
		n := x.numbers[i]
		mark := n.to - 3
		if !n.decimal || n.unit != "" && n.unit != "h" || mark <= n.from || mark-n.from > 2 || x.f.at(mark) != '.' || !words.clock.around(x.f, n) {
			continue
		}
		hour, minute := x.clockPart(n.from, mark), x.clockPart(mark+1, n.to)
		if !atMost(hour.values[0], 24) || !atMost(minute.values[0], 59) {
			continue
		}
		x.dates = append(x.dates, span{n.from, n.to, "time"})
		x.numbers = slices.Replace(x.numbers, i, i+1, hour, minute)
		i++
	}
}

// clockPart is the hour or the minute of a time.
func (x *facts) clockPart(from, to int) number {
	var digits []byte
	for i := from; i < to; i++ {
		if d, ok := digit(x.f.at(i)); ok {
			digits = append(digits, d)
		}
	}
	return number{from: from, to: to, unitTo: to, values: []string{canonical(string(digits), "")}, dated: true}
}

// around reports whether a word of the lexicon stands directly before or behind a number.
func (l *lexicon) around(f *folded, n number) bool {
	if _, ok := l.at(f.runes, skipSpaces(f, n.to)); ok && isSpace(f.at(n.to)) {
		return true
	}
	return l.endingAt(f, n.from) >= 0
}
