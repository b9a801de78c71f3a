package check

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDrugsAreFoundInTheSpellingOfEachLanguage(t *testing.T) {
	for text, want := range map[string]string{
		"Administre amoxicilina": "amoxicillin", "amoksisilin verin": "amoxicillin", "Дайте амоксициллин": "amoxicillin", "après l'amoxicilline": "amoxicillin",
		"дајте амоксицилина": "amoxicillin", "seftriakson 1 g": "ceftriaxone", "ceftriaxona 1 g": "ceftriaxone", "klorokuin": "chloroquine",
		"dopo azitromicina": "azithromycin", "Azithromycin geben": "azithromycin", "idrossiclorochina": "hydroxychloroquine",
		"рокуроний": "rocuronium", "rokuronyum": "rocuronium", "гидроксизина": "hydroxyzine", "levetirasetam": "levetiracetam",
		"The patient is stable": "", "without complications": "", "paciente hospitalizado": "", "стабильное состояние": "",
	} {
		var have string
		for _, s := range drugsIn(fold(text)) {
			have = s.value
		}
		assert.Equal(t, want, have, text)
	}
}

// TestNoTwoDrugsSpellAlike: one skeleton never stands for two drugs.
func TestNoTwoDrugsSpellAlike(t *testing.T) {
	var drugs map[string][]string
	require.NoError(t, readYAML("drugs.yaml", &drugs))
	owner := map[string]string{}
	for name := range drugs {
		skeleton := skeletonOf([]rune(name))
		if skeleton == "" || strings.Contains(name, " ") {
			continue
		}
		require.Empty(t, owner[skeleton], name)
		owner[skeleton] = name
	}
}

func TestArabicScriptSpellsDrugsByTheirConsonants(t *testing.T) {
	for _, text := range []string{"تم إعطاء ريمديسيفير", "ریمیڈیسیوِیر کو", "رمدسیویر تجویز شد", "بالريمديسيفير"} {
		assert.True(t, extract(text, "ar").spells("remdesivir"), text)
	}
	assert.False(t, extract("المريض مستقر الآن", "ar").spells("remdesivir"))
	assert.False(t, extract("فافيبيرافير", "ar").spells("remdesivir"))
}
