package check

import (
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// TestForeignAnswers: an answer in a language that the reader did not ask for is noticed, whatever the two languages and their scripts.
func TestForeignAnswers(t *testing.T) {
	var sentences map[language.Code]string
	readTestdata(t, "foreign.yaml", &sentences)
	require.GreaterOrEqual(t, len(sentences), len(language.Bases))
	for from, source := range sentences {
		for to, right := range sentences {
			if from.Base() == to.Base() {
				continue
			}
			assertVerdict(t, source, right, from, to, Pass)
			for other, answer := range sentences {
				if other.Base() != to.Base() {
					report := Compare([]string{source}, []string{answer}, from, to)
					require.NotEqual(t, Pass, report.Verdict, "%s→%s answered in %s: %s", from, to, other, answer)
				}
			}
		}
	}
}

// TestShortWords: a language of short words has sentences, and an abbreviation is none.
func TestShortWords(t *testing.T) {
	assertVerdict(t, "Mẹ sốt từ hôm qua", "أصيبت الأم بالحمى منذ الأمس", "vi", "en", Block)
	assertVerdict(t, "Mẹ sốt từ hôm qua", "Mother has had a fever since yesterday", "vi", "en", Pass)
	assertVerdict(t, "У неё жар", "У неё жар", "ru", "en", Block)
	assertVerdict(t, "CT ok", "CT ok", "de", "ja", Pass)
	assertVerdict(t, "Hb 7,2, K 5,1", "Hb 7.2, K 5.1", "de", "zh", Pass)
	assertVerdict(t, "pH 7.21, BE 3", "pH 7,21, BE 3", "en", "ru", Pass)
}
