package engine

import (
	"strconv"
	"strings"
	"unicode"

	"medixchange/translator/protect"
)

// apertiumWire writes segments in Apertium's stream format. A protected part goes as a number of its
// own, which every pair carries over and whose grammar fits; markup as a blank in brackets, which stays
// in its place.
type apertiumWire struct {
	base int // numbers of protected parts begin after it
}

// newApertiumWire picks numbers that do not occur in the text.
func newApertiumWire(segments []protect.Segment) apertiumWire {
	var words strings.Builder
	for _, segment := range segments {
		for _, piece := range segment {
			if piece.Kind == protect.Text {
				words.WriteString(piece.Text)
				words.WriteByte(' ')
			}
		}
	}
	text := words.String()
	for base := 900_000; base > 100_000; base -= 10_000 {
		if !strings.Contains(text, strconv.Itoa(base/10_000)) {
			return apertiumWire{base: base}
		}
	}
	return apertiumWire{base: 7_770_000}
}

// maxApertiumParts is how many protected parts a message can have on this wire.
const maxApertiumParts = 9999

func (w apertiumWire) encode(segments []protect.Segment) []string {
	lines := make([]string, len(segments))
	for i, segment := range segments {
		var b strings.Builder
		for _, piece := range segment {
			switch piece.Kind {
			case protect.Text:
				escapeStream(&b, piece.Text)
			case protect.Atom:
				b.WriteString(strconv.Itoa(w.base + min(piece.ID, maxApertiumParts)))
			case protect.Open:
				b.WriteString("[<o" + strconv.Itoa(piece.ID) + ">]")
			case protect.Close:
				b.WriteString("[<c" + strconv.Itoa(piece.ID) + ">]")
			}
		}
		lines[i] = b.String()
	}
	return lines
}

// Apertium's marks: a word that it does not know, one that its dictionary of the pair has not, and one that it cannot inflect.
const streamMarks = "*@#"

// escapeStream writes text so that no character of it means something to the stream. A star and a number sign go as blanks,
// since in the answer they are marks; so is an at sign that is not escaped.
func escapeStream(b *strings.Builder, text string) {
	for _, r := range text {
		switch r {
		case '*', '#':
			b.WriteString("[" + string(r) + "]")
		case '[', ']', '{', '}', '^', '$', '/', '\\', '@', '<', '>':
			b.WriteByte('\\')
			b.WriteRune(r)
		case 0:
		default:
			b.WriteRune(r)
		}
	}
}

// decode reads an answer and the words that Apertium did not know or could not inflect.
func (w apertiumWire) decode(line string) (protect.Segment, []string) {
	d := streamDecoder{wire: w}
	runes := []rune(line)
	for i := 0; i < len(runes); i++ {
		switch r := runes[i]; {
		case r == '\\' && i+1 < len(runes):
			i++
			d.put(runes[i])
		case r == '[':
			end := i + 1
			for end < len(runes) && runes[end] != ']' {
				end++
			}
			d.blank(string(runes[i+1 : min(end, len(runes))]))
			i = end
		case strings.ContainsRune(streamMarks, r):
			if word := wordAt(runes, i+1); word != "" {
				d.unknown = append(d.unknown, word)
			}
		default:
			d.put(r)
		}
	}
	d.flush()
	return d.segment, d.unknown
}

func wordAt(runes []rune, i int) string {
	end := i
	for end < len(runes) && (unicode.IsLetter(runes[end]) || unicode.IsDigit(runes[end])) {
		end++
	}
	return string(runes[i:end])
}

type streamDecoder struct {
	wire    apertiumWire
	segment protect.Segment
	text    strings.Builder
	unknown []string
}

func (d *streamDecoder) put(r rune) { d.text.WriteRune(r) }

// blank is markup of ours, or a character that went as a blank.
func (d *streamDecoder) blank(content string) {
	if len(content) > 3 && content[0] == '<' && content[len(content)-1] == '>' {
		id, err := strconv.Atoi(content[2 : len(content)-1])
		if err == nil && (content[1] == 'o' || content[1] == 'c') {
			d.flush()
			kind := protect.Open
			if content[1] == 'c' {
				kind = protect.Close
			}
			d.segment = append(d.segment, protect.Piece{Kind: kind, ID: id})
			return
		}
	}
	if content == "*" || content == "#" {
		d.text.WriteString(content)
	}
}

// flush ends a run of text and finds the numbers of protected parts in it.
func (d *streamDecoder) flush() {
	text := d.text.String()
	d.text.Reset()
	start := 0
	for i := 0; i < len(text); {
		end := i
		for end < len(text) && text[end] >= '0' && text[end] <= '9' {
			end++
		}
		if end == i {
			i++
			continue
		}
		if number, err := strconv.Atoi(text[i:end]); err == nil && number > d.wire.base && number <= d.wire.base+maxApertiumParts {
			d.appendText(text[start:i])
			d.segment = append(d.segment, protect.Piece{Kind: protect.Atom, ID: number - d.wire.base})
			start = end
		}
		i = end
	}
	d.appendText(text[start:])
}

func (d *streamDecoder) appendText(text string) {
	if text != "" {
		d.segment = append(d.segment, protect.Piece{Kind: protect.Text, Text: text})
	}
}
