package desk

import (
	"database/sql"
	"fmt"
	"io/fs"
	"slices"

	"medixchange/handbook"
)

// parts lists what a language has, in the order of the book: the plan, its titles, its sections, its glossary. plan is the working
// copy of the plan, nil where nobody has touched it: the sections that it adds are there to be written.
func parts(book *handbook.Book, language string, plan *Step) []string {
	ids := book.SectionIDs()
	list := []string{handbook.TitlesFile}
	if language == book.Source {
		list = []string{PlanPart, handbook.TitlesFile}
		for _, id := range added(book, plan) {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return append(append(list, ids...), handbook.GlossaryFile)
}

// added lists the sections of a working copy of the plan.
func added(book *handbook.Book, plan *Step) []string {
	if plan == nil {
		return nil
	}
	c := settled(book, Name{book.Source, PlanPart}, plan)
	chapters, err := handbook.ReadChapters(c.File(), c.FileText())
	if err != nil {
		return nil // its text is too old to be kept
	}
	return sections(chapters)
}

func sections(chapters []handbook.Chapter) []string {
	return (&handbook.Book{Chapters: chapters}).SectionIDs()
}

func known(book *handbook.Book, name Name) bool {
	return slices.Contains(book.Languages, name.Language) && slices.Contains(parts(book, name.Language, nil), name.Part)
}

// knows reports ErrUnknown for parts that neither the edition nor the working copy of its plan has.
func (d *Desk) knows(book *handbook.Book, name Name, row func(query string, args ...any) *sql.Row) error {
	if known(book, name) {
		return nil
	}
	if name.Language != book.Source {
		return ErrUnknown
	}
	plan, err := selectLive(row, Name{book.Source, PlanPart})
	if err != nil {
		return err
	}
	if !slices.Contains(added(book, plan), name.Part) {
		return ErrUnknown
	}
	return nil
}

// checkPlan reads a working copy of the plan. Chapters are those of the edition: their titles are in all languages.
func (c *Copy) checkPlan(book *handbook.Book) error {
	chapters, err := handbook.ReadChapters(c.File(), c.FileText())
	if err != nil {
		return err
	}
	same := slices.EqualFunc(chapters, book.Chapters, func(a, b handbook.Chapter) bool { return a.ID == b.ID })
	if !same {
		return handbook.Problems{{File: c.File(), Line: 1, Reason: "the chapters are not those of the edition"}}
	}
	c.Body = handbook.WriteChapters(chapters)
	return nil
}

// planned gives the plan of the next edition, and what it has of the sections that are withdrawn: nil for each file, so that it is
// left out. Sections that are local to this node are in no edition: their place is not in its plan.
func (d *Desk) planned(files fs.FS, plan []byte, copies []*Copy, edition string) (map[string][]byte, error) {
	now, err := handbook.PlanOf(plan)
	if err != nil {
		return nil, err
	}
	over := map[string][]byte{}
	var chapters []handbook.Chapter
	at := slices.IndexFunc(copies, func(c *Copy) bool { return c.Part == PlanPart })
	if at >= 0 {
		wanted, err := handbook.ReadChapters(handbook.PlanFile, copies[at].FileText())
		if err != nil {
			return nil, err
		}
		chapters = d.ofTheEdition(files, now, wanted, copies)
		for _, id := range now.SectionIDs() {
			if slices.Contains(sections(chapters), id) {
				continue
			}
			for _, language := range now.Languages {
				over[Name{language, id}.File()] = nil
			}
		}
	}
	over[handbook.PlanFile], err = handbook.NewEdition(plan, edition, d.today(), chapters)
	if err != nil {
		return nil, fmt.Errorf("writing the plan of the edition: %w", err)
	}
	return over, nil
}

// ofTheEdition leaves out of the chapters what only this node has: what was not published is missing, and said to be.
func (d *Desk) ofTheEdition(files fs.FS, now *handbook.Book, wanted []handbook.Chapter, copies []*Copy) []handbook.Chapter {
	shown, err := d.o.Edition()
	local := func(id string) bool {
		name := Name{now.Source, id}
		if err != nil || slices.ContainsFunc(copies, func(c *Copy) bool { return c.Name == name }) {
			return false
		}
		_, isShown := shown.Section(now.Source, id)
		_, missing := fs.Stat(files, name.File())
		return isShown && missing != nil
	}
	var chapters []handbook.Chapter
	for _, c := range wanted {
		if slices.ContainsFunc(now.Chapters, func(there handbook.Chapter) bool { return there.ID == c.ID }) {
			c.Sections = slices.DeleteFunc(slices.Clone(c.Sections), local)
			chapters = append(chapters, c)
		}
	}
	return chapters
}
