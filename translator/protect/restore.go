package protect

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"medixchange/translator/language"
)

// ErrDamaged says that an engine lost, doubled or misplaced a protected part.
var ErrDamaged = errors.New("protected part damaged")

// Restored is a translated message.
type Restored struct {
	Body          string
	FormattedBody string   // empty if the source had none
	Lines         []string // how each segment reads, for the checks
}

// Restore puts segments that were translated for a reader of a language in the place of the source's. It fails with ErrDamaged unless
// every protected part is there exactly once, in its own segment, and markup is legally nested.
func (m *Message) Restore(translated []Segment, reader language.Code) (Restored, error) {
	if len(translated) != len(m.segments) {
		return Restored{}, fmt.Errorf("%w: %d segments for %d", ErrDamaged, len(translated), len(m.segments))
	}
	for i := range translated {
		if err := sameParts(m.segments[i], translated[i]); err != nil {
			return Restored{}, fmt.Errorf("segment %d: %w", i, err)
		}
	}
	local := make([]Segment, len(translated))
	for i := range translated {
		local[i] = m.localised(translated[i], m.segments[i])
	}
	return m.assemble(local, reader), nil
}

// sameParts checks that a translated segment has the protected parts of its source.
func sameParts(source, translated Segment) error {
	open := []int{}
	seen := map[Piece]bool{}
	expected := 0
	kinds := map[Piece]bool{}
	for _, piece := range source {
		if piece.Kind != Text {
			kinds[Piece{Kind: piece.Kind, ID: piece.ID}] = true
			expected++
		}
	}
	for _, piece := range translated {
		if piece.Kind == Text {
			continue
		}
		key := Piece{Kind: piece.Kind, ID: piece.ID}
		if seen[key] || !kinds[key] {
			return fmt.Errorf("%w: part %d is there twice or from elsewhere", ErrDamaged, piece.ID)
		}
		seen[key] = true
		switch piece.Kind {
		case Open:
			open = append(open, piece.ID)
		case Close:
			if len(open) == 0 || open[len(open)-1] != piece.ID {
				return fmt.Errorf("%w: part %d closes out of order", ErrDamaged, piece.ID)
			}
			open = open[:len(open)-1]
		}
	}
	if len(seen) != expected {
		return fmt.Errorf("%w: %d of %d parts are there", ErrDamaged, len(seen), expected)
	}
	return nil
}

// assemble writes the message with its translated segments.
func (m *Message) assemble(translated []Segment, reader language.Code) Restored {
	var whole strings.Builder
	lines := make([]string, len(translated))
	for _, part := range m.parts {
		if part.segment < 0 {
			whole.WriteString(part.markup)
			continue
		}
		var line strings.Builder
		for _, piece := range m.spaced(translated[part.segment]) {
			m.write(&whole, &line, piece)
		}
		lines[part.segment] = line.String()
	}
	if !m.html {
		return Restored{Body: whole.String(), Lines: lines}
	}
	formatted := Sanitize(whole.String())
	return Restored{Body: PlainText(formatted, reader), FormattedBody: formatted, Lines: lines}
}

func (m *Message) write(whole, line *strings.Builder, piece Piece) {
	switch piece.Kind {
	case Text:
		text := cleaned(piece.Text)
		whole.WriteString(m.escape(text))
		line.WriteString(text)
	case Atom:
		if local, ok := m.local(piece); ok {
			whole.WriteString(m.escape(local))
			line.WriteString(local)
			return
		}
		whole.WriteString(m.atoms[piece.ID].open)
		line.WriteString(m.atoms[piece.ID].text)
	case Open:
		whole.WriteString(m.atoms[piece.ID].open)
	case Close:
		whole.WriteString(m.atoms[piece.ID].close)
	}
}

// spaced puts a space between an atom and a letter or digit of a spaced script right beside it, which the source's script did not
// need; and one between an address and what follows it, where clients would take that for a part of the address.
func (m *Message) spaced(segment Segment) Segment {
	var out Segment
	for i, piece := range segment {
		if i > 0 && m.runTogether(segment[i-1], piece) {
			out = append(out, Piece{Kind: Text, Text: " "})
		}
		out = append(out, piece)
	}
	return out
}

// runTogether reports whether two pieces of a translation need a space between them.
func (m *Message) runTogether(before, after Piece) bool {
	if before.Kind != Atom && after.Kind != Atom {
		return false
	}
	text, first := m.reading(before), firstRune(m.reading(after))
	if before.Kind == Atom && goesOn(first) && isAddress(text) {
		return true
	}
	return spacedScript(lastRune(text)) && spacedScript(first)
}

// takenIn are the marks of scripts that clients do not know the ends of sentences of: they take them into the address before them.
const takenIn = "。、，；：！？）」』】》〉،؛؟۔"

// goesOn reports a sign that clients take for a part of the address before it.
func goesOn(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(takenIn, r)
}

// local is how the language of the translation writes an atom. What is more than its text (code, a link, a pill) stays.
func (m *Message) local(piece Piece) (string, bool) {
	known := m.atoms[piece.ID]
	return cleaned(piece.Local), piece.Local != "" && known.open == m.escape(known.text)
}

// reading is how a piece reads in the translation.
func (m *Message) reading(piece Piece) string {
	if local, ok := m.local(piece); ok && piece.Kind == Atom {
		return local
	}
	if piece.Kind == Atom {
		return m.atoms[piece.ID].text
	}
	return piece.Text
}
