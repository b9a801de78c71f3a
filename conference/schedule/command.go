package schedule

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// plan is what "!conference 2026-12-01 14:00 45m Sepsis round" asks for.
type plan struct {
	start    time.Time
	duration time.Duration
	title    string
}

var (
	dateForm     = regexp.MustCompile(`^(\d{4})-(\d{1,2})-(\d{1,2})$`)
	timeForm     = regexp.MustCompile(`^(\d{1,2})[:：](\d{2})$`)
	durationForm = regexp.MustCompile(`^(\d{1,3})(m|min|h)$`)
)

// readPlan reads a date (today, or tomorrow where that is past, if it is left out), a time in zone, a duration that may be
// left out, and a title.
func readPlan(text string, zone *time.Location, now time.Time) (plan, bool) {
	words := strings.Fields(text)
	p := plan{duration: defaultDuration}
	local := now.In(zone)
	day, dated := local, false
	if len(words) > 0 {
		if at, ok := readDate(words[0], zone); ok {
			day, dated, words = at, true, words[1:]
		}
	}
	if len(words) == 0 {
		return p, false
	}
	hour, minute, ok := readTime(words[0])
	if !ok {
		return p, false
	}
	words = words[1:]
	p.start = time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, zone)
	if !dated && !p.start.After(now) {
		p.start = time.Date(day.Year(), day.Month(), day.Day()+1, hour, minute, 0, 0, zone)
	}
	// The clock may jump over a time of day: that is no time to meet at.
	if h, m, _ := p.start.Clock(); h != hour || m != minute {
		return p, false
	}
	if len(words) > 0 {
		if d, ok := readDuration(words[0]); ok {
			p.duration, words = d, words[1:]
		}
	}
	p.title = cleanTitle(strings.Join(words, " "))
	return p, p.title != ""
}

func readDate(word string, zone *time.Location) (time.Time, bool) {
	m := dateForm.FindStringSubmatch(word)
	if m == nil {
		return time.Time{}, false
	}
	year, _ := strconv.Atoi(m[1]) // digits
	month, _ := strconv.Atoi(m[2])
	day, _ := strconv.Atoi(m[3])
	at := time.Date(year, time.Month(month), day, 12, 0, 0, 0, zone)
	return at, at.Month() == time.Month(month) && at.Day() == day
}

func readTime(word string) (hour, minute int, ok bool) {
	m := timeForm.FindStringSubmatch(word)
	if m == nil {
		return 0, 0, false
	}
	hour, _ = strconv.Atoi(m[1]) // digits
	minute, _ = strconv.Atoi(m[2])
	return hour, minute, hour < 24 && minute < 60
}

func readDuration(word string) (time.Duration, bool) {
	m := durationForm.FindStringSubmatch(strings.ToLower(word))
	if m == nil {
		return 0, false
	}
	n, _ := strconv.Atoi(m[1]) // digits
	d := time.Duration(n) * time.Minute
	if m[2] == "h" {
		d = time.Duration(n) * time.Hour
	}
	return d, d > 0 && d <= maxDuration
}
