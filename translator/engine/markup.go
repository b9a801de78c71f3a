package engine

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"

	"medixchange/translator/protect"
)

// idPrefix begins the id of our own elements on the wire.
const idPrefix = "mx"

// encodeHTML writes segments for an engine that takes HTML: protected parts as <code>, which engines
// leave alone, markup as <b>. Without any of them the format is "text" and the words go as they are.
func encodeHTML(segments []protect.Segment) (format string, texts []string) {
	format = "text"
	for _, segment := range segments {
		for _, piece := range segment {
			if piece.Kind != protect.Text {
				format = "html"
			}
		}
	}
	texts = make([]string, len(segments))
	for i, segment := range segments {
		if format == "text" {
			texts[i] = segment.Plain()
			continue
		}
		var b strings.Builder
		for _, piece := range segment {
			writeHTML(&b, piece)
		}
		texts[i] = b.String()
	}
	return format, texts
}

func writeHTML(b *strings.Builder, piece protect.Piece) {
	id := `id="` + idPrefix + strconv.Itoa(piece.ID) + `"`
	switch piece.Kind {
	case protect.Text:
		b.WriteString(escapeText(piece.Text))
	case protect.Atom:
		b.WriteString("<code " + id + ">" + escapeText(piece.Text) + "</code>")
	case protect.Open:
		b.WriteString("<b " + id + ">")
	case protect.Close:
		b.WriteString("</b>")
	}
}

// escapeText escapes only what HTML needs, so that engines see apostrophes as they are.
func escapeText(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// decodeHTML reads the engine's answer. Elements that are not ours are dropped, their text is kept; a
// protected part whose digits changed counts as lost.
func decodeHTML(text string, source protect.Segment) protect.Segment {
	d := &htmlDecoder{source: map[int]string{}}
	for _, piece := range source {
		if piece.Kind == protect.Atom {
			d.source[piece.ID] = piece.Text
		}
	}
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

type htmlDecoder struct {
	segment protect.Segment
	source  map[int]string
	stack   []openElement
	inside  strings.Builder // text within the <code> that is open
	code    int             // its ID, 0 outside
}

type openElement struct {
	name string
	id   int
}

func (d *htmlDecoder) token(kind html.TokenType, tokens *html.Tokenizer) {
	token := tokens.Token()
	switch kind {
	case html.TextToken:
		if d.code != 0 {
			d.inside.WriteString(token.Data)
			return
		}
		d.segment = append(d.segment, protect.Piece{Kind: protect.Text, Text: token.Data})
	case html.StartTagToken:
		d.start(token)
	case html.EndTagToken:
		d.end(token.Data)
	}
}

func (d *htmlDecoder) start(token html.Token) {
	id := elementID(token)
	if token.Data == "code" && id > 0 && d.code == 0 {
		d.code = id
		d.inside.Reset()
		return
	}
	if token.Data == "b" && id > 0 {
		d.stack = append(d.stack, openElement{token.Data, id})
		d.segment = append(d.segment, protect.Piece{Kind: protect.Open, ID: id})
		return
	}
	if token.Data == "b" {
		d.stack = append(d.stack, openElement{token.Data, 0})
	}
}

func (d *htmlDecoder) end(name string) {
	if name == "code" && d.code != 0 {
		if digits(d.inside.String()) == digits(d.source[d.code]) {
			d.segment = append(d.segment, protect.Piece{Kind: protect.Atom, ID: d.code, Text: d.source[d.code]})
		}
		d.code = 0
		return
	}
	if name != "b" || len(d.stack) == 0 {
		return
	}
	last := d.stack[len(d.stack)-1]
	d.stack = d.stack[:len(d.stack)-1]
	if last.id > 0 {
		d.segment = append(d.segment, protect.Piece{Kind: protect.Close, ID: last.id})
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
