package check

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"medixchange/translator/language"
)

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
	Given     bool     // it counts what a patient is given: tablets, puffs
	Symbols   []string // written the same everywhere; kept by protection
	Words     []string // local names; translated; "word@sr" is one in Serbian alone
	Per       []string // words behind a slash alone ("3 L/分")
}

// anyDegrees is the dimension of degrees without a scale.
const anyDegrees = "degree"

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
			symbol, only, _ := strings.Cut(symbol, "@")
			r.unitWords.add(symbol, entry{group: "unit", value: u.Unit, sure: true, only: language.Code(only)})
		}
		where, local := "units.yaml: "+u.Unit, entry{group: "unit", value: u.Unit}
		if err := errors.Join(addTagged(&r.unitWords, where, u.Words, local), addTagged(&r.perWords, where, u.Per, local)); err != nil {
			return err
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
	u.Symbols, u.Words, u.Per = nil, nil, nil
	r.units[u.Unit] = u
	return nil
}

// addTagged files words of many languages; "word@sr" is one in Serbian alone.
func addTagged(l *lexicon, where string, words []string, e entry) error {
	for _, word := range words {
		word, only, _ := strings.Cut(word, "@")
		if e.only = language.Code(only); only != "" && !slices.Contains(language.Bases, e.only) {
			return fmt.Errorf("%s: %q is no language", where, only)
		}
		addBoth(l, word, e)
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

func (r *rules) loadVitals() error {
	var vitals struct{ Values, Names, Symbols []string }
	if err := readYAML("vitals.yaml", &vitals); err != nil {
		return err
	}
	for _, name := range vitals.Values {
		r.vitals[name] = true
	}
	for _, name := range vitals.Names {
		r.vitalNames[name] = true
	}
	r.symbols = vitals.Symbols
	return nil
}

// addDoseLetters gives numbers the unit that a capital behind them is in a text with a drug.
func (x *facts) addDoseLetters(words *wordRules) {
	if len(words.DoseLetters) == 0 || len(x.drugs) == 0 {
		return
	}
	for i := range x.numbers {
		n := &x.numbers[i]
		at := skipSpaces(x.f, n.to)
		if n.unit != "" || n.dated || at >= len(x.f.runes) || wordRune(x.f.at(at+1)) {
			continue
		}
		if unit := words.DoseLetters[x.f.original(at, at+1)]; unit != "" {
			n.unit, n.unitTo, n.code = unit, at+1, false
			n.attachPer(x.f)
		}
	}
}
