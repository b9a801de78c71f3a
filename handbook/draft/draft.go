package draft

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"medixchange/handbook"
	"medixchange/handbook/desk"
)

// Translator translates one text. It is safe for concurrent use.
type Translator interface {
	Translate(ctx context.Context, text Text) (Answer, error)
}

// Text is a paragraph, heading, list item or table cell.
type Text struct {
	Plain    string
	HTML     string // with em, strong, a and code; code and the addresses of links must come back
	From, To string // BCP 47
}

// Answer is what a Translator says. HTML is empty where it has no translation that may be used; Reasons say why, or what is
// doubtful about it.
type Answer struct {
	HTML    string
	Machine string // the name of the engine
	Reasons []string
}

// ErrNoTranslation says that the machine could translate nothing.
var ErrNoTranslation = errors.New("the translator has no translation")

// atOnce is how many texts are with the translator at a time: its engines have queues for people who chat.
const atOnce = 2

// What the notes say besides the translator's reasons.
const (
	NoteMarkup = "markup" // the translation had other marks than Markdown can have there
	NoteLost   = "lost"   // a citation, a link or code did not come back
	NoteImage  = "image"  // the words of an image are those of the source
)

// drafting is one run.
type drafting struct {
	ctx  context.Context
	by   Translator
	from string
	to   string

	mu         sync.Mutex
	notes      []desk.Note
	machines   []string
	translated int
}

// Section translates a section of the book into the language of the copy. Without whole, only headings that the copy lacks or
// that are out of date are translated, and what people wrote stays.
func Section(ctx context.Context, book *handbook.Book, c *desk.Copy, by Translator, whole bool) (desk.Drafted, error) {
	source, ok := book.Section(book.Source, c.Part)
	if !ok || c.Language == book.Source {
		return desk.Drafted{}, desk.ErrUnknown
	}
	d := &drafting{ctx: ctx, by: by, from: book.Source, to: c.Language}
	texts := map[string]string{} // what stays, by anchor
	for _, p := range desk.Pieces(c.Body) {
		texts[p.Anchor] = p.Text
	}
	var wanted []handbook.Block
	for _, block := range source.Blocks {
		if _, there := texts[block.Anchor]; whole || !there || c.SourceBlocks[block.Anchor] != block.Hash {
			wanted = append(wanted, block)
		}
	}
	title := c.Title
	group, groupCtx := errgroup.WithContext(ctx)
	d.ctx = groupCtx
	group.SetLimit(atOnce)
	made := make([]string, len(wanted))
	for i, block := range wanted {
		group.Go(func() (err error) {
			made[i], err = d.block(source, block)
			return err
		})
	}
	renamed := whole || title == "" || c.SourceHash != source.Hash && len(wanted) == 0
	if renamed {
		group.Go(func() (err error) {
			title, err = d.plain("", source.Title)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return desk.Drafted{}, fmt.Errorf("translating %s: %w", c.File(), err)
	}
	if d.translated == 0 {
		return desk.Drafted{}, fmt.Errorf("translating %s: %w%s", c.File(), ErrNoTranslation, d.why())
	}
	drafted := desk.Drafted{Maker: d.maker(), Seen: source.Hash, Notes: d.sorted(source)}
	for i, block := range wanted {
		texts[block.Anchor] = made[i]
		drafted.Current = append(drafted.Current, block.Anchor)
	}
	if renamed {
		drafted.Current = append(drafted.Current, desk.WholeTitle)
	}
	drafted.Text = desk.Text{Title: title, Body: joined(source, c, texts, whole)}
	return drafted, nil
}

// joined puts the headings in the order of the source. Without whole, what the source no longer has stays at the end.
func joined(source *handbook.Section, c *desk.Copy, texts map[string]string, whole bool) string {
	var pieces []desk.Piece
	for _, block := range source.Blocks {
		pieces = append(pieces, desk.Piece{Anchor: block.Anchor, Text: texts[block.Anchor]})
	}
	for _, p := range desk.Pieces(c.Body) {
		if _, there := source.Block(p.Anchor); !there && !whole {
			pieces = append(pieces, p)
		}
	}
	return desk.Join(pieces)
}

// maker names the engines that answered.
func (d *drafting) maker() string {
	slices.Sort(d.machines)
	return strings.Join(slices.Compact(d.machines), ", ")
}

func (d *drafting) why() string {
	if len(d.notes) == 0 {
		return ""
	}
	return ": " + d.notes[0].What
}

// sorted gives the notes in the order of the source.
func (d *drafting) sorted(source *handbook.Section) []desk.Note {
	place := func(n desk.Note) int {
		return slices.IndexFunc(source.Blocks, func(b handbook.Block) bool { return b.Anchor == n.Anchor })
	}
	slices.SortStableFunc(d.notes, func(a, b desk.Note) int { return place(a) - place(b) })
	return d.notes[:min(len(d.notes), maxNotes)]
}

// maxNotes bounds what is kept of a draft's notes.
const maxNotes = 200

func (d *drafting) note(anchor, what, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.notes = append(d.notes, desk.Note{Anchor: anchor, What: what, Text: text})
}

// ask translates one text. ok is false where there is no translation; that is noted.
func (d *drafting) ask(anchor, plain, html string) (translated string, ok bool, err error) {
	answer, err := d.by.Translate(d.ctx, Text{Plain: plain, HTML: html, From: d.from, To: d.to})
	if err != nil {
		return "", false, err
	}
	if len(answer.Reasons) > 0 || answer.HTML == "" {
		d.note(anchor, strings.Join(answer.Reasons, ", "), plain)
	}
	if answer.HTML == "" {
		return "", false, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.translated++
	d.machines = append(d.machines, answer.Machine)
	return answer.HTML, true, nil
}

// Titles translates the titles of the book.
func Titles(ctx context.Context, book *handbook.Book, language string, by Translator) (desk.Drafted, error) {
	source, ok := book.Titles(book.Source)
	if !ok || language == book.Source {
		return desk.Drafted{}, desk.ErrUnknown
	}
	d := &drafting{ctx: ctx, by: by, from: book.Source, to: language}
	out := &handbook.Titles{Chapters: map[string]string{}}
	var err error
	if out.Title, err = d.plain("", source.Title); err != nil {
		return desk.Drafted{}, err
	}
	if out.Note, err = d.plain("", source.Note); err != nil {
		return desk.Drafted{}, err
	}
	for _, chapter := range book.Chapters {
		if out.Chapters[chapter.ID], err = d.plain("", source.Chapters[chapter.ID]); err != nil {
			return desk.Drafted{}, err
		}
	}
	return d.finished(handbook.WriteTitles(out, book.Chapters))
}

// Glossary translates the terms of the source that a language lacks; definitions are left to people.
func Glossary(ctx context.Context, book *handbook.Book, language string, by Translator) (desk.Drafted, error) {
	source, ok := book.Glossary(book.Source)
	if !ok || language == book.Source {
		return desk.Drafted{}, desk.ErrUnknown
	}
	d := &drafting{ctx: ctx, by: by, from: book.Source, to: language}
	out := &handbook.Glossary{Terms: map[string]handbook.Term{}}
	own, _ := book.Glossary(language)
	for id, term := range source.Terms {
		if own != nil && own.Terms[id].Term != "" {
			out.Terms[id] = own.Terms[id]
			continue
		}
		translated, err := d.plain(id, term.Term)
		if err != nil {
			return desk.Drafted{}, err
		}
		out.Terms[id] = handbook.Term{Term: translated}
	}
	return d.finished(handbook.WriteGlossary(out))
}

func (d *drafting) finished(body string) (desk.Drafted, error) {
	if d.translated == 0 {
		return desk.Drafted{}, fmt.Errorf("%w%s", ErrNoTranslation, d.why())
	}
	return desk.Drafted{Text: desk.Text{Body: body}, Maker: d.maker(), Notes: d.notes[:min(len(d.notes), maxNotes)]}, nil
}

// Of translates a part of the book, whichever it is.
func Of(ctx context.Context, book *handbook.Book, c *desk.Copy, by Translator, whole bool) (desk.Drafted, error) {
	switch c.Part {
	case handbook.TitlesFile:
		return Titles(ctx, book, c.Language, by)
	case handbook.GlossaryFile:
		return Glossary(ctx, book, c.Language, by)
	}
	return Section(ctx, book, c, by, whole)
}
