package check

import (
	"slices"
	"strings"
)

// fraction gives the decimals that a sign such as ½ stands for, "" for another rune.
func fraction(r rune) string {
	switch r {
	case '½':
		return "5"
	case '¼':
		return "25"
	case '¾':
		return "75"
	}
	return ""
}

// addHalves makes one number of "two and a half tablets" and of "un comprimido y medio". Only of what is
// given: "las dos y media" is a time, and lengths of time are told in too many ways.
func (x *facts) addHalves(words *wordRules, numbers []number) []number {
	if len(words.half.nodes) == 0 {
		return numbers
	}
	var halved []span
	for i := range numbers {
		if n := &numbers[i]; !n.code && !n.dated && !n.clock && x.addHalf(words, n) {
			halved = append(halved, span{from: n.from, to: n.unitTo})
		}
	}
	if len(halved) == 0 {
		return numbers
	}
	return slices.DeleteFunc(numbers, func(n number) bool { // the "half" itself
		return slices.ContainsFunc(halved, func(s span) bool { return s.from < n.from && n.from < s.to })
	})
}

// addHalf adds a half to a number that is followed by one, before its unit or behind it.
func (x *facts) addHalf(words *wordRules, n *number) bool {
	if len(n.values) != 1 || strings.Contains(n.values[0], ".") {
		return false
	}
	with := *n
	if m, ok := words.half.at(x.f.runes, skipSpaces(x.f, n.to)); ok {
		with.to, with.unitTo = m.to, m.to
		if n.unit == "" { // the unit of an Arabic dual is in its word
			attachUnit(x.f, &with)
		}
	} else if m, ok := words.half.at(x.f.runes, skipSpaces(x.f, n.unitTo)); ok && counted(n.unit) && !x.unitAt(m.to) {
		with.unitTo = m.to
	} else {
		return false
	}
	if !critical(with.unit) && !counted(with.unit) {
		return false
	}
	with.values = []string{n.values[0] + ".5"}
	with.counted, with.plain = true, with.soft
	*n = with
	return true
}

// counted reports the units of what is given by the piece.
func counted(unit string) bool { return solid[unit] || pieces[unit] }

// unitAt reports a unit at a place: of "5 mg, half a tablet" the half is the tablet's.
func (x *facts) unitAt(at int) bool {
	half := number{from: at, to: at, values: []string{"0.5"}}
	attachUnitBehind(x.f, &half)
	return half.unit != ""
}
