package draft

import (
	"bytes"
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
	nethtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"medixchange/handbook"
)

// span is a text of a block: the bytes from start to end of its Markdown.
type span struct {
	start, end int
	node       ast.Node
}

// block translates a block. Where what comes out is not of the format, the block stays as the source has it.
func (d *drafting) block(source *handbook.Section, block handbook.Block) (string, error) {
	markdown := []byte(block.Text)
	document := handbook.NewParser().Parse(text.NewReader(markdown))
	var out bytes.Buffer
	at := 0
	for _, s := range spansOf(document, markdown) {
		translated, err := d.span(block.Anchor, s, markdown)
		if err != nil {
			return "", err
		}
		out.Write(markdown[at:s.start])
		out.WriteString(translated)
		at = s.end
	}
	out.Write(markdown[at:])
	if !sameForm(source, block, out.String(), d.to) {
		d.note(block.Anchor, NoteMarkup, block.Title)
		return block.Text, nil
	}
	return out.String(), nil
}

// sameForm reads a block as a section of its own.
func sameForm(source *handbook.Section, block handbook.Block, translated, language string) bool {
	s := &handbook.Section{Provenance: handbook.Provenance{Language: language, Status: handbook.Machine, Translator: "-",
		Written: source.Written, Updated: source.Updated}, ID: source.ID, Title: "-", SourceHash: block.Hash,
		SourceBlocks: map[string]string{block.Anchor: block.Hash}, Body: translated}
	read, err := handbook.ReadSection("draft.md", handbook.WriteSection(s, ""), false)
	if err != nil || len(read.Blocks) != 1 {
		return false
	}
	made := read.Blocks[0]
	return made.Anchor == block.Anchor && made.Level == block.Level && len(made.Segments) == len(block.Segments) &&
		slices.Equal(made.Cites, block.Cites) && slices.Equal(made.Anchors, block.Anchors) && slices.Equal(made.Images, block.Images)
}

// spansOf lists the texts of a block in their order.
func spansOf(document ast.Node, markdown []byte) []span {
	var out []span
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n.(type) {
		case *ast.Heading, *ast.Paragraph, *ast.TextBlock, *extast.TableCell:
			if lines := n.Lines(); lines.Len() > 0 {
				start, end := lines.At(0).Start, lines.At(lines.Len()-1).Stop
				trimmed := bytes.TrimRight(markdown[start:end], " \t\r\n")
				lead := len(trimmed) - len(bytes.TrimLeft(trimmed, " \t"))
				if lead < len(trimmed) {
					out = append(out, span{start + lead, start + len(trimmed), n})
				}
			}
			return ast.WalkSkipChildren, nil
		}
		return ast.WalkContinue, nil
	})
	return out
}

// span translates one text, and leaves it as it was where there is no translation that may be used.
func (d *drafting) span(anchor string, s span, markdown []byte) (string, error) {
	own := string(markdown[s.start:s.end])
	w := &writer{source: markdown}
	w.inline(s.node)
	if w.plain.Len() == 0 {
		return own, nil
	}
	if w.image {
		d.note(anchor, NoteImage, w.plain.String())
	}
	translated, ok, err := d.ask(anchor, w.plain.String(), w.html.String())
	if err != nil || !ok {
		return own, err
	}
	nodes, err := nethtml.ParseFragment(strings.NewReader(translated), &nethtml.Node{Type: nethtml.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		d.note(anchor, NoteMarkup, w.plain.String())
		return own, nil
	}
	_, cell := s.node.(*extast.TableCell)
	for _, emphasis := range []bool{true, false} {
		r := &reader{kept: w.kept, used: make([]int, len(w.kept)), emphasis: emphasis}
		markdown := r.text(nodes, cell)
		if slices.ContainsFunc(r.used, func(n int) bool { return n != 1 }) {
			d.note(anchor, NoteLost, w.plain.String())
			return own, nil
		}
		if marksHold(markdown, r.marks) {
			return markdown, nil
		}
	}
	d.note(anchor, NoteMarkup, w.plain.String())
	return own, nil
}

// marksHold reports whether Markdown reads as many marks of emphasis as were written: between letters of Chinese, some are none.
func marksHold(markdown string, want int) bool {
	found := 0
	_ = ast.Walk(handbook.NewParser().Parse(text.NewReader([]byte(markdown))), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering && n.Kind() == ast.KindEmphasis {
			found++
		}
		return ast.WalkContinue, nil
	})
	return found == want
}

// linkBase begins the addresses under which links travel; what they lead to stays here.
const linkBase = "https://handbook.invalid/"

// writer gives the translator a text.
type writer struct {
	source []byte
	html   strings.Builder
	plain  strings.Builder
	kept   []string // Markdown of what stays: whole things, and the destinations of links
	image  bool
}

func (w *writer) inline(n ast.Node) {
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		switch v := child.(type) {
		case *ast.Text:
			value := string(util.UnescapePunctuations(util.ResolveEntityNames(util.ResolveNumericReferences(v.Segment.Value(w.source)))))
			if v.SoftLineBreak() || v.HardLineBreak() {
				value += " "
			}
			w.html.WriteString(html.EscapeString(value))
			w.plain.WriteString(value)
		case *ast.Emphasis:
			tag := map[bool]string{true: "strong", false: "em"}[v.Level > 1]
			w.html.WriteString("<" + tag + ">")
			w.inline(v)
			w.html.WriteString("</" + tag + ">")
		case *ast.Link:
			fmt.Fprintf(&w.html, `<a href="%s%d">`, linkBase, w.keep("("+string(v.Destination)+")"))
			w.inline(v)
			w.html.WriteString("</a>")
		case *handbook.Cite:
			w.whole("[@" + strings.Join(v.Keys, "; @") + "]")
		case *ast.AutoLink:
			w.whole("<" + string(v.URL(w.source)) + ">")
		case *ast.CodeSpan:
			w.whole("`" + string(v.Text(w.source)) + "`")
		case *ast.Image:
			w.image = true
			w.whole("![" + string(v.Text(w.source)) + "](" + string(v.Destination) + ")")
		default:
			w.inline(v)
		}
	}
}

func (w *writer) keep(markdown string) int {
	w.kept = append(w.kept, markdown)
	return len(w.kept) - 1
}

// placeholder stands for what stays: keys of citations can have words in them that the checks would take for numbers.
const placeholder = "†"

func (w *writer) whole(markdown string) {
	i := w.keep(markdown)
	fmt.Fprintf(&w.html, `<code class="language-k%d">%s</code>`, i, placeholder)
}

// reader makes Markdown of what the translator says.
type reader struct {
	kept     []string
	used     []int // how often each came back
	emphasis bool  // false: marks of emphasis are left out
	marks    int
	out      strings.Builder
}

func (r *reader) text(nodes []*nethtml.Node, cell bool) string {
	for _, n := range nodes {
		r.node(n)
	}
	markdown := strings.Join(strings.Fields(r.out.String()), " ")
	if cell {
		return markdown
	}
	return firstEscaped(markdown)
}

func (r *reader) node(n *nethtml.Node) {
	switch {
	case n.Type == nethtml.TextNode:
		r.out.WriteString(escaped(n.Data))
	case n.Type != nethtml.ElementNode:
	case n.DataAtom == atom.Em, n.DataAtom == atom.I:
		r.marked(n, "*")
	case n.DataAtom == atom.Strong, n.DataAtom == atom.B:
		r.marked(n, "**")
	case n.DataAtom == atom.Code:
		r.out.WriteString(r.back(strings.TrimPrefix(attribute(n, "class"), "language-k")))
	case n.DataAtom == atom.A:
		r.out.WriteString("[")
		r.children(n)
		r.out.WriteString("]" + r.back(strings.TrimPrefix(attribute(n, "href"), linkBase)))
	case n.DataAtom == atom.Br:
		r.out.WriteString(" ")
	default:
		r.children(n)
	}
}

func (r *reader) children(n *nethtml.Node) {
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		r.node(child)
	}
}

// marked writes emphasis, with the spaces at its ends outside of the marks, where they count as none.
func (r *reader) marked(n *nethtml.Node, mark string) {
	inner := &reader{kept: r.kept, used: r.used, emphasis: r.emphasis}
	inner.children(n)
	words := inner.out.String()
	trimmed := strings.TrimSpace(words)
	r.marks += inner.marks
	if trimmed == "" || !r.emphasis {
		r.out.WriteString(words)
		return
	}
	r.marks++
	before, after, _ := strings.Cut(words, trimmed)
	r.out.WriteString(before + mark + trimmed + mark + after)
}

func (r *reader) back(number string) string {
	i, err := strconv.Atoi(number)
	if err != nil || i < 0 || i >= len(r.kept) {
		return ""
	}
	r.used[i]++
	return r.kept[i]
}

func attribute(n *nethtml.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

var marks = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", "&", "&amp;", "`", "\\`", "|", `\|`)

// escaped makes words that mean nothing to Markdown.
func escaped(words string) string { return marks.Replace(words) }

// firstEscaped keeps the beginning of a text from making it a list, a heading or a quotation.
func firstEscaped(markdown string) string {
	rest := strings.TrimLeft(markdown, "0123456789")
	switch {
	case markdown == "":
		return markdown
	case strings.ContainsRune("#+->=~", rune(markdown[0])):
		return `\` + markdown
	case len(rest) < len(markdown) && rest != "" && (rest[0] == '.' || rest[0] == ')'):
		return markdown[:len(markdown)-len(rest)] + `\` + rest
	}
	return markdown
}

// plain translates a text without markup; it stays as it was where there is no translation.
func (d *drafting) plain(anchor, words string) (string, error) {
	translated, ok, err := d.ask(anchor, words, "")
	if err != nil || !ok {
		return words, err
	}
	nodes, err := nethtml.ParseFragment(strings.NewReader(translated), &nethtml.Node{Type: nethtml.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		return words, nil
	}
	var out strings.Builder
	for _, n := range nodes {
		shown(&out, n)
	}
	return strings.Join(strings.Fields(out.String()), " "), nil
}

func shown(out *strings.Builder, n *nethtml.Node) {
	if n.Type == nethtml.TextNode {
		out.WriteString(n.Data)
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		shown(out, child)
	}
}
