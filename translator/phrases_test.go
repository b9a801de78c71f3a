package translator

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/check"
	"medixchange/translator/engine"
	"medixchange/translator/language"
	"medixchange/translator/phrases"
)

// TestPhrasesPassTheChecks takes every phrase through the pipeline, in a
// rotating share of the pairs of all forms of all languages: each reads exactly as the phrase is written there, with the
// slots filled, and none is doubted.
func TestPhrasesPassTheChecks(t *testing.T) {
	memory, err := phrases.Embedded()
	require.NoError(t, err)
	p, err := New(Config{Engines: []EngineConfig{{Engine: engine.NewPhrases(memory)}}}, nil)
	require.NoError(t, err)
	fill := strings.NewReplacer("{n}", "6", "{drug}", "paracetamol", "{dose}", "500 mg", "{pressure}", "120/80", "{time}", "14:30")
	for c, concept := range memory.IDs() {
		for i, from := range language.All {
			text := fill.Replace(phrases.Wording(memory.Forms(concept, from)[0], from, "6"))
			for j, to := range language.All {
				if to.Reads(from) || (c+i+j)%48 != 0 {
					continue
				}
				result, err := p.Translate(context.Background(), Request{Text: text, SourceHint: from, Target: to})
				require.NoError(t, err)
				if want := fill.Replace(phrases.Wording(memory.Forms(concept, to)[0], to, "6")); withoutSpaces(result.Body) != withoutSpaces(want) {
					t.Errorf("%s, %s to %s reads\n  %s\n  %s", concept, from, to, result.Body, want)
				}
				if result.Verdict != check.Pass {
					t.Errorf("%s, %s to %s: %s %v\n  %s\n  %s", concept, from, to, result.Verdict, result.Reasons, text, result.Body)
				}
			}
		}
	}
}

// withoutSpaces compares texts of which one has spaces around protected parts.
func withoutSpaces(text string) string { return strings.ReplaceAll(text, " ", "") }

func TestPhrasesInSentences(t *testing.T) {
	memory, err := phrases.Embedded()
	require.NoError(t, err)
	p, err := New(Config{Engines: []EngineConfig{{Engine: engine.NewPhrases(memory)}}}, nil)
	require.NoError(t, err)
	for _, test := range []struct {
		to         language.Code
		say, reads string
	}{
		{"es", "Hello. The patient has fever. Thank you.", "Hola. El paciente tiene fiebre. Gracias"},
		{"zh", "Hello. The patient has fever. Thank you.", "你好。患者发热。谢谢"},
		{"ar", "Oxygen saturation 92% on room air.", "تشبع الأكسجين 92% على هواء الغرفة."},
		{"es", "Temperature 38.5 °C. Weight 70 kg.", "Temperatura 38.5 °C. Peso 70 kg."},
		{"fr", "Give oxygen at 5 L/min.", "Donnez de l'oxygène à 5 L/min."},
	} {
		result, err := p.Translate(context.Background(), Request{Text: test.say, SourceHint: "en", Target: test.to})
		require.NoError(t, err)
		require.Equal(t, test.reads, result.Body)
	}
}
