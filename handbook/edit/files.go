package edit

import (
	"context"
	"fmt"

	"medixchange/handbook"
	"medixchange/handbook/desk"
	"medixchange/handbook/exchange"
)

// Export makes a file of the working copies of a language's sections, or of one of them.
func Export(ctx context.Context, d *desk.Desk, language, part string) (exchange.File, error) {
	book, err := d.Edition()
	if err != nil {
		return exchange.File{}, err
	}
	ids := book.SectionIDs()
	if part != "" {
		ids = []string{part}
	}
	var copies []*desk.Copy
	for _, id := range ids {
		c, err := d.Open(ctx, desk.Name{Language: language, Part: id})
		if err != nil {
			return exchange.File{}, fmt.Errorf("%s: %w", id, err)
		}
		copies = append(copies, c)
	}
	return exchange.Export(book.Book, language, copies), nil
}

// Import stores the translations of a PO or XLIFF file as drafts of who hands it in, and tells how many texts differ from what was
// there. Nothing is stored where anything in the file is wrong: the error is handbook.Problems then.
func Import(ctx context.Context, d *desk.Desk, language, name string, data []byte, who desk.Person, reason string) (texts int, err error) {
	if !who.May(desk.Editor, language) {
		return 0, desk.ErrNotAllowed
	}
	book, err := d.Edition()
	if err != nil {
		return 0, err
	}
	f, err := exchange.Read(name, data)
	if err != nil {
		return 0, err
	}
	if f.Language != language {
		return 0, handbook.Problems{{File: name, Line: 1, Reason: fmt.Sprintf("the file is for %q, not for %q", f.Language, language)}}
	}
	taken, err := exchange.Take(book.Book, f, name)
	if err != nil {
		return 0, err
	}
	var edits []desk.Edit
	for _, t := range taken {
		c, err := d.Open(ctx, desk.Name{Language: language, Part: t.Part})
		if err != nil {
			return 0, err
		}
		source, _ := book.Section(book.Source, t.Part)
		if changed := t.Changes(source, c); changed > 0 {
			texts += changed
			edits = append(edits, t.Edit(source, c, reason))
		}
	}
	return texts, d.SaveAll(ctx, edits, who)
}
