package exchange

import (
	"fmt"
	"slices"
	"strings"

	"medixchange/handbook"
	"medixchange/handbook/desk"
)

// Taken is what a file has for one section, ready to be stored.
type Taken struct {
	Part    string
	Title   string // "" where the file has none
	Texts   map[string]string
	Seen    string   // hash of the source
	Current []string // anchors of what it has
}

// Take checks a file against the originals as they are now. What is not translated or open is passed over. Where anything is
// wrong, the error is handbook.Problems and there is nothing to store.
func Take(book *handbook.Book, f File, name string) ([]Taken, error) {
	r := &reading{name: name}
	if !slices.Contains(book.Languages, f.Language) || f.Language == book.Source {
		r.add(1, fmt.Sprintf("the file is for %q, which is no language that the handbook is translated into", shortened(f.Language)))
		return nil, r.err()
	}
	if f.Source != "" && f.Source != book.Source {
		r.add(1, fmt.Sprintf("the file is from %q, but the originals are in %q", shortened(f.Source), book.Source))
		return nil, r.err()
	}
	var all []Taken
	for _, u := range f.Units {
		source, ok := book.Section(book.Source, u.Part)
		if !ok {
			r.add(u.Line, fmt.Sprintf("there is no section %q", shortened(u.Part)))
			continue
		}
		if strings.TrimSpace(u.Target) == "" || u.Open {
			continue
		}
		if !r.fits(source, u) {
			continue
		}
		i := slices.IndexFunc(all, func(t Taken) bool { return t.Part == u.Part })
		if i < 0 {
			all = append(all, Taken{Part: u.Part, Seen: source.Hash, Texts: map[string]string{}})
			i = len(all) - 1
		}
		all[i].add(u)
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return all, nil
}

func (t *Taken) add(u Unit) {
	if u.Anchor == titleKey {
		t.Title = strings.Join(strings.Fields(u.Target), " ")
		t.Current = append(t.Current, desk.WholeTitle)
		return
	}
	t.Texts[u.Anchor] = u.Target
	t.Current = append(t.Current, u.Anchor)
}

// fits sees to it that a text is of the original as it is now and has all that must survive.
func (r *reading) fits(source *handbook.Section, u Unit) bool {
	if u.Anchor == titleKey {
		switch {
		case u.Hash != handbook.HashText(source.Title):
			r.add(u.Line, "the title of the original has changed since this file was made; export it again")
		case strings.ContainsAny(u.Target, "<>\r\t") || strings.Contains(strings.TrimSpace(u.Target), "\n"):
			r.add(u.Line, "a title is one line without markup")
		default:
			return true
		}
		return false
	}
	block, ok := source.Block(u.Anchor)
	switch {
	case !ok:
		r.add(u.Line, fmt.Sprintf("the original has no heading %q", shortened(u.Anchor)))
	case u.Hash != block.Hash:
		r.add(u.Line, fmt.Sprintf("the original of %q has changed since this file was made; export it again", u.Anchor))
	case handbook.HashText(u.Source) != block.Hash:
		r.add(u.Line, fmt.Sprintf("the original text of %q was changed in this file", u.Anchor))
	default:
		return r.survives(source, block, u)
	}
	return false
}

// survives reads a text as a section of its own and looks for what must be in it.
func (r *reading) survives(source *handbook.Section, block handbook.Block, u Unit) bool {
	written := &handbook.Section{
		Provenance: handbook.Provenance{Language: "und", Status: handbook.Draft, Translator: "-", Written: source.Written, Updated: source.Updated},
		ID:         source.ID, Title: "-", SourceHash: block.Hash, SourceBlocks: map[string]string{u.Anchor: block.Hash}, Body: u.Target,
	}
	s, err := handbook.ReadSection(r.name, handbook.WriteSection(written, ""), false)
	if err != nil {
		var problems handbook.Problems
		problems, _ = err.(handbook.Problems)
		for _, p := range problems {
			r.add(u.Line+max(0, p.Line-firstLine), u.Anchor+": "+p.Reason)
		}
		return false
	}
	before := len(r.problems)
	if len(s.Blocks) != 1 || s.Blocks[0].Anchor != u.Anchor || s.Blocks[0].Level != block.Level {
		r.add(u.Line, fmt.Sprintf("the text must begin with the heading of the original, with {#%s}, and have no other", u.Anchor))
		return false
	}
	own := s.Blocks[0]
	for _, kept := range []struct {
		what      string
		own, want []string
	}{{"citations", own.Cites, block.Cites}, {"links to anchors", own.Anchors, block.Anchors}, {"images", own.Images, block.Images}} {
		if !slices.Equal(kept.own, kept.want) {
			r.add(u.Line, fmt.Sprintf("%s: the %s are %s, those of the original are %s", u.Anchor, kept.what, listed(kept.own), listed(kept.want)))
		}
	}
	return len(r.problems) == before
}

// firstLine is the line of a written section on which its text begins: id, title, six lines of provenance and hashes, and dashes.
const firstLine = 13

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// Edit makes of what was taken what an editor sends who has written it into a working copy.
func (t Taken) Edit(source *handbook.Section, c *desk.Copy, reason string) desk.Edit {
	texts := map[string]string{}
	for _, p := range desk.Pieces(c.Body) {
		texts[p.Anchor] = p.Text
	}
	var pieces []desk.Piece
	for _, block := range source.Blocks {
		text, ok := t.Texts[block.Anchor]
		if !ok {
			text, ok = texts[block.Anchor]
		}
		if ok {
			pieces = append(pieces, desk.Piece{Anchor: block.Anchor, Text: text})
		}
	}
	for _, p := range desk.Pieces(c.Body) {
		if _, there := source.Block(p.Anchor); !there {
			pieces = append(pieces, p)
		}
	}
	title := t.Title
	if title == "" {
		title = c.Title
	}
	if title == "" {
		title = source.Title
	}
	return desk.Edit{Name: c.Name, At: c.Mark(), Seen: t.Seen, Current: t.Current, Reason: reason, Text: desk.Text{Title: title, Body: desk.Join(pieces)}}
}

// Changes counts the texts that a working copy does not have, or has of another original.
func (t Taken) Changes(source *handbook.Section, c *desk.Copy) int {
	texts := map[string]string{}
	for _, p := range desk.Pieces(c.Body) {
		texts[p.Anchor] = p.Text
	}
	n := 0
	for anchor, text := range t.Texts {
		block, _ := source.Block(anchor)
		if handbook.HashText(texts[anchor]) != handbook.HashText(text) || c.SourceBlocks[anchor] != block.Hash {
			n++
		}
	}
	if t.Title != "" && t.Title != c.Title {
		n++
	}
	return n
}
