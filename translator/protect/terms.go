package protect

import (
	"maps"
	"slices"
	"sort"
	"strings"
)

// Run is a stretch of a segment's words that nothing interrupts: no markup, link, pill, code or emoji. Drugs, doses and the
// like, though protected, are words of it. Terms of a glossary stand in runs.
type Run struct {
	Text    string
	Start   int // where it begins in its line of Message.Plain, in bytes
	segment int
	first   int // index of its first piece
	pieces  []Piece
	starts  []int // of each piece in Text
}

// Runs lists the runs of all segments, in order.
func (m *Message) Runs() []Run {
	var runs []Run
	for number, segment := range m.segments {
		open, at := false, 0
		for i, piece := range segment {
			if open = open && m.isWords(piece); open {
				runs[len(runs)-1].add(piece)
			} else if m.isWords(piece) {
				runs = append(runs, Run{Start: at, segment: number, first: i})
				runs[len(runs)-1].add(piece)
				open = true
			}
			at += len(piece.Text)
		}
	}
	return runs
}

// Line is the number of its line in Message.Plain.
func (r Run) Line() int { return r.segment }

func (m *Message) isWords(piece Piece) bool {
	return piece.Kind == Text || piece.Kind == Atom && m.atoms[piece.ID].words
}

func (r *Run) add(piece Piece) {
	r.starts = append(r.starts, len(r.Text))
	r.pieces = append(r.pieces, piece)
	r.Text += piece.Text
}

// Fits reports whether a place of a run (in bytes of its text) begins and ends outside of protected parts, and holds reports
// whether it has one inside.
func (r Run) Fits(start, end int) (fits, holds bool) {
	for i, piece := range r.pieces {
		from, to := r.starts[i], r.starts[i]+len(piece.Text)
		if piece.Kind != Atom || end <= from || start >= to {
			continue
		}
		if start > from || end < to {
			return false, true
		}
		holds = true
	}
	return true, holds
}

// TermPlace is a term in a run, and how the language of the translation writes it.
type TermPlace struct {
	Run        Run
	Start, End int // in bytes of the run's text
	Local      string
}

// WithTerms is the message with terms as protected parts that the translation writes its own way. Places must fit (Run.Fits),
// and those of a run must not overlap. The message itself stays as it is.
func (m *Message) WithTerms(places []TermPlace) *Message {
	with := *m
	with.atoms, with.segments = maps.Clone(m.atoms), slices.Clone(m.segments)
	sort.SliceStable(places, func(i, j int) bool { // from the end, so that the indexes before stay
		a, b := places[i], places[j]
		if a.Run.segment != b.Run.segment {
			return a.Run.segment > b.Run.segment
		}
		return a.Run.first > b.Run.first
	})
	for len(places) > 0 {
		run, n := places[0].Run, 1
		for n < len(places) && places[n].Run.segment == run.segment && places[n].Run.first == run.first {
			n++
		}
		with.protect(run, places[:n])
		places = places[n:]
	}
	return &with
}

// protect puts the terms of one run in the place of their words.
func (m *Message) protect(run Run, places []TermPlace) {
	sort.Slice(places, func(i, j int) bool { return places[i].Start < places[j].Start })
	var pieces Segment
	end := 0
	for _, place := range places {
		pieces = append(pieces, run.cut(end, place.Start)...)
		text := run.Text[place.Start:place.End]
		pieces = m.appendAtom(pieces, text, true)
		pieces[len(pieces)-1].Local = place.Local
		end = place.End
	}
	pieces = append(pieces, run.cut(end, len(run.Text))...)
	m.segments[run.segment] = slices.Concat(m.segments[run.segment][:run.first], pieces, m.segments[run.segment][run.first+len(run.pieces):])
}

// cut is the part of a run between two places.
func (r Run) cut(start, end int) (pieces Segment) {
	for i, piece := range r.pieces {
		from, to := max(start, r.starts[i]), min(end, r.starts[i]+len(piece.Text))
		if from >= to {
			continue
		}
		piece.Text = piece.Text[from-r.starts[i] : to-r.starts[i]]
		pieces = append(pieces, piece)
	}
	return pieces
}

// localised gives terms their local form back after an engine, which knows nothing of it.
func (m *Message) localised(translated Segment, source Segment) Segment {
	forms := map[int]string{}
	for _, piece := range source {
		if piece.Kind == Atom && piece.Local != "" {
			forms[piece.ID] = piece.Local
		}
	}
	if len(forms) == 0 {
		return translated
	}
	out := slices.Clone(translated)
	for i := range out {
		if out[i].Kind == Atom && out[i].Local == "" {
			out[i].Local = strings.TrimSpace(forms[out[i].ID])
		}
	}
	return out
}
