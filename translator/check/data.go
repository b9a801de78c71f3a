package check

import (
	"embed"
	"fmt"
	"io"
	"sync"

	"go.yaml.in/yaml/v3"

	"medixchange/internal/memo"
	"medixchange/translator/language"
)

//go:embed data/*.yaml data/words/*.yaml
var dataFiles embed.FS

// rules is everything the checks know.
type rules struct {
	limits         limits
	marks          marks
	forms          numberForms
	frequencies    map[string]frequency
	sameRhythm     map[string]string // another name of a frequency → its own
	units          map[string]unit
	unitWords      lexicon
	perWords       lexicon // units behind a slash
	counted        lexicon // words for people, behind a number
	labels         labels
	holds          lexicon // words that put an amount and its volume together
	drugs          lexicon
	wholes         map[string]bool // concepts whose opposite counts as no negation
	druglike       lexicon         // words that answer to a drug and name none
	results        lexicon         // what stands between such a word and its result
	thaiDrugs      lexicon         // names in Thai, with one form of each letter
	thaiForms      thaiForms
	thaiSounds     thaiSounds
	vitals         map[string]bool   // abbreviations that a value may follow without a space
	vitalNames     map[string]bool   // such with digits that are names
	symbols        []string          // such with a result behind them that are no words
	compounds      [][]rune          // what may be written behind the name of a drug
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
	r := &rules{wholes: map[string]bool{}, units: map[string]unit{}, vitals: map[string]bool{}, vitalNames: map[string]bool{}, frequencies: map[string]frequency{}, sameRhythm: map[string]string{}, skeletons: map[string]string{},
		words: map[language.Code]*wordRules{}, verdicts: map[string]Verdict{}, order: map[string]int{}}
	for _, load := range []func() error{
		r.loadLimits, r.loadMarks, r.loadNumberForms, r.loadVerdicts, r.loadUnits, r.loadFrequencies, r.loadCounted, r.loadLabels, r.loadConcentrations, r.loadVitals, r.loadCompounds, r.loadWords, r.loadRhythms, r.loadDrugs, r.loadDruglike, r.loadThaiForms, r.loadThaiSounds, r.loadOmissions, r.loadConditions, r.loadLacks, r.loadRoles, r.loadOpposites, r.loadRoutes, r.loadSigns,
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
