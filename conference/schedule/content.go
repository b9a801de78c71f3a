package schedule

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// EventType is the state event that plans a conference; its state key is the conference's id.
const EventType = "org.medixchange.conference"

const (
	maxTitle    = 200 // letters
	maxHosts    = 20
	maxDuration = 24 * time.Hour
	maxRemind   = 7 * 24 * time.Hour
	maxAhead    = 5 * 366 * 24 * time.Hour
	// defaultDuration and defaultRemind stand where nothing is said.
	defaultDuration = time.Hour
	defaultRemind   = 10 * time.Minute
)

// Conference is a planned conference.
type Conference struct {
	ID        string
	Title     string
	Start     time.Time // UTC, to the millisecond
	Duration  time.Duration
	Hosts     []string // user ids
	Remind    time.Duration
	Cancelled bool
}

// End is when it is planned to end.
func (c *Conference) End() time.Time { return c.Start.Add(c.Duration) }

// content is the form of the event; times are milliseconds since 1970, durations milliseconds.
type content struct {
	Title    string   `json:"title"`
	Start    int64    `json:"start"`
	Duration int64    `json:"duration"`
	Hosts    []string `json:"hosts,omitempty"`
	Remind   *int64   `json:"remind,omitempty"` // before the start; 0: nobody is reminded
	Status   string   `json:"status,omitempty"` // "cancelled", or nothing
}

var idForm = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,64}$`)

// Parse reads an event's content, which anyone with the power may have written. It refuses what makes no sense and shortens
// what is too long.
func Parse(id string, raw []byte) (*Conference, error) {
	var c content
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fmt.Errorf("reading a conference: %w", err)
	}
	title := cleanTitle(c.Title)
	switch {
	case !idForm.MatchString(id):
		return nil, fmt.Errorf("a conference's id has up to 64 letters, digits, dots and dashes")
	case title == "":
		return nil, fmt.Errorf("a conference has a title")
	case c.Start <= 0 || c.Start > 1<<45: // the year 3084
		return nil, fmt.Errorf("a conference has a start")
	case c.Duration < 0 || c.Duration > maxDuration.Milliseconds():
		return nil, fmt.Errorf("a conference lasts a day at most")
	}
	conf := &Conference{
		ID: id, Title: title, Start: time.UnixMilli(c.Start).UTC(), Duration: time.Duration(c.Duration) * time.Millisecond,
		Remind: defaultRemind, Cancelled: c.Status == "cancelled",
	}
	if conf.Duration == 0 {
		conf.Duration = defaultDuration
	}
	if c.Remind != nil {
		conf.Remind = min(max(time.Duration(min(*c.Remind, maxRemind.Milliseconds()))*time.Millisecond, 0), maxRemind)
	}
	for _, host := range c.Hosts[:min(len(c.Hosts), maxHosts)] {
		if strings.HasPrefix(host, "@") && len(host) <= 255 && utf8.ValidString(host) && cleanTitle(host) == host {
			conf.Hosts = append(conf.Hosts, host)
		}
	}
	return conf, nil
}

// Content is the event's content.
func (c *Conference) Content() json.RawMessage {
	remind := c.Remind.Milliseconds()
	out := content{Title: c.Title, Start: c.Start.UnixMilli(), Duration: c.Duration.Milliseconds(), Hosts: c.Hosts, Remind: &remind}
	if c.Cancelled {
		out.Status = "cancelled"
	}
	raw, _ := json.Marshal(out) // texts and numbers
	return raw
}

// cleanTitle is a title on one line, without control characters and marks that turn the direction of what follows.
func cleanTitle(title string) string {
	title = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == utf8.RuneError:
			return -1
		}
		return r
	}, title)
	letters := []rune(strings.Join(strings.Fields(title), " "))
	return string(letters[:min(len(letters), maxTitle)])
}
