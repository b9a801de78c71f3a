package translator

import (
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/engine"
	"medixchange/translator/phrases"
)

func TestWhatIsKnownNeedsNoEngine(t *testing.T) {
	memory, err := phrases.Embedded()
	require.NoError(t, err)
	p, err := New(Config{Engines: []EngineConfig{{Engine: engine.NewPhrases(memory)}, {Engine: &fake{name: "fake"}}}}, nil)
	require.NoError(t, err)
	ask := func(text string) Request { return Request{Text: text, SourceHint: "en", Target: "es"} }
	const unheard = "Another blanket, please"
	require.False(t, p.Knows(ask(unheard)))
	require.True(t, p.Knows(ask(memory.Forms("consultation.send-images", "en")[0])), "a phrase")
	result, err := p.Translate(t.Context(), ask(unheard))
	require.NoError(t, err)
	require.Equal(t, Translated, result.State)
	require.True(t, p.Knows(ask(unheard)), "it was translated before")
	local := ask(unheard)
	local.Local = true
	require.False(t, p.Knows(local), "not by engines of this machine")
	p.Purge()
	require.False(t, p.Knows(ask(unheard)))
}

func TestRoomIsThatOfEnginesThatTranslateThePair(t *testing.T) {
	memory, err := phrases.Embedded()
	require.NoError(t, err)
	p, err := New(Config{Engines: []EngineConfig{
		{Engine: engine.NewPhrases(memory)},
		{Engine: &fake{name: "far", onlyFrom: "en"}, External: true},
	}}, nil)
	require.NoError(t, err)
	require.True(t, p.HasRoom("en", "es", false))
	require.True(t, p.HasRoom(Undetermined, "es", false))
	require.False(t, p.HasRoom("en", "es", true), "only another machine translates")
	require.False(t, p.HasRoom("fr", "es", false), "only the phrase memory knows the pair")
	require.False(t, p.Rests("en", "es", false))
	require.False(t, p.Rests(Undetermined, "es", false))
	require.True(t, p.Rests("en", "es", true))
}
