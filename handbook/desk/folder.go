package desk

import "medixchange/handbook"

// The steps of somebody who works on the folder of an edition, without a node: the same rules, and the front matter of the files
// in the place of a history.

// OfEdition is what a book has of a part, as a working copy that nobody has touched.
func OfEdition(book *handbook.Book, name Name) (*Copy, error) {
	if _, ok := book.Section(book.Source, name.Part); !ok && name.IsSection() && name.Language == book.Source {
		return ofEdition(book, name), nil // a section that the plan may get
	}
	if !known(book, name) {
		return nil, ErrUnknown
	}
	return ofEdition(book, name), nil
}

// Drafted puts a machine's draft into a copy.
func (c *Copy) Drafted(book *handbook.Book, by Drafted, who Person, today handbook.Date) error {
	before := c.State
	if err := c.step(ByMachine, who, ""); err != nil {
		return err
	}
	return c.drafted(by, before, book, today)
}

// Edited puts somebody's words into a copy.
func (c *Copy) Edited(book *handbook.Book, e Edit, who Person, today handbook.Date) error {
	before := c.State
	if err := c.step(Saved, who, e.Reason); err != nil {
		return err
	}
	e.tidy()
	return c.edited(e, who, before, book, today)
}

// Passed takes a copy through the next of review and approval. who must have another name than those who wrote it.
func (c *Copy) Passed(who Person) error {
	if c.State == Reviewed {
		return c.step(Released, who, "")
	}
	if c.State == Draft && c.namesMaker(who.Name) {
		return ErrOwnWords
	}
	if err := c.step(Handed, who, ""); err != nil {
		return err
	}
	return c.step(Accepted, who, "")
}
