package handbook

import (
	"bytes"
	"net/mail"
	"net/url"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"medixchange/internal/pattern"
)

// Block is a heading with the text up to the next heading.
type Block struct {
	Anchor   string   // the same in all languages; begins with the section's id and a hyphen
	Title    string   // the heading, as plain text
	Level    int      // 2 or 3
	Line     int      // of the file
	Text     string   // Markdown, with the heading
	Hash     string   // over Text, 32 hexadecimal digits
	Cites    []string // keys of citations, each once, sorted
	Anchors  []string // anchors that links in the block lead to, each once, sorted
	Images   []string // paths in the edition
	Segments []string // heading, paragraphs, list items and table cells as plain text, in their order
	Uncited  []string // how paragraphs, list items and tables begin that no citation stands for, as plain text
}

// BriefSuffix ends the anchor of the block that every section begins with: SECTION-brief.
const BriefSuffix = "-brief"

// body is what is known while the text of a section is read.
type body struct {
	log    *log
	s      *Section
	source []byte
	starts []int // where lines begin in source
	block  *Block
}

// parseBody divides a section's text into blocks and refuses what has no place in a handbook.
func parseBody(l *log, s *Section) []Block {
	b := &body{log: l, s: s, source: []byte(s.Body), starts: lineStarts(s.Body)}
	if len(bytes.TrimSpace(b.source)) == 0 {
		l.add(s.File, s.BodyLine, "the section has no text")
		return nil
	}
	if !b.bounded() {
		return nil
	}
	context := parser.NewContext()
	document := NewParser().Parse(text.NewReader(b.source), parser.WithContext(context))
	if len(context.References()) > 0 {
		l.add(s.File, s.BodyLine, "definitions of references ([name]: address) are not allowed; write the link where it stands")
	}
	blocks := b.divide(document)
	if len(blocks) > maxBlocks {
		l.add(s.File, s.BodyLine, "the section has more than %d headings", maxBlocks)
		return nil
	}
	return blocks
}

const (
	maxMarks  = 1000 // marks of links and emphasis between two empty lines
	maxIndent = 64   // bytes of marks of lists and quotations, with their spaces, that a line begins with
)

// bounded refuses texts on which the parser would spend seconds: its time grows with the square of the
// marks in one paragraph, and of the depth of lists and quotations.
func (b *body) bounded() bool {
	marks := 0
	for i, line := range strings.Split(b.s.Body, "\n") {
		if strings.TrimSpace(line) == "" {
			marks = 0
		}
		marks += strings.Count(line, "*") + strings.Count(line, "_") + strings.Count(line, "[") + strings.Count(line, "`") +
			strings.Count(line, "]") + strings.Count(line, "<")
		if marks > maxMarks {
			b.log.add(b.s.File, b.s.BodyLine+i, "there are more than %d marks of links and emphasis without an empty line", maxMarks)
			return false
		}
		if indent := len(line) - len(strings.TrimLeft(line, " \t>-+*0123456789.)")); indent > maxIndent {
			b.log.add(b.s.File, b.s.BodyLine+i, "lists and quotations are nested too deep")
			return false
		}
	}
	return true
}

func lineStarts(text string) []int {
	starts := []int{0}
	for i := range len(text) {
		if text[i] == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// lineIn gives the line of the body that an offset lies in, counted from 0.
func (b *body) lineIn(offset int) int {
	i, found := slices.BinarySearch(b.starts, offset)
	if !found {
		i--
	}
	return i
}

func (b *body) refuse(n ast.Node, format string, args ...any) {
	b.log.add(b.s.File, b.s.BodyLine+b.lineIn(offsetOf(n)), format, args...)
}

// offsetOf finds where a node stands; nodes that know no place of their own have that of what is
// inside of them, before them or around them.
func offsetOf(n ast.Node) int {
	switch v := n.(type) {
	case *ast.Text:
		return v.Segment.Start
	case *ast.RawHTML:
		if v.Segments.Len() > 0 {
			return v.Segments.At(0).Start
		}
	}
	if n.Type() == ast.TypeBlock && n.Lines().Len() > 0 {
		return n.Lines().At(0).Start
	}
	if child := n.FirstChild(); child != nil {
		return offsetOf(child)
	}
	if before := n.PreviousSibling(); before != nil && n.Type() == ast.TypeInline {
		return offsetOf(before)
	}
	for around := n.Parent(); around != nil; around = around.Parent() {
		if around.Type() == ast.TypeBlock && around.Lines().Len() > 0 {
			return around.Lines().At(0).Start
		}
	}
	return 0
}

// divide walks the children of the document, from heading to heading.
func (b *body) divide(document ast.Node) []Block {
	var blocks []Block
	var begins []int // the line each block begins on, counted from 0
	for n := document.FirstChild(); n != nil; n = n.NextSibling() {
		heading, ok := n.(*ast.Heading)
		if !ok && len(blocks) == 0 {
			b.refuse(n, "text stands before the first heading; begin with a heading such as `## In brief {#%s%s}`", b.s.ID, BriefSuffix)
			return nil
		}
		if ok {
			blocks = append(blocks, b.heading(heading, blocks))
			begins = append(begins, b.lineIn(offsetOf(heading)))
		}
		b.block = &blocks[len(blocks)-1]
		b.walk(n)
		b.uncited(n)
	}
	lines := strings.SplitAfter(b.s.Body, "\n")
	for i := range blocks {
		end := len(lines)
		if i+1 < len(blocks) {
			end = begins[i+1]
		}
		blocks[i].Line = b.s.BodyLine + begins[i]
		blocks[i].Text = strings.TrimSpace(strings.Join(lines[begins[i]:end], "")) + "\n"
		blocks[i].Hash = hashOf(blocks[i].Text)
		for _, list := range []*[]string{&blocks[i].Cites, &blocks[i].Anchors} {
			slices.Sort(*list)
			*list = slices.Compact(*list)
		}
	}
	return blocks
}

func (b *body) heading(n *ast.Heading, before []Block) Block {
	block := Block{Level: n.Level, Title: b.plain(n)}
	if n.Level != 2 && n.Level != 3 {
		b.refuse(n, "headings have two or three number signs; the title of the section stands in the front matter")
	}
	if block.Title == "" {
		b.refuse(n, "the heading has no words")
	}
	for _, attribute := range n.Attributes() {
		value, _ := attribute.Value.([]byte)
		if string(attribute.Name) != "id" {
			b.refuse(n, "a heading has an anchor {#%s-…} and nothing else in braces", b.s.ID)
			continue
		}
		block.Anchor = string(value)
	}
	switch {
	case block.Anchor == "":
		b.refuse(n, "the heading %q has no anchor; write one behind it, such as {#%s-signs}", block.Title, b.s.ID)
	case !validID(block.Anchor) || !strings.HasPrefix(block.Anchor, b.s.ID+"-"):
		b.refuse(n, "the anchor %q must begin with %q and be of small letters, digits and single hyphens", block.Anchor, b.s.ID+"-")
	case slices.ContainsFunc(before, func(o Block) bool { return o.Anchor == block.Anchor }):
		b.refuse(n, "the anchor %q is here twice", block.Anchor)
	}
	return block
}

// maxDepth bounds how deep lists and quotations may be nested.
const maxDepth = 8

// walk checks one child of the document and everything inside, and collects what the block has.
func (b *body) walk(top ast.Node) {
	depth := 0
	_ = ast.Walk(top, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			depth--
			return ast.WalkContinue, nil
		}
		depth++
		if depth > 2*maxDepth+4 { // a list and its item are two; a paragraph with text and marks is inside
			b.refuse(n, "lists and quotations are nested more than %d deep", maxDepth)
			return ast.WalkStop, nil
		}
		b.node(top, n)
		return ast.WalkContinue, nil
	})
}

func (b *body) node(top, n ast.Node) {
	switch v := n.(type) {
	case *ast.Heading:
		if n != top {
			b.refuse(n, "a heading stands inside of a list or quotation")
		}
		b.segment(n)
	case *ast.Paragraph, *ast.TextBlock, *extast.TableCell:
		b.segment(n)
	case *ast.List, *ast.ListItem, *ast.Blockquote, *extast.Table, *extast.TableHeader, *extast.TableRow,
		*ast.Text, *ast.String, *ast.Emphasis, *ast.CodeSpan:
	case *Cite:
		b.block.Cites = append(b.block.Cites, v.Keys...)
	case *ast.Link:
		b.link(n, string(v.Destination))
	case *ast.AutoLink:
		if v.AutoLinkType == ast.AutoLinkURL {
			b.link(n, string(v.URL(b.source)))
		}
	case *ast.Image:
		b.image(v)
	case *ast.HTMLBlock, *ast.RawHTML:
		b.refuse(n, "HTML is not allowed; write Markdown, and < as &lt; where it is meant as a sign")
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		b.refuse(n, "code is not allowed here; text that is indented by four spaces counts as code")
	default:
		b.refuse(n, "%s is not allowed in a handbook", n.Kind())
	}
}

// almostCited is a key behind an at sign that is part of no citation and of no mail address.
var almostCited = pattern.Lazy(`(^|[^A-Za-z0-9._%+-])@[a-z][a-z0-9]*(-[a-z0-9]+)+`)

// segment keeps the words of a node. Marks that are still among them are no marks: in Chinese and
// Japanese, emphasis that ends with punctuation does not end before a letter.
func (b *body) segment(n ast.Node) {
	s := b.plain(n)
	switch {
	case s == "":
		return
	case strings.Contains(s, "@") && (almostCited().MatchString(s) || strings.Contains(s, "[@")):
		b.refuse(n, "this looks like a citation and is none; write [@key] or [@key; @other]")
	case strings.Contains(s, "**") || strings.Contains(s, "__"):
		b.refuse(n, "emphasis has no beginning or no end here; move punctuation behind the marks, or put a space around them")
	}
	b.block.Segments = append(b.block.Segments, s)
}

// link accepts anchors of the book, mail addresses, and https.
func (b *body) link(n ast.Node, destination string) {
	destination = string(util.UnescapePunctuations(util.ResolveEntityNames(util.ResolveNumericReferences([]byte(destination)))))
	if anchor, ok := strings.CutPrefix(destination, "#"); ok && validID(anchor) {
		b.block.Anchors = append(b.block.Anchors, anchor)
		return
	}
	if u, err := url.Parse(destination); err == nil && u.Scheme == "mailto" && u.RawQuery == "" {
		if address, err := mail.ParseAddress(u.Opaque); err == nil && address.Address == u.Opaque {
			return
		}
	}
	if !isHTTPS(destination) {
		b.refuse(n, "the link to %q is not allowed; links lead to https addresses, mailto, or an anchor of the book as #section-heading",
			shortened(destination))
	}
}

// maxShown bounds what messages repeat of a text, in bytes.
const maxShown = 60

func shortened(s string) string {
	if len(s) > maxShown {
		return strings.ToValidUTF8(s[:maxShown], "") + "…"
	}
	return s
}

var imageForm = pattern.Lazy(`^images/[a-z0-9][a-z0-9-]{0,60}\.(png|jpg|webp)$`)

func (b *body) image(n *ast.Image) {
	path := string(n.Destination)
	if !imageForm().MatchString(path) {
		b.refuse(n, "the image %q is not allowed; images are png, jpg or webp files of the edition, as images/name.png", shortened(path))
		return
	}
	if b.plain(n) == "" {
		b.refuse(n, "the image %q has no words for those who do not see it", path)
	}
	b.block.Images = append(b.block.Images, path)
}

// isSpace tells the spaces that Markdown knows; those of Unicode belong to the words.
func isSpace(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\f' }

// plain gives the words of a node: without marks, citations and addresses.
func (b *body) plain(n ast.Node) string {
	var out strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch v := n.(type) {
		case *ast.Text:
			b.words(&out, v)
		case *ast.String:
			out.Write(v.Value)
		case *ast.AutoLink:
			out.Write(v.Label(b.source))
		}
		return ast.WalkContinue, nil
	})
	return strings.TrimSpace(strings.Join(strings.FieldsFunc(out.String(), isSpace), " "))
}

func (b *body) words(out *strings.Builder, v *ast.Text) {
	value := v.Segment.Value(b.source)
	if !v.IsRaw() {
		value = util.UnescapePunctuations(util.ResolveEntityNames(util.ResolveNumericReferences(value)))
	}
	out.Write(value)
	if v.SoftLineBreak() || v.HardLineBreak() {
		out.WriteByte(' ')
	}
}

// beforePoint is the space that a citation leaves before the punctuation behind it.
var beforePoint = pattern.Lazy(` ([.,:;!?)。，、：；！？）،؛؟۔])`)

// Prose is what stands below the heading as plain text, a paragraph, list item or table cell each, for readers who see it
// without its citations.
func (b Block) Prose() []string {
	var out []string
	for i, s := range b.Segments {
		if i == 0 && s == b.Title {
			continue
		}
		out = append(out, beforePoint().ReplaceAllString(s, "$1"))
	}
	return out
}
