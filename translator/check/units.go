package check

import (
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
	Given     bool     // counts what a patient is given: tablets, puffs
	Vague     bool     // its words have other meanings
	Solid     bool     // languages do not always keep it apart from the other solid ones
	Piece     bool     // another language may name it by no word of its own
	Symbols   []string // written the same everywhere; kept by protection
	Words     []string // local names; translated; "word@sr" is one in Serbian alone
	Per       []string // words behind a slash alone ("3 L/分")
}

func (r *rules) loadUnits() error {
	var units []unit
	if err := readYAML("units.yaml", &units); err != nil {
		return err
	}
	for _, u := range units {
		known := u
		known.Symbols, known.Words, known.Per = nil, nil, nil
		r.units[u.Unit] = known
		for _, symbol := range u.Symbols {
			symbol, only, _ := strings.Cut(symbol, "@")
			r.unitWords.add(symbol, entry{group: "unit", value: u.Unit, sure: true, only: language.Code(only)})
		}
		addLocal(&r.unitWords, u.Unit, u.Words)
		addLocal(&r.perWords, u.Unit, u.Per)
	}
	return nil
}

// addLocal files the names of a unit in its languages.
func addLocal(l *lexicon, unit string, words []string) {
	for _, word := range words {
		word, only, _ := strings.Cut(word, "@")
		addBoth(l, word, entry{group: "unit", value: unit, only: language.Code(only)})
	}
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
	var vitals struct{ Values, Names []string }
	if err := readYAML("vitals.yaml", &vitals); err != nil {
		return err
	}
	for _, name := range vitals.Values {
		r.vitals[name] = true
	}
	for _, name := range vitals.Names {
		r.vitalNames[name] = true
	}
	return nil
}
