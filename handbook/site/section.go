package site

import (
	"fmt"
	"slices"

	"medixchange/handbook"
	"medixchange/internal/markup"
)

// block is a heading with its text.
type block struct {
	Anchor string
	Title  string
	HTML   markup.HTML
	Change string // the word that says how the source differs; ""
}

// change is a block of which source and translation differ.
type change struct {
	Anchor string
	Kind   string // changed, added or removed
	Title  Phrase
	Source markup.HTML // as it is now; "" where it is gone
	Own    markup.HTML // "" where it is new
	// Pieces compare the source as it was translated with what it is now; nil where the former is not known.
	Pieces []handbook.Piece
}

// source is an entry of the list of citations.
type source struct {
	handbook.Citation
	N     int
	Links []string // anchors of the places that cite it
}

// pair is a block beside that of the other language.
type pair struct{ Left, Right markup.HTML }

type sectionView struct {
	ID         string
	Chapter    Phrase
	Own        Phrase // the title, in the language of the text
	State      State
	Provenance handbook.Provenance
	Blocks     []block
	Changes    []change
	Rearranged bool // out of date, and no block says why
	Sources    []source
	Previous   *entry
	Next       *entry
	Compared   Tongue // the language that it may be shown beside
	// Beside is the other language in a page of two, with its title and the pairs of blocks.
	Beside Phrase
	Pairs  []pair
}

func sectionPage(q *request) (string, []byte, error) {
	s, translated, err := q.find(q.section)
	if err != nil {
		return "", nil, err
	}
	rendered := newText(q.edition.Book, s, q.words, false)
	page := &sectionView{ID: s.ID, Own: Phrase{rendered.tongue, s.Title}, State: q.state(s, translated), Provenance: s.Provenance}
	if translated {
		page.Changes = q.changesOf(s)
		page.Rearranged = page.State.Outdated && len(page.Changes) == 0
	}
	for _, b := range s.Blocks {
		html, err := rendered.block(b)
		if err != nil {
			return "", nil, err
		}
		page.Blocks = append(page.Blocks, block{Anchor: b.Anchor, Title: b.Title, HTML: html, Change: changeOf(page.Changes, b.Anchor)})
	}
	if err := q.place(page); err != nil {
		return "", nil, err
	}
	body := sectionBody
	if page.Compared = q.compared(s); q.with != "" {
		if other, ok := q.edition.Section(q.with, s.ID); ok {
			body = besideBody
			if err := q.beside(page, s, other); err != nil {
				return "", nil, err
			}
		}
	}
	for i, c := range q.edition.Citations(s) {
		page.Sources = append(page.Sources, source{c, i + 1, rendered.backLinks(i + 1)})
	}
	return q.view(s.Title, s.ID).render(body(*page))
}

func changeOf(changes []change, anchor string) string {
	i := slices.IndexFunc(changes, func(c change) bool { return c.Anchor == anchor })
	if i < 0 {
		return ""
	}
	return changes[i].Kind
}

// compared is the language that a section is offered beside: that of its source, or for a source nothing.
func (q *request) compared(s *handbook.Section) Tongue {
	if s.Language == q.edition.Source {
		return Tongue{}
	}
	return tongueOf(q.edition.Source)
}

// place says where in the book a section stands.
func (q *request) place(page *sectionView) error {
	ids := q.edition.SectionIDs()
	at := slices.Index(ids, page.ID)
	titles, tongue := q.titles()
	for _, c := range q.edition.Chapters {
		if slices.Contains(c.Sections, page.ID) {
			page.Chapter = Phrase{tongue, titles.Chapters[c.ID]}
		}
	}
	for _, step := range []struct {
		at int
		to **entry
	}{{at - 1, &page.Previous}, {at + 1, &page.Next}} {
		if step.at < 0 || step.at >= len(ids) {
			continue
		}
		e, err := q.entry(ids[step.at])
		if err != nil {
			return err
		}
		*step.to = &e
	}
	return nil
}

// beside pairs the blocks of two languages, in the order of the page's own; what only the other has comes last.
func (q *request) beside(page *sectionView, s, other *handbook.Section) error {
	rendered := newText(q.edition.Book, other, q.words, true)
	page.Beside = Phrase{rendered.tongue, other.Title}
	for i, b := range s.Blocks {
		p := pair{Left: page.Blocks[i].HTML}
		if o, ok := other.Block(b.Anchor); ok {
			html, err := rendered.block(o)
			if err != nil {
				return err
			}
			p.Right = html
		}
		page.Pairs = append(page.Pairs, p)
	}
	for _, o := range other.Blocks {
		if _, ok := s.Block(o.Anchor); ok {
			continue
		}
		html, err := rendered.block(o)
		if err != nil {
			return err
		}
		page.Pairs = append(page.Pairs, pair{Right: html})
	}
	return nil
}

// changesOf puts what has changed in the source since a translation beside that translation, and where it is known what the
// source said then, compares that with what it says now.
func (q *request) changesOf(s *handbook.Section) []change {
	original, ok := q.edition.Section(q.edition.Source, s.ID)
	stale := q.edition.Stale(s)
	if !ok || !stale.Outdated {
		return nil
	}
	theirs, ours := newText(q.edition.Book, original, q.words, true), newText(q.edition.Book, s, q.words, true)
	var out []change
	for _, kind := range []struct {
		name    string
		anchors []string
	}{{"changed", stale.Changed}, {"added", stale.Added}, {"removed", stale.Removed}} {
		for _, anchor := range kind.anchors {
			c := change{Anchor: anchor, Kind: kind.name}
			now, there := original.Block(anchor)
			if there {
				c.Title, c.Source = Phrase{theirs.tongue, now.Title}, q.rendered(theirs, now)
			}
			if before, known := q.before(s.SourceBlocks[anchor]); known {
				c.Pieces = handbook.Pieces(before, now.Segments)
			}
			if b, ok := s.Block(anchor); ok {
				c.Title, c.Own = Phrase{ours.tongue, b.Title}, q.rendered(ours, b)
			}
			out = append(out, c)
		}
	}
	return out
}

// rendered gives a block of a comparison. The whole section is rendered with the page, and its errors are those of the page.
func (q *request) rendered(t *sectionText, b handbook.Block) markup.HTML {
	html, err := t.block(b)
	if err != nil {
		q.site.o.Log.WithError(err).Warn("a block of the handbook cannot be compared")
		return markup.HTML(fmt.Sprintf("<p>%s</p>", markup.Escaped(b.Title)))
	}
	return html
}

// before gives what a block of the source said, by its hash.
func (q *request) before(hash string) (segments []string, known bool) {
	if q.site.o.Before == nil || hash == "" {
		return nil, false
	}
	text, known, err := q.site.o.Before(q.Context(), hash)
	if err != nil {
		q.site.o.Log.WithError(err).Warn("what the handbook's source said before cannot be read")
		return nil, false
	}
	return handbook.ProseOf(text), known
}
