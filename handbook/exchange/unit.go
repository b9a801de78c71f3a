package exchange

import (
	"bytes"
	"strings"

	"medixchange/handbook"
	"medixchange/handbook/desk"
)

// Bounds of a file.
const (
	MaxBytes = 8 << 20
	maxUnits = 20_000
	maxUnit  = 64 << 10 // bytes of one text
)

// titleKey stands for the title of a section in the place of an anchor.
const titleKey = "title"

// File is what is exchanged.
type File struct {
	Book     string // id of the book
	Edition  string
	Source   string // BCP 47
	Language string
	Units    []Unit
}

// Unit is a text with its translation.
type Unit struct {
	Part   string // a section's id
	Anchor string // titleKey for its title
	Hash   string // of Source
	Source string // Markdown
	Target string // "" where there is none
	Open   bool   // the translation is of another original, or its translator says that it is not done
	Line   int    // of the file that it was read from, where its translation begins
}

// Key names a unit and the original that it is of.
func (u Unit) Key() string { return u.Part + "/" + u.Anchor + "/" + u.Hash }

// cutKey reads a key.
func cutKey(key string) (part, anchor, hash string, ok bool) {
	fields := strings.Split(key, "/")
	if len(fields) != 3 || fields[0] == "" || fields[1] == "" || len(fields[2]) != 32 {
		return "", "", "", false
	}
	return fields[0], fields[1], fields[2], true
}

// Export gives the units of sections, with what the working copies have.
func Export(book *handbook.Book, language string, copies []*desk.Copy) File {
	f := File{Book: book.ID, Edition: book.Edition, Source: book.Source, Language: language}
	for _, c := range copies {
		source, ok := book.Section(book.Source, c.Part)
		if !ok || c.Original {
			continue
		}
		titled := c.SourceHash == source.Hash
		f.Units = append(f.Units, Unit{Part: c.Part, Anchor: titleKey, Hash: handbook.HashText(source.Title), Source: source.Title,
			Target: c.Title, Open: c.Title != "" && !titled})
		texts := map[string]string{}
		for _, p := range desk.Pieces(c.Body) {
			texts[p.Anchor] = p.Text
		}
		for _, block := range source.Blocks {
			text := texts[block.Anchor]
			f.Units = append(f.Units, Unit{Part: c.Part, Anchor: block.Anchor, Hash: block.Hash, Source: block.Text, Target: text,
				Open: text != "" && c.SourceBlocks[block.Anchor] != block.Hash})
		}
	}
	return f
}

// The forms of files.
const (
	PO    = "po"
	XLIFF = "xliff"
)

// Write gives a file in a form; false where there is no such form.
func Write(f File, form string) ([]byte, bool) {
	switch form {
	case PO:
		return WritePO(f), true
	case XLIFF:
		return WriteXLIFF(f), true
	}
	return nil, false
}

// Read reads a file in either form.
func Read(name string, data []byte) (File, error) {
	if bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n\ufeff"), []byte("<")) {
		return ReadXLIFF(name, data)
	}
	return ReadPO(name, data)
}

// reading collects the problems of a file.
type reading struct {
	name     string
	problems handbook.Problems
}

const maxProblems = 100

func (r *reading) add(line int, reason string) {
	if len(r.problems) < maxProblems {
		r.problems = append(r.problems, handbook.Problem{File: r.name, Line: line, Reason: reason})
	}
}

// err is nil where there is no problem.
func (r *reading) err() error {
	if len(r.problems) > 0 {
		return r.problems
	}
	return nil
}
