package language

import (
	"embed"
	"fmt"
	"math"
	"strings"
	"sync"
	"unicode"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/unicode/norm"
)

//go:embed data/*.yaml
var dataFiles embed.FS

// traits is one file of data/: what a language is recognised by.
type traits struct {
	Common    string // the words that nearly every sentence has, the most frequent first
	Clinical  string // words of the ward
	General   string // other words, and those that tell neighbours apart
	Calendar  string // months, days, numbers
	Sentences string
	Letters   string // characters that only this one of two languages has (Chinese and Japanese)
	Words     string // the same for words that are written without spaces
}

// mustLoadTraits reads an embedded file; a fault in it is one of the build and ends the program.
func mustLoadTraits(code Code) traits {
	data, err := dataFiles.ReadFile("data/" + string(code) + ".yaml")
	if err != nil {
		panic(fmt.Errorf("words of %s: %w", code, err))
	}
	var t traits
	if err := yaml.Unmarshal(data, &t); err != nil {
		panic(fmt.Errorf("words of %s: %w", code, err))
	}
	return t
}

// The models are made when the first text needs them.
var (
	latinModel    = sync.OnceValue(func() *model { return train("en", "es", "fr", "pt", "it", "de", "nl", "id", "tr", "vi", "sr") })
	cyrillicModel = sync.OnceValue(func() *model { return train("ru", "sr") })
	arabicModel   = sync.OnceValue(func() *model { return train("ar", "fa", "ur") })
)

// weights of a word by where it stands; the most common ones count like many sentences.
const (
	commonWeight   = 40.0
	commonHalf     = 12.0 // after so many places in the list, half the weight
	listedWeight   = 3.0
	sentenceWeight = 2.0
	plainShare     = 0.3 // of people write without accents
)

// vocabulary counts the words of one language.
type vocabulary map[string]float64

func (v vocabulary) add(word string, weight float64) {
	v[word] += weight
	if plain := plainly(word); plain != word {
		v[plain] += weight * plainShare
	}
}

func (v vocabulary) text(text string, weight float64) {
	eachWord(text, func(word string) { v.add(word, weight) })
}

func eachWord(text string, do func(word string)) {
	for rest := norm.NFC.String(text); rest != ""; {
		var word []rune
		word, _, rest = nextWord(rest, nil)
		if len(word) > 0 {
			do(string(word))
		}
	}
}

// plainly is a word as people write it who have not the letters at hand.
func plainly(word string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(word) {
		switch {
		case unicode.IsMark(r):
		case strings.ContainsRune("ıđßñøœ", r):
			b.WriteString(map[rune]string{'ı': "i", 'đ': "d", 'ß': "ss", 'ø': "o", 'œ': "oe"}[r])
		case r == 'ی', r == 'ى':
			b.WriteRune('ي')
		case r == 'ک':
			b.WriteRune('ك')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// vocabularyOf reads what we wrote in a language: its traits and the strings that readers are shown.
func vocabularyOf(code Code, spell func(string) string) vocabulary {
	v, t, rank := vocabulary{}, mustLoadTraits(code), 0
	eachWord(spell(t.Common), func(word string) {
		v.add(word, 2+commonWeight/(1+float64(rank)/commonHalf))
		rank++
	})
	v.text(spell(t.Clinical), listedWeight)
	v.text(spell(t.General), listedWeight)
	v.text(spell(t.Calendar), listedWeight)
	v.text(spell(t.Sentences), sentenceWeight)
	for key, w := range texts()[code] {
		if notProse(key) {
			continue
		}
		v.text(spell(withoutPlaceholders(w.other)), 0.3)
	}
	return v
}

// notProse reports strings that are names and commands rather than sentences.
func notProse(key string) bool {
	for _, prefix := range []string{"bot_help", "help_", "command_", "word_", "name_"} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

func withoutPlaceholders(text string) string {
	for {
		start := strings.IndexByte(text, '{')
		end := strings.IndexByte(text, '}')
		if start < 0 || end < start {
			return text
		}
		text = text[:start] + text[end+1:]
	}
}

// train makes the model of the languages of one script.
func train(codes ...Code) *model {
	spell := func(text string) string { return text }
	if scriptOf(codes[0]) == scriptLatin {
		spell = latinized
	}
	m := &model{
		codes: codes, words: map[string]scores{}, letters: map[rune]scores{}, pairs: map[gram]scores{},
		triples: map[gram]scores{}, fromOne: map[rune]scores{}, fromTwo: map[gram]scores{},
	}
	vocabularies := make([]vocabulary, len(codes))
	counts := make([]*sightings, len(codes))
	for i, code := range codes {
		vocabularies[i] = vocabularyOf(code, spell)
		counts[i] = sight(vocabularies[i])
	}
	m.learnWords(vocabularies)
	m.learnLetters(counts)
	return m
}

func (m *model) learnWords(vocabularies []vocabulary) {
	for i, v := range vocabularies {
		total := 0.0
		for _, weight := range v {
			total += weight
		}
		for word, weight := range v {
			known, ok := m.words[word]
			if !ok {
				for j := range known {
					known[j] = float32(math.Inf(-1))
				}
			}
			known[i] = float32(math.Log(knownShare * weight / total))
			m.words[word] = known
		}
	}
}

// sightings counts letters of one language with those before them.
type sightings struct {
	all     float64
	letters map[rune]float64
	pairs   map[gram]float64
	triples map[gram]float64
	afterB  map[rune]float64
	afterAB map[gram]float64
}

// maxSighting of one word: how a language spells is seen from many words, not from the most common ones.
const maxSighting = 4.0

func sight(v vocabulary) *sightings {
	s := &sightings{
		letters: map[rune]float64{}, pairs: map[gram]float64{}, triples: map[gram]float64{},
		afterB: map[rune]float64{}, afterAB: map[gram]float64{},
	}
	for word, weight := range v {
		weight = min(weight, maxSighting)
		a, b := edge, edge
		for _, c := range word + string(edge) {
			s.all += weight
			s.letters[c] += weight
			s.pairs[gramOf(0, b, c)] += weight
			s.afterB[b] += weight
			s.triples[gramOf(a, b, c)] += weight
			s.afterAB[gramOf(0, a, b)] += weight
			a, b = b, c
		}
	}
	return s
}

// alphabet is how many letters a script may have that we never saw.
const alphabet = 120

func (s *sightings) one(c rune) float64 { return (s.letters[c] + 0.02) / (s.all + 0.02*alphabet) }

func (s *sightings) two(b, c rune) float64 {
	return (s.pairs[gramOf(0, b, c)] + smoothing*s.one(c)) / (s.afterB[b] + smoothing)
}

func (s *sightings) three(a, b, c rune) float64 {
	return (s.triples[gramOf(a, b, c)] + smoothing*s.two(b, c)) / (s.afterAB[gramOf(0, a, b)] + smoothing)
}

// learnLetters writes for everything that some language has how probable it is in each.
func (m *model) learnLetters(counts []*sightings) {
	each := func(probability func(s *sightings) float64) (logs scores) {
		for i, s := range counts {
			logs[i] = float32(math.Log(probability(s)))
		}
		return logs
	}
	m.uniform = each(func(s *sightings) float64 { return s.one(-1) })
	for _, s := range counts {
		fill(m.letters, s.letters, func(c rune) scores { return each(func(s *sightings) float64 { return s.one(c) }) })
		fill(m.fromOne, s.afterB, func(b rune) scores {
			return each(func(s *sightings) float64 { return smoothing / (s.afterB[b] + smoothing) })
		})
		fill(m.pairs, s.pairs, func(g gram) scores {
			_, b, c := g.letters()
			return each(func(s *sightings) float64 { return s.two(b, c) })
		})
		fill(m.fromTwo, s.afterAB, func(g gram) scores {
			return each(func(s *sightings) float64 { return smoothing / (s.afterAB[g] + smoothing) })
		})
		fill(m.triples, s.triples, func(g gram) scores {
			a, b, c := g.letters()
			return each(func(s *sightings) float64 { return s.three(a, b, c) })
		})
	}
}

// fill adds what a language has and those before it had not.
func fill[K comparable](table map[K]scores, seen map[K]float64, of func(K) scores) {
	for key := range seen {
		if _, ok := table[key]; !ok {
			table[key] = of(key)
		}
	}
}

// latinized writes Serbian in the Latin alphabet and leaves what is Latin already.
func latinized(text string) string { return SerbianLatin(strings.ToLower(text)) }
