package search

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// tico19 reads 240 sentences of TICO-19 in their languages, which nobody wrote for this search: language → sentences.
func tico19(t *testing.T) map[string][]string {
	t.Helper()
	root := os.Getenv("MEDIX_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	} else if !filepath.IsAbs(root) {
		root = filepath.Join("..", "..", root)
	}
	data, err := os.ReadFile(filepath.Join(root, "data", "tico19", "tico19-240.tsv"))
	if os.IsNotExist(err) && os.Getenv("CI") != "true" {
		t.Skipf("SKIPPED: shared data is missing: %v", err)
	}
	require.NoError(t, err)
	lines := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	all := map[string][]string{}
	for i, language := range strings.Split(lines[0], "\t") {
		if len(language) != 2 {
			continue
		}
		for _, line := range lines[1:] {
			all[language] = append(all[language], strings.Split(line, "\t")[i])
		}
	}
	return all
}

// changed are ways in which people look for a word that is in a text; nil where a way does not suit the word.
var changed = []struct {
	how    string
	change func(word []rune) []rune
	atBest float64
}{
	{"as it stands", func(word []rune) []rune { return word }, 1},
	{"in capitals", func(word []rune) []rune { return []rune(strings.ToUpper(string(word))) }, 0.99},
	{"without its last letter", func(word []rune) []rune { return word[:len(word)-1] }, 0.95},
	{"with another last letter", func(word []rune) []rune { return append(slices.Clone(word[:len(word)-1]), word[0]) }, 0.9},
	{"with two letters changed", func(word []rune) []rune {
		if classOf(word[0]) == ideograph {
			return nil // that is no slip of whoever writes Chinese
		}
		word = slices.Clone(word)
		at := len(word) / 2 // not in an Arabic article, without which the rest is another word
		word[at], word[at+1] = word[at+1], word[at]
		return word
	}, 0.9},
}

// TestSentencesOfOthersAreFoundByTheirWords looks for the longest word, or a piece, of each sentence of TICO-19, changed as
// people change words.
func TestSentencesOfOthersAreFoundByTheirWords(t *testing.T) {
	e, _ := newEngine(t)
	for language, sentences := range tico19(t) {
		docs := make([]Document, len(sentences))
		for i, s := range sentences {
			docs[i] = text(int64(i+1), s)
		}
		put(t, e, language, docs...)
		for _, way := range changed {
			found, asked, answers := 0, 0, 0
			for i, s := range sentences {
				word := longestWord(s)
				if len(word) < 6 || asked == 60 {
					continue
				}
				query := way.change(word)
				if query == nil {
					continue
				}
				asked++
				ids := find(t, e, string(query), language)
				answers += len(ids)
				if slices.Contains(ids, int64(i+1)) {
					found++
				}
			}
			t.Logf("%s, %s: %d of %d, %.1f answers each", language, way.how, found, asked, float64(answers)/float64(max(asked, 1)))
			require.GreaterOrEqual(t, float64(found), way.atBest*float64(asked), "%s: a word %s", language, way.how)
		}
	}
}

// longestWord returns the longest run of letters of a sentence, a few of them where there are no spaces.
func longestWord(sentence string) []rune {
	var longest []rune
	for _, word := range strings.FieldsFunc(sentence, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }) {
		if runes := []rune(word); len(runes) > len(longest) {
			longest = runes
		}
	}
	if len(longest) > 0 && classOf(longest[0]) == ideograph {
		return longest[:min(len(longest), 6)]
	}
	return longest
}
