package translator

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/check"
	"medixchange/translator/engine"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// bare is an engine of Portuguese of Brazil that names protected parts without their words, as engines do, and loses them at will.
type bare struct{ loses bool }

func (bare) Name() string { return "bare" }

func (bare) Offers(from, to language.Code) bool { return from == "en" && to == "pt" }

func (e bare) Translate(_ context.Context, request engine.Request) (engine.Answer, error) {
	var answer engine.Answer
	for _, segment := range request.Segments {
		said := protect.Segment{{Kind: protect.Text, Text: "Dar "}}
		for _, piece := range segment {
			if piece.Kind == protect.Atom && !e.loses {
				said = append(said, protect.Piece{Kind: protect.Atom, ID: piece.ID}, protect.Piece{Kind: protect.Text, Text: " "})
				e.loses = len(answer.Segments) > 0 // in the second line all but the first
			}
		}
		answer.Segments = append(answer.Segments, append(said, protect.Piece{Kind: protect.Text, Text: "agora."}))
	}
	return answer, nil
}

// TestTryShowsDosesAndAsksWhatThePipelineAsks: the nearest form of a language, and what a reader would be shown, also where
// the checks refuse it.
func TestTryShowsDosesAndAsksWhatThePipelineAsks(t *testing.T) {
	pipeline := pipelineOf(t, bare{})
	trial := pipeline.Try(t.Context(), Request{Text: "Give 0.5 mg of adrenaline now.", SourceHint: "en", Target: "pt-PT"})[0]
	require.NoError(t, trial.Err)
	require.Contains(t, trial.Answer, "0.5 mg")
	require.Contains(t, trial.Answer, "adrenalin")
	require.Equal(t, language.Code("pt"), trial.Result.To)

	trial = pipeline.Try(t.Context(), Request{Text: "Give 2 mg now.\nGive 0.5 mg of adrenaline now.", SourceHint: "en", Target: "pt"})[0]
	require.Equal(t, check.Block, trial.Result.Verdict)
	require.Equal(t, "Dar 2 mg agora.\nDar 0.5 mg agora.", trial.Answer, "one part is lost and the others are where they were")
}
