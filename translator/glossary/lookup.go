package glossary

import (
	"slices"

	"medixchange/translator/language"
)

// maxLookup is how many concepts one question finds.
const maxLookup = 5

// Lookup finds the concepts that somebody asks for by a word or a phrase: in the first of the languages that knows some, else
// in any language by the very words. It says in which.
func (s *Set) Lookup(text string, in ...language.Code) ([]Concept, language.Code) {
	for _, code := range in {
		var found []Concept
		for _, place := range s.Find(text, code) {
			found = append(found, s.Concepts(place)...)
		}
		if found = distinct(found); len(found) > 0 {
			return found, code
		}
	}
	return s.anywhere(text)
}

func distinct(found []Concept) (some []Concept) {
	for _, c := range found {
		known := slices.ContainsFunc(some, func(other Concept) bool { return other.ID == c.ID })
		if !known && len(some) < maxLookup {
			some = append(some, c)
		}
	}
	return some
}

// anywhere looks through all forms, also those that are not to be used.
func (s *Set) anywhere(text string) (found []Concept, in language.Code) {
	if s.Len() == 0 {
		return nil, ""
	}
	wanted := fold(text).runes
	for _, e := range s.entries {
		for _, code := range e.Languages() {
			forms := e.Forms[code]
			named := slices.ContainsFunc(append(forms.right(), forms.Avoid...), func(form string) bool {
				return len(form) <= 4*len(text) && slices.Equal(fold(form).runes, wanted)
			})
			if named && (in == "" || in == code) {
				found, in = append(found, e.Concept), code
			}
		}
	}
	return distinct(found), in
}
