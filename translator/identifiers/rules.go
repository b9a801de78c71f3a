package identifiers

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:embed data/*.yaml data/words/*.yaml
var dataFiles embed.FS

// rules is everything that is known of identifiers.
type rules struct {
	numbers, phones []scheme
	units           *regexp.Regexp
	labels          labels
}

// schemeFile is an entry of data/numbers.yaml and data/phones.yaml.
type schemeFile struct {
	Country, Name, Pattern, Check string
	Valid, Invalid                []string // examples, for the tests
}

// wordFile is a file of data/words.
type wordFile struct {
	Name, Patient, Record, Birth, Born, Phone, Identity, Address, Other []string

	NotNames []string `yaml:"not_names"`
	Capitals bool     // nouns have capitals, too: names are found behind labels of names only
	Alarm    []alarm  // for the tests
	Quiet    []string // likewise
}

// alarm is a sentence that holds identifiers of the kinds; with any, of one of them at least.
type alarm struct {
	Text  string
	Kinds []Kind
	Any   bool
}

// loaded reads the rules when they are needed first. A fault in them is one of the build and ends the program.
var loaded = sync.OnceValue(func() *rules {
	r, err := load()
	if err != nil {
		panic(fmt.Errorf("rules of the patient identifiers: %w", err))
	}
	return r
})

// Prepare reads the rules ahead of the first text, which would wait for them otherwise.
func Prepare() { loaded() }

func load() (*rules, error) {
	r := &rules{}
	var err error
	if r.numbers, err = readSchemes("numbers.yaml"); err != nil {
		return nil, err
	}
	if r.phones, err = readSchemes("phones.yaml"); err != nil {
		return nil, err
	}
	var units []string
	if err := readYAML("data/units.yaml", &units); err != nil {
		return nil, err
	}
	if r.units, err = regexp.Compile(`^ ?(?:[/%]|(?i:` + alternatives(units) + `)(?:[^\p{L}\p{N}]|$))`); err != nil {
		return nil, err
	}
	words, err := readWords()
	if err != nil {
		return nil, err
	}
	r.labels = labelsOf(words)
	return r, nil
}

func readYAML(name string, into any) error {
	data, err := dataFiles.ReadFile(name)
	if err != nil {
		return err
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(data)))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func readSchemeFile(name string) (entries []schemeFile, err error) {
	return entries, readYAML("data/"+name, &entries)
}

func readSchemes(name string) ([]scheme, error) {
	entries, err := readSchemeFile(name)
	if err != nil {
		return nil, err
	}
	var all []scheme
	for _, e := range entries {
		s, err := e.scheme()
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", name, e.Country, err)
		}
		all = append(all, s)
	}
	return all, nil
}

func (e schemeFile) scheme() (scheme, error) {
	pattern, err := regexp.Compile("(?i:" + e.Pattern + ")")
	if err != nil {
		return scheme{}, err
	}
	valid := checks[e.Check]
	if e.Check != "" && valid == nil {
		return scheme{}, fmt.Errorf("there is no check %q", e.Check)
	}
	return scheme{pattern, valid}, nil
}

// readWords reads the files of all languages, by their code.
func readWords() (map[string]wordFile, error) {
	names, err := fs.Glob(dataFiles, "data/words/*.yaml")
	if err != nil {
		return nil, err
	}
	words := map[string]wordFile{}
	for _, name := range names {
		var file wordFile
		if err := readYAML(name, &file); err != nil {
			return nil, err
		}
		words[strings.TrimSuffix(path.Base(name), ".yaml")] = file
	}
	return words, nil
}

// alternatives is a pattern for one of some words, the longest first.
func alternatives(words []string) string {
	patterns := make([]string, 0, len(words))
	for _, word := range words {
		patterns = append(patterns, regexp.QuoteMeta(normalized(word)))
	}
	slices.SortFunc(patterns, func(a, b string) int { return len(b) - len(a) })
	return strings.Join(patterns, "|")
}
