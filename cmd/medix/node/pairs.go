package node

import (
	"fmt"
	"slices"

	"medixchange/translator"
	"medixchange/translator/language"
)

// ParseDirection reads "en-es", "zh-Hant-en" or "*-pt-PT", where * stands for every language. Tags have hyphens of their own, so
// that each hyphen is tried; what can be read in two ways that are equally good is refused.
func ParseDirection(text string) (translator.Pair, error) {
	var readings []reading
	for at := range text {
		if text[at] != '-' {
			continue
		}
		if r, ok := read(text[:at], text[at+1:]); ok {
			readings = append(readings, r)
		}
	}
	for _, better := range []func(reading) bool{reading.known, reading.exact} {
		if found := slices.DeleteFunc(slices.Clone(readings), func(r reading) bool { return !better(r) }); len(found) > 0 {
			readings = found
		}
	}
	switch len(readings) {
	case 0:
		return translator.Pair{}, fmt.Errorf("%q names no two languages; write source-target, such as en-es, zh-Hant-en or *-es", text)
	case 1:
		return readings[0].pair, nil
	}
	return translator.Pair{}, fmt.Errorf("%q may mean %s to %s or %s to %s; write both languages as short as they can be, such as %s-%s", text,
		readings[0].from, readings[0].into, readings[1].from, readings[1].into, tagOf(readings[0].pair.From), tagOf(readings[0].pair.To))
}

// reading is one way to read a direction.
type reading struct {
	from, into string // as they are written
	pair       translator.Pair
}

// read reads two sides; false for what is no language, or one language twice.
func read(from, into string) (reading, bool) {
	r := reading{from: from, into: into}
	for code, written := range map[*language.Code]string{&r.pair.From: from, &r.pair.To: into} {
		if written == "*" {
			continue
		}
		parsed, err := language.Parse(written)
		if err != nil {
			return r, false
		}
		*code = parsed
	}
	return r, r.pair.From != r.pair.To || r.pair.From == ""
}

// known reports whether readers have both languages.
func (r reading) known() bool {
	return (r.pair.From == "" || r.pair.From.Known()) && (r.pair.To == "" || r.pair.To.Known())
}

// exact reports whether both languages are written as the program writes them.
func (r reading) exact() bool { return r.from == tagOf(r.pair.From) && r.into == tagOf(r.pair.To) }

func tagOf(code language.Code) string {
	if code == "" {
		return "*"
	}
	return string(code)
}

// parsePairs reads the directions that an engine is restricted to.
func parsePairs(texts []string) ([]translator.Pair, error) {
	pairs := make([]translator.Pair, 0, len(texts))
	for i, text := range texts {
		pair, err := ParseDirection(text)
		if err != nil {
			return nil, fmt.Errorf("pairs[%d]: %w", i, err)
		}
		pairs = append(pairs, pair)
	}
	return pairs, nil
}
