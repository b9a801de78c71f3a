package check

import (
	"slices"
	"strings"
)

// measuredWords are the words that say "not" and, in capitals, are the abbreviation of what is measured: French "PAS" is the systolic pressure.
type measuredWords struct {
	Words  []string // such words
	Behind []string // may stand between one and its value ("PAS inférieure à 90")
	Unless []string // in front of one, they say that it is "not" ("n'est PAS à 120")
}

func (m measuredWords) folded() measuredWords {
	return measuredWords{foldedStrings(m.Words), foldedStrings(m.Behind), foldedStrings(m.Unless)}
}

func foldedStrings(words []string) (folded []string) {
	for _, word := range words {
		folded = append(folded, foldedString(word))
	}
	return folded
}

// measures reports whether a word that says "not" stands for what is measured: in capitals where not all is, with its value behind it. Behind another part
// of "not" it denies, and so does one with no more than a number behind it where a dose is given ("10 mg, PAS 100").
func (x *facts) measures(m match, words *wordRules) bool {
	known := &words.measured
	if len(known.Words) == 0 || !slices.Contains(known.Words, string(x.f.runes[m.from:m.to])) || !x.acronym(m.from) {
		return false
	}
	value, ok := x.measuredValue(m.to, known.Behind)
	bare := strings.TrimSpace(string(x.f.runes[m.to:value])) == ""
	return ok && !(bare && x.behindDose(m.from)) && !x.behindOne(m.from, known.Unless) && !x.capitalsAround(m.from)
}

// measuredValue is where the value of a blood pressure begins behind a place, with nothing but signs and some words between them. A sign makes any value
// one, as of a pressure in centimetres.
func (x *facts) measuredValue(at int, between []string) (from int, ok bool) {
	bounded := false
	for {
		r := x.f.at(at)
		switch end := endOfWord(x.f.runes, at); {
		case end > at && slices.Contains(between, string(x.f.runes[at:end])):
			at = end
		case isSpace(r) || r == ':':
			at++
		case isOneOf(loaded().marks.Less+loaded().marks.More+"=", r):
			bounded = true
			at++
		default:
			i := slices.IndexFunc(x.numbers, func(n number) bool { return n.from == at })
			return at, i >= 0 && x.numbers[i].pressure(bounded)
		}
	}
}

// pressure reports whether a number may be a systolic pressure in mmHg; a bounded one is known to be of something that is measured.
func (n *number) pressure(bounded bool) bool {
	if n.unit != "" && n.unit != "mmHg" {
		return false
	}
	return bounded || loaded().limits.Pressure.Upper.hold(float(n.values[0]))
}

// behindDose reports whether a dose stands in front of a place in its sentence.
func (x *facts) behindDose(at int) bool {
	return slices.ContainsFunc(x.numbers, func(n number) bool {
		return n.to <= at && critical(n.unit) && !strings.Contains(n.unit, "/") && x.sameClause(span{from: n.from, to: n.to}, span{from: at})
	})
}

// behindOne reports whether one of some words is among the two in front of a place, with its apostrophe if it has one.
func (x *facts) behindOne(at int, words []string) bool {
	before := strings.Fields(string(x.f.runes[max(0, at-loaded().limits.Negation.MeasuredBefore):at]))
	return slices.ContainsFunc(before[max(0, len(before)-2):], func(word string) bool {
		part, _, elided := strings.Cut(word, "'")
		return slices.Contains(words, part) || elided && slices.Contains(words, part+"'")
	})
}

// capitalsAround reports whether what stands around a place is written in capitals.
func (x *facts) capitalsAround(at int) bool {
	reach := loaded().limits.Negation.ConcordReach
	around := x.f.original(max(0, at-reach), min(at+reach, len(x.f.runes)))
	return around == strings.ToUpper(around)
}
