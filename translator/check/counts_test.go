package check

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// TestCountsInEveryLanguage: a number in words is the same in every language, also where numerals need no space, and another is noticed.
func TestCountsInEveryLanguage(t *testing.T) {
	var counts map[language.Code]struct {
		Say     string
		Numbers []string
	}
	readTestdata(t, "counts.yaml", &counts)
	require.Len(t, counts, len(language.Bases))
	say := func(code language.Code, i int) string {
		return strings.Replace(counts[code].Say, "{}", counts[code].Numbers[i], 1)
	}
	for from := range counts {
		for to := range counts {
			for i := range counts[from].Numbers {
				other := (i + 2) % len(counts[to].Numbers)
				assertVerdict(t, say(from, i), say(to, i), from, to, Pass)
				assertVerdict(t, say(from, i), say(to, other), from, to, Warn)
			}
		}
	}
}

// TestDigitsOfEveryScript reads all decimal digits that Unicode has.
func TestDigitsOfEveryScript(t *testing.T) {
	runs := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !unicode.Is(unicode.Nd, r) {
			_, ok := digit(r)
			require.False(t, ok, "%U", r)
			continue
		}
		d, ok := digit(r)
		require.True(t, ok, "%U", r)
		require.Equal(t, byte('0'+runs%10), d, "%U", r)
		runs++
	}
	for _, digits := range []string{"٢٥", "۲۵", "२५", "২৫", "๒๕", "២៥", "၂၅", "໒໕", "௨௫", "２５"} {
		assert.Equal(t, Pass, compared("Give 25 mg now.", "... "+digits+" mg ...", "en", "hi").Verdict, digits)
		assert.NotEqual(t, Pass, compared("Give 52 mg now.", "... "+digits+" mg ...", "en", "hi").Verdict, digits)
	}
}

// TestNumbersBesideNames: the 12 of B12 is no thousand of the number behind it, and the Persian nine is no "not".
func TestNumbersBesideNames(t *testing.T) {
	assertVerdict(t, "Vitamin B12 level 150 pmol/L.", "Уровень витамина B12 150 пмоль/л.", "en", "ru", Pass)
	assertVerdict(t, "Nine patients are waiting.", "نه بیمار منتظرند.", "en", "fa", Pass)
	assertVerdict(t, "Fünfundzwanzig Tropfen Metamizol bei Bedarf", "Twenty-five drops of metamizole as needed", "de", "en", Pass)
	assertVerdict(t, "Fünfundzwanzig Tropfen Metamizol bei Bedarf", "Thirty-five drops of metamizole as needed", "de", "en", Warn)
}
