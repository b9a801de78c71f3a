package protect

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"medixchange/translator/language"
)

// blocks end a segment before and after them; everything else runs along in its line.
var blocks = map[atom.Atom]bool{
	atom.P: true, atom.Div: true, atom.Ul: true, atom.Ol: true, atom.Li: true, atom.Blockquote: true,
	atom.H1: true, atom.H2: true, atom.H3: true, atom.H4: true, atom.H5: true, atom.H6: true,
	atom.Table: true, atom.Thead: true, atom.Tbody: true, atom.Tr: true, atom.Th: true, atom.Td: true, atom.Caption: true,
	atom.Details: true, atom.Summary: true,
}

// walker reads the tree of a message.
type walker struct {
	m       *Message
	current Segment // the line that is being read
	open    []int   // IDs of inline markup that is open, so that it can span blocks
	depth   int
	failed  bool
}

// parseHTML reads formatted_body; false if it is too deep or cannot be read.
func (m *Message) parseHTML(formatted string) bool {
	m.html = true
	nodes, err := html.ParseFragment(strings.NewReader(Sanitize(formatted)), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		return false
	}
	w := &walker{m: m}
	for _, node := range nodes {
		w.node(node)
	}
	w.flush()
	return !w.failed && len(m.parts) > 0
}

func (w *walker) node(node *html.Node) {
	if w.failed {
		return
	}
	switch node.Type {
	case html.TextNode:
		w.text(node.Data)
	case html.ElementNode:
		if w.depth++; w.depth > maxDepth {
			w.failed = true
		} else {
			w.element(node)
		}
		w.depth--
	}
}

func (w *walker) text(text string) {
	if strings.HasPrefix(strings.TrimSpace(text), ownMark) {
		w.keep(html.EscapeString(text), text)
		return
	}
	w.current = w.m.textPieces(w.current, strings.ReplaceAll(text, "\n", " "))
}

func (w *walker) element(node *html.Node) {
	switch {
	case node.DataAtom == atom.Br, node.DataAtom == atom.Hr, node.DataAtom == atom.Pre:
		w.flush()
		w.m.markup(rendered(node))
		w.reopen()
	case whole(node):
		w.keep(rendered(node), shownText(node))
		last := &w.current[len(w.current)-1]
		last.Mention = node.DataAtom == atom.A && namesUser(attribute(node, "href"))
		last.Hidden = hasAttribute(node, "data-mx-spoiler")
	case blocks[node.DataAtom]:
		w.flush()
		w.m.markup(startTag(node))
		w.reopen()
		w.children(node)
		w.flush()
		w.m.markup("</" + node.Data + ">")
		w.reopen()
	default:
		w.inline(node)
	}
}

// inline keeps markup within a line as a pair that the engine moves with its words.
func (w *walker) inline(node *html.Node) {
	id := w.m.id()
	w.m.atoms[id] = kept{open: startTag(node), close: "</" + node.Data + ">"}
	w.current = append(w.current, Piece{Kind: Open, ID: id})
	w.open = append(w.open, id)
	w.children(node)
	last := len(w.open) - 1
	w.current = append(w.current, Piece{Kind: Close, ID: w.open[last]})
	w.open = w.open[:last]
}

func (w *walker) children(node *html.Node) {
	for child := node.FirstChild; child != nil; child = child.NextSibling {
		w.node(child)
	}
}

// flush ends the line: markup that is still open is closed here.
func (w *walker) flush() {
	for i := len(w.open) - 1; i >= 0; i-- {
		w.current = append(w.current, Piece{Kind: Close, ID: w.open[i]})
	}
	if len(w.current) > 0 {
		w.m.add(w.current, html.EscapeString)
	}
	w.current = nil
}

// reopen begins the markup again that was open before a line ended.
func (w *walker) reopen() {
	for i, id := range w.open {
		again := w.m.id()
		w.m.atoms[again] = w.m.atoms[id]
		w.open[i] = again
		w.current = append(w.current, Piece{Kind: Open, ID: again})
	}
}

func (w *walker) keep(markup, text string) {
	id := w.m.id()
	w.m.atoms[id] = kept{open: markup, text: text}
	w.current = append(w.current, Piece{Kind: Atom, ID: id, Text: text})
}

// whole reports elements that stay as they are: code, pictures, pills, bare links, spoilers, formulas.
func whole(node *html.Node) bool {
	switch node.DataAtom {
	case atom.Code, atom.Img:
		return true
	case atom.A:
		return pill(attribute(node, "href")) || looksLikeAddress(shownText(node))
	}
	return hasAttribute(node, "data-mx-spoiler") || hasAttribute(node, "data-mx-maths")
}

// pill reports whether a link names a user, room or event.
func pill(address string) bool {
	if strings.HasPrefix(address, "matrix:") {
		return true
	}
	parsed, err := url.Parse(address)
	return err == nil && parsed.Host == "matrix.to"
}

func looksLikeAddress(text string) bool {
	text = strings.TrimSpace(text)
	at := verbatim().FindStringIndex(text)
	return !language.HasLetters(text) || at != nil && at[0] == 0 && at[1] == len(text)
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func hasAttribute(node *html.Node, name string) bool {
	for _, a := range node.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

func rendered(node *html.Node) string {
	var b strings.Builder
	if err := html.Render(&b, node); err != nil {
		return ""
	}
	return b.String()
}

// startTag writes the start tag of an element alone.
func startTag(node *html.Node) string {
	var b strings.Builder
	b.WriteString("<" + node.Data)
	for _, a := range node.Attr {
		b.WriteString(" " + a.Key + `="` + html.EscapeString(a.Val) + `"`)
	}
	b.WriteString(">")
	return b.String()
}

// shownText is the text that an element shows.
func shownText(node *html.Node) string {
	if node.Type == html.TextNode {
		return node.Data
	}
	if node.DataAtom == atom.Img {
		return attribute(node, "alt")
	}
	var b strings.Builder
	for child := node.FirstChild; child != nil; child = child.NextSibling {
		b.WriteString(shownText(child))
	}
	return b.String()
}
