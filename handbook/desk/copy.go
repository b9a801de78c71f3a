package desk

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"medixchange/handbook"
)

// Name says which file of an edition a working copy is of.
type Name struct {
	Language string `json:"language"`
	Part     string `json:"part"` // a section's id, handbook.TitlesFile, handbook.GlossaryFile or PlanPart
}

// PlanPart is what the source's language has besides: which sections there are, and in which order.
const PlanPart = "plan.yaml"

// IsSection tells sections from titles, glossaries and the plan.
func (n Name) IsSection() bool {
	return n.Part != handbook.TitlesFile && n.Part != handbook.GlossaryFile && n.Part != PlanPart
}

// File is its path in the edition.
func (n Name) File() string {
	switch {
	case n.Part == PlanPart:
		return handbook.PlanFile
	case n.IsSection():
		return n.Language + "/" + n.Part + ".md"
	}
	return n.Language + "/" + n.Part
}

// State is how far a working copy has come.
type State string

// The states. All but Missing and Waiting are those of an edition; what waits for its review is a draft there.
const (
	Missing  State = "missing"
	Machine  State = "machine"
	Draft    State = "draft"
	Waiting  State = "waiting"
	Reviewed State = "reviewed"
	Approved State = "approved"
)

// Status is the state as editions have it.
func (s State) Status() handbook.Status {
	if s == Waiting {
		return handbook.Draft
	}
	return handbook.Status(s)
}

// Text is what is written.
type Text struct {
	Title        string            `json:"title,omitempty"`     // of a section
	Body         string            `json:"body"`                // Markdown, or YAML of titles, glossaries and the plan
	Citations    string            `json:"citations,omitempty"` // of an original: YAML
	SourceHash   string            `json:"source_hash,omitempty"`
	SourceBlocks map[string]string `json:"source_blocks,omitempty"`
}

// Note is something that a machine's draft has left open.
type Note struct {
	Anchor string `json:"anchor"`
	What   string `json:"what"` // why
	Text   string `json:"text"` // what it is about, in the source's language
}

// Copy is a working copy.
type Copy struct {
	Name    `json:"-"`
	Text    `json:"-"`
	Version int64 `json:"-"` // of the last step; 0 before the first

	State    State         `json:"state"`
	Maker    string        `json:"maker"` // the author or translator, as the edition names them
	Reviewer string        `json:"reviewer,omitempty"`
	Hands    []string      `json:"hands,omitempty"` // who wrote since it was begun: user ids
	Written  handbook.Date `json:"written"`
	Updated  handbook.Date `json:"updated"`
	Base     string        `json:"base,omitempty"` // Sum of the edition's text that it was begun from or published as
	Notes    []Note        `json:"notes,omitempty"`

	Original bool `json:"-"` // it is in the language of the sources
	Moved    bool `json:"-"` // the edition has another text now than the one it was begun from
}

// FileText is the file that the edition gets; of the plan, what the file says of chapters.
func (c *Copy) FileText() []byte {
	if c.Part == PlanPart {
		return []byte(c.Body)
	}
	p := handbook.Provenance{Language: c.Language, Status: c.State.Status(), Reviewer: c.Reviewer, Written: c.Written, Updated: c.Updated}
	if c.Original {
		p.Author = c.Maker
	} else {
		p.Translator = c.Maker
	}
	if !c.IsSection() {
		return append(handbook.WriteProvenance(p), c.Body...)
	}
	return handbook.WriteSection(&handbook.Section{Provenance: p, ID: c.Part, Title: c.Title, Body: c.Body,
		SourceHash: c.SourceHash, SourceBlocks: c.SourceBlocks}, c.Citations)
}

// Sum tells two texts apart, with who made them; "" for a text that is missing.
func (c *Copy) Sum() string {
	if c.State == Missing {
		return ""
	}
	return sumOf(c.FileText())
}

func sumOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// Changed reports whether it is otherwise than the edition that it was begun from.
func (c *Copy) Changed() bool { return c.Sum() != c.Base }

// Section reads the working copy of a section as the edition will.
func (c *Copy) Section() (*handbook.Section, error) {
	return handbook.ReadSection(c.File(), c.FileText(), c.Original)
}

// tidy gives a text the form in which it is stored: browsers end lines with CR LF.
func tidy(text string) string {
	return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")) + "\n"
}

// ofEdition is the working copy that nobody has touched yet: what the edition has.
func ofEdition(book *handbook.Book, name Name) *Copy {
	c := &Copy{Name: name, State: Missing, Original: name.Language == book.Source}
	switch name.Part {
	case PlanPart:
		c.State, c.Body = Draft, handbook.WriteChapters(book.Chapters)
	case handbook.TitlesFile:
		if t, ok := book.Titles(name.Language); ok {
			c.take(t.Provenance)
			c.Body = handbook.WriteTitles(t, book.Chapters)
		}
	case handbook.GlossaryFile:
		if g, ok := book.Glossary(name.Language); ok {
			c.take(g.Provenance)
			c.Body = handbook.WriteGlossary(g)
		}
	default:
		if s, ok := book.Section(name.Language, name.Part); ok {
			c.take(s.Provenance)
			c.Text = textOf(s)
		}
	}
	c.Base = c.Sum()
	return c
}

func textOf(s *handbook.Section) Text {
	text := Text{Title: s.Title, Body: tidy(s.Body), SourceHash: s.SourceHash, SourceBlocks: s.SourceBlocks}
	if s.Original() {
		text.Citations = handbook.WriteCitations(s.Citations)
	}
	return text
}

func (c *Copy) take(p handbook.Provenance) {
	c.State, c.Maker, c.Reviewer = State(p.Status), p.Author+p.Translator, p.Reviewer
	c.Written, c.Updated = p.Written, p.Updated
}
