package check

import (
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

func TestEveryNameOfADrugIsFoundAsThatDrug(t *testing.T) {
	for drug, names := range drugNames() {
		require.NotEmpty(t, nameOf(drug, "en"), "%s is in drugs.yaml", drug)
		for code, name := range names {
			require.Contains(t, language.Bases, code, drug)
			f := fold(name)
			found := drugsIn(f)
			require.Len(t, found, 1, "%s, %s: %s", drug, code, name)
			require.Equal(t, span{0, len(f.runes), drug}, found[0], "%s: %s", code, name)
			report := Compare([]string{"Give 5 mg of " + drug + "."}, []string{name + " 5 mg"}, "en", code)
			for _, reason := range report.Reasons {
				require.NotEqual(t, "drug", reason.Code, "%s, %s: %s", drug, code, name)
			}
		}
	}
}

// nameOf is DrugName without its second answer.
func nameOf(text string, in language.Code) string {
	name, _ := DrugName(text, in)
	return name
}

func TestADrugIsNamedAsTheLanguageWritesIt(t *testing.T) {
	for _, c := range []struct {
		text string
		in   language.Code
		want string
	}{
		{"morphine", "es", "morfina"},
		{"Morphine", "zh", "吗啡"},
		{"吗啡", "ar", "مورفين"},
		{"морфина", "ja", "モルヒネ"}, // in the genitive
		{"acetaminophen", "ru", "парацетамол"},
		{"amoxicilina", "en", "amoxicillin"},
		{"paracetamol", "pt-PT", "paracetamol"},
		{"morphine", "zh-Hant", ""}, // the names are in simplified characters
		{"morphine", "vi", ""},      // none on file
		{"morphine sulfate", "es", ""},
		{"morphine and ketamine", "es", ""},
		{"water", "es", ""},
		{"", "es", ""},
	} {
		require.Equal(t, c.want, nameOf(c.text, c.in), "%s in %s", c.text, c.in)
	}
}
