package check

import (
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"medixchange/translator/language"
)

// leastDropped is promised for dropped sides, in %. A "left" that remains, and a Turkish "sağ" that is unharmed, are no sides.
const leastDropped = 97.0

// TestFreshSentences compares sentences that were written before the checks had been tried on them with their translations, as
// they are and damaged, from English and into it.
func TestFreshSentences(t *testing.T) {
	texts := readByLanguage[map[string]string](t, "fresh")
	m := newMutator(t)
	show := os.Getenv("MEDIX_SAFETY_SHOW") != ""
	sum := newScore()
	for code, sentences := range texts {
		if code == "en" {
			continue
		}
		s := newScore()
		for _, id := range slices.Sorted(maps.Keys(sentences)) {
			english, text := texts["en"][id], sentences[id]
			m.judgePair(t, &s, show, "en", code, english, text)
			m.judgePair(t, &s, show, code, "en", text, english)
		}
		t.Logf("%s: %s", language.Code(code), s)
		assert.LessOrEqual(t, s.alarmed(), mostAlarms, "%s: alarms in %%", code)
		if wordsOf(language.Code(code)).Reorders { // they put clauses in another order, and with them the numbers
			assert.GreaterOrEqual(t, s.shareWithout("number swapped"), leastFound, "%s: mutants found in %%", code)
		} else {
			assert.GreaterOrEqual(t, s.share("all"), leastFound, "%s: mutants found in %%", code)
		}
		sum.join(s)
	}
	t.Logf("all languages: %s", sum)
	assert.GreaterOrEqual(t, sum.share("all"), leastFound)
	assert.GreaterOrEqual(t, sum.share("unit dropped"), leastFound, "dropped units found in %%")
	assert.GreaterOrEqual(t, sum.share("side dropped"), leastDropped, "dropped sides found in %%")
}
