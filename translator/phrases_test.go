package translator

import (
	"context"
	"fmt"
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
	for c, concept := range memory.IDs() {
		for i, from := range language.All {
			drug := drugIn(from, "paracetamol")
			text := phraseIn(memory.Forms(concept, from)[0], from, drug)
			for j, to := range language.All {
				if to.Reads(from) || (c+i+j)%48 != 0 {
					continue
				}
				request := Request{Text: text, SourceHint: from, Target: to}
				if !p.Knows(request) {
					t.Errorf("%s, %s to %s would wait for an engine\n  %s", concept, from, to, text)
				}
				result, err := p.Translate(context.Background(), request)
				require.NoError(t, err)
				if want := phraseIn(memory.Forms(concept, to)[0], to, drugIn(to, drug)); withoutSpaces(result.Body) != withoutSpaces(want) {
					t.Errorf("%s, %s to %s reads\n  %s\n  %s", concept, from, to, result.Body, want)
				}
				if result.Verdict != check.Pass {
					t.Errorf("%s, %s to %s: %s %v\n  %s\n  %s", concept, from, to, result.Verdict, result.Reasons, text, result.Body)
				}
			}
		}
	}
}

// phraseIn writes a phrase with something in its slots.
func phraseIn(form string, code language.Code, drug string) string {
	slots := strings.NewReplacer("{n}", "6", "{drug}", drug, "{dose}", "500 mg", "{pressure}", "120/80", "{time}", "14:30")
	return slots.Replace(phrases.Wording(form, code, "6"))
}

// drugIn is a drug as a language writes it, or as everybody can read it where that is not known.
func drugIn(code language.Code, written string) string {
	if name, ok := check.DrugName(written, code); ok {
		return name
	}
	return check.Readable(written)
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

// TestADrugInAPhraseIsNamedAsTheReadersLanguageWritesIt; what has no name on file, and units, stay as the writer wrote them.
func TestADrugInAPhraseIsNamedAsTheReadersLanguageWritesIt(t *testing.T) {
	p, err := New(Config{Engines: []EngineConfig{{Engine: engine.NewEmbeddedPhrases(nil)}}}, nil)
	require.NoError(t, err)
	for _, c := range []struct {
		text, html string
		from, to   language.Code
		has, not   string
	}{
		{text: "Give 5 mg of morphine.", from: "en", to: "es", has: "morfina", not: "morphine"},
		{text: "Give 5 mg of morphine.", from: "en", to: "zh", has: "吗啡", not: "morphine"},
		{text: "Give 5 mg of morphine.", from: "en", to: "ar", has: "مورفين", not: "morphine"},
		{text: "Give 5 mg of morphine.", from: "en", to: "ru", has: "морфин", not: "morphine"},
		{text: "Give 5 mg of morphine.", from: "en", to: "ja", has: "モルヒネ", not: "morphine"},
		{text: "Give 5 mg of morphine.", from: "en", to: "vi", has: "morphin "},
		{text: "Give 5 mg of morphine.", from: "en", to: "fa", has: "مورفین", not: "morphine"},
		{text: "Give 5 mg of morphine.", from: "en", to: "ur", has: "مارفین", not: "morphine"},
		{text: "Give 5 mg of morphine.", from: "en", to: "sr-Latn", has: "morfin", not: "morphine"},
		{text: "Give 5 mg of morphine.", from: "en", to: "zh-Hant", has: "嗎啡", not: "morphine"},
		{text: "Give 5 mg of edaravone.", from: "en", to: "es", has: "edaravone"},
		{text: "患者对青霉素过敏。", from: "zh", to: "fr", has: "pénicilline", not: "青霉素"},
		{text: "患者对青霉素过敏。", from: "zh", to: "vi", has: "penicilin", not: "青霉素"}, // nobody there reads the characters
		{text: "The patient is allergic to acetaminophen.", from: "en", to: "de", has: "Paracetamol", not: "acetaminophen"},
		{html: "<b>Give 5 mg of morphine.</b>", text: "Give 5 mg of morphine.", from: "en", to: "tr", has: "morfin ", not: "morphine"},
		{html: "Give 5 mg of <code>morphine</code>.", text: "Give 5 mg of `morphine`.", from: "en", to: "es", has: "morphine", not: "morfina"},
	} {
		result, err := p.Translate(t.Context(), Request{Text: c.text, HTML: c.html, SourceHint: c.from, SenderLanguage: c.from, Target: c.to})
		require.NoError(t, err)
		what := fmt.Sprintf("%s to %s: %+v", c.text, c.to, result)
		require.Equal(t, Translated, result.State, what)
		require.Equal(t, check.Pass, result.Verdict, what)
		require.Contains(t, result.Body, c.has, what)
		if c.html != "" {
			require.Contains(t, result.FormattedBody, strings.TrimSpace(c.has), what)
		}
		if c.not != "" {
			require.NotContains(t, result.Body, c.not, what)
		}
		if strings.Contains(c.text, "5 mg") {
			require.Contains(t, result.Body, "5 mg", what)
		}
	}
}

// TestAMessageToSomebodyIsLookedUpWithoutTheirName; the mention stays where it is.
func TestAMessageToSomebodyIsLookedUpWithoutTheirName(t *testing.T) {
	p, err := New(Config{Engines: []EngineConfig{{Engine: engine.NewEmbeddedPhrases(nil)}}}, nil)
	require.NoError(t, err)
	const pill = `<a href="https://matrix.to/#/@bob:hospital.example">Bob</a>`
	for _, c := range []struct {
		text, html string
		from, to   language.Code
		body, form string
	}{
		{text: "@bob:hospital.example: The patient has fever.", from: "en", to: "es", body: "@bob:hospital.example: El paciente tiene fiebre."},
		{text: "@bob:hospital.example @carla:hospital.example The patient has fever.", from: "en", to: "es", body: "@bob:hospital.example @carla:hospital.example El paciente tiene fiebre."},
		{text: "@room 患者发热。", from: "zh", to: "en", body: "@room The patient has a fever."},
		{text: "Bob: The patient has fever.", html: pill + ": The patient has fever.", from: "en", to: "es", body: "Bob: El paciente tiene fiebre.", form: pill + ": El paciente tiene fiebre."},
		{text: "Bob Give 5 mg of morphine.", html: "<p>" + pill + " Give 5 mg of morphine.</p>", from: "en", to: "es", body: "morfina", form: pill},
	} {
		result, err := p.Translate(t.Context(), Request{Text: c.text, HTML: c.html, SenderLanguage: c.from, Target: c.to})
		require.NoError(t, err)
		require.Equal(t, Translated, result.State, "%s: %+v", c.text, result)
		require.Equal(t, check.Pass, result.Verdict, c.text)
		require.Contains(t, result.Body, c.body)
		require.Contains(t, result.FormattedBody, c.form)
	}
	for _, text := range []string{"5 mg: The patient has fever.", "https://hospital.example/ The patient has fever.", "`not` The patient has fever."} {
		result, err := p.Translate(t.Context(), Request{Text: text, SourceHint: "en", SenderLanguage: "en", Target: "es"})
		require.NoError(t, err)
		require.True(t, result.Because(ReasonNoEngine), "%s: only names are left out: %+v", text, result)
	}
}

// TestAMessageToSomebodyIsInTheLanguageOfItsWords: where these leave doubt, the phrase memory decides, whoever is named.
func TestAMessageToSomebodyIsInTheLanguageOfItsWords(t *testing.T) {
	for _, text := range []string{"Paciente estable", "@bob:hospital.example Paciente estable", "@room: Paciente estable"} {
		require.Equal(t, NeedsTranslation("Paciente estable", "", "", "fr"), NeedsTranslation(text, "", "", "fr"), text)
	}
	const pill = `<a href="https://matrix.to/#/@bob:hospital.example">Boris Müller</a>`
	require.Equal(t, NeedsTranslation("Paciente estable", "", "", "fr"), NeedsTranslation("Boris Müller: Paciente estable", pill+": Paciente estable", "", "fr"))
}

// TestAPhraseIsNotWhatItAlmostIs: another engine has to say what a sign or the end of a sentence means.
func TestAPhraseIsNotWhatItAlmostIs(t *testing.T) {
	memory, err := phrases.Embedded()
	require.NoError(t, err)
	p, err := New(Config{Engines: []EngineConfig{{Engine: engine.NewPhrases(memory)}}}, nil)
	require.NoError(t, err)
	for say, from := range map[string]language.Code{
		"Haemoglobin <7 g/dL.": "en", "Potassium >5.5 mmol/L": "en", "Temperature -5 °C": "en", "White blood cell count 10⁹.": "en",
		"White blood cell count ½.": "en", "Stop! Paracetamol.": "en", "血氧饱和度<92%": "zh", "体温＞38.5 °C": "ja",
	} {
		request := Request{Text: say, SourceHint: from, Target: "es"}
		require.False(t, p.Knows(request), say)
		result, err := p.Translate(t.Context(), request)
		require.NoError(t, err)
		require.Equal(t, None, result.State, "%s reads %s", say, result.Body)
	}
}
