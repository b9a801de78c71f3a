package handbook

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"medixchange/internal/pattern"
)

// KindCitation is the kind of Cite nodes.
var KindCitation = ast.NewNodeKind("Citation")

// Cite is a place in the text that names its sources: [@key] or [@key; @other].
type Cite struct {
	ast.BaseInline
	Keys []string
}

// Kind implements ast.Node.
func (*Cite) Kind() ast.NodeKind { return KindCitation }

// Dump implements ast.Node.
func (c *Cite) Dump(source []byte, level int) {
	ast.DumpHelper(c, source, level, map[string]string{"Keys": strings.Join(c.Keys, " ")}, nil)
}

// citeForm is a whole citation; longer ones than maxCite bytes are text.
var citeForm = pattern.Lazy(`^\[@[a-z0-9-]+(; ?@[a-z0-9-]+)*\]`)

const maxCite = 512

// citeParser reads citations before links are looked for.
type citeParser struct{}

func (citeParser) Trigger() []byte { return []byte{'['} }

func (citeParser) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, _ := block.PeekLine()
	if len(line) > maxCite {
		line = line[:maxCite]
	}
	match := citeForm().Find(line)
	if match == nil {
		return nil
	}
	block.Advance(len(match))
	var keys []string
	for _, key := range bytes.Split(match[1:len(match)-1], []byte(";")) {
		keys = append(keys, strings.TrimPrefix(strings.TrimSpace(string(key)), "@"))
	}
	return &Cite{Keys: keys}
}

const (
	beforeLinks   = 150 // goldmark's own for links is 200
	tablePriority = 200 // as goldmark's extension has it
)

// NewParser reads the Markdown of the handbook: CommonMark with tables, anchors of headings and citations (Cite nodes).
// A parser is safe for concurrent use.
func NewParser() parser.Parser {
	return parser.NewParser(
		parser.WithBlockParsers(parser.DefaultBlockParsers()...),
		parser.WithInlineParsers(append(parser.DefaultInlineParsers(), util.Prioritized(citeParser{}, beforeLinks))...),
		parser.WithParagraphTransformers(append(parser.DefaultParagraphTransformers(),
			util.Prioritized(extension.NewTableParagraphTransformer(), tablePriority))...),
		parser.WithASTTransformers(util.Prioritized(extension.NewTableASTTransformer(), 0)),
		parser.WithHeadingAttribute(),
	)
}
