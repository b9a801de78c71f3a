package eval

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/check"
	"medixchange/translator/engine"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// fixed answers with sentences of its own; what it is asked for keeps its protected parts, or loses them.
type fixed struct {
	translate func(string) string
	loses     bool
}

func (f fixed) Name() string                   { return "fixed" }
func (f fixed) Offers(_, _ language.Code) bool { return true }

func (f fixed) Translate(_ context.Context, request engine.Request) (engine.Answer, error) {
	var answer engine.Answer
	for _, segment := range request.Segments {
		var out protect.Segment
		for _, piece := range segment {
			if piece.Kind == protect.Text {
				piece.Text = f.translate(piece.Text)
			}
			if piece.Kind == protect.Text || !f.loses {
				out = append(out, piece)
			}
		}
		answer.Segments = append(answer.Segments, out)
	}
	return answer, nil
}

func TestRunFindsWhatProtectionLosesAndWhatTheChecksSee(t *testing.T) {
	sources := []string{"Give the patient 5 mg of morphine now.", "There are 12 new patients in the ward today."}
	references := []string{"Dé al paciente 5 mg de morphine ahora.", "Hay 12 pacientes nuevos en la sala hoy."}
	spanish := strings.NewReplacer("Give the patient", "Dé al paciente", " of ", " de ", "now", "ahora",
		"There are", "Hay", "new patients in the ward today", "pacientes nuevos en la sala hoy")
	swapped := strings.NewReplacer("Give the patient", "Dé al paciente", " of ", " de ", "now", "ahora",
		"There are 12", "Hay 21", "new patients in the ward today", "pacientes nuevos en la sala hoy")

	good, err := Run(t.Context(), fixed{translate: spanish.Replace}, "en", "es", sources, references)
	require.NoError(t, err)
	require.Zero(t, good.Lost+good.Wrong)
	require.Equal(t, []int{2, 2, 2}, []int{good.Sentences, good.Numbered, good.Atoms})
	require.InDelta(t, 100, good.Plain.BLEU, 1e-9)
	require.InDelta(t, 0, good.Cost(), 1e-9)
	require.Equal(t, 2, good.Verdicts[check.Pass])

	bad, err := Run(t.Context(), fixed{translate: swapped.Replace, loses: true}, "en", "es", sources, references)
	require.NoError(t, err)
	require.Equal(t, 1, bad.Lost, "5 mg and morphine are gone")
	require.Equal(t, 2, bad.Wrong, "5 is gone, and 12 is 21")
	require.Empty(t, bad.Unnoticed, "the checks see both")
	require.Greater(t, bad.Cost(), 1.0)
}

func TestReadCorpusTakesTheColumnsOfLanguages(t *testing.T) {
	corpus, err := ReadCorpus(strings.NewReader("sid\ten\tes\tsource\n1\t\"Hi\" he said\tHola\tweb\n2\tBye\tAdiós\tweb\n"))
	require.NoError(t, err)
	require.Equal(t, Corpus{"en": {`"Hi" he said`, "Bye"}, "es": {"Hola", "Adiós"}}, corpus)
	_, err = ReadCorpus(strings.NewReader("sid\ten\n1\tone\ttwo\n"))
	require.ErrorContains(t, err, "line 2")
	_, err = ReadCorpus(strings.NewReader(""))
	require.ErrorContains(t, err, "empty")
}
