package translator

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"medixchange/translator/engine"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// EngineInfo tells of one engine of the chain.
type EngineInfo struct {
	Name   string
	Health engine.Health
	Pairs  []Pair // directions that it has now, among the languages that have strings for readers; the nearest forms of both are asked for, too
}

// Engines tells how the engines are, in the order in which they are asked.
func (p *Pipeline) Engines() []EngineInfo {
	infos := make([]EngineInfo, 0, len(p.chain))
	for _, l := range p.chain {
		info := EngineInfo{Name: l.Name(), Health: l.Health()}
		for _, from := range language.All {
			for _, to := range language.All {
				if from != to && l.takes(from, to) {
					info.Pairs = append(info.Pairs, Pair{from, to})
				}
			}
		}
		infos = append(infos, info)
	}
	return infos
}

// Trial is what one engine made of a text.
type Trial struct {
	Engine string
	Took   time.Duration
	Err    error  // why there is no answer; nil with one, blocked or not
	Answer string // what the engine said, with the protected parts in their places, whatever the checks say of it
	Result Result // of the checks, if there is an answer
}

// errNotOffered is the error of a trial of an engine that is not asked for the pair.
var errNotOffered = errors.New("it is not asked for this pair")

// Try lets every engine of the chain translate a message, one after the other, whatever the others said. SourceHint must
// be set. Nothing of it is cached.
func (p *Pipeline) Try(ctx context.Context, request Request) []Trial {
	body, formatted := protect.CutReply(request.Text, request.HTML)
	source := Result{From: request.SourceHint, To: request.Target}
	source.Original.Body, source.Original.FormattedBody = body, formatted
	w := p.begin(source)
	w.parse()
	w.source.Invariants = w.invariants()
	trials := make([]Trial, 0, len(p.chain))
	for _, l := range p.chain {
		trials = append(trials, p.tryOne(ctx, l, w))
	}
	return trials
}

func (p *Pipeline) tryOne(ctx context.Context, l link, w *work) Trial {
	trial := Trial{Engine: l.Name()}
	a, ok := w.askFor(l)
	if !ok {
		trial.Err = errNotOffered
		return trial
	}
	start := time.Now()
	answer, err := p.ask(ctx, l, a.request)
	trial.Took = time.Since(start)
	if err != nil {
		trial.Err = err
		return trial
	}
	trial.Answer = a.said(answer.Segments)
	trial.Result, _ = w.judge(a, l.Name(), answer)
	return trial
}

// said is an answer as it reads. Where a protected part was lost it has those that are left.
func (a asked) said(segments []protect.Segment) string {
	if restored, err := a.message.Restore(segments, a.to); err == nil {
		return restored.Body
	}
	texts := map[int]string{}
	for _, segment := range a.request.Segments {
		for _, piece := range segment {
			if piece.Kind == protect.Atom {
				texts[piece.ID] = piece.Text
			}
		}
	}
	lines := make([]string, len(segments))
	for i, segment := range segments {
		shown := slices.Clone(segment)
		for j, piece := range shown {
			if piece.Kind == protect.Atom {
				shown[j].Text = texts[piece.ID]
			}
		}
		lines[i] = shown.Plain()
	}
	return strings.Join(lines, "\n")
}
