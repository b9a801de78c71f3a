package find

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"medixchange/handbook"
	"medixchange/internal/search"
	"medixchange/internal/sqldb"
)

// Weights of a document's texts: what a heading says counts more than what stands below it.
const (
	weightTitle   = 3   // of a section, for its first heading, which stands for the whole of it
	weightOther   = 0.5 // of a section's title for its other headings
	weightHeading = 3
	weightText    = 1
	weightTerm    = 4
)

const (
	// cursorAll says of which edition all indexes are.
	cursorAll = "handbook"
	// dropStep bounds the rows of an old index that one write removes.
	dropStep = 2000
	// sectionStep is how many numbers of documents a section has; it has fewer headings.
	sectionStep = 1000
	// firstTerm is the number of the glossary's first term.
	firstTerm = 1_000_000
)

func indexOf(language string) string { return "handbook." + language }

// positionOf makes a position for a cursor of an edition's mark. It is never 0, which is that of a half-made index.
func positionOf(mark string) int64 {
	raw, err := hex.DecodeString(mark)
	if err != nil || len(raw) < 8 {
		return 1
	}
	return int64(binary.BigEndian.Uint64(raw)&math.MaxInt64) | 1
}

// build makes the index of a language, unless the database has it.
func (x *Index) build(ctx context.Context, edition *handbook.Edition, language string) error {
	name, position := indexOf(language), positionOf(edition.Mark)
	at, _, err := x.o.Hub.LoadCursor(ctx, name)
	if err != nil {
		return fmt.Errorf("indexing the handbook: %w", err)
	}
	if at != position {
		if err := x.rebuild(ctx, edition, language); err != nil {
			return fmt.Errorf("indexing the handbook in %s: %w", language, err)
		}
	}
	x.mu.Lock()
	x.ready[language] = edition.Mark
	x.mu.Unlock()
	return nil
}

func (x *Index) rebuild(ctx context.Context, edition *handbook.Edition, language string) error {
	name := indexOf(language)
	for done := false; !done; {
		err := x.o.DB.Write(ctx, func(tx *sqldb.Tx) (err error) {
			if err := x.o.Hub.SaveCursorTx(tx, name, 0); err != nil {
				return err
			}
			done, err = x.o.Engine.Drop(tx, name, dropStep)
			return err
		})
		if err != nil {
			return err
		}
	}
	for i, id := range edition.SectionIDs() {
		s, ok := edition.Section(language, id)
		if !ok {
			continue
		}
		if err := x.put(ctx, name, x.sectionDocuments(i, s)); err != nil {
			return err
		}
	}
	if g, ok := edition.Glossary(language); ok {
		if err := x.put(ctx, name, x.termDocuments(g)); err != nil {
			return err
		}
	}
	return x.o.Hub.SaveCursor(ctx, name, positionOf(edition.Mark))
}

func (x *Index) put(ctx context.Context, name string, documents []*search.Prepared) error {
	return x.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return x.o.Engine.Put(tx, name, documents...) })
}

func (x *Index) sectionDocuments(at int, s *handbook.Section) []*search.Prepared {
	var out []*search.Prepared
	for i, b := range s.Blocks {
		title := weightOther
		if i == 0 {
			title = weightTitle
		}
		out = append(out, x.o.Engine.Prepare(search.Document{
			ID: int64(at*sectionStep + i + 1),
			Fields: []search.Field{
				{Text: s.Title, Weight: title}, {Text: b.Title, Weight: weightHeading}, {Text: textOf(b), Weight: weightText},
			},
		}))
	}
	return out
}

// textOf is what stands below a heading, as plain text.
func textOf(b handbook.Block) string { return strings.Join(b.Prose(), "\n") }

func (x *Index) termDocuments(g *handbook.Glossary) []*search.Prepared {
	var out []*search.Prepared
	for i, id := range termIDs(g) {
		t := g.Terms[id]
		out = append(out, x.o.Engine.Prepare(search.Document{
			ID: int64(firstTerm + i),
			Fields: []search.Field{
				{Text: t.Term + "\n" + strings.Join(t.Also, "\n"), Weight: weightTerm}, {Text: t.Definition, Weight: weightText},
			},
		}))
	}
	return out
}

func termIDs(g *handbook.Glossary) []string { return slices.Sorted(maps.Keys(g.Terms)) }

// placeOf is what a document's number stands for in the edition.
func placeOf(edition *handbook.Edition, language string, id int64, matched *search.Matched) (Hit, bool) {
	if id >= firstTerm {
		return termOf(edition, language, int(id-firstTerm), matched)
	}
	ids := edition.SectionIDs()
	at, block := int(id-1)/sectionStep, int(id-1)%sectionStep
	if at >= len(ids) {
		return Hit{}, false
	}
	s, ok := edition.Section(language, ids[at])
	if !ok || block >= len(s.Blocks) {
		return Hit{}, false
	}
	b := s.Blocks[block]
	return Hit{
		Section: s.ID, Anchor: b.Anchor, Title: s.Title, Heading: b.Title, Status: s.Status, Outdated: edition.Stale(s).Outdated,
		Snippet: snippet(matched, textOf(b)),
	}, true
}

func termOf(edition *handbook.Edition, language string, at int, matched *search.Matched) (Hit, bool) {
	g, ok := edition.Glossary(language)
	if !ok {
		return Hit{}, false
	}
	ids := termIDs(g)
	if at >= len(ids) {
		return Hit{}, false
	}
	t := g.Terms[ids[at]]
	text := strings.Join(append(slices.Clone(t.Also), t.Definition), " · ")
	return Hit{Anchor: "term-" + ids[at], Title: t.Term, Status: g.Status, Snippet: snippet(matched, strings.TrimSuffix(text, " · "))}, true
}

// snippet cuts a text around what was found.
func snippet(matched *search.Matched, text string) []Part {
	cut, spans := matched.Snippet(text, snippetLetters)
	var out []Part
	at := 0
	for _, s := range spans {
		if s.From > at {
			out = append(out, Part{Text: cut[at:s.From]})
		}
		out = append(out, Part{Text: cut[s.From:s.To], Marked: true})
		at = s.To
	}
	if at < len(cut) {
		out = append(out, Part{Text: cut[at:]})
	}
	return out
}
