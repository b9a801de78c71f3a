package compose

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/check"
	"medixchange/translator/language"
)

// Who asks for a translation into Arabic need not read Arabic: they must learn in their own language what came of it.
func TestWhoAsksForATranslationIsToldInTheirLanguageWhatCameOfIt(t *testing.T) {
	m := Message{State: StateNone, From: "fr", To: "ar", Reasons: []check.Reason{{Code: "identifiers"}}, Original: Original{Body: "Appeler le 0612345678"}}
	require.Equal(t, "Appeler le 0612345678\n"+language.String("fr", "not_translated", "reason", language.String("fr", "reason_identifiers")), Answer(m, "fr"))

	m.Reasons = []check.Reason{{Code: "off"}}
	require.Equal(t, "Appeler le 0612345678", Answer(m, "fr"), "what is silent stays so")

	m.Verdict, m.Reasons = check.Block, []check.Reason{{Code: "dose", Original: "5 mg"}}
	m.Invariants = []check.Invariant{{Kind: check.KindDose, Text: "5 mg"}}
	lines := strings.Split(Answer(m, "fr"), "\n")
	require.Len(t, lines, 3)
	require.True(t, strings.HasPrefix(lines[1], "⛔ Non traduit"), lines[1])
	require.Contains(t, lines[1], "Dose : original «\u00a05 mg\u00a0»")
	require.Equal(t, "Dans l'original : 5\u00a0mg", lines[2])
}

func TestTheTranslationThatWasAskedForRunsInItsOwnDirection(t *testing.T) {
	m := Message{
		State: StateTranslated, From: "fr", To: "ar", Body: "أعط morphine 5 mg.", Verdict: check.Warn,
		Reasons: []check.Reason{{Code: "negation", Original: "pas"}}, Original: Original{Body: "Donner 5 mg de morphine."},
	}
	require.Equal(t, []string{
		"⚠ Veuillez vérifier avec l'original. Négation : original «\u00a0pas\u00a0», absent de la traduction.",
		"«أعط ‹morphine 5 mg}.}", "Original (français) :", "Donner 5 mg de morphine.", "🌐 langue d'origine : français",
	}, strings.Split(shownDirections.Replace(Answer(m, "fr")), "\n"))

	m.From, m.To, m.Body, m.Verdict, m.Reasons = "ar", "fr", "Donner 5 mg.", check.Pass, nil
	lines := strings.Split(shownDirections.Replace(Answer(m, "ar")), "\n")
	require.Equal(t, "!«‹‹Donner 5 mg}.}}!", lines[0])
	require.True(t, strings.HasPrefix(lines[1], "‹«🌐 من العربية"), lines)
	m.From, m.Body = "en", "Donner 5 mg."
	require.Equal(t, "Donner 5 mg.\n🌐 from English", Answer(m, "en"))
}
