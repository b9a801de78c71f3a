package desk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"medixchange/handbook"
	"medixchange/internal/sqldb"
)

// Mark is the state of a working copy that somebody saw: its version, and the text that the edition had.
type Mark string

// Mark tells what somebody who is shown the copy sees.
func (c *Copy) Mark() Mark {
	base := c.Base
	if len(base) > 8 {
		base = base[:8]
	}
	return Mark(strconv.FormatInt(c.Version, 10) + "-" + base)
}

// Conflict is the error of a step on a working copy that somebody else has changed meanwhile.
type Conflict struct {
	Now   *Copy // what it is now
	Aside int64 // the version under which the words of the one who was late are kept; 0 where the step had none
}

func (c *Conflict) Error() string { return "somebody else has changed this text meanwhile" }

// ErrSourceMoved says that the source was replaced while a translation was written.
var ErrSourceMoved = errors.New("the original has changed while you were writing; look at it again")

// noSource is the hash of no source: of a translation that was not made from the whole of it.
const noSource = "00000000000000000000000000000000"

// Edit is what somebody wrote.
type Edit struct {
	Name
	At     Mark
	Text   Text // of a translation without its hashes
	Reason string
	// Seen is the hash of the source that they had before them, and Current the anchors of which they say that the
	// translation is that of this source. WholeTitle stands for the title and the order.
	Seen    string
	Current []string
	// Adopt says that they have compared the copy with the text that the edition got meanwhile.
	Adopt bool
}

// WholeTitle among the anchors of an Edit says that title and order are those of the source too.
const WholeTitle = "*"

// Save stores what somebody wrote as a draft. Words that come too late, because somebody else has saved meanwhile, are kept in the
// history and the error is a *Conflict; words that are not of the format are refused with handbook.Problems.
func (d *Desk) Save(ctx context.Context, e Edit, who Person) (*Copy, error) {
	e.tidy()
	c, err := d.change(ctx, e.Name, e.At, who, e.Reason, Saved, d.saving(e, who))
	var conflict *Conflict
	if errors.As(err, &conflict) && who.May(Editor, e.Language) {
		return nil, d.setAside(ctx, e, who, conflict)
	}
	return c, err
}

func (e *Edit) tidy() { e.Text.Body, e.Text.Title = tidy(e.Text.Body), oneLine(e.Text.Title) }

// saving puts the words of an editor into a copy.
func (d *Desk) saving(e Edit, who Person) editing {
	return func(c, before *Copy, book *handbook.Book) error {
		return c.edited(e, who, before.State, book, d.today())
	}
}

func (c *Copy) edited(e Edit, who Person, before State, book *handbook.Book, today handbook.Date) error {
	c.wrote(who, before)
	c.Notes = nil
	if err := c.write(e, book); err != nil {
		return err
	}
	if e.Adopt && c.Moved {
		c.Base = ofEdition(book, c.Name).Base
	}
	return c.dated(today).check(book)
}

// SaveAll stores several edits, all of them or none.
func (d *Desk) SaveAll(ctx context.Context, edits []Edit, who Person) error {
	book, err := d.o.Edition()
	if err != nil {
		return err
	}
	err = d.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		for _, e := range edits {
			e.tidy()
			if _, err := d.take(tx, book, e.Name, e.At, who, e.Reason, Saved, d.saving(e, who)); err != nil {
				return fmt.Errorf("%s: %w", e.File(), err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("storing several texts: %w", err)
	}
	return nil
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// readable is one line without what no database stores as text.
func readable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(oneLine(text), ""))
}

// Drafted is what a machine has written.
type Drafted struct {
	Text    Text
	Maker   string // the name of the machine
	Seen    string // hash of the source
	Current []string
	Notes   []Note
}

// Draft stores what a machine has written.
func (d *Desk) Draft(ctx context.Context, name Name, at Mark, drafted Drafted, who Person) (*Copy, error) {
	return d.change(ctx, name, at, who, drafted.Maker, ByMachine, func(c, before *Copy, book *handbook.Book) error {
		return c.drafted(drafted, before.State, book, d.today())
	})
}

func (c *Copy) drafted(by Drafted, before State, book *handbook.Book, today handbook.Date) error {
	e := Edit{Name: c.Name, Text: by.Text, Seen: by.Seen, Current: by.Current}
	e.tidy()
	if before != Draft {
		c.Hands = nil
	}
	c.Maker, c.Notes = oneLine(by.Maker), by.Notes
	if err := c.write(e, book); err != nil {
		return err
	}
	return c.dated(today).check(book)
}

// maxAside bounds words that are set aside, which nobody has read yet, in bytes.
const maxAside = 256 << 10

// setAside keeps the words of somebody who was late.
func (d *Desk) setAside(ctx context.Context, e Edit, who Person, conflict *Conflict) error {
	if len(e.Text.Title)+len(e.Text.Body)+len(e.Text.Citations) > maxAside {
		return conflict // no section could take them
	}
	c := *conflict.Now
	c.Text, c.State = e.Text, Draft
	err := d.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		s := &Step{Copy: c, Action: SetAside, Actor: who.ID, ActorName: who.Name, Reason: readable(e.Reason), TS: d.o.Now().UnixMilli()}
		err := d.insertStep(tx, s)
		conflict.Aside = s.Version
		return err
	})
	if err != nil {
		return fmt.Errorf("keeping the words of %s: %w", e.File(), err)
	}
	return conflict
}

// write puts the words into the copy, with what they are a translation of.
func (c *Copy) write(e Edit, book *handbook.Book) error {
	prior := c.Text
	c.Text = Text{Title: e.Text.Title, Body: e.Text.Body}
	if !c.IsSection() {
		return nil
	}
	if c.Original {
		c.Citations = tidy(e.Text.Citations)
		return c.normalise()
	}
	source, ok := book.Section(book.Source, c.Part)
	if !ok {
		return ErrUnknown
	}
	if e.Seen != source.Hash {
		return ErrSourceMoved
	}
	return c.attribute(source, prior, e.Current)
}

// normalise writes the citations in the form of the desk, so that the same citations are the same text.
func (c *Copy) normalise() error {
	c.Written, c.Updated = orDate(c.Written), orDate(c.Updated)
	s, err := c.Section()
	if err != nil {
		return err
	}
	c.Citations = handbook.WriteCitations(s.Citations)
	return nil
}

func orDate(d handbook.Date) handbook.Date {
	if d == "" {
		return "2000-01-01"
	}
	return d
}

// attribute notes from which source each block was made: from the one as it is now where the editor says so or where the block
// is new, else from the one that it was made from before.
func (c *Copy) attribute(source *handbook.Section, prior Text, current []string) error {
	c.SourceHash, c.SourceBlocks = noSource, map[string]string{}
	c.Written, c.Updated = orDate(c.Written), orDate(c.Updated)
	for _, block := range source.Blocks { // so that the file can be read
		c.SourceBlocks[block.Anchor] = block.Hash
	}
	s, err := c.Section()
	if err != nil {
		return err
	}
	hashes, whole := map[string]string{}, len(s.Blocks) == len(source.Blocks)
	for i, block := range s.Blocks {
		now, there := source.Block(block.Anchor)
		was, had := prior.SourceBlocks[block.Anchor]
		switch {
		case there && (!had || slices.Contains(current, block.Anchor)):
			hashes[block.Anchor] = now.Hash
		case had:
			hashes[block.Anchor] = was
		default:
			return handbook.Problems{handbook.NoSuchHeading(c.File(), block.Line, block.Anchor)}
		}
		whole = whole && there && hashes[block.Anchor] == now.Hash && i < len(source.Blocks) &&
			source.Blocks[i].Anchor == block.Anchor && source.Blocks[i].Level == block.Level
	}
	c.SourceBlocks = hashes
	titled := prior.SourceHash == "" || prior.SourceHash == noSource || prior.SourceHash == source.Hash || slices.Contains(current, WholeTitle)
	switch {
	case whole && titled:
		c.SourceHash = source.Hash
	case prior.SourceHash != "" && prior.SourceHash != source.Hash:
		c.SourceHash = prior.SourceHash
	}
	return nil
}

// dated says that the copy was written today.
func (c *Copy) dated(today handbook.Date) *Copy {
	if c.Written == "" || c.Written == orDate("") {
		c.Written = today
	}
	c.Updated = max(today, c.Written)
	return c
}

// check reads the copy as an edition would.
func (c *Copy) check(book *handbook.Book) error {
	var err error
	switch c.Part {
	case PlanPart:
		err = c.checkPlan(book)
	case handbook.TitlesFile:
		var t *handbook.Titles
		if t, err = handbook.ReadTitles(c.File(), c.FileText(), c.Original, book.Chapters); err == nil {
			c.Body = handbook.WriteTitles(t, book.Chapters)
		}
	case handbook.GlossaryFile:
		var g *handbook.Glossary
		if g, err = handbook.ReadGlossary(c.File(), c.FileText(), c.Original); err == nil {
			c.Body = handbook.WriteGlossary(g)
		}
	default:
		_, err = c.Section()
	}
	return err
}

// Hand gives a draft to the reviewers.
func (d *Desk) Hand(ctx context.Context, name Name, at Mark, who Person, reason string) (*Copy, error) {
	return d.plain(ctx, name, at, who, reason, Handed)
}

// Return gives a text back to its editors, with a reason.
func (d *Desk) Return(ctx context.Context, name Name, at Mark, who Person, reason string) (*Copy, error) {
	return d.plain(ctx, name, at, who, reason, Returned)
}

// Accept says that a second person has read a text and found it right.
func (d *Desk) Accept(ctx context.Context, name Name, at Mark, who Person, reason string) (*Copy, error) {
	return d.plain(ctx, name, at, who, reason, Accepted)
}

// Release approves a text for use in the hospital's wards.
func (d *Desk) Release(ctx context.Context, name Name, at Mark, who Person, reason string) (*Copy, error) {
	return d.plain(ctx, name, at, who, reason, Released)
}

func (d *Desk) plain(ctx context.Context, name Name, at Mark, who Person, reason string, action Action) (*Copy, error) {
	return d.change(ctx, name, at, who, reason, action, func(_, _ *Copy, _ *handbook.Book) error { return nil })
}

// Restore goes back to the text of an earlier step, as a draft; a publisher gets it in the state that it had then, since its
// reviewer read just these words.
func (d *Desk) Restore(ctx context.Context, name Name, at Mark, version int64, who Person, reason string) (*Copy, error) {
	old, err := d.Step(ctx, name, version)
	if err != nil {
		return nil, err
	}
	if old.Body == "" {
		return nil, fmt.Errorf("%w: the text of this step is not kept any more", ErrUnknown)
	}
	return d.change(ctx, name, at, who, reason, Restored, func(c, _ *Copy, book *handbook.Book) error {
		c.Text, c.Maker, c.Hands = old.Text, old.Maker, slices.Clone(old.Hands)
		c.SourceBlocks = maps.Clone(old.SourceBlocks)
		if old.Live && who.May(Publisher, name.Language) {
			c.State, c.Reviewer = old.State, old.Reviewer
		} else if !slices.Contains(c.Hands, who.ID) {
			c.Hands = append(c.Hands, who.ID)
		}
		return c.dated(d.today()).check(book)
	})
}
