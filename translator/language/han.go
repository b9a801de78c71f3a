package language

import (
	"math"
	"strings"
	"sync"
	"unicode"
)

// hanSigns are the characters and words of one of the two languages that Han characters alone may be.
type hanSigns struct {
	chinese, japanese           map[rune]bool
	chineseWords, japaneseWords []string
}

var hanTraits = sync.OnceValue(func() hanSigns {
	zh, ja := mustLoadTraits("zh"), mustLoadTraits("ja")
	return hanSigns{runesOf(zh.Letters), runesOf(ja.Letters), strings.Fields(zh.Words), strings.Fields(ja.Words)}
})

func runesOf(text string) map[rune]bool {
	set := map[rune]bool{}
	for _, r := range text {
		if unicode.Is(unicode.Han, r) {
			set[r] = true
		}
	}
	return set
}

// In logarithms of odds for Chinese.
const (
	hanPrior    = 1.5  // most texts without kana are Chinese
	hanSender   = 4.0  // the sender reads one of the two
	hanSign     = 3.5  // a character or word of one of the two only
	hanKanaless = 0.35 // each further character of a text that still has no kana
)

// hanGuesses tells Chinese from Japanese in a text without kana.
func hanGuesses(text string, sender Code) []Guess {
	signs, odds, characters := hanTraits(), hanPrior, 0
	switch sender.Base() {
	case "zh":
		odds += hanSender
	case "ja":
		odds -= hanSender
	}
	text = beginning(text, maxJudged)
	for _, r := range text {
		switch {
		case signs.chinese[r]:
			odds += hanSign
		case signs.japanese[r]:
			odds -= hanSign
		}
		if unicode.Is(unicode.Han, r) {
			characters++
		}
	}
	odds += hanSign * float64(occurrences(text, signs.chineseWords)-occurrences(text, signs.japaneseWords))
	odds += hanKanaless * float64(max(characters-4, 0))
	codes, sum := []Code{chineseForm(text, sender), "ja"}, scores{float32(math.Min(odds, 30)), 0}
	return ranked(codes, &sum)
}

func occurrences(text string, words []string) int {
	found := 0
	for _, word := range words {
		if strings.Contains(text, word) {
			found++
		}
	}
	return found
}
