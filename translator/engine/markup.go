package engine

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"

	"medixchange/translator/protect"
)

// idPrefix begins the id of our own elements on the wire.
const idPrefix = "mx"

// dialect is how a service wants to be told what it must leave alone.
type dialect struct {
	atom       string                                  // the element of a protected part
	attributes string                                  // that say so, for services that heed them
	term       func(word string, target string) string // a word with its translation; nil: the translation as a protected part
}

// encode writes segments: protected parts as elements that the service leaves alone, markup as <b>, terms as the dialect
// has them. Without any of them marked is false and the words go as they are.
func (d dialect) encode(segments []protect.Segment, terms glossary) (marked bool, texts []string) {
	marked = len(terms.in(segments)) > 0
	for _, segment := range segments {
		for _, piece := range segment {
			marked = marked || piece.Kind != protect.Text
		}
	}
	texts = make([]string, len(segments))
	for i, segment := range segments {
		if !marked {
			texts[i] = segment.Plain()
			continue
		}
		var b strings.Builder
		for _, piece := range segment {
			d.write(&b, piece, terms)
		}
		texts[i] = b.String()
	}
	return marked, texts
}

func (d dialect) write(b *strings.Builder, piece protect.Piece, terms glossary) {
	id := `id="` + idPrefix + strconv.Itoa(piece.ID) + `"`
	switch piece.Kind {
	case protect.Text:
		for _, part := range terms.split(piece.Text) {
			b.WriteString(d.words(part))
		}
	case protect.Atom:
		b.WriteString("<" + d.atom + " " + id + d.attributes + ">" + escapeText(piece.Text) + "</" + d.atom + ">")
	case protect.Open:
		b.WriteString("<b " + id + ">")
	case protect.Close:
		b.WriteString("</b>")
	}
}

func (d dialect) words(part stretch) string {
	switch {
	case part.term == nil:
		return escapeText(part.text)
	case d.term != nil:
		return d.term(escapeText(part.text), escapeText(part.term.Target))
	}
	return "<" + d.atom + d.attributes + ">" + escapeText(part.term.Target) + "</" + d.atom + ">"
}

var escapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escapeText escapes only what markup needs, so that engines see apostrophes as they are; control characters, which XML
// has no way to write, are left out.
func escapeText(text string) string {
	return escapes.Replace(strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\t' && r != '\n' {
			return -1
		}
		return r
	}, text))
}

// decodeAll reads an engine's answers; marked is what encode said.
func (d dialect) decodeAll(texts []string, source []protect.Segment, marked bool) []protect.Segment {
	segments := make([]protect.Segment, len(texts))
	for i, text := range texts {
		if marked {
			segments[i] = d.decode(text, source[i])
		} else {
			segments[i] = protect.Segment{{Kind: protect.Text, Text: text}}
		}
	}
	return segments
}

// decode reads an engine's answer. Elements that are not ours are dropped, their text is kept; a protected part whose
// digits changed counts as lost. Where the source itself has the sign "<", what looks like an element that is not ours
// may be that sign with what follows, which LibreTranslate gives back unescaped: then it stays, as the text that it is.
func (d dialect) decode(text string, source protect.Segment) protect.Segment {
	decoder := &markupDecoder{atom: d.atom, source: map[int]string{}}
	unescaped := false
	for _, piece := range source {
		if piece.Kind == protect.Atom {
			decoder.source[piece.ID] = piece.Text
		}
		unescaped = unescaped || piece.Kind == protect.Text && strings.Contains(piece.Text, "<")
	}
	if unescaped {
		text = d.escapeForeign(text)
	}
	return decoder.read(text)
}

// escapeForeign escapes each "<" that begins no element of ours.
func (d dialect) escapeForeign(text string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "<")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if d.ours(after) {
			b.WriteByte('<')
		} else {
			b.WriteString("&lt;")
		}
		text = after
	}
}

// maxTag is the longest start of an element that can be ours.
const maxTag = 128

// ours reports whether what follows a "<" is the rest of an element of ours.
func (d dialect) ours(rest string) bool {
	tag, _, found := strings.Cut(rest[:min(len(rest), maxTag)], ">")
	if !found {
		return false
	}
	name, attributes, _ := strings.Cut(strings.ToLower(tag), " ")
	name = strings.TrimPrefix(name, "/")
	return (name == "b" || name == d.atom) && (attributes == "" || strings.Contains(attributes, idPrefix) || strings.Contains(attributes, "translate"))
}

func (d *markupDecoder) read(text string) protect.Segment {
	tokens := html.NewTokenizer(strings.NewReader(text))
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			break
		}
		d.token(kind, tokens)
	}
	return d.segment
}

type markupDecoder struct {
	segment protect.Segment
	atom    string // the element of protected parts
	source  map[int]string
	stack   []int           // IDs of the <b> that are open, 0 for those that are not ours
	inside  strings.Builder // text within the protected part that is open
	part    int             // its ID, 0 outside
	depth   int             // elements of its name within it
	program bool            // within <script> or <style>, whose content is no text
}

func (d *markupDecoder) token(kind html.TokenType, tokens *html.Tokenizer) {
	token := tokens.Token()
	switch kind {
	case html.TextToken:
		d.text(token.Data)
	case html.StartTagToken:
		d.program = token.Data == "script" || token.Data == "style"
		d.start(token)
	case html.EndTagToken:
		d.program = false
		d.end(token.Data)
	}
}

func (d *markupDecoder) text(text string) {
	switch {
	case d.program:
		return
	case d.part != 0:
		d.inside.WriteString(text)
		return
	}
	d.segment = append(d.segment, protect.Piece{Kind: protect.Text, Text: text})
}

func (d *markupDecoder) start(token html.Token) {
	id := elementID(token)
	switch {
	case token.Data == d.atom && d.part != 0:
		d.depth++
	case token.Data == d.atom && id > 0:
		d.part, d.depth = id, 0
		d.inside.Reset()
	case token.Data == "b":
		d.stack = append(d.stack, id)
		if id > 0 {
			d.segment = append(d.segment, protect.Piece{Kind: protect.Open, ID: id})
		}
	}
}

func (d *markupDecoder) end(name string) {
	switch {
	case name == d.atom && d.part != 0 && d.depth > 0:
		d.depth--
	case name == d.atom && d.part != 0:
		if digits(d.inside.String()) == digits(d.source[d.part]) {
			d.segment = append(d.segment, protect.Piece{Kind: protect.Atom, ID: d.part, Text: d.source[d.part]})
		}
		d.part = 0
	case name == "b" && len(d.stack) > 0:
		last := d.stack[len(d.stack)-1]
		d.stack = d.stack[:len(d.stack)-1]
		if last > 0 {
			d.segment = append(d.segment, protect.Piece{Kind: protect.Close, ID: last})
		}
	}
}

func elementID(token html.Token) int {
	for _, attribute := range token.Attr {
		if strings.EqualFold(attribute.Key, "id") {
			number, found := strings.CutPrefix(strings.ToLower(strings.TrimSpace(attribute.Val)), idPrefix)
			id, err := strconv.Atoi(strings.TrimSpace(number))
			if found && err == nil {
				return id
			}
		}
	}
	return 0
}

func digits(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, text)
}
