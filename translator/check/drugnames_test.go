package check

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

func TestEveryNameOfADrugIsFoundAsThatDrug(t *testing.T) {
	for drug, names := range drugNames() {
		require.NotEmpty(t, nameOf(drug, "en"), "%s is in drugs.yaml", drug)
		for _, n := range names {
			code, name := n.in, n.name
			require.Contains(t, language.Bases, code.Base(), drug)
			requireDrug(t, drug, name)
			report := Compare([]string{"Give 5 mg of " + drug + "."}, []string{name + " 5 mg"}, "en", code)
			for _, reason := range report.Reasons {
				require.NotEqual(t, "drug", reason.Code, "%s, %s: %s", drug, code, name)
			}
		}
	}
}

// TestEveryDrugIsWrittenInEachScriptThatIsNotSpelled: names in Latin, Cyrillic and Arabic letters are found by their spelling
// (spelling.go), those in others only where they are on file. Kana stand beside Han, in which Japanese writes some names.
func TestEveryDrugIsWrittenInEachScriptThatIsNotSpelled(t *testing.T) {
	var drugs map[string][]string
	require.NoError(t, readYAML("drugs.yaml", &drugs))
	for drug, spellings := range drugs {
		all := strings.Join(spellings, " ")
		for _, n := range drugNames()[drug] {
			all += " " + n.name
		}
		for _, script := range []*unicode.RangeTable{unicode.Han, unicode.Hangul, unicode.Thai} {
			require.True(t, strings.ContainsFunc(all, func(r rune) bool { return unicode.Is(script, r) }), drug)
		}
	}
}

// requireDrug finds one drug in a name, and all of the name in it.
func requireDrug(t *testing.T, drug, name string) {
	t.Helper()
	f := fold(name)
	found := drugsIn(f)
	require.Len(t, found, 1, "%s: %s", drug, name)
	require.Equal(t, span{0, len(f.runes), drug}, found[0], "%s: %s", drug, name)
}

// TestNoSpellingBelongsToTwoDrugs: every spelling of drugs.yaml and drugnames.yaml, in every case, is that of one drug.
func TestNoSpellingBelongsToTwoDrugs(t *testing.T) {
	for _, list := range loaded().drugs.lists {
		for _, e := range list {
			require.Equal(t, list[0].value, e.value)
		}
	}
}

func TestDrugsAreFoundInEveryCase(t *testing.T) {
	for text, drug := range map[string]string{
		"морфина": "morphine", "морфину": "morphine", "морфином": "morphine", "адреналина": "epinephrine", "норадреналином": "norepinephrine",
		"морфине": "morphine", "рокурония": "rocuronium", "инсулина": "insulin", "гепарином": "heparin", "преднизолона": "prednisolone",
		"алтеплазе": "alteplase", "алтеплазу": "alteplase", "хепарина": "heparin", "heparinom": "heparin", "amoksicilina": "amoxicillin",
		"преднизоном": "prednisone", "цефтриаксону": "ceftriaxone",
	} {
		requireDrug(t, drug, text)
	}
}

// TestLookAlikesStayApart: names that have been taken for each other in hospitals are two drugs in each language that has both.
func TestLookAlikesStayApart(t *testing.T) {
	for _, pair := range [][2]string{
		{"epinephrine", "norepinephrine"}, {"epinephrine", "ephedrine"}, {"dopamine", "dobutamine"}, {"prednisone", "prednisolone"},
		{"prednisolone", "methylprednisolone"}, {"morphine", "hydromorphone"}, {"cefazolin", "cefotaxime"}, {"ceftriaxone", "ceftazidime"},
		{"cefuroxime", "cefixime"}, {"hydralazine", "hydroxyzine"}, {"clonidine", "clonazepam"}, {"amlodipine", "amiodarone"},
		{"nifedipine", "nicardipine"}, {"losartan", "valsartan"}, {"azithromycin", "azathioprine"}, {"erythromycin", "azithromycin"},
		{"insulin glargine", "insulin lispro"}, {"insulin glargine", "insulin regular"}, {"insulin aspart", "insulin detemir"},
		{"insulin isophane", "insulin regular"}, {"insulin degludec", "insulin glulisine"}, {"insulin", "insulin glargine"}, {"metformin", "metronidazole"}, {"vasopressin", "desmopressin"}, {"vasopressin", "terlipressin"}, {"fentanyl", "sufentanil"},
		{"fentanyl", "remifentanil"}, {"lorazepam", "diazepam"}, {"lidocaine", "bupivacaine"}, {"chloroquine", "hydroxychloroquine"},
		{"aciclovir", "ganciclovir"}, {"metoprolol", "bisoprolol"}, {"esmolol", "esomeprazole"}, {"sotalol", "sodium chloride"},
		{"potassium chloride", "sodium chloride"}, {"calcium gluconate", "calcium chloride"}, {"omeprazole", "pantoprazole"},
		{"amoxicillin", "ampicillin"}, {"levofloxacin", "levothyroxine"}, {"vancomycin", "daptomycin"}, {"rifampicin", "ciprofloxacin"},
	} {
		a, b := drugNames()[pair[0]], drugNames()[pair[1]]
		for _, n := range a {
			code, name := n.in, n.name
			other, ok := written(b, code)
			if !ok {
				continue
			}
			report := Compare([]string{"Give 5 mg of " + pair[0] + "."}, []string{other + " 5 mg"}, "en", code)
			require.NotEqual(t, Pass, report.Verdict, "%s is not %s, in %s: %s, %s", pair[0], pair[1], code, name, other)
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
		{"morphine", "zh-Hant", "嗎啡"},
		{"morphine", "vi", "morphin"},
		{"morphine", "fa", "مورفین"},
		{"morphine", "ur", "مارفین"},
		{"amoxicillin", "sr", "амоксицилин"},
		{"amoxicillin", "sr-Latn", "amoksicilin"},
		{"ألفنتانيل", "en", "alfentanil"},
		{"الفنتانيل", "en", ""}, // "the fentanyl", in Arabic
		{"edaravone", "vi", ""}, // none on file
		{"morphine sulfate", "es", ""},
		{"morphine and ketamine", "es", ""},
		{"water", "es", ""},
		{"", "es", ""},
	} {
		require.Equal(t, c.want, nameOf(c.text, c.in), "%s in %s", c.text, c.in)
	}
}

// TestAnAcuteHospitalsDrugsAreNamed: as many drugs have their names in each language.
func TestAnAcuteHospitalsDrugsAreNamed(t *testing.T) {
	count := map[language.Code]int{}
	for _, names := range drugNames() {
		for _, n := range names {
			count[n.in]++
		}
	}
	for code, least := range map[language.Code]int{"es": 150, "fr": 150, "pt": 150, "it": 150, "de": 150, "nl": 150, "id": 150, "tr": 150, "vi": 150, "sr": 150,
		"fa": 150, "ur": 135, "zh-Hant": 135, "ru": 150, "zh": 550, "ar": 550, "ja": 550, "ko": 550, "th": 550} {
		require.GreaterOrEqual(t, count[code], least, code)
	}
}
