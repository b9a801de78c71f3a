package directory

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"medixchange/internal/pattern"
	"medixchange/internal/signing"
)

// TypeEntry is the account data by which a clinician is in the directory, or, with "listed" false or without it, is not.
const TypeEntry = "org.medixchange.directory"

const (
	maxEntry     = 8 << 10 // bytes of an entry
	maxName      = 100     // letters of a name or a role
	maxLanguages = 20
)

// Entry is what a clinician says of themself.
type Entry struct {
	// Listed is the consent: to be found by all members of the alliance once the entry is verified.
	Listed    bool     `json:"listed"`
	Name      string   `json:"name"`
	Role      string   `json:"role,omitempty"`
	Specialty string   `json:"specialty"` // one of Specialties
	Languages []string `json:"languages,omitempty"`
	OnDuty    bool     `json:"on_duty,omitempty"`
}

// ReadEntry reads account data. Of an entry that is not listed only the form is checked.
func ReadEntry(raw json.RawMessage) (Entry, error) {
	var e Entry
	if len(raw) > maxEntry {
		return e, fmt.Errorf("an entry has at most %d bytes", maxEntry)
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return e, fmt.Errorf("an entry has the form {\"listed\": true, \"name\": …, \"specialty\": …}: %w", err)
	}
	if !e.Listed {
		return e, nil
	}
	return e, e.check()
}

// check returns a sentence for people.
func (e *Entry) check() error {
	switch {
	case !printable(e.Name) || strings.TrimSpace(e.Name) == "":
		return fmt.Errorf("the name must have 1 to %d printable characters", maxName)
	case !printable(e.Role):
		return fmt.Errorf("the role must have at most %d printable characters", maxName)
	case !isSpecialty(e.Specialty):
		return fmt.Errorf("the specialty must be one of %s", strings.Join(Specialties(), ", "))
	case len(e.Languages) > maxLanguages:
		return fmt.Errorf("there may be at most %d languages", maxLanguages)
	}
	for _, tag := range e.Languages {
		if !languageTag().MatchString(tag) {
			return fmt.Errorf("%q is not the tag of a language, such as es or zh-Hant", tag)
		}
	}
	return nil
}

// languageTag is the part of BCP 47 that is used: a language with script or region.
var languageTag = pattern.Lazy(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$`)

// claim names what an administrator verifies of an entry. Of another name, role or specialty nobody has verified anything.
func (e *Entry) claim() string {
	encoded, err := json.Marshal([]string{e.Name, e.Role, e.Specialty})
	if err != nil {
		panic("three texts are not encoded: " + err.Error())
	}
	sum := sha256.Sum256(encoded)
	return signing.EncodeBase64(sum[:])
}

// Clean makes of what somebody wrote elsewhere, such as in a profile, a text that an entry may hold.
func Clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if misleading(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if runes := []rune(text); len(runes) > maxName {
		text = string(runes[:maxName])
	}
	return strings.TrimSpace(text)
}

// printable reports whether a text of one line can be shown without leading anybody astray: no controls, and no marks that
// turn the direction of what follows.
func printable(text string) bool {
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxName {
		return false
	}
	return !strings.ContainsFunc(text, misleading)
}

func misleading(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// Person is whom a search finds.
type Person struct {
	UserID    string   `json:"user_id"`
	Name      string   `json:"name"`
	Role      string   `json:"role,omitempty"`
	Specialty string   `json:"specialty"`
	Languages []string `json:"languages,omitempty"`
	OnDuty    bool     `json:"on_duty,omitempty"`
	// Function says that this is an account such as "ICU on call", behind which is whoever is on duty.
	Function bool `json:"function,omitempty"`

	// Hospital and Country are what the member list says of the server; nobody says them of themself.
	Hospital string `json:"hospital,omitempty"`
	Country  string `json:"country,omitempty"`
	Server   string `json:"server,omitempty"`

	text []string // words to be found by
}

// of makes the person of a hospital.
func (p Person) of(server, hospital, country string) Person {
	p.Server, p.Hospital, p.Country = server, hospital, country
	p.text = words(strings.Join([]string{p.Name, p.Role, hospital}, " "))
	local, _, _ := strings.Cut(strings.TrimPrefix(p.UserID, "@"), ":")
	p.text = append(p.text, folded(local))
	return p
}

// Line is the person in one line, in a language.
func (p Person) Line(language string) string {
	parts := []string{SpecialtyName(p.Specialty, language)}
	if p.Role != "" {
		parts = append(parts, p.Role)
	}
	if p.Hospital != "" {
		parts = append(parts, p.Hospital)
	}
	if p.Country != "" {
		parts = append(parts, p.Country)
	}
	return p.Name + " (" + strings.Join(parts, ", ") + ")"
}

// listing is what one member gives the others.
type listing struct {
	Hash string `json:"hash"`
	// Unchanged says that the asker has this listing already; People is empty then.
	Unchanged bool     `json:"unchanged,omitempty"`
	People    []Person `json:"people"`
}

const (
	// maxPeople bounds the people of one hospital, maxListing the bytes of its listing.
	maxPeople  = 5000
	maxListing = 4 << 20
)

// readListing reads what a member gives of its people. A single bad one makes it bad: whoever sends such a thing is broken
// or hostile.
func readListing(raw []byte, server string) (*listing, error) {
	var l listing
	if len(raw) > maxListing {
		return nil, fmt.Errorf("a listing of %d bytes", len(raw))
	}
	if err := json.Unmarshal(raw, &l); err != nil {
		return nil, fmt.Errorf("reading a listing: %w", err)
	}
	if len(l.People) > maxPeople || len(l.Hash) > maxName {
		return nil, fmt.Errorf("a listing of %d people", len(l.People))
	}
	for i := range l.People {
		if err := l.People[i].check(server); err != nil {
			return nil, fmt.Errorf("person %d of a listing: %w", i, err)
		}
	}
	return &l, nil
}

// check refuses what is not of the hospital that says it, and drops what that hospital has no say in.
func (p *Person) check(server string) error {
	local, of, ok := strings.Cut(strings.TrimPrefix(p.UserID, "@"), ":")
	if !strings.HasPrefix(p.UserID, "@") || !ok || local == "" || of != server || len(p.UserID) > 255 || !printable(local[:min(len(local), maxName)]) {
		return fmt.Errorf("%q is no user of %s", p.UserID, server)
	}
	e := Entry{Listed: true, Name: p.Name, Role: p.Role, Specialty: p.Specialty, Languages: p.Languages}
	return e.check()
}

// sorted puts people in one order, so that equal listings are equal to the letter.
func sorted(people []Person) []Person {
	slices.SortFunc(people, func(a, b Person) int { return strings.Compare(a.UserID, b.UserID) })
	return people
}
