package reach

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Figures say how much hospitals took part, in a period of whole days (UTC) that ends with the present one.
type Figures struct {
	// Users, ActiveWeek, ActiveMonth, Rooms and Languages are as of the last day; the first without accounts of programs.
	Users Count `json:"users"`
	// ActiveDay are the users on the busiest day.
	ActiveDay   Count `json:"active_day"`
	ActiveWeek  Count `json:"active_7_days"`
	ActiveMonth Count `json:"active_30_days"`
	// Rooms are those shared with any other member. In a sum over hospitals a room counts for each of them.
	Rooms Count `json:"rooms"`
	// Messages are those that users here sent into such rooms, in the whole period.
	Messages Count `json:"messages"`
	// Languages say how many users read which (BCP 47).
	Languages map[string]Count `json:"languages"`
}

// Page is what a hospital tells other members.
type Page struct {
	// Days is the length of the period.
	Days int `json:"days"`
	// Since is the first day of it that was counted, such as 2026-03-01; "" if none was.
	Since   string  `json:"since"`
	Figures Figures `json:"figures"`
}

const (
	// maxPage bounds the bytes of a page, maxLanguages the languages on it.
	maxPage      = 64 << 10
	maxLanguages = 40
)

// Periods are the lengths, in days, for which there are figures. There are few, so that the difference of two says little.
func Periods() []int { return []int{7, 30, 90, 365} }

var (
	// errPage means that a hospital did not send figures.
	errPage      = errors.New("not a page of figures")
	languageTags = regexp.MustCompile(`^[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8}){0,4}$`)
)

// ReadPage reads what another hospital tells about a period. Every count is coarse afterwards.
func ReadPage(raw []byte, days int) (Page, error) {
	var p Page
	if len(raw) > maxPage {
		return Page{}, fmt.Errorf("%w: it has more than %d bytes", errPage, maxPage)
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return Page{}, fmt.Errorf("%w: %w", errPage, err)
	}
	if p.Days != days {
		return Page{}, fmt.Errorf("%w: it is about %d days, not %d", errPage, p.Days, days)
	}
	if p.Since != "" {
		if _, err := time.Parse(time.DateOnly, p.Since); err != nil {
			return Page{}, fmt.Errorf("%w: it begins on no day", errPage)
		}
	}
	if len(p.Figures.Languages) > maxLanguages {
		return Page{}, fmt.Errorf("%w: it names more than %d languages", errPage, maxLanguages)
	}
	for tag := range p.Figures.Languages {
		if !languageTags.MatchString(tag) {
			return Page{}, fmt.Errorf("%w: it names a language that is none", errPage)
		}
	}
	if p.Figures.Languages == nil {
		p.Figures.Languages = map[string]Count{}
	}
	return p, nil
}

// sum adds figures up.
type sum struct {
	users, day, week, month, rooms, messages int64
	languages                                map[string]int64
}

func (s *sum) add(f Figures) {
	s.users += f.Users.addend()
	s.day += f.ActiveDay.addend()
	s.week += f.ActiveWeek.addend()
	s.month += f.ActiveMonth.addend()
	s.rooms += f.Rooms.addend()
	s.messages += f.Messages.addend()
	if s.languages == nil {
		s.languages = map[string]int64{}
	}
	for tag, n := range f.Languages {
		s.languages[tag] += n.addend()
	}
}

// figures returns the sum, coarse as its parts are.
func (s *sum) figures() Figures {
	return Figures{
		Users: Coarse(s.users), ActiveDay: Coarse(s.day), ActiveWeek: Coarse(s.week), ActiveMonth: Coarse(s.month),
		Rooms: Coarse(s.rooms), Messages: Coarse(s.messages), Languages: mostRead(s.languages),
	}
}

// mostRead returns the languages that most users read, at most maxLanguages.
func mostRead(languages map[string]int64) map[string]Count {
	tags := slices.SortedFunc(maps.Keys(languages), func(a, b string) int {
		return cmp.Or(cmp.Compare(languages[b], languages[a]), strings.Compare(a, b))
	})
	most := map[string]Count{}
	for _, tag := range tags[:min(len(tags), maxLanguages)] {
		most[tag] = Coarse(languages[tag])
	}
	return most
}
