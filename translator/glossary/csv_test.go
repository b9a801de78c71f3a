package glossary

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

func written(t testing.TB, concepts []Concept) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, WriteCSV(&b, concepts))
	return b.String()
}

func cleaned(t testing.TB, concepts ...Concept) (out []Concept) {
	t.Helper()
	for _, c := range concepts {
		c, err := c.clean()
		require.NoError(t, err)
		out = append(out, c)
	}
	return out
}

func TestWhatIsExportedIsImportedAgainAsItWas(t *testing.T) {
	tricky := concept("tricky", true, "en: =cmd | +1 mg | -5 | @home | '=x | ''-y | 'quoted' | a, \"b\"; c ! ＝x", "fa: قرص\u200cها", "zh-Hant: 中風", "sr-Latn: šećer", "pt-PT: código AVC")
	tricky.Domain, tricky.Note, tricky.Source = "=A1+B2", `says "no", 'never'`, "-list; of, things"
	want := cleaned(t, concept("b", false, "en: ward"), tricky)
	file := written(t, want)
	for name, text := range map[string]string{
		"as written": file, "LF": strings.ReplaceAll(file, "\r\n", "\n"), "no byte order mark": strings.TrimPrefix(file, byteOrderMark),
		"empty rows": file + ",,,,,,,\r\n\r\n",
	} {
		got, err := Read([]byte(text), "a file")
		require.NoError(t, err, name)
		got[0].Source = "" // of a concept that does not say it
		require.Equal(t, want, got, name)
	}
	for _, line := range strings.Split(file, "\r\n") {
		for _, field := range strings.Split(line, ",") {
			field = strings.Trim(field, `"`)
			require.False(t, calculates(field), "a spreadsheet would calculate %q", field)
		}
	}
}

func TestFilesOfSpreadsheetsAreRead(t *testing.T) {
	want := []string{"heparin", "heparina", "heparina sódica"}
	for name, file := range map[string]string{
		"semicolons, other order, few columns": "Form;Language;Concept\nheparin;en;heparin\nheparina;es;heparin\n\"heparina sódica\";ES;heparin\n",
		"tabs":                                 "concept\tlanguage\tform\nheparin\ten\theparin\nheparin\tes\theparina\nheparin\tes\theparina sódica\n",
		"repeated and empty attributes": "concept,domain,rule,language,use,form\nheparin,blood,advised,en,,heparin\nheparin,,,es,preferred,heparina\n" +
			"heparin,blood,advised,es,accepted,heparina sódica\n",
		"decomposed letters": "concept,language,form\nheparin,en,heparin\nheparin,es,heparina\nheparin,es,heparina so\u0301dica\n",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Read([]byte(file), "")
			require.NoError(t, err)
			require.Len(t, got, 1)
			require.Equal(t, want, append(got[0].Forms["en"].right(), got[0].Forms["es"].right()...))
		})
	}
}

func TestAFaultNamesLineColumnAndReason(t *testing.T) {
	const header = "concept,domain,note,source,rule,language,use,form\n"
	for _, test := range []struct{ name, file, want string }{
		{"empty", "", "line 1: the file is empty"},
		{"unknown column", "concept,langauge,form\n", `line 1, column 9: there is no column "langauge"; did you mean "language"?`},
		{"column twice", "concept,form,language,form\n", `line 1, column 23: column "form" is there twice`},
		{"column missing", "concept,language\n", `line 1: the column "form" is missing`},
		{"unknown language", header + "x,,,,,jp,,word\n", `line 2, column 7 (language): "jp" is no language tag (BCP 47); did you mean "ja"?`},
		{"name of a language", header + "x,,,,,Español,,word\n", `did you mean "es"?`},
		{"unknown use", header + "x,,,,,es,prefered,palabra\n", `line 2, column 10 (use): "prefered" is none of preferred, accepted, avoid; did you mean "preferred"?`},
		{"unknown rule", header + "x,,,,invarient,es,,palabra\n", `did you mean "invariant"?`},
		{"no form", header + "x,,,,,es,,\n", "line 2, column 11 (form): there is no form"},
		{"no letters", header + "x,,,,,es,,--\n", "it has no letter and no digit"},
		{"too long", header + "x,,,,,es,," + strings.Repeat("a", 121) + "\n", "it has more than 120 characters"},
		{"control character", header + "x,,,,,es,,a\u202eb\n", "it has a character that cannot be seen, U+202E"},
		{"newline in a field", header + "x,,\"a\nb\",,,es,,word\n", "line 2, column 4 (note): it has a character that cannot be seen, U+000A"},
		{"bad name", header + "Two Words,,,,,es,,word\n", "line 2, column 1 (concept)"},
		{"twice", header + "x,,,,,es,,a\nx,,,,,es,avoid,a\n", `line 3, column 16 (form): "a" is there already, in line 2`},
		{"two preferred", header + "x,,,,,es,preferred,a\nx,,,,,es,preferred,b\n", "line 3, column 10 (use): es has a preferred form already, in line 2"},
		{"no preferred", header + "x,,,,,es,avoid,a\n", `line 2 (use): concept "x" has no preferred form in es`},
		{"contradiction", header + "x,blood,,,,es,,a\nx,skin,,,,en,,b\n", `line 3, column 3 (domain): concept "x" has another domain in line 2`},
		{"fields missing", header + "x,,\n", "line 2: there are 3 fields; the header has 8"},
		{"bare quote", header + "x,,,,,es,,a \"b\n", "line 2, column 13: a quotation mark stands where none may"},
		{"open quote", header + "x,,,,,es,,\"b\n", "a quotation mark stands where none may"},
		{"no UTF-8", header + "x,,,,,es,,a\xe9\n", "line 2: this is no UTF-8"},
		{"UTF-16", "\xff\xfec\x00", "the file is UTF-16"},
		{"list of terms", "list\tlang\ten\ttarget\nF\tjp\tfever\t熱\n", `line 2, column 3 (lang): "jp" is no language tag`},
		{"list without target", "list\tlang\ten\ttarget\nF\tja\tfever\t\n", "line 2, column 12 (target): it is empty"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Read([]byte(test.file), "")
			require.Empty(t, got)
			require.ErrorContains(t, err, test.want)
			require.IsType(t, Faults{}, err)
		})
	}
}

func TestAllFaultsAreToldAndNotWithoutEnd(t *testing.T) {
	file := "concept,language,form\n" + strings.Repeat("x,jp,y\n", 200)
	_, err := Read([]byte(file), "")
	require.Len(t, err, maxFaults)
	_, err = Read([]byte(strings.Repeat("x,", 1000)), "")
	require.Len(t, err, maxFaults)
}

func TestAListOfTermsBecomesConcepts(t *testing.T) {
	got, err := Read([]byte("list\tlang\ten\ttarget\r\nF\tes\tHand washing\tlavado de manos\r\nG\tes\thand-washing\tlavarse las manos\r\nF\tfr\tDo the Five\t5 gestes \"barrière\"\r\n"), "a list")
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.Equal(t, "hand-washing", got[0].ID)
	require.Equal(t, "a list", got[0].Source)
	require.Equal(t, []string{"Hand washing", "hand-washing"}, got[0].Forms["en"].right())
	require.Equal(t, []string{"lavado de manos", "lavarse las manos"}, got[0].Forms["es"].right())
	require.Equal(t, []string{`5 gestes "barrière"`}, got[1].Forms["fr"].right())
}

// TestTheTermsOfTICO19AreReadAndFound: a real list of 8,000 terms in sixteen languages.
func TestTheTermsOfTICO19AreReadAndFound(t *testing.T) {
	root := os.Getenv("MEDIX_SHARED")
	switch {
	case root == "":
		root = filepath.Join("..", "..", "..", "shared")
	case !filepath.IsAbs(root):
		root = filepath.Join("..", "..", root)
	}
	data, err := os.ReadFile(filepath.Join(root, "data", "tico19", "terms.tsv"))
	if os.IsNotExist(err) && os.Getenv("CI") != "true" {
		t.Skip("the list is not on this machine")
	}
	require.NoError(t, err)
	concepts, err := Read(data, "TICO-19")
	require.NoError(t, err)
	require.Greater(t, len(concepts), 300)
	again, err := Read([]byte(written(t, concepts)), "")
	require.NoError(t, err)
	require.Equal(t, concepts, again, "and survives as CSV")

	s := setOfConcepts(concepts...)
	lost := map[language.Code]int{}
	for _, c := range concepts {
		for code, forms := range c.Forms {
			text := "« " + forms.Preferred + " »"
			places := s.Find(text, code)
			if len(places) == 0 {
				lost[code]++
			}
		}
	}
	require.Empty(t, lost, "every term is found in its own language")
}

// FuzzRead: no file breaks the reader, and whatever it accepts survives being written and read.
func FuzzRead(f *testing.F) {
	f.Add([]byte("concept,domain,note,source,rule,language,use,form\nx,,,,invariant,es,preferred,\"a, b\"\n"))
	f.Add([]byte("\ufeffconcept;language;form\r\nx;en;'=1\r\n"))
	f.Add([]byte("list\tlang\ten\ttarget\nF\tja\tfever\t熱\n"))
	f.Add([]byte("concept,language,form\nx,en,''=1\nx,en,＝1\nx,zh,中\u0301\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		concepts, err := Read(data, "")
		if err != nil {
			return
		}
		again, err := Read([]byte(written(t, concepts)), "")
		if err != nil {
			t.Fatalf("what was read from %q is not read again: %v", data, err)
		}
		if len(concepts) > 0 {
			require.ElementsMatch(t, concepts, again)
		}
	})
}
