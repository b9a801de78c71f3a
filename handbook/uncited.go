package handbook

import (
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
)

// uncited keeps the words of a child of the document if no citation stands for them. A citation stands for its paragraph, list item or
// table; one in a paragraph stands also for a list that follows, and for a table before or behind it.
func (b *body) uncited(n ast.Node) {
	switch n.(type) {
	case *ast.List:
		if citedParagraph(n.PreviousSibling()) {
			return
		}
		for item := n.FirstChild(); item != nil; item = item.NextSibling() {
			b.uncitedText(item)
		}
	case *extast.Table:
		if !citedParagraph(n.PreviousSibling()) && !citedParagraph(n.NextSibling()) {
			b.uncitedText(n)
		}
	case *ast.Paragraph:
		if !b.leadsIn(n) {
			b.uncitedText(n)
		}
	case *ast.Blockquote:
		b.uncitedText(n)
	}
}

func (b *body) uncitedText(n ast.Node) {
	if cites(n) {
		return
	}
	for first := n; first != nil; first = first.FirstChild() { // of a table or an item, what it begins with
		switch first.(type) {
		case *ast.Paragraph, *ast.TextBlock, *extast.TableCell:
			b.block.Uncited = append(b.block.Uncited, b.plain(first))
			return
		}
	}
}

// leadsIn tells whether a paragraph says nothing by itself, such as "Before:" above a list.
func (b *body) leadsIn(n ast.Node) bool {
	switch n.NextSibling().(type) {
	case *ast.List, *extast.Table:
		words := b.plain(n)
		return strings.HasSuffix(words, ":") || strings.HasSuffix(words, "：")
	}
	return false
}

func citedParagraph(n ast.Node) bool {
	paragraph, ok := n.(*ast.Paragraph)
	return ok && cites(paragraph)
}

// cites tells whether there is a citation in a node.
func cites(n ast.Node) bool {
	found := false
	_ = ast.Walk(n, func(inside ast.Node, _ bool) (ast.WalkStatus, error) {
		if _, ok := inside.(*Cite); ok {
			found = true
			return ast.WalkStop, nil
		}
		return ast.WalkContinue, nil
	})
	return found
}
