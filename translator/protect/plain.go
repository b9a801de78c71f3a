package protect

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"medixchange/translator/language"
)

// PlainText derives the body of a message from its HTML for a reader of a language: lines for blocks, "• " for list items,
// "> " for quotes; what a spoiler hides stays hidden, and the reader's language says so.
func PlainText(formatted string, reader language.Code) string {
	nodes, err := html.ParseFragment(strings.NewReader(formatted), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		return ""
	}
	p := &plainWriter{reader: reader}
	for _, node := range nodes {
		p.node(node, 0)
	}
	return strings.TrimSpace(p.b.String())
}

type plainWriter struct {
	reader  language.Code
	b       strings.Builder
	newline bool // at the beginning of a line
	prefix  string
}

func (p *plainWriter) write(text string) {
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			p.b.WriteByte('\n')
			p.newline = true
		}
		if line == "" {
			continue
		}
		if p.newline || p.b.Len() == 0 {
			p.b.WriteString(p.prefix)
			p.newline = false
		}
		p.b.WriteString(line)
	}
}

func (p *plainWriter) endLine() {
	if p.b.Len() > 0 && !p.newline {
		p.b.WriteByte('\n')
		p.newline = true
	}
}

func (p *plainWriter) node(node *html.Node, depth int) {
	if depth > 2*maxDepth {
		return
	}
	if node.Type == html.TextNode {
		p.write(strings.ReplaceAll(node.Data, "\n", " "))
		return
	}
	if node.Type != html.ElementNode {
		return
	}
	p.element(node, depth)
}

func (p *plainWriter) element(node *html.Node, depth int) {
	switch {
	case node.DataAtom == atom.Br:
		p.write("\n")
	case node.DataAtom == atom.Hr:
		p.endLine()
		p.write("---\n")
	case node.DataAtom == atom.Img:
		p.write(attribute(node, "alt"))
	case hasAttribute(node, "data-mx-spoiler"):
		p.write("[" + strings.TrimSpace(language.String(p.reader, "spoiler")+" "+attribute(node, "data-mx-spoiler")) + "]")
	case node.DataAtom == atom.Pre:
		p.endLine()
		p.write(shownText(node))
		p.endLine()
	case node.DataAtom == atom.Blockquote:
		p.endLine()
		before := p.prefix
		p.prefix += "> "
		p.children(node, depth)
		p.prefix = before
		p.endLine()
	case node.DataAtom == atom.Li:
		p.endLine()
		p.write(bullet(node))
		p.children(node, depth)
		p.endLine()
	case node.DataAtom == atom.Td || node.DataAtom == atom.Th:
		p.children(node, depth)
		p.write(" ")
	case blocks[node.DataAtom]:
		p.endLine()
		p.children(node, depth)
		p.endLine()
	default:
		p.children(node, depth)
	}
}

func (p *plainWriter) children(node *html.Node, depth int) {
	for child := node.FirstChild; child != nil; child = child.NextSibling {
		p.node(child, depth+1)
	}
}

// bullet is what stands before a list item.
func bullet(item *html.Node) string {
	if item.Parent == nil || item.Parent.DataAtom != atom.Ol {
		return "• "
	}
	number, err := strconv.Atoi(attribute(item.Parent, "start"))
	if err != nil {
		number = 1
	}
	for before := item.PrevSibling; before != nil; before = before.PrevSibling {
		if before.DataAtom == atom.Li {
			number++
		}
	}
	return strconv.Itoa(number) + ". "
}
