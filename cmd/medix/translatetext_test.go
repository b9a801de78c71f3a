package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/admin"
	"medixchange/translator"
	"medixchange/translator/engine"
	"medixchange/translator/glossary"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// table translates the lines that it has.
type table map[string]string

func (table) Name() string { return "table" }

func (table) Offers(_, _ language.Code) bool { return true }

func (e table) Translate(_ context.Context, request engine.Request) (engine.Answer, error) {
	text, ok := e[request.Segments[0].Plain()]
	if !ok {
		return engine.Answer{}, engine.ErrNoMatch
	}
	return engine.Answer{Segments: []protect.Segment{{{Kind: protect.Text, Text: text}}}}, nil
}

func linesOf(t *testing.T, asJSON bool, input string) (out, notes string) {
	t.Helper()
	pipeline, err := translator.New(translator.Config{Engines: []translator.EngineConfig{{Engine: table{
		"The patient has fever":             "El paciente tiene fiebre",
		"The patient has fever and pain":    "The patient has fever and pain",
		"The patient has no fever now":      "El paciente tiene fiebre\nahora",
		"The patient has pain for 3 months": "El paciente tiene dolor desde hace 3 meses",
	}}}}, nil)
	require.NoError(t, err)
	var said, noted strings.Builder
	lines := lineTranslator{pipeline: pipeline, from: "en", to: "es", json: asJSON, out: &said, notes: &noted}
	require.NoError(t, lines.run(t.Context(), strings.NewReader(input)))
	return said.String(), noted.String()
}

const input = "The patient has fever\r\n\nThe patient has fever and pain\nThe patient has no fever now\n---\nNobody knows this sentence"

// TestEveryLineGetsItsLine: what is not translated says so, and the original is never given out as a translation.
func TestEveryLineGetsItsLine(t *testing.T) {
	out, notes := linesOf(t, false, input)
	require.Equal(t, "El paciente tiene fiebre\n\n[not translated: echo]\nEl paciente tiene fiebre ahora\n[not translated: not_text]\n[not translated: no_engine]\n", out)
	require.Equal(t, "medix: line 4 is doubtful: negation\n", notes)
}

func TestEveryLineGetsItsObject(t *testing.T) {
	out, notes := linesOf(t, true, input)
	require.Empty(t, notes)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 6)
	var results []lineResult
	for _, line := range lines {
		var r lineResult
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		results = append(results, r)
	}
	require.Equal(t, lineResult{Line: 1, Text: "El paciente tiene fiebre", State: "translated", From: "en", To: "es", Engine: "table", Verdict: "pass", Reasons: []string{}}, results[0])
	require.Equal(t, lineResult{Line: 3, State: "none", From: "en", To: "es", Engine: "table", Verdict: "block", Reasons: []string{"echo"}}, results[2])
	require.Equal(t, []string{"negation"}, results[3].Reasons)
	require.Equal(t, lineResult{Line: 6, State: "none", From: "en", To: "es", Reasons: []string{"no_engine"}}, results[5])
}

// TestEachLineIsWrittenAtOnce, so that a program may send a line and wait for its translation.
func TestEachLineIsWrittenAtOnce(t *testing.T) {
	pipeline, err := translator.New(translator.Config{Engines: []translator.EngineConfig{{Engine: table{"Good evening doctor": "Buenas noches doctora"}}}}, nil)
	require.NoError(t, err)
	in, toIn := io.Pipe()
	fromOut, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		lines := lineTranslator{pipeline: pipeline, from: "en", to: "es", out: out, notes: io.Discard}
		done <- lines.run(t.Context(), in)
	}()
	buffer := make([]byte, 100)
	for range 3 {
		_, err := toIn.Write([]byte("Good evening doctor\n"))
		require.NoError(t, err)
		n, err := fromOut.Read(buffer)
		require.NoError(t, err)
		require.Equal(t, "Buenas noches doctora\n", string(buffer[:n]))
	}
	require.NoError(t, toIn.Close())
	require.NoError(t, <-done)
}

func TestALineWithoutEndIsAnError(t *testing.T) {
	lines := lineTranslator{out: io.Discard, notes: io.Discard}
	require.ErrorContains(t, lines.run(t.Context(), strings.NewReader(strings.Repeat("a", maxInputLine+1))), "reading line 1")
}

// TestTheEnginesOfTheConfigurationTranslate, without a node; without a configuration those of the default.
func TestTheEnginesOfTheConfigurationTranslate(t *testing.T) {
	dir := t.TempDir()
	c, err := translatorConfig(filepath.Join(dir, "none.yaml"))
	require.NoError(t, err)
	require.Len(t, c.Engines, 2)
	file := filepath.Join(dir, "medix.yaml")
	require.NoError(t, os.WriteFile(file, []byte("server_name: a.example\ntranslator: {engines: [{type: phrases}]}\n"), 0o600))
	c, err = translatorConfig(file)
	require.NoError(t, err)
	require.Len(t, c.Engines, 1)
	require.NoError(t, os.WriteFile(file, []byte("server_name: a.example\ntranslator: {engines: [{type: deepl}]}\n"), 0o600))
	_, err = translatorConfig(file)
	require.ErrorContains(t, err, "api_key: is missing")
	require.ErrorContains(t, translateTextCmd{From: "en", To: "en"}.Run(t.Context(), &cli{}), "one language")
}

func TestLanguagesAreGroupedByTheirEngines(t *testing.T) {
	rows, err := languageRows([]admin.EngineState{
		{Engine: "phrases", Pairs: []string{"en-es", "en-fr", "es-en"}},
		{Engine: "deepl", Pairs: []string{"en-zh", "en-fr", "en-es", "zh-Hant-zh", "zh-Hant-pt-PT", "pt-pt-PT", "pt-PT-pt"}},
	})
	require.NoError(t, err)
	require.Equal(t, []languageRow{
		{"en", []string{"es", "fr"}, []string{"phrases", "deepl"}}, {"en", []string{"zh"}, []string{"deepl"}}, {"es", []string{"en"}, []string{"phrases"}},
		{"pt-PT", []string{"pt"}, []string{"deepl"}}, {"pt", []string{"pt-PT"}, []string{"deepl"}}, {"zh-Hant", []string{"pt-PT", "zh"}, []string{"deepl"}},
	}, rows)
}

// TestAFileOfTermsIsHeeded, and one with a fault is refused with its place.
func TestAFileOfTermsIsHeeded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "terms.csv")
	require.NoError(t, os.WriteFile(file, []byte("concept,rule,language,form\nfever,invariant,en,fever\nfever,,es,calentura\n"), 0o600))
	terms, err := glossaryFrom(file)
	require.NoError(t, err)
	pipeline, err := translator.New(translator.Config{
		Engines:  []translator.EngineConfig{{Engine: fixed("El paciente tiene temperatura")}},
		Glossary: func() *glossary.Set { return terms },
	}, nil)
	require.NoError(t, err)
	var out, notes strings.Builder
	lines := lineTranslator{pipeline: pipeline, from: "en", to: "es", out: &out, notes: &notes}
	require.NoError(t, lines.run(t.Context(), strings.NewReader("The patient has fever")))
	require.Equal(t, "medix: line 1 is doubtful: term\n", notes.String())

	require.NoError(t, os.WriteFile(file, []byte("concept,language,form\nfever,xy,fever\n"), 0o600))
	_, err = glossaryFrom(file)
	require.ErrorContains(t, err, "line 2, column 7 (language)")
	_, err = glossaryFrom("-")
	require.Error(t, err)
}

// fixed is an engine that says the same of everything, and loses what is protected.
type fixed string

func (fixed) Name() string { return "fixed" }

func (fixed) Offers(_, _ language.Code) bool { return true }

func (e fixed) Translate(context.Context, engine.Request) (engine.Answer, error) {
	return engine.Answer{Segments: []protect.Segment{{{Kind: protect.Text, Text: string(e)}}}}, nil
}
