package check

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"medixchange/internal/memo"
	"medixchange/translator/language"
)

//go:embed data/*.yaml data/words/*.yaml
var dataFiles embed.FS

// unit is one unit of measurement.
type unit struct {
	Unit      string   // canonical symbol
	Dimension string   // units of one dimension convert by their factors
	Factor    float64  // to the dimension's base unit
	Critical  bool     // losing it in translation is dangerous
	Symbols   []string // written the same everywhere; kept by protection
	Words     []string // local names; translated; "word@sr" is one in Serbian alone
}

// wordFile is what data/words/<language>.yaml holds.
type wordFile struct {
	Decimal   string              // "." or ",": the decimal mark that readers of the language expect
	Numbers   map[string][]string // value → words; "both?" may also mean something else, or be left out; "2 h" for a word that holds its unit
	NoNumbers []string            `yaml:"noNumbers"` // look like numbers in words, are none ("Monday" is "the second" in Arabic)
	Half      []string            // words behind a number, or its unit, that add a half ("and a half")
	Scales    map[string][]string // factor → words
	Months    []string            // twelve, "/" between alternatives
	Negation  negationWords
	Left      leveled
	Right     leveled
	Clock     []string            // words beside a time, so that 8.30 is one
	OClock    []string            // words behind an hour, which say that it is a time and no length of time
	At        []string            // words before a time ("at 8 in the evening")
	Day       map[string][]string // am, pm, night, noon, midnight → words; "in the morning?" says so of an hour beside "at" alone
	Weekdays  []string            // seven from Monday, "/" between alternatives
	Tenths    []string            // words before a blood pressure that is told in centimetres ("TA 18/11")
	Share     []string            // words between the numbers of a share ("of" in "21 of 41")
	Contrast  []string            // words between two sides that are set against each other
	Dual      []string            // endings that say "two" of a noun
	Frequency map[string][]string // canonical → phrases with {n}
	Per       map[string][]string // unit → words that make a rate of it ("hourly"); "unit" → words in front of any unit ("per")
}

// leveled is a list of words by how certain they are.
type leveled struct {
	Sure   []string // always this
	Maybe  []string // may answer to a sure one, proves nothing by itself
	Ignore []string // looks like one, is none
}

// negationWords are the words that say "not", by how they say it.
type negationWords struct {
	Sure           []string // "not", "no", "without": each counts
	Concord        []string // repeat the negation of their clause (Spanish "nunca" beside "no"), else count
	Opposite       []string // turn one word ("ineffective"); other languages may need a "not" for it
	Weak           []string // say it otherwise ("avoid", "instead of"); answer to a "not", prove nothing
	Faint          []string // lack something or are far from it ("shortage", "unlike"); weak where nothing is ordered, else nothing
	Inside         []string // parts of words that count as sure (Turkish says "not" inside the verb)
	InsideUnless   []string // words behind such a word that make it none ("-meden önce" is "before")
	InsideOpposite []string // parts of words that count as opposite ("painless")
	Ignore         []string // looks like one, is none
	// Common tells that words with the opposite meaning are so common, and so often put otherwise, that in a long text only
	// the plain negations prove anything.
	Common bool
}

// rules is everything the checks know.
type rules struct {
	units          map[string]unit
	unitWords      lexicon
	counted        lexicon // words for people, behind a number
	drugs          lexicon
	skeletons      map[string]string // skeleton of a drug's name → the name
	skeletonStarts skeletonStarts
	words          map[language.Code]*wordRules
	verdicts       map[string]Verdict
	order          map[string]int
	wordPlaces     memo.Words[wordPlace] // most words of most messages are neither drugs nor units
}

// wordRules are the words of one language.
type wordRules struct {
	commaDecimal bool
	numbers      lexicon // numbers, months, scales
	words        lexicon // negation, sides
	frequency    lexicon
	opposites    lexicon
	routes       lexicon
	signs        lexicon // words for a sign of a number
	clock        lexicon
	oclock, at   lexicon
	calendar     lexicon // parts of the day, weekdays, and what makes a rate of a unit
	share        lexicon
	tenths       lexicon
	contrast     lexicon
	doses        lexicon // words for what is given
	half         lexicon
	roles        lexicon  // beside a drug that is given up
	givenUp      []string // ends of its own word, folded
	dual         []string // folded
	inside       []wordPart
	insideUnless []string // folded
	common       bool     // opposites prove nothing in long texts
}

// loaded reads the rules when they are needed first: a program that does not translate has no use for them.
var loaded = sync.OnceValue(mustLoad)

// Prepare reads the rules ahead of the first check, which would wait for them otherwise.
func Prepare() { loaded() }

// mustLoad reads the embedded rules; a fault in them is one of the build.
func mustLoad() *rules {
	r := &rules{units: map[string]unit{}, skeletons: map[string]string{}, words: map[language.Code]*wordRules{}, verdicts: map[string]Verdict{}, order: map[string]int{}}
	for _, load := range []func() error{r.loadUnits, r.loadCounted, r.loadDrugs, r.loadWords, r.loadOmissions, r.loadLacks, r.loadRoles, r.loadOpposites, r.loadRoutes, r.loadSigns, r.loadVerdicts} {
		if err := load(); err != nil {
			panic(fmt.Errorf("rules of the medical checks: %w", err))
		}
	}
	r.pack()
	return r
}

func readYAML(name string, into any) error {
	data, err := dataFiles.ReadFile("data/" + name)
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (r *rules) loadUnits() error {
	var units []unit
	if err := readYAML("units.yaml", &units); err != nil {
		return err
	}
	for _, u := range units {
		r.units[u.Unit] = unit{Unit: u.Unit, Dimension: u.Dimension, Factor: u.Factor, Critical: u.Critical}
		for _, symbol := range u.Symbols {
			r.unitWords.add(symbol, entry{group: "unit", value: u.Unit, sure: true})
		}
		for _, word := range u.Words {
			word, only, _ := strings.Cut(word, "@")
			addBoth(&r.unitWords, word, entry{group: "unit", value: u.Unit, only: language.Code(only)})
		}
	}
	return nil
}

func (r *rules) loadCounted() error {
	var lists [][]string
	if err := readYAML("counted.yaml", &lists); err != nil {
		return err
	}
	for _, word := range slices.Concat(lists...) {
		addBoth(&r.counted, word, entry{group: "counted", sure: true})
	}
	return nil
}

func (r *rules) loadDrugs() error {
	var drugs map[string][]string
	if err := readYAML("drugs.yaml", &drugs); err != nil {
		return err
	}
	for name, forms := range drugs {
		r.addSkeleton(name)
		for _, form := range append([]string{name}, forms...) {
			addBoth(&r.drugs, form, entry{group: "drug", value: name, sure: true})
		}
	}
	for name, forms := range drugNames() {
		for _, form := range forms {
			r.addName(name, form.name, form.in)
		}
	}
	return nil
}

// addBoth files a word of many languages with and without its accents.
func addBoth(l *lexicon, pattern string, e entry) {
	l.accents = false
	l.add(pattern, e)
	l.accents = true
	l.add(pattern, e)
}

func (r *rules) loadWords() error {
	for _, code := range language.Bases {
		var file wordFile
		if err := readYAML("words/"+string(code)+".yaml", &file); err != nil {
			return err
		}
		r.words[code] = newWordRules(file, keepsAccents(code), code == "fa" || code == "ur")
	}
	return nil
}

func newWordRules(file wordFile, accents, separate bool) *wordRules {
	w := &wordRules{commaDecimal: file.Decimal == ","}
	for _, l := range []*lexicon{&w.numbers, &w.words, &w.frequency, &w.clock, &w.oclock, &w.at, &w.calendar, &w.tenths, &w.share, &w.contrast, &w.doses, &w.half} {
		l.accents, l.separate = accents, separate
	}
	for value, words := range file.Numbers {
		for _, word := range words {
			word, vague := strings.CutSuffix(word, "?")
			w.numbers.add(word, entry{group: "number", value: value, sure: !vague})
		}
	}
	for value, words := range file.Scales {
		for _, word := range words {
			w.numbers.add(word, entry{group: "scale", value: value})
		}
	}
	for _, word := range file.NoNumbers {
		w.numbers.add(word, entry{group: "number", ignore: true})
	}
	for i, names := range file.Months {
		for _, name := range splitSlash(names) {
			w.numbers.add(name, entry{group: "month", value: strconv.Itoa(i + 1)})
		}
	}
	w.addClock(file)
	for _, word := range file.Share {
		w.share.add(word, entry{group: "share", sure: true})
	}
	for _, word := range file.Half {
		w.half.add(word, entry{group: "half", sure: true})
	}
	for _, word := range file.Contrast {
		w.contrast.add(word, entry{group: "contrast", sure: true})
	}
	for _, ending := range file.Dual {
		w.dual = append(w.dual, foldedString(ending))
	}
	w.addLeveled("left", file.Left)
	w.addLeveled("right", file.Right)
	w.addNegation(file.Negation, accents)
	for value, patterns := range file.Frequency {
		for _, pattern := range patterns {
			w.frequency.add(pattern, entry{group: "frequency", value: value, sure: true})
		}
	}
	for value, words := range file.Per {
		for _, word := range words {
			w.calendar.add(word, entry{group: perGroup, value: value, sure: true})
		}
	}
	return w
}

func (w *wordRules) addClock(file wordFile) {
	for _, list := range []struct {
		into  *lexicon
		words []string
	}{{&w.clock, file.Clock}, {&w.oclock, file.OClock}, {&w.at, file.At}, {&w.tenths, file.Tenths}} {
		for _, word := range list.words {
			list.into.add(word, entry{group: "clock", sure: true})
		}
	}
	for part, words := range file.Day {
		for _, word := range words {
			word, vague := strings.CutSuffix(word, "?")
			w.calendar.add(word, entry{group: part, sure: !vague})
		}
	}
	for i, names := range file.Weekdays {
		for _, name := range splitSlash(names) {
			w.calendar.add(name, entry{group: weekday, value: strconv.Itoa(i + 1), sure: true})
		}
	}
}

func (w *wordRules) addLeveled(group string, list leveled) {
	for _, word := range list.Sure {
		w.words.add(word, entry{group: group, sure: true})
	}
	for _, word := range list.Maybe {
		w.words.add(word, entry{group: group})
	}
	for _, word := range list.Ignore {
		w.words.add(word, entry{group: group, ignore: true})
	}
}

func (w *wordRules) addNegation(list negationWords, accents bool) {
	for _, tier := range []struct {
		group string
		sure  bool
		words []string
	}{{negated, true, list.Sure}, {concord, true, list.Concord}, {opposed, false, list.Opposite}, {weakened, false, list.Weak}, {faint, false, list.Faint}} {
		for _, word := range tier.words {
			w.words.add(word, entry{group: tier.group, sure: tier.sure})
		}
	}
	for _, word := range list.Ignore {
		w.words.add(word, entry{group: negated, ignore: true})
	}
	for _, part := range list.Inside {
		w.inside = append(w.inside, wordPart{foldFor(part, accents).runes, negated})
	}
	for _, part := range list.InsideOpposite {
		w.inside = append(w.inside, wordPart{foldFor(part, accents).runes, opposed})
	}
	w.common = list.Common
	for _, word := range list.InsideUnless {
		w.insideUnless = append(w.insideUnless, string(foldFor(word, accents).runes))
	}
}

func (r *rules) loadVerdicts() error {
	var table []struct {
		Finding string
		Verdict Verdict
	}
	if err := readYAML("verdicts.yaml", &table); err != nil {
		return err
	}
	for i, row := range table {
		if row.Verdict != Pass && row.Verdict != Warn && row.Verdict != Block {
			return fmt.Errorf("verdicts.yaml: %s: unknown verdict %q", row.Finding, row.Verdict)
		}
		r.verdicts[row.Finding] = row.Verdict
		r.order[row.Finding] = i
	}
	return nil
}

// digitsPoint and digitsComma are rules without words, for numbers in digits. Rules are large, and nobody changes them.
var digitsPoint, digitsComma = &wordRules{}, &wordRules{commaDecimal: true}

// wordsOf are the words of a language; one without a file has none.
func wordsOf(code language.Code) *wordRules {
	if w, ok := loaded().words[code.Base()]; ok {
		return w
	}
	return digitsPoint
}

// plainRules are the rules of a language for numbers in digits alone.
func plainRules(code language.Code) *wordRules {
	if wordsOf(code).commaDecimal {
		return digitsComma
	}
	return digitsPoint
}

func splitSlash(s string) []string {
	var parts []string
	start := 0
	for i := range len(s) + 1 {
		if i == len(s) || s[i] == '/' {
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return parts
}
