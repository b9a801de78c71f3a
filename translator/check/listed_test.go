package check

import (
	"bytes"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"medixchange/translator/language"
)

// listed are words of a file of rules that one case has to hold: a list of the file, or what of it is of one language.
type listed struct {
	name    string
	in      language.Code // "" where the words are of all languages
	words   []string
	endings bool     // they are ends of words ("Digoxinspiegel")
	signs   bool     // they are signs, which stand wherever they stand
	gives   []string // what the wrong translation gives; nil for anything
}

// listedFiles are the files whose lists are asked for, each list by its key in the file, and what the wrong translation of a case gives.
var listedFiles = map[string]struct {
	languages      bool // the first key is a language
	endings, signs bool
	gives          []string
}{
	"compounds.yaml":      {endings: true, gives: []string{"drug.", "dose.", "number."}},
	"concentrations.yaml": {gives: []string{"dose."}},
	"conditions.yaml":     {languages: true, gives: []string{"negation."}},
	"counted.yaml":        {gives: []string{"number."}},
	"druglike.yaml":       {gives: []string{"drug."}},
	"labels.yaml":         {gives: []string{"number.", "dose.", "unit."}},
	"lacks.yaml":          {languages: true, gives: []string{"negation."}},
	"omissions.yaml":      {languages: true, gives: []string{"negation."}},
	"roles.yaml":          {languages: true, gives: []string{"drug."}},
	"marks.yaml":          {signs: true},
	"numberforms.yaml":    {signs: true},
	"vitals.yaml":         {gives: []string{"number.", "unit.", "blood_pressure.", "date."}},
}

// askedElsewhere says of the other files who asks for their cases.
var askedElsewhere = map[string]string{
	"drugs.yaml":       "names, not rules: drugnames_test.go looks for every one of them; a drug in each language is asked for in coverage_test.go",
	"drugnames.yaml":   "as drugs.yaml",
	"frequencies.yaml": "coverage_test.go asks for each",
	"letters.yaml":     "letters that are alike, not rules: spelling_test.go writes every drug in every language, drugnames_test.go in every case",
	"limits.yaml":      "thresholds: data_test.go refuses one that is none, and what they bound is asked for by its finding",
	"opposites.yaml":   "coverage_test.go asks for each concept, lacks_test.go for its words in every language",
	"routes.yaml":      "coverage_test.go asks for each, routes_test.go in every language",
	"rhythms.yaml":     "apart_test.go asks for each word",
	"signs.yaml":       "coverage_test.go asks for each",
	"thaiforms.yaml":   "spellings of names, not rules: spelling_test.go writes every drug in Thai",
	"thaisounds.yaml":  "as thaiforms.yaml; runes_test.go looks whether they rule out a drug",
	"units.yaml":       "coverage_test.go asks for each",
	"verdicts.yaml":    "coverage_test.go asks for each finding",
	"words":            "files of one language: coverage_test.go asks for each finding that rests on words in every language",
}

// TestEveryFileOfRulesIsAskedFor a case, or says here why not: a new one cannot be forgotten.
func TestEveryFileOfRulesIsAskedFor(t *testing.T) {
	files, err := fs.ReadDir(dataFiles, "data")
	require.NoError(t, err)
	known := map[string]bool{}
	for _, file := range files {
		_, here := listedFiles[file.Name()]
		require.NotEqual(t, here, askedElsewhere[file.Name()] != "", "%s is either asked for a case or has a reason why not", file.Name())
		known[file.Name()] = true
	}
	require.Len(t, known, len(listedFiles)+len(askedElsewhere), "a file that is asked for is not there")
}

// TestEveryListOfWordsHasItsCase: of each list of the files of rules one word at least stands in a case with a right and a wrong
// translation, which gives what the list is for.
func TestEveryListOfWordsHasItsCase(t *testing.T) {
	lists := listedWords(t)
	var cases []ruleCase
	for _, c := range ruleCases(t) {
		if c.Right != "" && c.Wrong != "" {
			cases = append(cases, c)
		}
	}
	for _, l := range lists {
		finds := l.finder()
		if !slices.ContainsFunc(cases, func(c ruleCase) bool { return l.stands(c, finds) }) {
			t.Errorf("no case with a right and a wrong translation: %s", l.name)
		}
	}
}

func listedWords(t *testing.T) (all []listed) {
	t.Helper()
	for _, file := range slices.Sorted(maps.Keys(listedFiles)) {
		data, err := dataFiles.ReadFile("data/" + file)
		require.NoError(t, err)
		var content any
		require.NoError(t, yaml.NewDecoder(bytes.NewReader(data)).Decode(&content))
		about := listedFiles[file]
		l := listed{name: file, endings: about.endings, signs: about.signs, gives: about.gives}
		all = append(all, l.within(content, about.languages)...)
	}
	return all
}

// within are the lists of a part of a file. Of a list of lists each is one.
func (l listed) within(content any, languages bool) (all []listed) {
	switch content := content.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(content)) {
			part := l
			part.name = path.Join(l.name, key)
			part.endings = part.endings || key == "ending"
			if languages {
				part.in = language.Code(key)
			}
			all = append(all, part.within(content[key], false)...)
		}
		return all
	case []any:
		for i, element := range content {
			word, ok := element.(string)
			if !ok {
				part := l
				part.name = path.Join(l.name, strconv.Itoa(i+1))
				all = append(all, part.within(element, false)...)
				continue
			}
			l.words = append(l.words, word)
		}
	case string:
		l.words = []string{content}
		if l.signs {
			l.words = strings.Split(content, "")
		}
	}
	if len(l.words) > 0 {
		all = append(all, l)
	}
	return all
}

// finder returns what looks for the words in a text.
func (l listed) finder() func(text string) bool {
	if l.signs || l.endings {
		return l.findsIn
	}
	words := &lexicon{}
	for _, word := range l.words {
		word, only, _ := strings.Cut(word, "@")
		words.add(word, entry{group: "listed", sure: true, only: language.Code(only)})
	}
	return func(text string) bool { return len(words.all(fold(text).runes)) > 0 }
}

// findsIn looks for signs, and for the ends of words that have another word in front.
func (l listed) findsIn(text string) bool {
	if l.signs {
		return slices.ContainsFunc(l.words, func(sign string) bool { return strings.Contains(strings.ToLower(text), sign) })
	}
	return slices.ContainsFunc(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !wordRune(r) }), func(word string) bool {
		return slices.ContainsFunc(l.words, func(end string) bool {
			before, ok := strings.CutSuffix(word, end)
			return ok && len(before) > 3
		})
	})
}

// stands reports whether a case is one of the list.
func (l listed) stands(c ruleCase, finds func(string) bool) bool {
	if l.gives != nil && !c.gives(l.gives...) {
		return false
	}
	in := func(code language.Code) bool { return l.in == "" || code.Base() == l.in }
	return in(c.from) && finds(c.Say) || in(c.to) && (finds(c.Right) || finds(c.Wrong))
}
