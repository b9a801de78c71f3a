package compose

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/check"
	"medixchange/translator/language"
)

func translated() Message {
	return Message{
		State: StateTranslated, From: "fr", To: "en", Engine: "apertium", Verdict: check.Pass,
		Body: "The patient is well", Original: Original{Body: "Le patient va bien"},
	}
}

func TestPass(t *testing.T) {
	content := Compose(translated())
	require.Equal(t, "The patient is well\n🌐 from French", content.Body)
	require.Equal(t, "<p>The patient is well</p><details><summary>🌐 Original (French)</summary><p>Le patient va bien</p></details>", content.FormattedBody)
	encoded, err := json.Marshal(content.Key)
	require.NoError(t, err)
	require.JSONEq(t, `{"state":"translated","from":"fr","to":"en","engine":"apertium","verdict":"pass","reasons":[],"original":{"body":"Le patient va bien"}}`, string(encoded))
}

func TestRule16InvariantsStandBesideAPass(t *testing.T) {
	m := translated()
	m.Invariants = []check.Invariant{{Kind: check.KindDose, Text: "500 mg"}, {Kind: check.KindSide, Text: "gauche"}, {Kind: check.KindDose, Text: "500 mg"}}
	content := Compose(m)
	require.Contains(t, content.Body, "\nIn the original: 500\u00a0mg · gauche\n")
	require.Contains(t, content.FormattedBody, "<p>In the original: 500\u00a0mg · gauche</p><details>")
}

// What is not shown is counted: a reader of a protocol must not take the line for all of it.
func TestRule16MoreInvariantsAndFindingsThanCanBeReadAreCounted(t *testing.T) {
	m := translated()
	m.Verdict = check.Warn
	for i := range maxInvariantsShown + 12 {
		m.Invariants = append(m.Invariants, check.Invariant{Kind: check.KindDose, Text: strconv.Itoa(i+1) + " mg"}, check.Invariant{Kind: check.KindSide, Text: "1 mg"})
	}
	for i := range maxFindingsShown + 3 {
		m.Reasons = append(m.Reasons, check.Reason{Code: "dose", Original: strconv.Itoa(i+1) + " mg", Translation: strconv.Itoa(i+1) + " g"})
	}
	content := Compose(m)
	require.Contains(t, content.Body, " · 60\u00a0mg · … +12\n")
	require.Contains(t, content.Body, "original “12 mg”, translation “12 g”. … +3\n")
	m.Invariants, m.Reasons = m.Invariants[:2*maxInvariantsShown], m.Reasons[:maxFindingsShown]
	require.NotContains(t, Compose(m).Body, "…")
	require.Contains(t, Compose(m).Body, " · 60\u00a0mg\n")
}

// Clients that show the formatted form must show the globe once, whichever engine translated: without it a reader cannot
// tell a translation from what the sender wrote.
func TestEveryTranslationHasOneGlobeInItsFormattedForm(t *testing.T) {
	for name, change := range map[string]func(*Message){
		"an engine": func(*Message) {}, "a pivot": func(m *Message) { m.Pivot = "es" },
		"a phrase":              func(m *Message) { m.Unreviewed = true },
		"a warning":             func(m *Message) { m.Verdict = check.Warn },
		"a long original":       func(m *Message) { m.Original.Body = strings.Repeat("a", maxShownOriginal+1) },
		"an Arabic reader":      func(m *Message) { m.To = "ar" },
		"an Arabic long answer": func(m *Message) { m.To, m.Original.Body = "ar", strings.Repeat("a", maxShownOriginal+1) },
	} {
		m := translated()
		change(&m)
		require.Equal(t, 1, strings.Count(Compose(m).FormattedBody, "🌐"), name)
	}
}

func TestFormatted(t *testing.T) {
	m := translated()
	m.FormattedBody, m.Original.FormattedBody = "The <b>patient</b>", "<ul><li>Le patient</details></li></ul>"
	require.Equal(t, "<p>The <b>patient</b></p><details><summary>🌐 Original (French)</summary><ul><li>Le patient</li></ul></details>", Compose(m).FormattedBody)
	require.Equal(t, m.Original.FormattedBody, Compose(m).Key.Original.FormattedBody, "the key has what was sent")
}

func TestWarnNamesTheItem(t *testing.T) {
	m := translated()
	m.Verdict, m.Reasons = check.Warn, []check.Reason{{Code: "dose", Original: "0.5 mg", Translation: "5 mg"}, {Code: "negation", Original: "pas"}}
	content := Compose(m)
	lines := strings.Split(content.Body, "\n")
	require.Equal(t, "⚠ Please check with the original. Dose: original “0.5 mg”, translation “5 mg”. Negation: original “pas”, missing in the translation.", lines[0])
	require.Equal(t, []string{"The patient is well", "Original (French):", "Le patient va bien", "🌐 from French"}, lines[1:])
	require.NotContains(t, content.FormattedBody, "<details>", "the original is open")
	require.Equal(t, []string{"dose", "negation"}, content.Key.Reasons)
}

func TestBlockShowsTheOriginal(t *testing.T) {
	m := translated()
	m.State, m.Verdict, m.Body = StateNone, check.Block, ""
	m.Reasons = []check.Reason{{Code: "side", Original: "gauche", Translation: "right"}}
	m.Invariants = []check.Invariant{{Kind: check.KindSide, Text: "gauche"}}
	content := Compose(m)
	require.True(t, strings.HasPrefix(content.Body, "Le patient va bien\n⛔ Not translated"), content.Body)
	require.Contains(t, content.Body, "Side: original “gauche”, translation “right”.")
	require.Contains(t, content.Body, "In the original: gauche")
	require.Equal(t, check.Block, content.Key.Verdict)
	require.Equal(t, "none", content.Key.State)
}

// What an engine left as it was is the original again: naming its words as "only in the translation" would be untrue.
func TestAnEchoIsNamedWithoutItsWords(t *testing.T) {
	m := translated()
	report := check.Compare([]string{m.Original.Body + " ce matin"}, []string{m.Original.Body + " ce matin"}, m.From, m.To)
	require.Equal(t, []string{"echo"}, report.Codes())
	m.State, m.Verdict, m.Reasons = StateNone, report.Verdict, report.Reasons
	require.Contains(t, Compose(m).Body, "may be wrong. Text left untranslated. If the")
}

func TestNotTranslatedSaysWhy(t *testing.T) {
	m := translated()
	m.State, m.Verdict, m.Engine, m.Body = StateNone, "", "", ""
	for reason, want := range map[string]string{
		"no_engine": "Le patient va bien\n🌐 not translated: no translation available, original in French",
		"timeout":   "Le patient va bien\n🌐 not translated: the translation service did not answer in time",
		"off":       "Le patient va bien",
		"not_text":  "Le patient va bien",
	} {
		m.Reasons = []check.Reason{{Code: reason}}
		content := Compose(m)
		require.Equal(t, want, content.Body)
		require.Empty(t, content.FormattedBody)
		require.Equal(t, []string{reason}, content.Key.Reasons)
	}
	m.State, m.Reasons = StatePending, nil
	require.Equal(t, "Le patient va bien", Compose(m).Body, "pending is silent")
}

func TestLongOriginalsAreInTheKeyOnly(t *testing.T) {
	m := translated()
	m.Original.Body = strings.Repeat("Le patient va bien. ", 300)
	content := Compose(m)
	require.NotContains(t, content.FormattedBody, "Le patient")
	require.Contains(t, content.Body, "!original")
	require.Contains(t, content.FormattedBody, "!original")
	require.Equal(t, m.Original.Body, content.Key.Original.Body)
}

func TestPivotLateAndUnreviewedAreSaid(t *testing.T) {
	m := translated()
	m.Pivot, m.Unreviewed, m.Late = "es", true, true
	content := Compose(m)
	require.True(t, strings.HasPrefix(content.Body, "🌐 translation arrived later; the sender did not edit\n"))
	require.True(t, strings.HasPrefix(content.FormattedBody, "<p>🌐 translation arrived later; the sender did not edit</p>"))
	require.Contains(t, content.Body, "🌐 from French, through Spanish · phrase not yet reviewed")
	require.Contains(t, content.FormattedBody, "🌐 from French, through Spanish · phrase not yet reviewed")
}

func TestLateSaysWhetherTheSenderEdited(t *testing.T) {
	edited := translated()
	edited.Late, edited.Edited = true, true
	require.True(t, strings.HasPrefix(Compose(edited).Body, "🌐 translation of the edited message arrived later\n"))
	edited.State, edited.Reasons, edited.Body, edited.FormattedBody = StateNone, []check.Reason{{Code: "busy"}}, "", ""
	require.True(t, strings.HasPrefix(Compose(edited).Body, "🌐 a note of the translation service on the edited message\n"))
	edited.Edited = false
	require.True(t, strings.HasPrefix(Compose(edited).Body, "🌐 a note of the translation service; the sender did not edit\n"))
	edited.Late = false
	require.True(t, strings.HasPrefix(Compose(edited).Body, edited.Original.Body+"\n"))
}

func TestWithdrawnShowsTheOriginal(t *testing.T) {
	content := Withdrawn(Original{Body: "Le patient va bien", FormattedBody: "<b>Le patient</b> va bien"}, "ar")
	require.True(t, strings.HasPrefix(content.Body, "\u200f\u2067🌐 "), content.Body)
	require.True(t, strings.HasSuffix(content.Body, "\n\u2066Le patient va bien\u2069"), content.Body)
	require.True(t, strings.HasSuffix(content.FormattedBody, "</p><p>\u2066<b>Le patient</b> va bien\u2069</p>"), content.FormattedBody)
	require.Equal(t, "Le patient va bien", content.Key.Original.Body)
	require.Equal(t, []string{"withdrawn"}, content.Key.Reasons)
}

func TestApply(t *testing.T) {
	source := `{"msgtype":"m.text","body":"Le patient va bien","format":"org.matrix.custom.html","formatted_body":"x","m.mentions":{"user_ids":["@a:b"]},"org.medixchange.translation":{"state":"forged"}}`
	applied, err := Compose(translated()).Apply(source)
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(applied, &fields))
	require.Equal(t, "m.text", fields["msgtype"])
	require.Equal(t, "The patient is well\n🌐 from French", fields["body"])
	require.Equal(t, "org.matrix.custom.html", fields["format"])
	require.Equal(t, "translated", fields["org.medixchange.translation"].(map[string]any)["state"])
	require.Contains(t, fields, "m.mentions")
	_, err = Compose(translated()).Apply(`[]`)
	require.Error(t, err)
}

// TestEveryLanguageComposes: no reader sees a key or a placeholder.
func TestEveryLanguageComposes(t *testing.T) {
	for _, to := range language.All {
		m := translated()
		m.To, m.Verdict = to, check.Warn
		m.Reasons = []check.Reason{{Code: "dose", Original: "1 g", Translation: "2 g"}, {Code: "drug", Original: "x"}, {Code: "side", Translation: "y"}, {Code: "length"}}
		m.Invariants = []check.Invariant{{Kind: check.KindDose, Text: "1 g"}}
		body := Compose(m).Body
		require.NotRegexp(t, `\{[a-z]+\}|item_|reason_`, body)
	}
}
