package compose

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Blood group "O-" was shown as "-O", and "(Na+)" as "(+Na)".
func TestASignStaysAtTheEndOfItsWord(t *testing.T) {
	for text, want := range map[string]string{
		"فصيلة الدم O-، HER2+، خلايا CD4+ منخفضة":    "فصيلة الدم ‹O-}، ‹HER2+}، خلايا ‹CD4+} منخفضة",
		"الصوديوم (Na+) 128 mmol/L ↓ والبوتاسيوم K+": "الصوديوم (‹Na+}) ‹128 mmol/L ↓} والبوتاسيوم ‹K+}",
		"Ca²⁺ و Cl⁻ طبيعيان":                         "‹Ca²⁺} و ‹Cl⁻} طبيعيان",
		"الفصيلة O Rh-.":                             "الفصيلة ‹O Rh-}.",
		"HBsAg- و anti-HBs+":                         "‹HBsAg-} و ‹anti-HBs+}",
		"CD4+/CD8+، 5 mg، K+":                        "‹CD4+/CD8+}، ‹5 mg}، ‹K+}",
		"HER2+ breast cancer مع K+ 5 mmol/L":         "HER2+ breast cancer مع ‹K+ 5 mmol/L}", // one run as it is
		"COVID-19، B-12، post-op":                    "COVID-19، B-12، post-op",
		"warfarin- أوقف، Klebsiella - حساسة":         "warfarin- أوقف، Klebsiella - حساسة", // dashes
		"https://x.example/O- @doctor-":              "https://x.example/O- @doctor-",
		"K+5 و x@y.example+":                         "K+5 و x@y.example+",
	} {
		require.Equal(t, want, shownDirections.Replace(isolateQuantities("ar", text)), text)
		require.Equal(t, text, isolateQuantities("es", text))
	}
	require.Equal(t, "R&amp;D+ <b>‹K+}</b> ‹5 mg}", shownDirections.Replace(isolateQuantitiesInHTML("ar", "R&amp;D+ <b>K+</b> 5 mg")))
	for text, wholes := range map[string][]string{
		"فصيلة الدم O-، HER2+، خلايا CD4+ منخفضة.": {"O-", "HER2+", "CD4+"},
		"الصوديوم (Na+) 128 mmol/L ↓":              {"Na+", "128 mmol/L ↓"},
	} {
		require.Equal(t, wholes, leftToRightRuns(t, Directed("ar", isolateQuantities("ar", text))), text)
	}
}
