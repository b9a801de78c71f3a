package engine

import (
	"context"
	"fmt"
	"strings"

	"medixchange/translator/check"
	"medixchange/translator/language"
	"medixchange/translator/phrases"
	"medixchange/translator/protect"
)

// Phrases is the phrase memory as an engine: all of a message is known to it, or nothing.
type Phrases struct {
	load func() (*phrases.Memory, error)
	// shipped are part of the program: there is nothing to check that a test has not.
	shipped bool
}

// NewPhrases makes an engine of a phrase memory.
func NewPhrases(memory *phrases.Memory) *Phrases {
	return &Phrases{load: func() (*phrases.Memory, error) { return memory, nil }}
}

// NewEmbeddedPhrases makes an engine of the phrases that come with the program, with what a hospital's reviewers have
// approved (nil: nothing). The first translation reads them, so that neither a start nor a node that translates nothing
// pays for them.
func NewEmbeddedPhrases(approved phrases.Approved) *Phrases {
	return &Phrases{shipped: true, load: func() (*phrases.Memory, error) {
		memory, err := phrases.Embedded()
		if err != nil {
			return nil, err
		}
		return memory.WithApprovals(approved), nil
	}}
}

// Check reads the phrases, unless they come with the program.
func (p *Phrases) Check(context.Context) error {
	if p.shipped {
		return nil
	}
	_, err := p.load()
	return err
}

// Name is "phrases".
func (p *Phrases) Name() string { return "phrases" }

// Offers every pair of the languages that have phrases, in every form.
func (p *Phrases) Offers(from, to language.Code) bool {
	return !to.Reads(from) && from.Known() && to.Known()
}

// Translate looks every segment up, as a whole or sentence by sentence.
func (p *Phrases) Translate(_ context.Context, request Request) (Answer, error) {
	memory, err := p.load()
	if err != nil {
		return Answer{}, fmt.Errorf("loading the phrase memory: %w", err)
	}
	l := lookup{memory, request.From, request.To}
	var answer Answer
	for _, segment := range request.Segments {
		translated, reviewed, ok := l.segment(segment)
		if !ok {
			return Answer{}, ErrNoMatch
		}
		answer.Unreviewed = answer.Unreviewed || !reviewed
		answer.Segments = append(answer.Segments, translated)
	}
	return answer, nil
}

// Knows implements Memory. What has markup or several lines may be known; the rest is looked up.
func (p *Phrases) Knows(from, to language.Code, text, formatted string) bool {
	memory, err := p.load()
	if err != nil {
		return false
	}
	if formatted != "" || strings.ContainsAny(text, "\n`") {
		return true
	}
	l := lookup{memory, from, to}
	text, normal := phrases.Normal(text)
	if !normal {
		return false
	}
	if _, ok := l.find(text); ok {
		return true
	}
	sentences := phrases.Sentences(text)
	for _, at := range sentences {
		if _, ok := l.find(text[at.Start:at.End]); !ok {
			return false
		}
	}
	return len(sentences) > 1
}

// lookup finds the phrases of one request.
type lookup struct {
	memory   *phrases.Memory
	from, to language.Code
}

func (l lookup) find(text string) (phrases.Match, bool) { return l.memory.Find(text, l.from, l.to) }

// segment translates what stands between the outer markup and pills of a segment.
func (l lookup) segment(source protect.Segment) (translated protect.Segment, reviewed, ok bool) {
	first, last := 0, len(source)
	for first < last && source[first].Kind == protect.Open {
		first++
	}
	for last > first && source[last-1].Kind == protect.Close {
		last--
	}
	inner := make(protect.Segment, 0, last-first)
	for _, piece := range source[first:last] {
		if piece.Kind == protect.Open || piece.Kind == protect.Close {
			return nil, false, false
		}
		if piece.Kind == protect.Text {
			normal, ok := phrases.Normal(piece.Text)
			if !ok {
				return nil, false, false
			}
			piece.Text = normal
		}
		inner = append(inner, piece)
	}
	found, reviewed, ok := l.lines(inner)
	if !ok {
		var before protect.Segment
		if before, inner = protect.CutMention(inner); len(before) == 0 {
			return nil, false, false
		}
		if found, reviewed, ok = l.lines(inner); !ok {
			return nil, false, false
		}
		found = append(before, found...)
	}
	translated = append(append(append(translated, source[:first]...), found...), source[last:]...)
	return translated, reviewed, true
}

// lines finds a text as one phrase, or each of its sentences.
func (l lookup) lines(inner protect.Segment) (protect.Segment, bool, bool) {
	text := inner.Plain()
	if match, ok := l.find(text); ok {
		out, fits := l.fill(inner, match, 0)
		return out, match.Reviewed, fits
	}
	sentences := phrases.Sentences(text)
	if len(sentences) < 2 {
		return nil, false, false
	}
	var out protect.Segment
	reviewed := true
	for i, at := range sentences {
		match, ok := l.find(text[at.Start:at.End])
		if !ok {
			return nil, false, false
		}
		reviewed = reviewed && match.Reviewed
		sentence, fits := l.fill(inner, match, at.Start)
		if !fits {
			return nil, false, false
		}
		if i > 0 {
			out = append(out, protect.Piece{Kind: protect.Text, Text: between(out, l.to)})
		}
		out = append(out, sentence...)
	}
	return out, reviewed, true
}

// between parts two sentences of a language: with a full stop if the first has no mark of its own.
func between(before protect.Segment, to language.Code) string {
	ended := strings.ContainsAny(lastText(before), ".!?。！？؟")
	switch {
	case to == "th" || ended && to.Base() != "zh" && to != "ja":
		return " "
	case ended:
		return ""
	case to.Base() == "zh" || to == "ja":
		return "。"
	}
	return ". "
}

// lastText is the last letter or mark of a segment.
func lastText(segment protect.Segment) string {
	runes := []rune(strings.TrimSpace(segment.Plain()))
	if len(runes) == 0 {
		return ""
	}
	return string(runes[len(runes)-1])
}

// fill writes a match: its words, and for each slot the pieces of the source that stood there, drugs by the name that the
// language has for them. A
// protected part may hold more than its slot, since "92%" is one part and the phrase says "{n}%": then
// the phrase's own unit is left out, and a phrase that says another one does not fit.
func (l lookup) fill(source protect.Segment, match phrases.Match, offset int) (protect.Segment, bool) {
	var out protect.Segment
	surplus := ""
	for _, part := range match.Parts {
		if part.Slot {
			if surplus != "" {
				return nil, false
			}
			pieces, rest := cut(source, offset+part.From, offset+part.To)
			out, surplus = append(out, l.named(pieces)...), strings.TrimSpace(rest)
			continue
		}
		text := part.Text
		if surplus != "" {
			rest, fits := strings.CutPrefix(strings.TrimSpace(text), surplus)
			if !fits {
				return nil, false
			}
			text, surplus = rest, ""
		}
		out = append(out, protect.Piece{Kind: protect.Text, Text: text})
	}
	return out, surplus == ""
}

// named gives a drug that fills a slot the name that the language has for it, if it has one on file.
func (l lookup) named(pieces protect.Segment) protect.Segment {
	if len(pieces) != 1 {
		return pieces
	}
	name, ok := check.DrugName(pieces[0].Text, l.to)
	switch {
	case !ok:
	case pieces[0].Kind == protect.Atom:
		pieces[0].Local = name
	case pieces[0].Kind == protect.Text:
		pieces[0].Text = name
	}
	return pieces
}

// cut is what stands between two places of a segment: atoms as a whole, words by their letters. rest is
// what the last atom holds beyond.
func cut(source protect.Segment, from, to int) (out protect.Segment, rest string) {
	at := 0
	for _, piece := range source {
		start, end := at, at+len(piece.Text)
		at = end
		if end <= from || start >= to {
			continue
		}
		if piece.Kind == protect.Text {
			piece.Text = check.Readable(piece.Text[max(from-start, 0):min(to-start, len(piece.Text))])
		} else if end > to {
			rest = piece.Text[to-start:]
		}
		out = append(out, piece)
	}
	return out, rest
}
