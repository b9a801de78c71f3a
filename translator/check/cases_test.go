package check

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"medixchange/translator/language"
)

func TestCases(t *testing.T) { judge(t, "testdata/cases.yaml") }

// judge compares the pairs of a file and expects its verdicts and findings.
func judge(t *testing.T, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var cases []struct {
		From, To            language.Code
		Source, Translation string
		Verdict             Verdict
		Finds               []string
	}
	require.NoError(t, yaml.Unmarshal(data, &cases))
	require.NotEmpty(t, cases)
	for _, c := range cases {
		report := Compare([]string{c.Source}, []string{c.Translation}, c.From, c.To)
		var found []string
		for _, reason := range report.Reasons {
			found = append(found, reason.Code)
		}
		if report.Verdict != c.Verdict || strings.Join(found, " ") != strings.Join(c.Finds, " ") {
			t.Errorf("%s → %s\n  %s\n  %s\n  want %s %v, have %s %+v", c.From, c.To, c.Source, c.Translation, c.Verdict, c.Finds, report.Verdict, report.Reasons)
		}
	}
}

// TestFaultsAreFound damages reference translations the way engines do and counts what goes unnoticed.
func TestFaultsAreFound(t *testing.T) {
	_, rows := tico19(t)
	plainNumber := regexp.MustCompile(`(^|[ (])(\d+)([ ,.)]|$)`)
	faults := map[string]func(string) string{
		"a number dropped": func(s string) string { return plainNumber.ReplaceAllString(s, "$1$3") },
		"a number times 10": func(s string) string {
			return plainNumber.ReplaceAllString(s, "${1}${2}0$3")
		},
		"given back": func(string) string { return "" },
	}
	for name, damage := range faults {
		made, found := 0, 0
		for _, row := range rows {
			if len(row[1]) < 30 {
				continue
			}
			spanish := damage(row[2])
			if name == "given back" {
				spanish = row[1]
			}
			if spanish == row[2] {
				continue
			}
			made++
			if Compare([]string{row[1]}, []string{spanish}, "en", "es").Verdict != Pass {
				found++
			}
		}
		t.Logf("%s: %d of %d found", name, found, made)
		require.GreaterOrEqual(t, found*100, made*90, name)
	}
}

func TestInvariants(t *testing.T) {
	for text, want := range map[string][]string{
		"Give 5–10 mg of morphine every 8 hours into the left arm": {"5–10 mg", "morphine", "every 8 hours", "left arm"},
		"BP 120/80, no allergies":                                  {"120/80", "no allergies"},
		"He does not have pain in the right knee":                  {"not have pain in the right"},
		"see you at 5":                                   nil,
		"The patient has been here for 3 days":           nil,
		"Methotrexate 10 mg once weekly, 80 mL per hour": {"Methotrexate", "10 mg", "once weekly", "80 mL per hour"},
		"He comes here once weekly":                      nil,
		"Temp 38.5 °C, paracetamol 1 g twice daily":      {"38.5 °C", "paracetamol", "1 g", "twice daily"},
	} {
		var have []string
		for _, invariant := range Invariants(text, "en") {
			have = append(have, invariant.Text)
		}
		require.Equal(t, want, have, text)
	}
}

func TestReadable(t *testing.T) {
	for text, want := range map[string]string{
		"500 mg": "500 mg", "500毫克": "500 mg", "٥٠٠ ملغ": "500 mg", "٣٨٫٥": "38.5", "扑热息痛": "paracetamol", "парацетамола": "paracetamol",
		"Aspirina": "Aspirina", "5 мг": "5 mg", "120/80": "120/80", "๔๕": "45", "µg": "µg",
	} {
		require.Equal(t, want, Readable(text), text)
	}
}

func TestDrugList(t *testing.T) {
	var drugs map[string][]string
	require.NoError(t, readYAML("drugs.yaml", &drugs))
	require.GreaterOrEqual(t, len(drugs), 250)
	owner := map[string]string{}
	for name, forms := range drugs {
		for _, form := range append(forms, name) {
			key := foldedString(strings.ReplaceAll(form, "*", ""))
			if other := owner[key]; other != "" && other != name {
				t.Errorf("%q is both %s and %s", form, other, name)
			}
			owner[key] = name
		}
	}
}

// TestTableIsComplete: every finding that the code can make has a row in the table.
func TestTableIsComplete(t *testing.T) {
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	finding := regexp.MustCompile(`(?:found|exchanged)\("([a-z_]+\.[a-z]+)"`)
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") {
			continue
		}
		source, err := os.ReadFile(entry.Name())
		require.NoError(t, err)
		for _, name := range finding.FindAllStringSubmatch(string(source), -1) {
			require.Contains(t, loaded().verdicts, name[1], entry.Name())
		}
	}
}

func FuzzCompare(f *testing.F) {
	f.Add("Give 0.5 mg", "Administre 5 mg", "en", "es")
	f.Add("二十五岁，每日3次", "25 tuổi", "zh", "vi")
	f.Add("1.000.000,5 / 12.03.2026 - 120/80", "٣٨٫٥", "de", "ar")
	f.Fuzz(func(t *testing.T, source, translation, from, to string) {
		Compare([]string{source}, []string{translation}, language.Code(from), language.Code(to))
		Invariants(source, language.Code(from))
		end := 0
		for _, span := range Protected(source, language.Code(from)) {
			if span.Start < end || span.End <= span.Start || span.End > len(source) {
				t.Fatalf("bad span %+v in %q", span, source)
			}
			end = span.End
			Readable(source[span.Start:span.End])
		}
		Slots(source, language.Code(from))
	})
}

func BenchmarkCompare(b *testing.B) {
	Prepare()
	for b.Loop() {
		Compare([]string{"Give 0.5 mg of adrenaline every 8 hours to the left arm, no penicillin."}, []string{"Administre 0,5 mg de adrenalina cada 8 horas en el brazo izquierdo, sin penicilina."}, "en", "es")
	}
}
