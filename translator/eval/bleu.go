package eval

import (
	"math"
	"regexp"
	"strings"
)

// maxOrder is the longest sequence of words that BLEU compares.
const maxOrder = 4

// BLEU is the score of translations against one reference each, from 0 to 100, over the whole corpus: sequences of up to
// four words, brevity penalty, and exponential smoothing of orders without a match (Papineni et al. 2002; Chen and Cherry
// 2014, method 3). Words are parted as mteval-v13a does it. Both lists have the same length.
func BLEU(translations, references []string) float64 {
	var matched, total [maxOrder]int
	length, wanted := 0, 0
	for i := range translations {
		words, reference := tokens13a(translations[i]), tokens13a(references[i])
		length += len(words)
		wanted += len(reference)
		for n := range maxOrder {
			found, all := matches(sequences(words, n+1), sequences(reference, n+1))
			matched[n] += found
			total[n] += all
		}
	}
	return bleuOf(matched, total, length, wanted)
}

func bleuOf(matched, total [maxOrder]int, length, wanted int) float64 {
	if matched == [maxOrder]int{} {
		return 0
	}
	logs, smoothing := 0.0, 1.0
	for n := range maxOrder {
		switch {
		case total[n] == 0:
			return 0
		case matched[n] == 0:
			smoothing *= 2
			logs += math.Log(1 / (smoothing * float64(total[n])))
		default:
			logs += math.Log(float64(matched[n]) / float64(total[n]))
		}
	}
	brevity := 1.0
	if length < wanted {
		brevity = math.Exp(1 - float64(wanted)/float64(length))
	}
	return 100 * brevity * math.Exp(logs/maxOrder)
}

// sequences counts the runs of n words.
func sequences(words []string, n int) map[string]int {
	counts := map[string]int{}
	for i := 0; i+n <= len(words); i++ {
		counts[strings.Join(words[i:i+n], " ")]++
	}
	return counts
}

// matches counts what two lists share, each item as often as both have it, and the items of the first.
func matches(found, wanted map[string]int) (shared, all int) {
	for item, count := range found {
		shared += min(count, wanted[item])
		all += count
	}
	return shared, all
}

// The steps of mteval-v13a, in their order: marks stand alone; a full stop or comma too, unless digits are on both
// sides; so does a dash behind a digit.
var steps13a = []struct {
	find    *regexp.Regexp
	replace string
}{
	{regexp.MustCompile("([{-~\\[-` -&(-+:-@/])"), " $1 "},
	{regexp.MustCompile(`([^0-9])([.,])`), "$1 $2 "},
	{regexp.MustCompile(`([.,])([^0-9])`), " $1 $2"},
	{regexp.MustCompile(`([0-9])(-)`), "$1 $2 "},
}

var entities = strings.NewReplacer("&quot;", `"`, "&amp;", "&", "&lt;", "<", "&gt;", ">")

func tokens13a(text string) []string {
	text = " " + entities.Replace(strings.ReplaceAll(text, "\n", " ")) + " "
	for _, step := range steps13a {
		text = step.find.ReplaceAllString(text, step.replace)
	}
	return strings.Fields(text)
}
