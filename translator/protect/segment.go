package protect

import "strings"

// PieceKind tells the parts of a segment apart.
type PieceKind uint8

// What a Piece is.
const (
	Text  PieceKind = iota // to be translated
	Atom                   // stays as it is
	Open                   // inline markup begins
	Close                  // inline markup ends; same ID as its Open
)

// Piece is one part of a segment.
type Piece struct {
	Kind PieceKind
	ID   int    // of an Atom, or shared by Open and Close; unique in the message, from 1
	Text string // of Text: the words; of an Atom: how it reads; else empty
	// Local is how the language of a translation writes an Atom, such as the name of a drug; empty: as it is. Only what is
	// known for sure may be written otherwise, never what a service answers.
	Local string
	// Mention says of an Atom that it names a user, or everybody in the room.
	Mention bool
	// Hidden says of an Atom that readers see it only when they ask for it: a spoiler.
	Hidden bool
}

// Segment is one line or block of a message: what an engine translates as a unit.
type Segment []Piece

// Plain is how the segment reads, without markup.
func (s Segment) Plain() string {
	var b strings.Builder
	for _, piece := range s {
		b.WriteString(piece.Text)
	}
	return b.String()
}

// shown is how the segment reads without what is hidden.
func (s Segment) shown() string {
	var b strings.Builder
	for _, piece := range s {
		if piece.Hidden {
			b.WriteByte(' ')
		} else {
			b.WriteString(piece.Text)
		}
	}
	return b.String()
}
