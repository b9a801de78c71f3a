package translator

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"medixchange/translator/check"
	"medixchange/translator/engine"
	"medixchange/translator/glossary"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// pipelineCase is a case of testdata/cases.yaml, which says what its parts are.
type pipelineCase struct {
	In, Say, Right, Wrong, Gives, Avoid string
	Terms                               map[language.Code]string
	Unknown                             []string
}

// scripted is an engine that answers one text. What was protected it puts where the text has it, and loses it elsewhere.
type scripted struct {
	fake
	text    string
	unknown []string
}

func (e *scripted) Translate(_ context.Context, request engine.Request) (engine.Answer, error) {
	left, out := e.text, protect.Segment{}
	for _, piece := range request.Segments[0] {
		if piece.Kind != protect.Atom {
			continue
		}
		name, _ := check.DrugName(piece.Text, request.To)
		for _, written := range []string{piece.Local, name, piece.Text} {
			before, behind, ok := strings.Cut(left, written)
			if ok && written != "" {
				out, left = append(out, protect.Segment{{Text: before}, piece}...), behind
				break
			}
		}
	}
	return engine.Answer{Segments: []protect.Segment{append(out, protect.Piece{Text: left})}, Unknown: e.unknown}, nil
}

// answered is what becomes of the message when an engine answers a text.
func (c *pipelineCase) answered(t *testing.T, text string, unknown []string) Result {
	t.Helper()
	_, to, ok := strings.Cut(c.In, "→")
	require.True(t, ok, c.In)
	g := new(terms).set()
	if len(c.Terms) > 0 {
		forms := map[language.Code]glossary.Forms{}
		for code, form := range c.Terms {
			forms[code] = plain(form)
		}
		if c.Avoid != "" {
			forms[language.Code(to)] = glossary.Forms{Preferred: c.Terms[language.Code(to)], Avoid: []string{c.Avoid}}
		}
		g.set(invariant("term", forms))
	}
	return into(t, pipelineWith(t, g, &scripted{fake: fake{name: "scripted"}, text: text, unknown: unknown}), language.Code(to), c.Say)
}

// TestCasesOfThePipeline: findings that the checks alone cannot make.
func TestCasesOfThePipeline(t *testing.T) {
	covered := map[string]bool{}
	for _, c := range pipelineCases(t) {
		right := c.answered(t, c.Right, nil)
		require.Equal(t, check.Pass, right.Verdict, "%s: %v", c.Right, right.Reasons)
		verdict, finding, ok := strings.Cut(c.Gives, " ")
		require.True(t, ok, c.Gives)
		wrong := c.answered(t, c.Wrong, c.Unknown)
		code, kind, _ := strings.Cut(finding, ".")
		require.Equal(t, check.Verdict(verdict), wrong.Verdict, "%s: %v", c.Wrong, wrong.Reasons)
		require.Equal(t, check.Finding(finding), wrong.Verdict, c.Wrong)
		require.Equal(t, []string{code}, codes(wrong), c.Wrong)
		require.Equal(t, kind == "avoided", code == "term" && wrong.Reasons[0].Translation != "", c.Wrong)
		covered[finding] = true
	}
	for _, finding := range pipelineFindings(t) {
		require.True(t, covered[finding], "%s has no case", finding)
	}
}

func pipelineCases(t *testing.T) (cases []pipelineCase) {
	t.Helper()
	data, err := os.ReadFile("testdata/cases.yaml")
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(data, &cases))
	return cases
}

// pipelineFindings are the rows of the table of verdicts that this package makes.
func pipelineFindings(t *testing.T) (names []string) {
	t.Helper()
	data, err := os.ReadFile("check/data/verdicts.yaml")
	require.NoError(t, err)
	var table []struct{ Finding, By string }
	require.NoError(t, yaml.Unmarshal(data, &table))
	for _, row := range table {
		if row.By == "translator" {
			names = append(names, row.Finding)
		}
	}
	require.NotEmpty(t, names)
	return names
}
