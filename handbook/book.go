package handbook

import (
	"maps"
	"slices"
)

// Book is one edition of the handbook in all its languages.
type Book struct {
	ID        string
	Edition   string
	Date      Date
	Source    string   // the language of the originals, BCP 47
	Languages []string // all that the edition is meant to have, in the order of menus; Source is one of them
	Chapters  []Chapter

	titles     map[string]*Titles
	glossaries map[string]*Glossary
	sections   map[string]map[string]*Section // by language, then id
	images     map[string]bool
	anchors    map[string]string // the section that an anchor or an id leads to
}

// Chapter is a part of the book.
type Chapter struct {
	ID       string
	Sections []string // ids, in their order
}

// Titles are the words of the edition in one language, outside of its sections.
type Titles struct {
	Provenance
	File     string
	Title    string
	Note     string            // what readers must know before they use this edition
	Chapters map[string]string // by id
}

// Glossary has the terms of one language.
type Glossary struct {
	Provenance
	File  string
	Terms map[string]Term // by id
}

// Term is how one language says what the handbook speaks of.
type Term struct {
	Term       string
	Also       []string // other words for it, for search
	Definition string   // always there in the source's language
	Line       int
}

// SectionIDs lists all sections in the order of the book.
func (b *Book) SectionIDs() []string {
	var ids []string
	for _, chapter := range b.Chapters {
		ids = append(ids, chapter.Sections...)
	}
	return ids
}

// Section gives a section in a language; false where it is not translated.
func (b *Book) Section(language, id string) (*Section, bool) {
	s, ok := b.sections[language][id]
	return s, ok
}

// Titles gives the titles in a language; false where they are not translated.
func (b *Book) Titles(language string) (*Titles, bool) {
	t, ok := b.titles[language]
	return t, ok
}

// Glossary gives the terms of a language; false where there are none.
func (b *Book) Glossary(language string) (*Glossary, bool) {
	g, ok := b.glossaries[language]
	return g, ok
}

// Citations gives what a section rests on: a translation has the citations of its source.
func (b *Book) Citations(s *Section) []Citation {
	if original, ok := b.Section(b.Source, s.ID); ok {
		return original.Citations
	}
	return s.Citations
}

// Images lists the paths of the images, sorted.
func (b *Book) Images() []string { return slices.Sorted(maps.Keys(b.images)) }

// SectionOf finds the section that an anchor, or an id of a section, leads to.
func (b *Book) SectionOf(anchor string) (id string, ok bool) {
	id, ok = b.anchors[anchor]
	return id, ok
}

// With is the book with one section replaced or added. It is not checked as a whole.
func (b *Book) With(s *Section) *Book {
	other := *b
	other.sections = maps.Clone(b.sections)
	inLanguage := maps.Clone(b.sections[s.Language])
	if inLanguage == nil {
		inLanguage = map[string]*Section{}
	}
	inLanguage[s.ID] = s
	other.sections[s.Language] = inLanguage
	if s.Language == b.Source {
		other.anchors = maps.Clone(b.anchors)
		for _, block := range s.Blocks {
			other.anchors[block.Anchor] = s.ID
		}
	}
	return &other
}

// Staleness says how a translation differs from the source as it is now.
type Staleness struct {
	Outdated bool     // the source has changed since
	Changed  []string // anchors of blocks that the source has otherwise now, in its order
	Added    []string // anchors that only the source has now, in its order
	Removed  []string // anchors that the source no longer has, in the order of the translation
}

// Stale compares a translation with its source. Outdated without any anchor means that the title or
// the order of the blocks has changed. An original is never stale.
func (b *Book) Stale(s *Section) Staleness {
	source, ok := b.Section(b.Source, s.ID)
	if !ok || s.Original() || s.SourceHash == source.Hash {
		return Staleness{}
	}
	stale := Staleness{Outdated: true}
	for _, block := range source.Blocks {
		hash, known := s.SourceBlocks[block.Anchor]
		switch {
		case !known:
			stale.Added = append(stale.Added, block.Anchor)
		case hash != block.Hash:
			stale.Changed = append(stale.Changed, block.Anchor)
		}
	}
	for _, block := range s.Blocks {
		if _, there := source.Block(block.Anchor); !there {
			stale.Removed = append(stale.Removed, block.Anchor)
		}
	}
	return stale
}

// Progress counts the sections of one language.
type Progress struct {
	Language string         `json:"language"`
	Sections int            `json:"sections"` // of the source
	Present  int            `json:"present"`
	Outdated int            `json:"outdated"`
	Status   map[Status]int `json:"status"`
	Terms    int            `json:"terms"` // in the glossary
	Titles   bool           `json:"titles"`
}

// Percent is the share of sections that there are, rounded down.
func (p Progress) Percent() int {
	if p.Sections == 0 {
		return 0
	}
	return 100 * p.Present / p.Sections
}

// Progress tells for each language how far it is, in the order of Languages.
func (b *Book) Progress() []Progress {
	ids := b.SectionIDs()
	var out []Progress
	for _, language := range b.Languages {
		p := Progress{Language: language, Sections: len(ids), Status: map[Status]int{}}
		for _, id := range ids {
			s, ok := b.Section(language, id)
			if !ok {
				continue
			}
			p.Present++
			p.Status[s.Status]++
			if b.Stale(s).Outdated {
				p.Outdated++
			}
		}
		if g, ok := b.Glossary(language); ok {
			p.Terms = len(g.Terms)
		}
		_, p.Titles = b.Titles(language)
		out = append(out, p)
	}
	return out
}

// sortedTerms gives the ids of a glossary in a fixed order.
func (g *Glossary) sortedTerms() []string {
	return slices.Sorted(maps.Keys(g.Terms))
}
