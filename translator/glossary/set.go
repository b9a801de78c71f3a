package glossary

import (
	"maps"
	"slices"
	"sync"

	"medixchange/translator/language"
)

// Set is a glossary as it stands at one version. It does not change; what finds the terms of a language is built when it is
// first needed. All methods are safe for concurrent use, also those of a nil Set, which is empty.
type Set struct {
	version int64
	entries []entry // by id
	byID    map[string]int32

	mu      sync.Mutex
	indexes map[language.Code]*index // by base
}

// entry is a concept as both layers have it together.
type entry struct {
	Concept
	layer Layer                  // of what the concept says apart from its forms
	own   map[language.Code]bool // languages whose forms are the hospital's
}

// NewSet joins the layers at a version. Concepts are taken as they are.
func NewSet(version int64, layers map[Layer][]Concept) *Set {
	joined := map[string]*entry{}
	for _, layer := range Layers {
		for _, c := range layers[layer] {
			joined[c.ID] = joined[c.ID].with(c, layer)
		}
	}
	s := &Set{version: version, byID: make(map[string]int32, len(joined)), indexes: map[language.Code]*index{}}
	for _, id := range slices.Sorted(maps.Keys(joined)) {
		s.byID[id] = int32(len(s.entries))
		s.entries = append(s.entries, *joined[id])
	}
	return s
}

// with lays a concept of a stronger layer over an entry; language by language its forms are taken instead.
func (e *entry) with(c Concept, layer Layer) *entry {
	over := &entry{Concept: c, layer: layer, own: map[language.Code]bool{}}
	over.Forms = maps.Clone(c.Forms)
	for code := range c.Forms {
		over.own[code] = layer == Hospital
	}
	if e == nil {
		return over
	}
	for code, forms := range e.Forms {
		if _, ok := over.Forms[code]; !ok {
			over.Forms[code] = forms
		}
	}
	return over
}

// Version is the number of the newest change; 0: there was none.
func (s *Set) Version() int64 {
	if s == nil {
		return 0
	}
	return s.version
}

// Len is how many concepts there are.
func (s *Set) Len() int {
	if s == nil {
		return 0
	}
	return len(s.entries)
}

// Concept returns a concept as both layers have it together, and whose it is.
func (s *Set) Concept(id string) (Concept, Layer, bool) {
	if s == nil {
		return Concept{}, "", false
	}
	at, ok := s.byID[id]
	if !ok {
		return Concept{}, "", false
	}
	return s.entries[at].Concept, s.entries[at].layer, true
}

// indexOf finds the terms of a language, in all of its forms: whoever reads Brazilian Portuguese writes "terapia intensiva",
// and the glossary may have it as European.
func (s *Set) indexOf(code language.Code) *index {
	base := code.Base()
	s.mu.Lock()
	defer s.mu.Unlock()
	if x, ok := s.indexes[base]; ok {
		return x
	}
	b := newBuilder()
	for _, own := range []bool{true, false} { // of two concepts with one name, the hospital's is meant
		for _, preferred := range []bool{true, false} {
			s.addTo(b, base, own, preferred)
		}
	}
	x := b.done()
	s.indexes[base] = x
	return x
}

func (s *Set) addTo(b *builder, base language.Code, own, preferred bool) {
	for at, e := range s.entries {
		for code, forms := range e.Forms {
			if code.Base() != base || e.own[code] != own {
				continue
			}
			words := forms.Accepted
			if preferred {
				words = []string{forms.Preferred}
			}
			for _, form := range words {
				b.addForm(form, code, int32(at))
			}
		}
	}
}

// addForm adds a form in every way that it is written: without accents where people leave them out, Serbian in both alphabets.
func (b *builder) addForm(form string, code language.Code, concept int32) {
	runes := fold(form).runes
	b.add(form, runes, concept)
	if careless := bare(runes, code); careless != "" {
		b.add(form, []rune(careless), concept)
	}
	if code == "sr" {
		b.addForm(language.SerbianLatin(form), "sr-Latn", concept)
	}
}
