package check

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"medixchange/translator/language"
)

// TestEachWordOfAFrequencyThatStandsApart: a word for a day, a week or a month with each of those for how often makes one, whatever the two
// words are.
func TestEachWordOfAFrequencyThatStandsApart(t *testing.T) {
	var lists map[language.Code]rhythmWords
	assert.NoError(t, readYAML("rhythms.yaml", &lists))
	for code, list := range lists {
		for per, words := range map[string][]string{"d": list.Day, "w": list.Week, "mo": list.Month} {
			for _, word := range words {
				for count, times := range list.Times {
					for _, said := range times {
						askApart(t, code, word, per, count, said)
					}
				}
			}
		}
	}
}

func askApart(t *testing.T, code language.Code, word, per, count, said string) {
	t.Helper()
	said, count = strings.ReplaceAll(said, "{n}", "3"), strings.ReplaceAll(count, "{n}", "3")
	text := word + " xyz " + said
	x := extract(text, code)
	value := count + "/" + per
	whole := slices.ContainsFunc(x.frequencies, func(s span) bool { return s.value == value })
	parted := slices.ContainsFunc(x.apart, func(a apart) bool { return a.value == value })
	assert.True(t, whole || parted, "%s: %q is %s, and gives %v %v", code, text, value, x.frequencies, x.apart)
}
