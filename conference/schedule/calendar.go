package schedule

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxLine is how many bytes a line of a calendar file has before it is folded (RFC 5545, 3.1).
const maxLine = 75

// calendar writes a conference as an iCalendar file (RFC 5545). sequence grows with every change; place, if set, is a web
// address.
func calendar(c *Conference, server, place string, sequence int64, now time.Time) []byte {
	var b strings.Builder
	line := func(name, value string) { fold(&b, name+":"+value) }
	line("BEGIN", "VCALENDAR")
	line("VERSION", "2.0")
	line("PRODID", "-//MediXchange//Conferences//EN")
	line("METHOD", "PUBLISH")
	line("BEGIN", "VEVENT")
	line("UID", escaped(c.ID+"@"+server))
	line("DTSTAMP", stamp(now))
	line("DTSTART", stamp(c.Start))
	line("DTEND", stamp(c.End()))
	line("SEQUENCE", strconv.FormatInt(sequence, 10))
	line("SUMMARY", escaped(c.Title))
	if len(c.Hosts) > 0 {
		line("DESCRIPTION", escaped(strings.Join(c.Hosts, ", ")))
	}
	if place != "" {
		line("URL", place)
		line("LOCATION", escaped(place))
	}
	if c.Cancelled {
		line("STATUS", "CANCELLED")
	} else {
		line("STATUS", "CONFIRMED")
		if c.Remind > 0 {
			line("BEGIN", "VALARM")
			line("ACTION", "DISPLAY")
			line("DESCRIPTION", escaped(c.Title))
			line("TRIGGER", "-PT"+strconv.FormatInt(int64(c.Remind/time.Second), 10)+"S")
			line("END", "VALARM")
		}
	}
	line("END", "VEVENT")
	line("END", "VCALENDAR")
	return []byte(b.String())
}

func stamp(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

var escaper = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`, "\r", "")

func escaped(text string) string { return escaper.Replace(text) }

// fold writes a line, folded between letters.
func fold(b *strings.Builder, text string) {
	room := maxLine
	for len(text) > room {
		cut := room
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		b.WriteString(text[:cut] + "\r\n ")
		text, room = text[cut:], maxLine-1
	}
	b.WriteString(text + "\r\n")
}
