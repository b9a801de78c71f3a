package language

import (
	"math"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"medixchange/internal/memo"
)

// A model tells the languages of one script apart, word by word: how often each language uses the word, or, for words
// that it does not know, how the letters of the language follow one another.
type model struct {
	codes   []Code
	words   map[string]scores // log of the share of a word, among those that some language knows
	uniform scores            // of a letter that no language has
	letters map[rune]scores   // log P(c)
	pairs   map[gram]scores
	triples map[gram]scores
	fromOne map[rune]scores       // log of what is left for pairs that were not seen after a letter
	fromTwo map[gram]scores       // the same for triples after two letters
	seen    memo.Words[judgement] // people say most things with few words, each of which takes dozens of look-ups
}

// gram is up to three letters in a row.
type gram uint64

func gramOf(a, b, c rune) gram { return gram(a)<<42 | gram(b)<<21 | gram(c) }

func (g gram) letters() (a, b, c rune) {
	return rune(g >> 42), rune(g >> 21 & 0x1fffff), rune(g & 0x1fffff)
}

// maxLanguages of one script.
const maxLanguages = 12

// scores are logarithms, by the place of a language in model.codes.
type scores [maxLanguages]float32

func (s *scores) add(other *scores) {
	for i := range s {
		s[i] += other[i]
	}
}

const (
	knownShare    = 0.6  // of words in a text that the lists know
	smoothing     = 3.0  // how many sightings the shorter context counts for
	knownWeight   = 0.8  // words are no independent witnesses
	spelledWeight = 0.45 // and the letters of a word still less
	maxKnown      = 4.8  // what one word may say against a language that does not know it
	maxSpelled    = 2.7  // what its letters may say: it may be a name
	longWord      = 10   // letters, of which names have fewer
	shortWord     = 3    // up to so many letters the lists know nearly all words that a language has
	shortUnknown  = 2.0  // what speaks against the other languages then
	edge          = '^'  // before and after a word
)

// evidence adds what the words of a text say about each language, and counts the words that say something.
func (m *model) evidence(text string, sum *scores) (words int) {
	if !norm.NFC.IsNormalString(text) {
		text = norm.NFC.String(text)
	}
	shouted := !hasLower(text)
	var buffer [maxWord]rune
	for rest := text; rest != ""; {
		var word []rune
		var capitals int
		word, capitals, rest = nextWord(rest, buffer[:0])
		if len(word) == 0 || len(word) > 1 && capitals == len(word) && !shouted {
			continue // an abbreviation belongs to no language
		}
		if m.word(word, sum) {
			words++
		}
	}
	return words
}

// maxWord is how many letters of a word are looked at.
const maxWord = 24

func hasLower(text string) bool {
	for _, r := range text {
		if unicode.IsLower(r) {
			return true
		}
	}
	return false
}

// nextWord reads the letters of the next word in lower case.
func nextWord(text string, word []rune) (letters []rune, capitals int, rest string) {
	for i, r := range text {
		isLetter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0x80 && (unicode.IsLetter(r) || unicode.IsMark(r))
		if !isLetter {
			if len(word) > 0 {
				return word, capitals, text[i:]
			}
			continue
		}
		lower := unicode.ToLower(r)
		if lower != r {
			capitals++
		}
		if len(word) < maxWord {
			word = append(word, lower)
		}
	}
	return word, capitals, ""
}

// neutral are words that every language writes alike.
var neutral = map[string]bool{"ok": true, "okay": true, "covid": true, "sars": true, "cov": true, "coronavirus": true, "mers": true}

// word adds what one word says. It reports false for a word that says nothing.
func (m *model) word(word []rune, sum *scores) bool {
	var utf [maxWord * 4]byte
	text := utf[:0]
	for _, r := range word {
		text = utf8.AppendRune(text, r)
	}
	judged := m.seen.Of(text, func(text string) judgement { return m.judge(word, text) })
	sum.add(&judged.says)
	return !judged.neutral
}

// judgement is what one word says of each language: at most nothing, for those that it speaks for.
type judgement struct {
	says    scores
	neutral bool // it says nothing
}

func (m *model) judge(word []rune, text string) (judged judgement) {
	if neutral[text] {
		return judgement{neutral: true}
	}
	total := m.spelling(word)
	weight, limit := float32(spelledWeight), float32(maxSpelled)
	if len(word) >= longWord {
		limit = maxKnown
	}
	if known, ok := m.words[text]; ok {
		weight, limit = knownWeight, maxKnown
		for i := range total {
			if len(word) <= shortWord {
				total[i] -= shortUnknown
			}
			total[i] = max(total[i], known[i])
		}
	}
	best := float32(math.Inf(-1))
	for i := range m.codes {
		best = max(best, total[i])
	}
	for i := range m.codes {
		judged.says[i] = max(weight*(total[i]-best), -limit)
	}
	return judged
}

// spelled is what every language begins with for the letters of a word: the share of those that the lists do not know.
var spelled = func() (start scores) {
	for i := range start {
		start[i] = float32(math.Log(1 - knownShare))
	}
	return start
}()

// spelling is how probable a word is by its letters.
func (m *model) spelling(word []rune) scores {
	total := spelled
	a, b := edge, edge
	for i := 0; i <= len(word); i++ {
		c := edge
		if i < len(word) {
			c = word[i]
		}
		m.letter(a, b, c, &total)
		a, b = b, c
	}
	return total
}

// letter adds log P(c | a b).
func (m *model) letter(a, b, c rune, total *scores) {
	if triple, ok := m.triples[gramOf(a, b, c)]; ok {
		total.add(&triple)
		return
	}
	if left, ok := m.fromTwo[gramOf(0, a, b)]; ok {
		total.add(&left)
	}
	if pair, ok := m.pairs[gramOf(0, b, c)]; ok {
		total.add(&pair)
		return
	}
	if left, ok := m.fromOne[b]; ok {
		total.add(&left)
	}
	if letter, ok := m.letters[c]; ok {
		total.add(&letter)
		return
	}
	total.add(&m.uniform)
}
