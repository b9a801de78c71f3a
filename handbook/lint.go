package handbook

import (
	"fmt"
	"slices"
	"strings"
)

// Severity says whether a finding must be dealt with.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // the edition should not be published like this
	Warning Severity = "warning" // an editor should look at it
)

// Finding is one thing that is doubtful about an edition.
type Finding struct {
	Problem
	Severity Severity `json:"severity"`
}

// Difference is something that a translation says otherwise than its source, such as a number.
type Difference struct {
	Grave       bool   // it could harm a patient
	What        string // a code, such as "number" or "dose"
	Original    string // may be empty
	Translation string // may be empty
}

// Compare finds what a translation of texts says otherwise. Both have the same number of texts, of the
// languages from and to (BCP 47).
type Compare func(source, translation []string, from, to string) []Difference

// Lint tells what is doubtful about a book that could be loaded, in the order of its sections. The
// values in translations are compared with those of the source; compare may be nil, then they are not.
func Lint(b *Book, compare Compare) []Finding {
	l := &linter{book: b, compare: compare}
	l.citationsAgree()
	for _, id := range b.SectionIDs() {
		for _, tag := range b.Languages {
			if s, ok := b.Section(tag, id); ok {
				l.section(s)
			}
		}
	}
	for _, tag := range b.Languages {
		l.completeness(tag)
	}
	return l.findings
}

// LintSection tells what Lint tells about one section of a book.
func LintSection(b *Book, s *Section, compare Compare) []Finding {
	l := &linter{book: b, compare: compare}
	l.section(s)
	return l.findings
}

func (l *linter) section(s *Section) {
	if s.Original() {
		l.original(s)
		return
	}
	l.translation(s)
}

type linter struct {
	book     *Book
	compare  Compare
	findings []Finding
}

func (l *linter) add(severity Severity, file string, line int, format string, args ...any) {
	l.findings = append(l.findings, Finding{newProblem(file, line, format, args...), severity})
}

// citationsAgree compares the entries of one key in all sections: they are of one publication.
func (l *linter) citationsAgree() {
	type entry struct {
		Citation
		file string
	}
	first := map[string]entry{}
	for _, id := range l.book.SectionIDs() {
		s, _ := l.book.Section(l.book.Source, id)
		for _, c := range s.Citations {
			known, ok := first[c.Key]
			if !ok {
				first[c.Key] = entry{c, s.File}
				continue
			}
			if c != known.Citation {
				l.add(Error, s.File, 1, "the citation %q differs from the one in %s", c.Key, known.file)
			}
		}
	}
}

func (l *linter) original(s *Section) {
	if brief := s.ID + BriefSuffix; s.Blocks[0].Anchor != brief {
		l.add(Error, s.File, s.Blocks[0].Line, "the section does not begin with a short summary {#%s}", brief)
	}
	used := map[string]bool{}
	keys := make([]string, len(s.Citations))
	for i, c := range s.Citations {
		keys[i] = c.Key
	}
	for i, block := range s.Blocks {
		for _, key := range block.Cites {
			used[key] = true
			if !slices.Contains(keys, key) { // Load refuses it; at the desk it is said earlier
				l.add(Error, s.File, block.Line, unknownCitation, key, didYouMean(key, keys))
			}
		}
		l.uncited(s, block, i == 0)
	}
	for _, c := range s.Citations {
		if !used[c.Key] {
			l.add(Error, s.File, 1, "the citation %q is listed, but the text does not cite it", c.Key)
		}
		if c.LookedUp > s.Updated {
			l.add(Error, s.File, 1, "the citation %q was looked up on %s, after the section was updated", c.Key, c.LookedUp)
		}
	}
	l.links(s)
}

// uncited finds text that rests on nothing. A summary needs no citations, since what it sums up has them; one that has some is
// held to it.
func (l *linter) uncited(s *Section, block Block, summary bool) {
	switch {
	case len(block.Uncited) == 0, summary && len(block.Cites) == 0:
	case len(block.Cites) == 0:
		l.add(Warning, s.File, block.Line, "nothing in %q has a citation", block.Title)
	default:
		l.add(Warning, s.File, block.Line, "in %q there is text without a citation: %q", block.Title, shortened(block.Uncited[0]))
	}
}

// links finds anchors that lead nowhere.
func (l *linter) links(s *Section) {
	for _, block := range s.Blocks {
		for _, anchor := range block.Anchors {
			if _, ok := l.book.SectionOf(anchor); !ok {
				l.add(Error, s.File, block.Line, "the link to #%s leads nowhere in this book", anchor)
			}
		}
	}
}

func (l *linter) translation(s *Section) {
	stale := l.book.Stale(s)
	source, _ := l.book.Section(l.book.Source, s.ID)
	if stale.Outdated {
		l.add(Warning, s.File, 1, "the source has changed since this translation was made%s", whatChanged(stale))
	}
	l.links(s)
	for _, block := range s.Blocks {
		original, ok := source.Block(block.Anchor)
		if !ok || s.SourceBlocks[block.Anchor] != original.Hash {
			continue // it was made from another text
		}
		l.block(s, original, block)
	}
}

func whatChanged(stale Staleness) string {
	var parts []string
	for _, part := range []struct {
		verb    string
		anchors []string
	}{{"changed", stale.Changed}, {"new", stale.Added}, {"gone", stale.Removed}} {
		if len(part.anchors) > 0 {
			parts = append(parts, part.verb+": "+strings.Join(part.anchors, ", "))
		}
	}
	if len(parts) == 0 {
		return " in its title or order"
	}
	return " (" + strings.Join(parts, "; ") + ")"
}

// block compares a block with the source that it was made from.
func (l *linter) block(s *Section, original, block Block) {
	if !slices.Equal(original.Cites, block.Cites) {
		l.add(Error, s.File, block.Line, "the citations of %q are not those of the source: %s instead of %s",
			block.Anchor, listed(block.Cites), listed(original.Cites))
	}
	if !slices.Equal(original.Anchors, block.Anchors) {
		l.add(Warning, s.File, block.Line, "the links of %q to anchors are not those of the source", block.Anchor)
	}
	source, translation := original.Segments, block.Segments
	if len(source) != len(translation) {
		l.add(Warning, s.File, block.Line, "%q has %d paragraphs, list items and table cells, the source has %d",
			block.Anchor, len(translation), len(source))
		source, translation = []string{strings.Join(source, "\n")}, []string{strings.Join(translation, "\n")}
	}
	if l.compare == nil {
		return
	}
	for i := range source {
		for _, d := range l.compare(source[i:i+1], translation[i:i+1], l.book.Source, s.Language) {
			l.difference(s, block, d)
		}
	}
}

func (l *linter) difference(s *Section, block Block, d Difference) {
	severity := Warning
	if d.Grave {
		severity = Error
	}
	line := block.Line
	if i := strings.Index(block.Text, d.Translation); i > 0 && d.Translation != "" {
		line += strings.Count(block.Text[:i], "\n")
	}
	l.add(severity, s.File, line, "%s: the source has %s, the translation has %s (in %s)",
		d.What, quoted(d.Original), quoted(d.Translation), block.Anchor)
}

// What findings name where a text has nothing.
const (
	NothingLikeIt = "nothing like it" // no such value
	NoneListed    = "none"            // no citations
)

func quoted(s string) string {
	if s == "" {
		return NothingLikeIt
	}
	return fmt.Sprintf("%q", s)
}

func listed(keys []string) string {
	if len(keys) == 0 {
		return NoneListed
	}
	return strings.Join(keys, ", ")
}

// completeness tells what a language that has begun still lacks.
func (l *linter) completeness(tag string) {
	if _, begun := l.book.Titles(tag); !begun {
		return
	}
	var missing []string
	for _, id := range l.book.SectionIDs() {
		if _, ok := l.book.Section(tag, id); !ok {
			missing = append(missing, id)
		}
	}
	if len(missing) > 0 {
		l.add(Warning, tag+"/"+bookFile, 0, "not translated yet: %s", strings.Join(missing, ", "))
	}
	source, ok := l.book.Glossary(l.book.Source)
	if !ok {
		return
	}
	g, ok := l.book.Glossary(tag)
	if !ok {
		l.add(Warning, tag+"/"+glossaryFile, 0, "there is no glossary in this language")
		return
	}
	missing = nil
	for _, id := range source.sortedTerms() {
		if _, ok := g.Terms[id]; !ok {
			missing = append(missing, id)
		}
	}
	if len(missing) > 0 {
		l.add(Warning, g.File, 0, "terms without translation: %s", strings.Join(missing, ", "))
	}
}
