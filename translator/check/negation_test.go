package check

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"medixchange/translator/language"
)

// withoutNegations cuts the words out of a text that certainly negate.
func withoutNegations(text string, code language.Code) string {
	x := extract(text, code)
	for i := len(x.negations) - 1; i >= 0; i-- {
		s := x.negations[i]
		text = text[:x.f.starts[s.from]] + text[x.f.ends[s.to-1]:]
	}
	return text
}

// leastFound is the share of sentences, in %, of which the loss or the addition of every negation has to be noticed. They are
// long, with 20 words and more, and many hold other words that may answer to a negation.
const leastFound = 50

// TestLostAndAddedNegationsAreFound takes the negations out of one side of good translations and counts what goes unnoticed.
func TestLostAndAddedNegationsAreFound(t *testing.T) {
	header, rows := tico19(t)
	for column := 2; column < len(header)-1; column++ {
		code := language.Code(header[column])
		if !code.Known() {
			continue
		}
		made, lost, added := 0, 0, 0
		for _, row := range rows {
			english, other := row[1], row[column]
			if len(extract(english, "en").negations) == 0 || len(extract(other, code).negations) == 0 {
				continue
			}
			made++
			if finds(english, withoutNegations(other, code), "en", code, "negation") {
				lost++
			}
			if finds(withoutNegations(english, "en"), other, "en", code, "negation") {
				added++
			}
		}
		t.Logf("%s: of %d, %d lost ones and %d added ones found", code, made, lost, added)
		require.GreaterOrEqual(t, lost*100, made*leastFound, code)
		require.GreaterOrEqual(t, added*100, made*leastFound, code)
	}
}

// finds reports whether the checks make a finding of that code.
func finds(source, translation string, from, to language.Code, code string) bool {
	for _, reason := range Compare([]string{source}, []string{translation}, from, to).Reasons {
		if reason.Code == code {
			return true
		}
	}
	return false
}

// TestNegationsBetweenAllLanguages compares each language with each other one, both ways.
func TestNegationsBetweenAllLanguages(t *testing.T) {
	data, err := os.ReadFile("testdata/negations.yaml")
	require.NoError(t, err)
	var said map[language.Code]struct{ Is, IsNot, Give, GiveNot string }
	require.NoError(t, yaml.Unmarshal(data, &said))
	require.Len(t, said, len(language.Bases))
	verdict := func(source, translation string, from, to language.Code) Verdict {
		return Compare([]string{source}, []string{translation}, from, to).Verdict
	}
	for from, a := range said {
		for to, b := range said {
			if from == to {
				continue
			}
			assert.Equal(t, Pass, verdict(a.Is, b.Is, from, to), "%s → %s", from, to)
			assert.False(t, finds(a.IsNot, b.IsNot, from, to, "negation"), "%s → %s", from, to)
			assert.True(t, finds(a.Is, b.IsNot, from, to, "negation"), "added, %s → %s", from, to)
			assert.True(t, finds(a.IsNot, b.Is, from, to, "negation"), "lost, %s → %s", from, to)
			assert.NotEqual(t, Block, verdict(a.Give, b.Give, from, to), "%s → %s", from, to)
			assert.False(t, finds(a.GiveNot, b.GiveNot, from, to, "negation"), "%s → %s", from, to)
			assert.Equal(t, Block, verdict(a.Give, b.GiveNot, from, to), "added, %s → %s", from, to)
			assert.Equal(t, Block, verdict(a.GiveNot, b.Give, from, to), "lost, %s → %s", from, to)
		}
	}
}
