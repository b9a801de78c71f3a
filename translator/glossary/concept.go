package glossary

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"medixchange/translator/language"
)

// Layer is whose concepts they are.
type Layer string

// The layers. Where both have a concept, the hospital's words win.
const (
	Hospital Layer = "hospital"
	Alliance Layer = "alliance"
)

// Layers lists the layers, the weaker first.
var Layers = []Layer{Alliance, Hospital}

// Concept is one thing with its names in the languages.
type Concept struct {
	ID     string `json:"id"`
	Domain string `json:"domain,omitempty"`
	Note   string `json:"note,omitempty"`
	Source string `json:"source,omitempty"` // where it comes from, such as the name of a list
	// Invariant asks that a translation has one of the forms: drugs, codes, doses, protocols. Others are advice to engines.
	Invariant bool                    `json:"invariant"`
	Forms     map[language.Code]Forms `json:"forms"`
}

// Forms are what a concept is called in one language.
type Forms struct {
	Preferred string   `json:"preferred"`
	Accepted  []string `json:"accepted,omitempty"` // right too: synonyms, abbreviations, inflected forms
	Avoid     []string `json:"avoid,omitempty"`    // not to be used in a translation
}

// Bounds of a glossary.
const (
	MaxConcepts  = 10_000  // of a layer
	MaxAllForms  = 200_000 // of a layer
	MaxLanguages = 40      // of a concept
	MaxForms     = 20      // of each use in a language
	MaxForm      = 120     // characters
	maxID        = 64      // characters
	maxDomain    = 80
	maxSource    = 200
	maxNote      = 1000
)

// Equal reports whether two languages, or two times, have the same forms.
func (f Forms) Equal(other Forms) bool {
	return f.Preferred == other.Preferred && slices.Equal(f.Accepted, other.Accepted) && slices.Equal(f.Avoid, other.Avoid)
}

// right lists the forms that may stand in a translation, the preferred one first.
func (f Forms) right() []string { return append([]string{f.Preferred}, f.Accepted...) }

func (f Forms) count() int { return 1 + len(f.Accepted) + len(f.Avoid) }

// Languages lists the languages that a concept has forms in, in order.
func (c Concept) Languages() []language.Code { return slices.Sorted(maps.Keys(c.Forms)) }

// clean is the concept in the one spelling in which it is kept, or what is wrong with it.
func (c Concept) clean() (Concept, error) {
	c.ID, c.Domain, c.Note, c.Source = tidy(c.ID), tidy(c.Domain), tidy(c.Note), tidy(c.Source)
	if err := checkID(c.ID); err != nil {
		return c, err
	}
	for _, said := range []struct {
		name, text string
		most       int
	}{{"domain", c.Domain, maxDomain}, {"note", c.Note, maxNote}, {"source", c.Source, maxSource}} {
		if err := checkText(said.text, said.most); err != nil {
			return c, fmt.Errorf("the %s %w", said.name, err)
		}
	}
	if len(c.Forms) == 0 {
		return c, fmt.Errorf("concept %q has no form in any language", c.ID)
	}
	if len(c.Forms) > MaxLanguages {
		return c, fmt.Errorf("concept %q has forms in more than %d languages", c.ID, MaxLanguages)
	}
	cleaned := make(map[language.Code]Forms, len(c.Forms))
	for _, code := range c.Languages() {
		forms, err := c.Forms[code].clean()
		if err != nil {
			return c, fmt.Errorf("concept %q, language %s: %w", c.ID, code, err)
		}
		cleaned[code] = forms
	}
	c.Forms = cleaned
	return c, nil
}

func (f Forms) clean() (Forms, error) {
	if f.Preferred = tidy(f.Preferred); f.Preferred == "" {
		return f, fmt.Errorf("there is no preferred form")
	}
	f.Accepted, f.Avoid = tidyAll(f.Accepted), tidyAll(f.Avoid)
	if len(f.Accepted) > MaxForms || len(f.Avoid) > MaxForms {
		return f, fmt.Errorf("there are more than %d forms of one use", MaxForms)
	}
	seen := map[string]bool{}
	for _, form := range append(f.right(), f.Avoid...) {
		if err := checkForm(form); err != nil {
			return f, fmt.Errorf("form %q %w", shortened(form), err)
		}
		if seen[form] {
			return f, fmt.Errorf("form %q is there twice", form)
		}
		seen[form] = true
	}
	return f, nil
}

// tidy is text without spaces around it, and composed, so that what looks the same is the same.
func tidy(text string) string { return norm.NFC.String(strings.TrimSpace(text)) }

func tidyAll(texts []string) (tidied []string) {
	for _, text := range texts {
		tidied = append(tidied, tidy(text))
	}
	return tidied
}

func checkID(id string) error {
	if id == "" {
		return fmt.Errorf("the concept has no name")
	}
	if utf8.RuneCountInString(id) > maxID {
		return fmt.Errorf("the name of a concept has at most %d characters", maxID)
	}
	for _, r := range id {
		if !idRune(r) {
			return fmt.Errorf("the name of a concept is of small letters, digits, dots, hyphens and underscores: %q has %q", shortened(id), r)
		}
	}
	return nil
}

func idRune(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || strings.ContainsRune("._-", r)) && !unicode.IsUpper(r)
}

func checkForm(form string) error {
	if err := checkText(form, MaxForm); err != nil {
		return err
	}
	if len(fold(form).runes) == 0 || !strings.ContainsFunc(form, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		return fmt.Errorf("has no letter and no digit")
	}
	return nil
}

// checkText refuses what is too long or cannot be shown on one line.
func checkText(text string, most int) error {
	if !utf8.ValidString(text) || strings.ContainsRune(text, utf8.RuneError) {
		return fmt.Errorf("is no valid UTF-8")
	}
	if utf8.RuneCountInString(text) > most {
		return fmt.Errorf("has more than %d characters", most)
	}
	if at := strings.IndexFunc(text, forbidden); at >= 0 {
		r, _ := utf8.DecodeRuneInString(text[at:])
		return fmt.Errorf("has a character that cannot be seen, U+%04X", r)
	}
	return nil
}

// forbidden are control characters and what turns the direction of text; joiners belong to the spelling of Persian and others.
func forbidden(r rune) bool {
	return unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x2028 || r == 0x2029 || r == 0xfeff
}

// shortened is enough of a text to recognise it.
func shortened(text string) string {
	runes := []rune(text)
	if len(runes) <= 40 {
		return text
	}
	return string(runes[:40]) + "…"
}

// equal reports whether two concepts say the same.
func (c Concept) equal(other Concept) bool {
	return c.ID == other.ID && c.Domain == other.Domain && c.Note == other.Note && c.Source == other.Source && c.Invariant == other.Invariant &&
		maps.EqualFunc(c.Forms, other.Forms, Forms.Equal)
}
