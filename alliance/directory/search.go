package directory

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Query is whom somebody looks for. Everything that it says must be true of a person.
type Query struct {
	Specialty string   `json:"specialty,omitempty"`
	OnDuty    bool     `json:"on_duty,omitempty"`
	Words     []string `json:"words,omitempty"` // folded; each a country, a language, or the beginning of a word of name, role, hospital
}

const (
	// maxWords and maxQuery bound what is read of a query, in words and bytes.
	maxWords = 12
	maxQuery = 500
	// dutyMark asks for those who are on duty, in every language of the bot.
	dutyMark = "+"
)

// ParseQuery reads what somebody typed, in any language: "cardiology es", "心内科", "ana garcía", "+ icu" for those on duty.
func ParseQuery(text string) Query {
	if len(text) > maxQuery {
		text = strings.ToValidUTF8(text[:maxQuery], "")
	}
	var q Query
	if rest, ok := strings.CutPrefix(strings.TrimSpace(text), dutyMark); ok {
		q.OnDuty, text = true, rest
	}
	of := words(text)
	q.Specialty, q.Words = cutSpecialty(of[:min(len(of), maxWords)])
	return q
}

// Empty reports whether nobody in particular is looked for.
func (q Query) Empty() bool { return q.Specialty == "" && !q.OnDuty && len(q.Words) == 0 }

// vague reports whether a query is too short to ask other hospitals for, as one is while it is being typed.
func (q Query) vague() bool {
	return q.Specialty == "" && !q.OnDuty && utf8.RuneCountInString(strings.Join(q.Words, "")) < 2
}

// matches reports whether a person is one of those who are looked for.
func (q Query) matches(p *Person) bool {
	if q.Specialty != "" && p.Specialty != q.Specialty || q.OnDuty && !p.OnDuty {
		return false
	}
	for _, word := range q.Words {
		if !p.has(word) {
			return false
		}
	}
	return true
}

func (p *Person) has(word string) bool {
	if word == "" || strings.EqualFold(p.Country, word) {
		return true
	}
	for _, tag := range p.Languages {
		base, _, _ := strings.Cut(tag, "-")
		if strings.EqualFold(base, word) || strings.EqualFold(tag, word) {
			return true
		}
	}
	if slices.ContainsFunc(p.text, func(own string) bool { return strings.HasPrefix(own, word) }) {
		return true
	}
	for _, s := range specialties() {
		if s.code == p.Specialty {
			return slices.ContainsFunc(s.forms, func(form string) bool { return startsWord(form, word) })
		}
	}
	return false
}

func startsWord(form, word string) bool {
	return strings.HasPrefix(form, word) || strings.Contains(form, " "+word)
}

// ranked orders people: own hospital first, then who is on duty, then by name.
func ranked(people []Person, self string) []Person {
	slices.SortFunc(people, func(a, b Person) int {
		return cmp.Or(
			cmp.Compare(rank(a, self), rank(b, self)),
			strings.Compare(a.Name, b.Name),
			strings.Compare(a.UserID, b.UserID),
		)
	})
	return people
}

func rank(p Person, self string) int {
	rank := 0
	if p.Server != self {
		rank += 2
	}
	if !p.OnDuty {
		rank++
	}
	return rank
}
