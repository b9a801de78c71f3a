package check

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"slices"
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
	Time      bool     // it measures time
	Clock     bool     // some languages write a time of day in it
	Age       bool     // it is often left out
	Vague     bool     // its words have other meanings
	Solid     bool     // languages do not always keep it apart from another solid form of drugs
	Piece     bool     // another language may name it by no word of its own
	Degrees   bool     // of temperature
	Rated     bool     // it may be given by the kilogram or the hour though it is not critical
	Symbols   []string // written the same everywhere; kept by protection
	Words     []string // local names; translated; "word@sr" is one in Serbian alone
}

// anyDegrees is the dimension of degrees without a scale.
const anyDegrees = "degree"

// rules is everything the checks know.
type rules struct {
	limits         limits
	marks          marks
	forms          numberForms
	frequencies    map[string]frequency
	sameRhythm     map[string]string // another name of a frequency → its own
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

// loaded reads the rules when they are needed first: a program that does not translate has no use for them.
var loaded = sync.OnceValue(mustLoad)

// Prepare reads the rules ahead of the first check, which would wait for them otherwise.
func Prepare() { loaded() }

// mustLoad reads the embedded rules; a fault in them is one of the build.
func mustLoad() *rules {
	r, err := load()
	if err != nil {
		panic(fmt.Errorf("rules of the medical checks: %w", err))
	}
	return r
}

// load reads the rules, what others refer to first.
func load() (*rules, error) {
	r := &rules{units: map[string]unit{}, frequencies: map[string]frequency{}, sameRhythm: map[string]string{}, skeletons: map[string]string{},
		words: map[language.Code]*wordRules{}, verdicts: map[string]Verdict{}, order: map[string]int{}}
	for _, load := range []func() error{
		r.loadLimits, r.loadMarks, r.loadNumberForms, r.loadVerdicts, r.loadUnits, r.loadFrequencies, r.loadCounted, r.loadWords, r.loadDrugs, r.loadOpposites, r.loadRoutes, r.loadSigns,
	} {
		if err := load(); err != nil {
			return nil, err
		}
	}
	r.pack()
	return r, nil
}

// readYAML reads a file of rules, in which every field has to be known.
func readYAML(name string, into any) error {
	file, err := dataFiles.Open("data/" + name)
	if err != nil {
		return err
	}
	defer file.Close()
	return decode(name, file, into)
}

func decode(name string, from io.Reader, into any) error {
	reader := yaml.NewDecoder(from)
	reader.KnownFields(true)
	if err := reader.Decode(into); err != nil {
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
		if err := r.addUnit(u); err != nil {
			return fmt.Errorf("units.yaml: %s: %w", u.Unit, err)
		}
		for _, symbol := range u.Symbols {
			r.unitWords.add(symbol, entry{group: "unit", value: u.Unit, sure: true})
		}
		for _, word := range u.Words {
			word, only, _ := strings.Cut(word, "@")
			if only != "" && !slices.Contains(language.Bases, language.Code(only)) {
				return fmt.Errorf("units.yaml: %s: %q is no language", u.Unit, only)
			}
			addBoth(&r.unitWords, word, entry{group: "unit", value: u.Unit, only: language.Code(only)})
		}
	}
	return r.unitWords.ambiguous("units.yaml")
}

// ambiguous reports a word that stands for two things: case and accents, which are folded, do not tell them apart (mM and mm).
func (l *lexicon) ambiguous(file string) error {
	for _, list := range l.lists {
		for _, e := range list {
			if e.value != list[0].value && e.only == list[0].only {
				return fmt.Errorf("%s: %s and %s have a word in common", file, list[0].value, e.value)
			}
		}
	}
	return nil
}

// addUnit files what is known of a unit; its words are in the lexicon.
func (r *rules) addUnit(u unit) error {
	_, twice := r.units[u.Unit]
	switch {
	case u.Unit == "" || u.Dimension == "" || u.Factor <= 0:
		return errors.New("a unit needs its symbol, its dimension and a factor above zero")
	case twice:
		return errors.New("it is there twice")
	case len(u.Symbols)+len(u.Words) == 0:
		return errors.New("it has no words")
	}
	u.Symbols, u.Words = nil, nil
	r.units[u.Unit] = u
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

func (r *rules) loadVerdicts() error {
	var table []struct {
		Finding string
		Verdict Verdict
		By      string // the package that makes it, "" for this one
	}
	if err := readYAML("verdicts.yaml", &table); err != nil {
		return err
	}
	for i, row := range table {
		if row.Verdict != Pass && row.Verdict != Warn && row.Verdict != Block {
			return fmt.Errorf("verdicts.yaml: %s: unknown verdict %q", row.Finding, row.Verdict)
		}
		if _, twice := r.verdicts[row.Finding]; twice {
			return fmt.Errorf("verdicts.yaml: %s is there twice", row.Finding)
		}
		r.verdicts[row.Finding] = row.Verdict
		r.order[row.Finding] = i
	}
	return nil
}
