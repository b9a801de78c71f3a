package compose

import (
	"html"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/bidi"
)

// Outside of the isolate of its value, "K+" was shown as "+K", and of several labels each stood beside the value of another.
func TestALabelItsValueAndItsSignAreOneIsolate(t *testing.T) {
	for text, want := range map[string]string{
		"K+ 5.8 mmol/L، يرجى الإعادة.":                "‹K+ 5.8 mmol/L}، يرجى الإعادة.",
		"البوتاسيوم K+ 5.8 mmol/L ↑، الصوديوم":        "البوتاسيوم ‹K+ 5.8 mmol/L ↑}، الصوديوم",
		"Na+ 130 mmol/L ↓، pH 7.25 (الطبيعي 7.35-45)": "‹Na+ 130 mmol/L ↓}، ‹pH 7.25} (الطبيعي ‹7.35-45})",
		"تشبع SpO2 88%↓":                              "تشبع ‹SpO2 88%↓}",
		"CRP 45، INR 2.3، WBC 12":                     "‹CRP 45}، ‹INR 2.3}، ‹WBC 12}",
		"HCO3- 22 mmol/L، Ca2+ 2.1 mmol/L":            "‹HCO3- 22 mmol/L}، ‹Ca2+ 2.1 mmol/L}",
		"Ca²⁺ 2.1 mmol/L و pCO₂ 6.1 kPa":              "‹Ca²⁺ 2.1 mmol/L} و ‹pCO₂ 6.1 kPa}",
		"pH=7.25، pO2: 8.1 kPa":                       "‹pH=7.25}، ‹pO2: 8.1 kPa}",
		"K+5.8 mmol/L، K+ <2.5 mmol/L":                "‹K+5.8 mmol/L}، ‹K+ <2.5 mmol/L}",
		"HbA1c 48 mmol/mol ⬆️ أمس":                    "‹HbA1c 48 mmol/mol ⬆️} أمس",
		"الضغط BP 120/80 mmHg و HR 90/min":            "الضغط ‹BP 120/80 mmHg} و ‹HR 90/min}",
		"K+ 5.8 mmol/L ↑ Na+ 130 mmol/L ↓":            "‹K+ 5.8 mmol/L ↑} ‹Na+ 130 mmol/L ↓}",
		"β-hCG 5 IU/L، D-dimer 0.5 mg/L*":             "‹β-hCG 5 IU/L}، ‹D-dimer 0.5 mg/L*}",
		"morphine sulfate 5 mg، ketamine 10 mg":       "‹morphine sulfate 5 mg}، ‹ketamine 10 mg}",
		"Give morphine 5 mg now.":                     "‹Give morphine 5 mg now}.",
		"الـCRP 45، (GCS 8)":                          "الـ‹CRP 45}، (‹GCS 8})",
		"IL-6 40 pg/mL":                               "‹IL-6 40 pg/mL}",
		"5.8 mmol/L ↑":                                "‹5.8 mmol/L ↑}",
		"protein 2+ في البول":                         "‹protein 2+} في البول", // the sign ends it
	} {
		require.Equal(t, want, shownDirections.Replace(isolateQuantities("ar", text)), text)
		require.Equal(t, text, isolateQuantities("es", text))
		escaped := html.EscapeString(text)
		require.Equal(t, html.EscapeString(want), shownDirections.Replace(isolateQuantitiesInHTML("fa", escaped)), escaped)
	}
}

func TestWhatIsNoLabelStaysOutsideOfTheIsolate(t *testing.T) {
	for text, want := range map[string]string{
		"أعط 5 mg morphine 10 mg":              "أعط ‹5 mg} morphine ‹10 mg}", // which of them is its dose?
		"paracetamol 1 g 3 مرات":               "‹paracetamol 1 g} 3 مرات",
		"أعط morphine 5 ملغ، ketamine: 10 ملغ": "أعط ‹morphine} 5 ملغ، ‹ketamine}: 10 ملغ", // the number is with its unit
		"COVID-19 مؤكد":                        "COVID-19 مؤكد",
		"COVID-19، B12، T4":                    "COVID-19، B12، T4",
		"بجرعة 5 mg، K":                        "بجرعة ‹5 mg}، K",
		"R&D 5 mg":                             "R&D ‹5 mg}",
		"12، K+ 5.8 mmol/L":                    "12، ‹K+ 5.8 mmol/L}",
		"5 mg\nK+ 5.8 mmol/L":                  "‹5 mg}\n‹K+ 5.8 mmol/L}",
		"من 5 mg → 10 mg":                      "من ‹5 mg} → ‹10 mg}",
		"+44 20 7946 0018: CRP 45، أمس":        "‹+44 20 7946 0018}: ‹CRP 45}، أمس",
		"https://x/5-10 CRP 45، 5 tab x":       "https://x/5-10 ‹CRP 45}، ‹5 tab} x",
	} {
		require.Equal(t, want, shownDirections.Replace(isolateQuantities("ar", text)), text)
	}
	require.Equal(t, "R&amp;D ‹5 mg}", shownDirections.Replace(isolateQuantitiesInHTML("ar", "R&amp;D 5 mg")), "an entity stays whole")
	require.Equal(t, "<b>‹K+}</b> ‹5 mg}", shownDirections.Replace(isolateQuantitiesInHTML("ar", "<b>K+</b> 5 mg")))
}

// Clients order a line by the rules of Unicode: what belongs together must be one run from left to right.
func TestValuesStandBesideTheirLabelsAsALineIsShown(t *testing.T) {
	for text, wholes := range map[string][]string{
		"K+ 5.8 mmol/L، يرجى الإعادة.": {"K+ 5.8 mmol/L"},
		"البوتاسيوم K+ 5.8 mmol/L ↑، الصوديوم Na+ 130 mmol/L ↓، pH 7.25 (الطبيعي 7.35-7.45).": {"K+ 5.8 mmol/L ↑", "Na+ 130 mmol/L ↓", "pH 7.25", "7.35-7.45"},
		"CRP 45، INR 2.3، SpO2 88% ↓":            {"CRP 45", "INR 2.3", "SpO2 88% ↓"},
		"morphine 5 mg، ketamine 10 mg الآن":     {"morphine 5 mg", "ketamine 10 mg"},
		"Lactate 4.2 mmol/L، Glucose 8.1 mmol/L": {"Lactate 4.2 mmol/L", "Glucose 8.1 mmol/L"},
	} {
		require.Equal(t, wholes, leftToRightRuns(t, Directed("ar", isolateQuantities("ar", text))), text)
	}
}

// leftToRightRuns are the parts of a line that are shown from left to right, in the order in which a right-to-left line has them.
func leftToRightRuns(t *testing.T, line string) (runs []string) {
	t.Helper()
	var p bidi.Paragraph
	_, err := p.SetString(line, bidi.DefaultDirection(bidi.RightToLeft))
	require.NoError(t, err)
	order, err := p.Order()
	require.NoError(t, err)
	for i := range order.NumRuns() {
		if run := order.Run(i); run.Direction() == bidi.LeftToRight {
			runs = append(runs, WithoutDirections(run.String()))
		}
	}
	return runs
}

// "morphine 5" was drawn as one, away from the Arabic unit: "morphine" stood between "5" and "ملغ".
func TestANumberStandsBesideItsArabicUnit(t *testing.T) {
	for text, wholes := range map[string][]string{
		"أعط morphine 5 ملغ الآن":         {"morphine", "5"},
		"morphine 5 ملغ، ketamine 10 ملغ": {"morphine", "5", "ketamine", "10"},
	} {
		require.Equal(t, wholes, leftToRightRuns(t, Directed("ar", isolateQuantities("ar", text))), text)
	}
}

// Isolates change nothing else, end where they begin, and hold each quantity whole.
func FuzzIsolatedQuantities(f *testing.F) {
	for _, seed := range []string{"O-، HER2+ (Na+) 5", "R&amp;D+ A-", "K+ 5.8 mmol/L ↑، Na+ 130", "5 mg morphine 10 mg", "R&amp;D 5 mg", "COVID-19 +5", "pH=7.2+ 3", "é5 mg\nβ 2+"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if WithoutDirections(text) != text {
			t.Skip()
		}
		isolated := quantitiesIsolated(text)
		require.Equal(t, text, WithoutDirections(isolated))
		parts := strings.Split(isolated, leftToRightIsolate)
		require.NotContains(t, parts[0], popIsolate)
		for _, part := range parts[1:] {
			require.Equal(t, 1, strings.Count(part, popIsolate), isolated)
			require.NotContains(t, strings.SplitN(part, popIsolate, 2)[0], "\n", isolated)
		}
	})
}
