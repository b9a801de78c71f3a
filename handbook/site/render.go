package site

import (
	"bytes"
	"fmt"
	"html"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	gohtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"medixchange/handbook"
	"medixchange/internal/markup"
)

// machinery parses and renders. It holds nothing of a page, and is made when the first page is.
type machinery struct {
	parser   parser.Parser
	renderer renderer.Renderer
}

var machine = sync.OnceValue(func() machinery {
	tables := extension.NewTableHTMLRenderer(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute))
	return machinery{
		parser: handbook.NewParser(),
		renderer: renderer.NewRenderer(renderer.WithNodeRenderers(
			util.Prioritized(inline{}, 1), util.Prioritized(tables, 500), util.Prioritized(gohtml.NewRenderer(), 1000),
		)),
	}
})

// text renders the text of one section in one language, block by block.
type sectionText struct {
	book    *handbook.Book
	section *handbook.Section
	tongue  Tongue
	words   words
	bare    bool           // without anchors: the text stands beside another that has them
	numbers map[string]int // of the citations, by key
	places  map[int]int    // how often each was cited so far
}

func newText(book *handbook.Book, s *handbook.Section, w words, bare bool) *sectionText {
	t := &sectionText{book: book, section: s, tongue: tongueOf(s.Language), words: w, bare: bare,
		numbers: map[string]int{}, places: map[int]int{}}
	for i, c := range book.Citations(s) {
		t.numbers[c.Key] = i + 1
	}
	return t
}

// block gives one block as HTML.
func (t *sectionText) block(b handbook.Block) (markup.HTML, error) {
	m := machine()
	source := []byte(b.Text)
	document := m.parser.Parse(text.NewReader(source))
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			t.prepare(n)
		}
		return ast.WalkContinue, nil
	})
	var out bytes.Buffer
	if err := m.renderer.Render(&out, source, document); err != nil {
		return "", fmt.Errorf("rendering %s of %s: %w", b.Anchor, t.section.File, err)
	}
	return sanitised(t.scrollable(out.String())), nil
}

const (
	attributeMarks  = "marks"  // of a citation: what to write for it
	attributeTongue = "tongue" // of text: how its language is written
)

// prepare notes on a node what the renderer needs to know beside it.
func (t *sectionText) prepare(n ast.Node) {
	switch v := n.(type) {
	case *handbook.Cite:
		v.SetAttributeString(attributeMarks, t.marks(v.Keys))
	case *ast.Text:
		if t.tongue.Dir == "rtl" || t.tongue.wide() {
			v.SetAttributeString(attributeTongue, t.tongue)
		}
	case *ast.Heading:
		if t.bare {
			v.RemoveAttributes()
		}
	case *ast.Link:
		v.Destination = []byte(t.address(string(v.Destination)))
	case *ast.Image:
		v.Destination = []byte(root + string(v.Destination))
	}
}

// address leads links to anchors of the book to the section that has them.
func (t *sectionText) address(destination string) string {
	anchor, inside := strings.CutPrefix(destination, "#")
	if !inside {
		return destination
	}
	id, ok := t.book.SectionOf(anchor)
	switch {
	case !ok:
		return "./"
	case id == anchor:
		return id
	case id == t.section.ID && !t.bare:
		return destination
	}
	return id + destination
}

// marks are the numbers of citations, which lead to the list of sources and back.
func (t *sectionText) marks(keys []string) string {
	var out strings.Builder
	for _, key := range keys {
		n := t.numbers[key]
		t.places[n]++
		id := ""
		if !t.bare {
			id = fmt.Sprintf(` id="place-%d-%d"`, n, t.places[n])
		}
		fmt.Fprintf(&out, `<a class="cite"%s href="#source-%d" aria-label="%s">[%d]</a>`, id, n,
			html.EscapeString(t.words.Text("source_n", "n", n)), n)
	}
	return "<sup>" + out.String() + "</sup>"
}

// scrollable puts tables into something that scrolls by itself, so that a page is never wider than a phone.
func (t *sectionText) scrollable(html string) string {
	if !strings.Contains(html, "<table>") {
		return html
	}
	html = strings.ReplaceAll(html, "<table>", `<div class="table" tabindex="0"><table>`)
	return strings.ReplaceAll(html, "</table>", "</table></div>")
}

// inline renders what differs from goldmark's own way.
type inline struct{}

// RegisterFuncs implements renderer.NodeRenderer.
func (inline) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(handbook.KindCitation, renderCite)
	r.Register(ast.KindText, renderText)
}

func renderCite(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if marks, ok := n.AttributeString(attributeMarks); ok && entering {
		_, _ = w.WriteString(marks.(string)) // errors of w come with its Flush
	}
	return ast.WalkContinue, nil
}

func renderText(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	n := node.(*ast.Text)
	value := n.Segment.Value(source)
	var tongue Tongue
	if t, ok := n.AttributeString(attributeTongue); ok {
		tongue = t.(Tongue)
	}
	switch {
	case n.IsRaw():
		gohtml.DefaultWriter.RawWrite(w, value)
	case tongue.Dir == "rtl":
		writeIsolated(w, value)
	default:
		gohtml.DefaultWriter.Write(w, value)
	}
	switch {
	case n.HardLineBreak():
		_, _ = w.WriteString("<br>\n")
	case n.SoftLineBreak() && !(tongue.wide() && endsWide(value)):
		_ = w.WriteByte('\n')
	}
	return ast.WalkContinue, nil
}

// firstWide is the first letter of the scripts that are written without spaces: the radicals of CJK.
const firstWide = '\u2e80'

func endsWide(value []byte) bool {
	last, _ := utf8.DecodeLastRune(bytes.TrimRight(value, " "))
	return last >= firstWide
}

// backLinks are the places in the text that cite the source n.
func (t *sectionText) backLinks(n int) []string {
	var out []string
	for i := 1; i <= t.places[n]; i++ {
		out = append(out, "place-"+strconv.Itoa(n)+"-"+strconv.Itoa(i))
	}
	return out
}
