package check

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// The mutator damages good translations by rules of its own, which know nothing of the tables of the
// checks, so that the checks are not graded by what they happen to read.

// mutant is a damaged translation.
type mutant struct{ kind, text string }

// damages are the lists of one language in testdata/mutations.yaml.
type damages struct {
	Negations []string
	Keep      []string
	Units     [][]string
	Sides     []string
	Doses     []string
	Months    []string
	Marks     string
	Exchange  map[string][]string
}

// mutator makes mutants.
type mutator struct {
	languages map[string]damages
	drugs     [][]string
}

func newMutator(t *testing.T) *mutator {
	t.Helper()
	var all map[string]yaml.Node
	readTestdata(t, "mutations.yaml", &all)
	m := &mutator{languages: map[string]damages{}}
	for code, node := range all {
		if code == "drugs" {
			require.NoError(t, node.Decode(&m.drugs))
			continue
		}
		var d damages
		require.NoError(t, node.Decode(&d))
		m.languages[code] = d
	}
	return m
}

// mutants makes all mutants of a text in a language.
func (m *mutator) mutants(code, text string) []mutant {
	d := m.languages[code]
	list := append(numberMutants(text), d.thousandMutants(text)...)
	list = append(list, d.unitMutants(text)...)
	list = append(list, d.droppedUnits(text)...)
	list = append(list, d.droppedSides(text)...)
	list = append(list, d.negationMutants(text)...)
	for i := 0; i+1 < len(d.Sides); i += 2 {
		list = append(list, swapped("side", text, d.Sides[i], d.Sides[i+1])...)
		list = append(list, swapped("side", text, d.Sides[i+1], d.Sides[i])...)
	}
	list = append(list, d.exchangeMutants(text)...)
	list = append(list, d.monthMutants(text)...)
	list = append(list, m.exchangedDrugs(text)...)
	return append(list, m.drugMutants(text)...)
}

// digitRun is a number as the mutator sees it: digits of any script and single marks between them.
type digitRun struct{ from, to int } // in runes

// digitRuns lists numbers that stand for themselves: not COVID-19, B12, or 6-9.
func digitRuns(runes []rune) (runs []digitRun) {
	for i := 0; i < len(runes); {
		if !unicode.IsDigit(runes[i]) {
			i++
			continue
		}
		j := i
		for j < len(runes) && (unicode.IsDigit(runes[j]) || j+1 < len(runes) && strings.ContainsRune(".,٫٬\u00a0", runes[j]) && unicode.IsDigit(runes[j+1])) {
			j++
		}
		if !named(runes, i, j) {
			runs = append(runs, digitRun{i, j})
		}
		i = j
	}
	return runs
}

// named reports digits that belong to a name or to a longer sign.
func named(runes []rune, from, to int) bool {
	if from > 0 {
		if r := runes[from-1]; strings.ContainsRune("-–/:_.#", r) || r < 0x250 && unicode.IsLetter(r) {
			return true
		}
	}
	if from > 1 && unicode.IsSpace(runes[from-1]) && strings.HasSuffix(strings.ToLower(string(runes[:from-1])), "covid") {
		return true
	}
	return to < len(runes) && (strings.ContainsRune("-–/:_", runes[to]) || runes[to] < 0x250 && unicode.IsLetter(runes[to]))
}

func numberMutants(text string) (list []mutant) {
	runes := []rune(text)
	runs := digitRuns(runes)
	put := func(kind string, r digitRun, with string) {
		if kind != "" {
			list = append(list, mutant{kind, string(runes[:r.from]) + with + string(runes[r.to:])})
		}
	}
	for _, r := range runs {
		digits := runes[r.from:r.to]
		changed := append([]rune{}, digits...)
		last := len(changed) - 1
		changed[last] += 3
		if !unicode.IsDigit(changed[last]) || !unicode.IsDigit(digits[last]+3) || decimalValue(digits[last]) > 6 {
			changed[last] = digits[last] - 4
		}
		put("number changed", r, string(changed))
		put("number dropped", r, "")
		if at := strings.IndexFunc(string(digits), func(r rune) bool { return !unicode.IsDigit(r) }); at < 0 {
			put("decimal", r, string(digits)+string(digits[0]-rune(decimalValue(digits[0]))))
			if last > 0 {
				put("decimal", r, string(digits[:last])+"."+string(digits[last:]))
			}
		} else if len(digits) < 5 {
			put("decimal", r, strings.Map(func(r rune) rune {
				if unicode.IsDigit(r) {
					return r
				}
				return -1
			}, string(digits)))
		}
	}
	return append(list, exchanged(runes, runs)...)
}

// exchanged swaps each number with the next, if the two differ.
func exchanged(runes []rune, runs []digitRun) (list []mutant) {
	for i := 0; i+1 < len(runs); i++ {
		a, b := runs[i], runs[i+1]
		first, second := string(runes[a.from:a.to]), string(runes[b.from:b.to])
		if first != second {
			list = append(list, mutant{"number swapped", string(runes[:a.from]) + second + string(runes[a.to:b.from]) + first + string(runes[b.to:])})
		}
	}
	return list
}

// decimalValue is the value of a digit of any script.
func decimalValue(r rune) int {
	value := 0
	for unicode.IsDigit(r-rune(value)-1) && value < 9 {
		value++
	}
	return value
}

// unitMutants replaces units that stand after a number.
func (d damages) unitMutants(text string) (list []mutant) {
	for _, row := range d.Units {
		for _, at := range occurrences(text, row[0]) {
			before := strings.TrimRight(text[:at], " \u00a0\u202f")
			if before == "" || !unicode.IsDigit([]rune(before)[len([]rune(before))-1]) {
				continue
			}
			list = append(list, mutant{"unit", text[:at] + row[1] + text[at+len(strings.Trim(row[0], "-")):]})
		}
	}
	return list
}

func (d damages) negationMutants(text string) (list []mutant) {
	for _, rule := range d.Negations {
		word, with, _ := strings.Cut(rule, " → ")
		if first, second, ok := strings.Cut(word, " … "); ok {
			list = append(list, cutPair(text, first, second)...)
			continue
		}
		for _, at := range occurrences(text, word) {
			if d.kept(text, at) {
				continue
			}
			list = append(list, mutant{"negation", text[:at] + with + text[at+len(strings.Trim(word, "-")):]})
		}
	}
	return list
}

// kept reports a place within one of the expressions to keep.
func (d damages) kept(text string, at int) bool {
	for _, keep := range d.Keep {
		for _, start := range occurrences(text, "-"+keep+"-") {
			if start <= at && at < start+len(keep) {
				return true
			}
		}
	}
	return false
}

// cutPair cuts "ne" and the "pas" behind it.
func cutPair(text, first, second string) (list []mutant) {
	word := first
	if strings.HasSuffix(word, "'") {
		text, word = strings.ReplaceAll(text, "’", "'"), word+"-"
	}
	for _, at := range occurrences(text, word) {
		rest := text[at+len(first):]
		for _, to := range occurrences(rest, second) {
			if to < 40 {
				list = append(list, mutant{"negation", text[:at] + strings.TrimLeft(rest[:to], " ") + rest[to+len(second):]})
			}
			break
		}
	}
	return list
}

// exchangeMutants say how often, how, by what and on which weekday otherwise.
func (d damages) exchangeMutants(text string) (list []mutant) {
	for _, kind := range slices.Sorted(maps.Keys(d.Exchange)) {
		if kind != "weekday" && !d.gives(text) {
			continue
		}
		taken := map[int]bool{} // "daily" of "once daily" is no frequency of its own
		for _, rule := range d.Exchange[kind] {
			word, with, _ := strings.Cut(rule, " → ")
			for _, at := range occurrences(text, word) {
				if !taken[at+len(word)] {
					taken[at+len(word)] = true
					list = append(list, mutant{kind, text[:at] + with + text[at+len(word):]})
				}
			}
		}
	}
	return list
}

// gives reports whether a text has an amount of something that is given.
func (d damages) gives(text string) bool {
	return slices.ContainsFunc(d.Doses, func(unit string) bool {
		return slices.ContainsFunc(occurrences(text, "-"+unit), func(at int) bool {
			before := []rune(strings.TrimRight(text[:at], " \u00a0\u202f"))
			return len(before) > 0 && unicode.IsDigit(before[len(before)-1])
		})
	})
}

// monthMutants change the month of a date.
func (d damages) monthMutants(text string) (list []mutant) {
	for i, month := range d.Months {
		for _, at := range occurrences(text, month+"-") {
			if end := at + len(month); besideDigit(text[:at], true) || besideDigit(text[end:], false) {
				list = append(list, mutant{"month", text[:at] + d.Months[(i+2)%len(d.Months)] + text[end:]})
			}
		}
	}
	return list
}

// besideDigit reports a digit at the end, or at the beginning, of a text, behind no more than a mark and a space.
func besideDigit(text string, last bool) bool {
	runes := []rune(text)
	if last {
		slices.Reverse(runes)
	}
	return slices.ContainsFunc(runes[:min(len(runes), 3)], unicode.IsDigit)
}

func (m *mutator) drugMutants(text string) (list []mutant) {
	seen := map[string]bool{}
	for _, row := range m.drugs {
		for i, drug := range row {
			for _, at := range occurrences(text, "-"+drug+"-") {
				key := text[at : at+len(drug)]
				if seen[key] || wordLetter(text[:at], true) {
					continue
				}
				seen[key] = true
				list = append(list,
					mutant{"drug", strings.ReplaceAll(text, key, row[(i+1)%len(row)])},
					mutant{"drug", strings.ReplaceAll(text, key, "")})
			}
		}
	}
	return list
}

// listGap is up to how many letters stand between two items of a list (" and ", "، و").
const listGap = 7

// exchangedDrugs swaps each drug with the next, if the two differ and are more than items of a list.
func (m *mutator) exchangedDrugs(text string) (list []mutant) {
	type place struct{ from, to int } // in bytes
	var places []place
	for _, row := range m.drugs {
		for _, drug := range row {
			for _, at := range occurrences(text, "-"+drug+"-") {
				p := place{at, at + len(drug)}
				if !wordLetter(text[:at], true) && !slices.Contains(places, p) {
					places = append(places, p)
				}
			}
		}
	}
	slices.SortFunc(places, func(a, b place) int { return cmp.Or(a.from-b.from, b.to-a.to) })
	places = slices.CompactFunc(places, func(p, before place) bool { return p.from < before.to }) // "insulin" of "insuline"
	for i := 0; i+1 < len(places); i++ {
		a, b := places[i], places[i+1]
		first, second := text[a.from:a.to], text[b.from:b.to]
		if !strings.EqualFold(first, second) && len([]rune(text[a.to:b.from])) > listGap {
			list = append(list, mutant{"drugs exchanged", text[:a.from] + second + text[a.to:b.from] + first + text[b.to:]})
		}
	}
	return list
}

func swapped(kind, text, from, to string) (list []mutant) {
	for _, at := range occurrences(text, from) {
		list = append(list, mutant{kind, text[:at] + strings.Trim(to, "-") + text[at+len(strings.Trim(from, "-")):]})
	}
	return list
}

// occurrences lists the places of a word in any case; "-" at its ends lets letters stand there.
func occurrences(text, word string) (places []int) {
	lower := strings.ToLower(text)
	if len(lower) != len(text) {
		lower = text
	}
	bare := strings.ToLower(strings.Trim(word, "-"))
	for from := 0; ; {
		at := strings.Index(lower[from:], bare)
		if at < 0 || bare == "" {
			return places
		}
		at += from
		from = at + len(bare)
		if !strings.HasPrefix(word, "-") && wordLetter(text[:at], true) || !strings.HasSuffix(word, "-") && wordLetter(text[from:], false) {
			continue
		}
		places = append(places, at)
	}
}

// wordLetter reports whether a letter of a script with spaces is the last, or the first, of a text.
func wordLetter(text string, last bool) bool {
	runes := []rune(text)
	if len(runes) == 0 {
		return false
	}
	r := runes[0]
	if last {
		r = runes[len(runes)-1]
	}
	return (unicode.IsLetter(r) || r == '\u200c') && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
}
