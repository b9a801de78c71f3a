package check

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// TestLacksNegateNothing: the name of a finding is no negation and answers none, in whichever list its words stand.
func TestLacksNegateNothing(t *testing.T) {
	var lists map[language.Code][]string
	require.NoError(t, readYAML("lacks.yaml", &lists))
	require.Len(t, lists, len(language.Bases))
	for code, list := range lists {
		for _, word := range list {
			requireNoNegation(t, code, word)
		}
	}
}

// TestWholeConceptsNegateNothing: "not conscious" is "unconscious", and no negation of its own.
func TestWholeConceptsNegateNothing(t *testing.T) {
	var concepts map[string]map[language.Code]struct{ Is, IsNot, Says, Last []string }
	require.NoError(t, readYAML("opposites.yaml", &concepts))
	for concept, languages := range concepts {
		if !strings.HasSuffix(concept, "!") {
			continue
		}
		for code, words := range languages {
			for _, word := range words.IsNot {
				requireNoNegation(t, code, word)
			}
		}
	}
}

func requireNoNegation(t *testing.T, code language.Code, word string) {
	t.Helper()
	x := extract(strings.ReplaceAll(word, "*", ""), code)
	assert.Empty(t, x.negations, "%s: %s", code, word)
	assert.Empty(t, x.opposites, "%s: %s", code, word)
	assert.Empty(t, x.weak, "%s: %s", code, word)
	assert.Empty(t, x.faint, "%s: %s", code, word)
}

// TestEveryConceptIsKnownInEveryLanguage: what one language has no words for is never found to be its opposite.
func TestEveryConceptIsKnownInEveryLanguage(t *testing.T) {
	var concepts map[string]map[language.Code]struct{ Is, IsNot, Says, Last []string }
	require.NoError(t, readYAML("opposites.yaml", &concepts))
	for concept, languages := range concepts {
		for _, code := range language.Bases {
			assert.NotEmpty(t, languages[code].Is, "%s, %s", concept, code)
			assert.NotEmpty(t, languages[code].IsNot, "%s, %s", concept, code)
		}
	}
}
