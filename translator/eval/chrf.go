package eval

import "unicode"

const (
	chrfOrder = 6 // letters of the longest sequence
	chrfBeta  = 2 // recall counts this much more than precision
)

// ChrF is the chrF2 score of translations against one reference each, from 0 to 100, over the whole corpus: sequences of
// one to six letters, blanks left out, precision and recall averaged over the orders (Popović 2015, 2017). Sequences longer
// than the reference count for nothing, as in sacreBLEU. Both lists have the same length.
func ChrF(translations, references []string) float64 {
	var shared, found, wanted [chrfOrder]int
	for i := range translations {
		have, should := letters(translations[i]), letters(references[i])
		for n := range chrfOrder {
			if len(should) <= n {
				break
			}
			matched, all := matches(sequencesOf(have, n+1), sequencesOf(should, n+1))
			shared[n] += matched
			found[n] += all
			wanted[n] += len(should) - n
		}
	}
	return chrfOf(shared, found, wanted)
}

func chrfOf(shared, found, wanted [chrfOrder]int) float64 {
	precision, recall, orders := 0.0, 0.0, 0.0
	for n := range chrfOrder {
		if found[n] == 0 || wanted[n] == 0 {
			continue
		}
		precision += float64(shared[n]) / float64(found[n])
		recall += float64(shared[n]) / float64(wanted[n])
		orders++
	}
	if precision+recall == 0 {
		return 0
	}
	precision, recall = precision/orders, recall/orders
	return 100 * (1 + chrfBeta*chrfBeta) * precision * recall / (chrfBeta*chrfBeta*precision + recall)
}

// letters are all runes of a text but blanks.
func letters(text string) []rune {
	kept := make([]rune, 0, len(text))
	for _, r := range text {
		if !unicode.IsSpace(r) {
			kept = append(kept, r)
		}
	}
	return kept
}

func sequencesOf(runes []rune, n int) map[string]int {
	counts := map[string]int{}
	for i := 0; i+n <= len(runes); i++ {
		counts[string(runes[i:i+n])]++
	}
	return counts
}
