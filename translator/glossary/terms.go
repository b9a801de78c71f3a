package glossary

import (
	"slices"

	"medixchange/translator/language"
)

// Bounds of what is looked for in one text.
const maxTermsInText = 100

// Place is where a text names concepts, in bytes of the text.
type Place struct {
	Start, End int
	// Attached says that a prefix or an ending is written together with the term, which only its own language understands.
	Attached bool
	concepts []int32 // the most likely one first
}

// Find returns the places of a text that name a concept, in their order: the longest where several begin, whole words only.
func (s *Set) Find(text string, from language.Code) []Place {
	if s.Len() == 0 {
		return nil
	}
	x := s.indexOf(from)
	f := fold(text)
	hits := x.find(f, maxTermsInText)
	if len(hits) == 0 {
		return nil
	}
	places := make([]Place, 0, len(hits))
	for _, h := range hits {
		places = append(places, Place{
			Start: int(f.starts[h.start]), End: int(f.ends[h.end-1]), Attached: h.attached, concepts: x.patterns[h.pattern].concepts,
		})
	}
	return places
}

// Ambiguous reports whether the words name more than one concept.
func (p Place) Ambiguous() bool { return len(p.concepts) > 1 }

// Concepts are those that a place may name, the most likely one first.
func (s *Set) Concepts(p Place) []Concept {
	found := make([]Concept, 0, len(p.concepts))
	for _, at := range p.concepts {
		found = append(found, s.entries[at].Concept)
	}
	return found
}

// Term is a concept that a text names, as a language is to have it.
type Term struct {
	Concept   string // its id
	Words     string // as the text has it
	Target    string // the preferred form
	Invariant bool
	Count     int // how often the text names it
	concepts  []int32
}

// In is what a language has for the words at a place of a text; false if it has nothing.
func (s *Set) In(to language.Code, p Place, text string) (Term, bool) {
	term := Term{Words: text[p.Start:p.End], Count: 1}
	for _, at := range p.concepts {
		forms, ok := s.entries[at].in(to)
		if !ok {
			continue
		}
		if term.Concept == "" {
			term.Concept, term.Target, term.Invariant = s.entries[at].ID, forms.Preferred, s.entries[at].Invariant
		}
		term.concepts = append(term.concepts, at)
	}
	return term, term.Concept != ""
}

// Collect counts terms of one concept together, in the order of their first place.
func Collect(terms []Term) []Term {
	var all []Term
	for _, t := range terms {
		at := slices.IndexFunc(all, func(other Term) bool { return other.Concept == t.Concept })
		if at >= 0 {
			all[at].Count += t.Count
			continue
		}
		all = append(all, t)
	}
	return all
}

// in returns the forms that readers of a language are given: its own, or those of another form of it that they read.
func (e *entry) in(to language.Code) (Forms, bool) {
	if forms, ok := e.Forms[to]; ok {
		return forms, true
	}
	if forms, ok := e.Forms["sr"]; ok && to == "sr-Latn" {
		return forms.inLatin(), true
	}
	for _, code := range e.Languages() {
		if to.Reads(code) && (code != "sr-Latn" || to == code) {
			return e.Forms[code], true
		}
	}
	return Forms{}, false
}

func (f Forms) inLatin() Forms {
	latin := Forms{Preferred: language.SerbianLatin(f.Preferred)}
	for _, form := range f.Accepted {
		latin.Accepted = append(latin.Accepted, language.SerbianLatin(form))
	}
	for _, form := range f.Avoid {
		latin.Avoid = append(latin.Avoid, language.SerbianLatin(form))
	}
	return latin
}

// Outcome is what a translation made of a term.
type Outcome string

// The outcomes.
const (
	Used    Outcome = "used"    // a right form is there
	Missing Outcome = "missing" // none is
	Avoided Outcome = "avoided" // a form is there that is not to be used
)

// Found is the outcome of one term.
type Found struct {
	Term    Term
	Outcome Outcome
	Words   string // of the form that is not to be used
	Right   []LinePlace
}

// LinePlace is where a form stands in the lines of a translation, in bytes of the line.
type LinePlace struct{ Line, Start, End int }

// Check looks for terms in the lines of a translation. Every form counts that the concept lists for any form of the language;
// inflected ones are found where they are listed.
func (s *Set) Check(terms []Term, lines []string, to language.Code) []Found {
	found := make([]Found, 0, len(terms))
	texts := make([]*folded, len(lines))
	for i, line := range lines {
		texts[i] = fold(line)
	}
	for _, t := range terms {
		found = append(found, s.checkOne(t, texts, to))
	}
	return found
}

// What a spelling of a target is, in the place of the concept of an index.
const (
	isRight int32 = iota
	isAvoided
)

func (s *Set) checkOne(t Term, texts []*folded, to language.Code) Found {
	x := s.expected(t, to)
	found := Found{Term: t, Outcome: Used}
	for line, f := range texts {
		for _, h := range x.find(f, maxTermsInText) {
			place := LinePlace{line, int(f.starts[h.start]), int(f.ends[h.end-1])}
			if x.patterns[h.pattern].concepts[0] == isRight {
				found.Right = append(found.Right, place)
			} else if found.Words == "" {
				found.Words = f.text[place.Start:place.End]
			}
		}
	}
	switch {
	case found.Words != "" && len(found.Right) < t.Count:
		found.Outcome = Avoided
	case len(found.Right) == 0:
		found.Outcome = Missing
	default:
		found.Words = ""
	}
	return found
}

// expected finds the forms of a term's concepts in a translation.
func (s *Set) expected(t Term, to language.Code) *index {
	b := newBuilder()
	for _, at := range t.concepts {
		for code, forms := range s.entries[at].Forms {
			if code.Base() != to.Base() {
				continue
			}
			for _, form := range forms.right() {
				b.addForm(form, code, isRight)
			}
		}
	}
	for _, at := range t.concepts {
		forms, _ := s.entries[at].in(to)
		for _, form := range forms.Avoid {
			b.addForm(form, to, isAvoided)
		}
	}
	return b.done()
}

// Mark is what a translation depends on: the concepts of places, with their forms in the target's language. Two sets that
// give the same mark ask the same of a translation.
func (s *Set) Mark(p Place, to language.Code) []string {
	var parts []string
	for _, at := range p.concepts {
		e := &s.entries[at]
		kind := "advised"
		if e.Invariant {
			kind = "invariant"
		}
		parts = append(parts, "concept", e.ID, kind)
		for _, code := range e.Languages() {
			if code.Base() != to.Base() {
				continue
			}
			forms := e.Forms[code]
			parts = append(parts, "language", string(code))
			parts = append(append(parts, "right"), forms.right()...)
			parts = append(append(parts, "avoid"), forms.Avoid...)
		}
	}
	return parts
}
