package check

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// TestRulesOfTheBuildAreRight: what the build holds is read without a fault.
func TestRulesOfTheBuildAreRight(t *testing.T) {
	_, err := load()
	require.NoError(t, err)
}

// TestFaultyRulesSayWhatIsWrong: whoever edits a file of rules is told which one is wrong, and where.
func TestFaultyRulesSayWhatIsWrong(t *testing.T) {
	r := &rules{units: map[string]unit{"h": {}}, frequencies: map[string]frequency{"1/d": {}}}
	words := func(change func(*wordFile)) error {
		f := wordFile{Decimal: ",", Weekdays: make([]string, 7), Frequency: map[string][]string{"1/d": {"daily"}}}
		f.Negation.Sure, f.Left.Sure, f.Right.Sure = []string{"not"}, []string{"left"}, []string{"right"}
		change(&f)
		return r.fault(f)
	}
	require.NoError(t, words(func(*wordFile) {}))
	for want, err := range map[string]error{
		"decimal mark":                     words(func(f *wordFile) { f.Decimal = "·" }),
		"12 months, not 11":                words(func(f *wordFile) { f.Months = make([]string, 11) }),
		"7 days, not 6":                    words(func(f *wordFile) { f.Weekdays = f.Weekdays[:6] }),
		"7 days, not 5":                    words(func(f *wordFile) { f.ShortDays = f.Weekdays[:5] }),
		"years that it is ahead":           words(func(f *wordFile) { f.Era.Since = 2400 }),
		"sure words":                       words(func(f *wordFile) { f.Right.Sure = nil }),
		`numbers: "two"`:                   words(func(f *wordFile) { f.Numbers = map[string][]string{"two": {"zwei"}} }),
		`scales: "12"`:                     words(func(f *wordFile) { f.Scales = map[string][]string{"12": {"dozen"}} }),
		`frequency: "5/y" is not in`:       words(func(f *wordFile) { f.Frequency["5/y"] = []string{"x"} }),
		`frequency: "1/d" has no`:          words(func(f *wordFile) { f.Frequency = nil }),
		`per: "hour" is not in units`:      words(func(f *wordFile) { f.Per = map[string][]string{"hour": {"hourly"}} }),
		`day: "tea" is none of`:            words(func(f *wordFile) { f.Day = map[string][]string{"tea": {"tea"}} }),
		"factor above zero":                r.addUnit(unit{Unit: "mg", Dimension: "mass", Symbols: []string{"mg"}}),
		`labels.yaml: "xx" is no language`: addTagged(&lexicon{}, "labels.yaml", []string{"bed@xx"}, entry{}),
		"there twice":                      r.addUnit(unit{Unit: "h", Dimension: "time", Factor: 1, Symbols: []string{"h"}}),
		"no words":                         r.addUnit(unit{Unit: "mg", Dimension: "mass", Factor: 1}),
		"limits.yaml: Form: LengthLetters: 0 is no threshold": eachPositive(reflect.ValueOf(limits{}), "limits.yaml"),
		"stands for two letters":                              faultyLetters(func(f *letterFile) { f.Fold = map[string]string{"a": "ä", "o": "ä"} }),
		"one Latin letter or none":                            faultyLetters(func(f *letterFile) { f.Spelling.Latin = map[string]string{"ph": "ff"} }),
		"no Cyrillic letter":                                  faultyLetters(func(f *letterFile) { f.Spelling.Cyrillic = map[string]string{"a": "a"} }),
		"named by one letter":                                 faultyLetters(func(f *letterFile) { f.Abjad.Classes = map[string]string{"bp": "ب"} }),
		"need their numbers of letters":                       faultyLetters(func(f *letterFile) { f.Spelling.SkeletonLetters = 2 }),
		"limits.yaml: yaml: unmarshal errors:\n  line 1: field colour not found": decode("limits.yaml", strings.NewReader("colour: 3"), &limits{}),
	} {
		require.ErrorContains(t, err, want)
	}
}

func faultyLetters(change func(*letterFile)) error {
	var file letterFile
	if err := readYAML("letters.yaml", &file); err != nil {
		return err
	}
	change(&file)
	_, err := newAlphabet(file)
	return err
}

// TestHabitsOfLanguages: what a language does otherwise than others stands in its file.
func TestHabitsOfLanguages(t *testing.T) {
	require.True(t, keepsAccents("vi"))
	require.False(t, keepsAccents("xx"), "a language without words")
	have := map[string][]language.Code{}
	for _, code := range language.Bases {
		w := wordsOf(code)
		for habit, has := range map[string]bool{"reorders": w.Reorders, "year first": w.YearFirst, "denies behind": w.DeniesBehind, "verb last": w.VerbLast, "capital nouns": w.CapitalNouns, "elides": w.Elides, "era": w.Era.Since > 0} {
			if has {
				have[habit] = append(have[habit], code)
			}
		}
	}
	require.ElementsMatch(t, []language.Code{"ja", "ko", "tr"}, have["reorders"])
	require.ElementsMatch(t, []language.Code{"ja", "ko", "zh"}, have["year first"])
	require.ElementsMatch(t, []language.Code{"ja", "ko", "tr"}, have["denies behind"])
	require.ElementsMatch(t, []language.Code{"fa", "ur"}, have["verb last"])
	require.ElementsMatch(t, []language.Code{"fr", "it"}, have["elides"])
	require.ElementsMatch(t, []language.Code{"de"}, have["capital nouns"])
	require.ElementsMatch(t, []language.Code{"th"}, have["era"])
}
