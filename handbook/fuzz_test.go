package handbook

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// FuzzSection reads any bytes as a section: what is accepted has anchors, blocks that make up the
// whole text, and neither HTML nor links of a scheme that is not allowed.
func FuzzSection(f *testing.F) {
	f.Add([]byte(oxygen))
	f.Add([]byte(french))
	for _, body := range []string{
		"## A {#oxygen-a}\n\n- a\n  - b [@x; @y]\n", "## A {#oxygen-a}\n\n> <b>\n", "A {#oxygen-a}\n---\n\n[x](https://y \"z\")\n",
		"## A {#oxygen-a}\n\n| a | b |\n|---|:-:|\n| `x` | <https://a.b> |\n", "## A {#oxygen-a}\n\n![](images/a.png)\n\n[@who-2023",
	} {
		head, _, _ := strings.Cut(oxygen, "## In brief")
		f.Add([]byte(head + body))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > maxSection {
			return
		}
		for _, original := range []bool{true, false} {
			l := &log{}
			s := parseSection(l, "en/oxygen.md", data, original)
			if (s == nil) == (len(l.problems) == 0) {
				t.Fatalf("a section is given exactly where nothing was reported: %v", l.problems)
			}
			if s != nil {
				accepted(t, s)
			}
		}
	})
}

func accepted(t *testing.T, s *Section) {
	var all strings.Builder
	for _, block := range s.Blocks {
		if !strings.HasPrefix(block.Anchor, s.ID+"-") || block.Title == "" || block.Line < s.BodyLine {
			t.Fatalf("a block without anchor, title or place: %+v", block)
		}
		all.WriteString(block.Text)
	}
	if squeezed(all.String()) != squeezed(s.Body) {
		t.Fatalf("the blocks are not the whole text:\n%q\n%q", all.String(), s.Body)
	}
	document := NewParser().Parse(text.NewReader([]byte(s.Body)))
	_ = ast.Walk(document, func(n ast.Node, _ bool) (ast.WalkStatus, error) {
		if n.Kind() == ast.KindRawHTML || n.Kind() == ast.KindHTMLBlock {
			t.Fatalf("HTML was accepted in %q", s.Body)
		}
		return ast.WalkContinue, nil
	})
}

func squeezed(text string) string { return strings.Join(strings.Fields(text), " ") }

// FuzzPlan reads any bytes as book.yaml, titles and glossary of an edition.
func FuzzPlan(f *testing.F) {
	f.Add([]byte(plan), []byte(englishTitles), []byte("language: en\nterms: {}\n"))
	f.Fuzz(func(_ *testing.T, book, titles, glossary []byte) {
		_, _ = Load(fstest.MapFS{
			"book.yaml": {Data: book}, "en/book.yaml": {Data: titles}, "en/glossary.yaml": {Data: glossary}, "en/oxygen.md": file(oxygen),
		})
	})
}
