package schedule

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	require.NoError(t, err)
	return z
}

func TestWhatIsPlanned(t *testing.T) {
	rome := zone(t, "Europe/Rome")
	now := time.Date(2026, 11, 30, 13, 30, 0, 0, time.UTC) // 14:30 in Rome
	for _, c := range []struct{ text, start, title, duration string }{
		{"2026-12-01 14:00 Sepsis round", "2026-12-01T13:00:00Z", "Sepsis round", "1h0m0s"},
		{"2026-12-01 14:00 45m  Sepsis\n round", "2026-12-01T13:00:00Z", "Sepsis round", "45m0s"},
		{"2026-07-01 9:05 2h x", "2026-07-01T07:05:00Z", "x", "2h0m0s"},
		{"15:00 today", "2026-11-30T14:00:00Z", "today", "1h0m0s"},
		{"14：00 明天", "2026-12-01T13:00:00Z", "明天", "1h0m0s"},
		{"2026-12-01 14:00 45m", "", "", ""},
		{"2026-02-30 14:00 x", "", "", ""},
		{"2026-03-29 02:30 a time that the clock jumps over", "", "", ""},
		{"25:00 x", "", "", ""},
		{"tomorrow 14:00 x", "", "", ""},
		{"14:00 99h x", "2026-12-01T13:00:00Z", "99h x", "1h0m0s"},
		{"", "", "", ""},
	} {
		p, ok := readPlan(c.text, rome, now)
		require.Equal(t, c.start != "", ok, c.text)
		if ok {
			require.Equal(t, c.start, p.start.UTC().Format(time.RFC3339), c.text)
			require.Equal(t, c.title, p.title, c.text)
			require.Equal(t, c.duration, p.duration.String(), c.text)
		}
	}
}

func TestConferenceEvents(t *testing.T) {
	c, err := Parse("a1", []byte(`{"title":" Sepsis\u202e\n round ","start":1796133600000,"hosts":["@a:x","x",5]}`))
	require.Error(t, err, "hosts are texts")
	require.Nil(t, c)
	c, err = Parse("a1", []byte(`{"title":" Sepsis\u202e\n round ","start":1796133600000,"hosts":["@a:x","x"],"remind":99999999999999}`))
	require.NoError(t, err)
	require.Equal(t, "Sepsis round", c.Title)
	require.Equal(t, time.Hour, c.Duration)
	require.Equal(t, maxRemind, c.Remind)
	require.Equal(t, []string{"@a:x"}, c.Hosts)
	again, err := Parse("a1", c.Content())
	require.NoError(t, err)
	require.Equal(t, c, again)
	for id, raw := range map[string]string{
		"b": `{"title":"","start":1796133600000}`, "c": `{"title":"x","start":0}`, "d": `{"title":"x","start":99999999999999}`,
		"e": `{"title":"x","start":1796133600000,"duration":-1}`, "../f": `{"title":"x","start":1796133600000}`, "g": `[]`,
	} {
		_, err := Parse(id, []byte(raw))
		require.Error(t, err, raw)
	}
}

func TestCalendarFiles(t *testing.T) {
	c := &Conference{
		ID: "a1", Title: "Sepsis; early, late \\ " + strings.Repeat("脓毒症", 20) + "\r\nEND:VCALENDAR", Remind: 10 * time.Minute,
		Start: time.Date(2026, 12, 1, 13, 0, 0, 0, time.UTC), Duration: 45 * time.Minute, Hosts: []string{"@ana:a.example"},
	}
	file := string(calendar(c, "a.example", "https://a.example/conference/%21r", 7, time.Unix(1796000000, 0)))
	for _, line := range strings.Split(strings.TrimSuffix(file, "\r\n"), "\r\n") {
		require.LessOrEqual(t, len(line), maxLine, line)
		require.True(t, utf8.ValidString(line), "folded within a letter")
		require.NotContains(t, line, "\n")
	}
	lines := strings.Split(strings.ReplaceAll(file, "\r\n ", ""), "\r\n")
	for _, want := range []string{
		"DTSTART:20261201T130000Z", "DTEND:20261201T134500Z", "UID:a1@a.example", "SEQUENCE:7", "STATUS:CONFIRMED", "TRIGGER:-PT600S",
		`SUMMARY:Sepsis\; early\, late \\ ` + strings.Repeat("脓毒症", 20) + `\nEND:VCALENDAR`,
	} {
		require.Contains(t, lines, want)
	}
	c.Cancelled = true
	file = string(calendar(c, "a.example", "", 8, time.Unix(1796000000, 0)))
	require.Contains(t, file, "STATUS:CANCELLED")
	require.NotContains(t, file, "VALARM")
}

func TestALinkIsForWhoItWasMade(t *testing.T) {
	s := New(Options{Base: "https://a.example", LinkKey: []byte("key")})
	name := strings.TrimPrefix(s.link("!r:a", "id", "@ana:a"), "https://a.example"+CalendarPath)
	room, id, user, ok := s.readLink(name)
	require.True(t, ok)
	require.Equal(t, []string{"!r:a", "id", "@ana:a"}, []string{room, id, user})
	other := New(Options{Base: "https://a.example", LinkKey: []byte("other")})
	for _, forged := range []string{"", ".ics", "x.y.ics", name[1:], strings.Replace(name, ".ics", "", 1), strings.Repeat("A", 5000) + ".AA.ics"} {
		_, _, _, ok := s.readLink(forged)
		require.False(t, ok, forged)
	}
	_, _, _, ok = other.readLink(name)
	require.False(t, ok)
}

func FuzzParse(f *testing.F) {
	f.Add("a1", []byte(`{"title":"x","start":1796133600000,"duration":60000,"hosts":["@a:x"],"remind":0,"status":"cancelled"}`))
	f.Fuzz(func(t *testing.T, id string, raw []byte) {
		c, err := Parse(id, raw)
		if err != nil {
			return
		}
		require.NotContains(t, c.Title, "\n")
		again, err := Parse(id, c.Content())
		require.NoError(t, err)
		require.Equal(t, c.Start, again.Start)
		require.NotEmpty(t, calendar(c, "a.example", "", 1, time.Unix(0, 0)))
	})
}

func FuzzReadPlan(f *testing.F) {
	f.Add("2026-12-01 14:00 45m Sepsis")
	f.Fuzz(func(t *testing.T, text string) {
		if p, ok := readPlan(text, time.UTC, time.Unix(1796000000, 0)); ok && (p.title == "" || p.duration <= 0 || p.start.IsZero()) {
			t.Fatal("a plan lacks something")
		}
	})
}
