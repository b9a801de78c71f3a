package find

import (
	"context"
	"errors"
	"fmt"
	"maps"
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
	// putStep bounds the documents of one write: a word that many of them have is written once for all, and other writers wait
	// meanwhile.
	putStep = 60
	// dropStep bounds the rows of an old index that one write removes.
	dropStep = 2000
	// sectionStep is how many numbers of documents a section has; it has fewer headings.
	sectionStep = 1000
	// firstTerm is the number of the glossary's first term.
	firstTerm = 1_000_000
)

func indexOf(language string) string { return "handbook." + language }

// build makes the index of a language, unless the database has it.
func (x *Index) build(ctx context.Context, edition *handbook.Edition, language string) error {
	if shown, err := x.o.Shelf.Edition(); err != nil || shown.Mark != edition.Mark {
		return errors.Join(err, errReplaced)
	}
	if stored, err := x.isStored(ctx, edition, language); err != nil || stored {
		return err
	}
	x.setHave(language, "")
	if err := x.rebuild(ctx, edition, language); err != nil {
		return fmt.Errorf("indexing the handbook in %s: %w", language, err)
	}
	x.setHave(language, x.wanted(edition, language))
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
	var documents []*search.Prepared
	for i, id := range edition.SectionIDs() {
		if s, ok := edition.Section(language, id); ok {
			documents = append(documents, x.sectionDocuments(i, s)...)
		}
	}
	if g, ok := edition.Glossary(language); ok {
		documents = append(documents, x.termDocuments(g)...)
	}
	for some := range slices.Chunk(documents, putStep) {
		if err := x.put(ctx, name, some); err != nil {
			return err
		}
	}
	return x.o.Hub.SaveCursor(ctx, name, positionOf(x.wanted(edition, language)))
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
