package translator

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"medixchange/translator/check"
	"medixchange/translator/engine"
	"medixchange/translator/identifiers"
)

const withPhone = "Call the daughter: +44 7700 900123."

// chained builds a pipeline of an outside engine with, before or after it, one of the house; nil for none.
func chained(t *testing.T, action Identifiers, outside, inside *fake) *Pipeline {
	t.Helper()
	engines := []EngineConfig{{Engine: outside, External: true, Outside: true}}
	if inside != nil {
		engines = append(engines, EngineConfig{Engine: inside})
	}
	p, err := New(Config{Engines: engines, Identifiers: action}, prometheus.NewRegistry())
	require.NoError(t, err)
	return p
}

func TestTextsWithPatientIdentifiersAreKeptFromOutsideEngines(t *testing.T) {
	for name, c := range map[string]struct {
		action   Identifiers
		text     string
		released bool
		unwarned bool
		inside   *fake
		asked    int64
		state    State
		engine   string
		found    []identifiers.Kind
		withheld bool
		untold   bool
	}{
		"held":                             {text: withPhone, state: None, found: []identifiers.Kind{identifiers.Phone}, withheld: true},
		"held, an engine of the house":     {text: withPhone, inside: &fake{name: "inside"}, state: Translated, engine: "inside", found: []identifiers.Kind{identifiers.Phone}, withheld: true},
		"held, that one fails":             {text: withPhone, inside: &fake{name: "inside", err: engine.ErrNoMatch}, state: None, found: []identifiers.Kind{identifiers.Phone}, withheld: true},
		"released":                         {text: withPhone, released: true, asked: 1, state: Translated, engine: "outside", found: []identifiers.Kind{identifiers.Phone}},
		"warned":                           {action: IdentifiersWarn, text: withPhone, asked: 1, state: Translated, engine: "outside", found: []identifiers.Kind{identifiers.Phone}},
		"warned, its author is to be told": {action: IdentifiersWarn, text: withPhone, unwarned: true, state: None, found: []identifiers.Kind{identifiers.Phone}, withheld: true, untold: true},
		"warned, its author was told":      {action: IdentifiersWarn, text: withPhone, unwarned: true, released: true, asked: 1, state: Translated, engine: "outside", found: []identifiers.Kind{identifiers.Phone}},
		"warned, to be told, an engine of the house": {action: IdentifiersWarn, text: withPhone, unwarned: true, inside: &fake{name: "inside"}, state: Translated, engine: "inside", found: []identifiers.Kind{identifiers.Phone}, withheld: true, untold: true},
		"warned, nothing to tell":                    {action: IdentifiersWarn, text: "Give 5000 units of heparin.", unwarned: true, asked: 1, state: Translated, engine: "outside"},
		"held, whoever could be told":                {text: withPhone, unwarned: true, state: None, found: []identifiers.Kind{identifiers.Phone}, withheld: true},
		"off":                                        {action: IdentifiersOff, text: withPhone, asked: 1, state: Translated, engine: "outside"},
		"a dose is no identifier":                    {text: "Give 5000 units of heparin.", asked: 1, state: Translated, engine: "outside"},
	} {
		t.Run(name, func(t *testing.T) {
			outside := &fake{name: "outside"}
			p := chained(t, c.action, outside, c.inside)
			result, err := p.Translate(t.Context(), Request{Text: c.text, SenderLanguage: "en", Target: "es", Released: c.released, Unwarned: c.unwarned})
			require.NoError(t, err)
			require.Equal(t, c.asked, outside.asked.Load())
			require.Equal(t, c.state, result.State)
			require.Equal(t, c.engine, result.Engine)
			require.Equal(t, c.found, result.Identifiers)
			require.Equal(t, c.withheld, result.Withheld)
			require.Equal(t, c.untold, result.Untold)
			if c.state == None {
				require.True(t, result.Because(ReasonIdentifiers), "%v", result.Reasons)
			}
			require.EqualValues(t, len(c.found), testutil.ToFloat64(p.metrics.found.WithLabelValues("phone")))
		})
	}
}

func TestAnEngineOfTheHouseThatComesFirstNeedsNoLookForIdentifiers(t *testing.T) {
	inside, outside := &fake{name: "inside"}, &fake{name: "outside"}
	p, err := New(Config{Engines: []EngineConfig{{Engine: inside}, {Engine: outside, External: true, Outside: true}}}, nil)
	require.NoError(t, err)
	result, err := p.Translate(t.Context(), Request{Text: withPhone, SenderLanguage: "en", Target: "es"})
	require.NoError(t, err)
	require.Equal(t, "inside", result.Engine)
	require.False(t, result.Withheld)
	require.Empty(t, result.Identifiers)
}

func TestWhatIsReleasedIsNotTakenFromWhatWasHeld(t *testing.T) {
	outside := &fake{name: "outside"}
	p := chained(t, "", outside, &fake{name: "inside"})
	for _, released := range []bool{false, true, false} {
		result, err := p.Translate(t.Context(), Request{Text: withPhone, SenderLanguage: "en", Target: "es", Released: released})
		require.NoError(t, err)
		require.Equal(t, !released, result.Withheld)
	}
	require.EqualValues(t, 1, outside.asked.Load())
}

func TestABlockedTranslationOfTheHouseSaysThatOthersWereNotAsked(t *testing.T) {
	inside := &fake{name: "inside", rewrite: func(s string) string { return strings.ReplaceAll(s, "left arm", "brazo derecho") }}
	p := chained(t, "", &fake{name: "outside"}, inside)
	result, err := p.Translate(t.Context(), Request{Text: "there is pain in the left arm, call +44 7700 900123", SenderLanguage: "en", Target: "es"})
	require.NoError(t, err)
	require.Equal(t, check.Block, result.Verdict)
	require.True(t, result.Withheld)
}

func TestTheChoiceOfWhatBecomesOfIdentifiersIsOneOfThree(t *testing.T) {
	_, err := New(Config{Identifiers: "perhaps"}, nil)
	require.ErrorContains(t, err, "off, warn or hold")
}
