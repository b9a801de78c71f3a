package check

import (
	"slices"
	"strings"

	"medixchange/translator/language"
)

// numberOrder notices numbers that changed places: all are there, but those of one unit, or without one on either side, follow
// each other in another order.
func (c *comparison) numberOrder() {
	from, to := wordsOf(c.from), wordsOf(c.to)
	free, turned := from.Reorders != to.Reorders, from.YearFirst != to.YearFirst
	last := map[string]*candidate{}
	for _, s := range c.paired {
		if s.partner == nil || s.partner.code {
			continue
		}
		if turned && (s.calendar || s.dated || s.partner.calendar || s.partner.dated) {
			if c.dateTurned(s) || !free && s.inDate() != s.partner.inDate() && !s.clock && !s.partner.clock {
				c.found("date.changed", c.source.numberText(s.number), c.target.numberText(s.partner.number))
				return
			}
			continue
		}
		if s.soft || s.partner.soft {
			continue
		}
		unit := withoutRate(s.unit)
		if unit != withoutRate(s.partner.unit) {
			unit = ""
		}
		if s.calendar && s.partner.calendar {
			unit = "calendar"
		}
		if s.telephone && s.partner.telephone {
			unit = "telephone"
		}
		if before := last[unit]; before != nil && !c.turnedRange(before, s) && !c.share(before, s) && changedPlaces(before, s, free && !s.calendar) || !free && s.inDate() != s.partner.inDate() && !s.clock && !s.partner.clock && !clockUnit(s.unit) && !clockUnit(s.partner.unit) {
			c.found("number.order", c.source.numberText(s.number), c.target.numberText(s.partner.number))
			return
		}
		last[unit] = s
	}
}

// turnedRange reports a range whose ends stand the other way round in a language that is written from right to left (20-2019).
func (c *comparison) turnedRange(a, b *candidate) bool {
	if !c.from.RightToLeft() && !c.to.RightToLeft() {
		return false
	}
	return b.from == a.to+1 && c.source.f.at(a.to) == '-' && a.partner.from == b.partner.to+1 && c.target.f.at(b.partner.to) == '-'
}

// share reports two numbers of which one is a part of the other; languages say either first ("41人中21人").
func (c *comparison) share(a, b *candidate) bool {
	return c.source.shareOf(a.number, b.number, c.from) || c.target.shareOf(b.partner.number, a.partner.number, c.to)
}

func (x *facts) shareOf(a, b number, code language.Code) bool {
	if b.from < a.to || b.from-a.to > loaded().limits.Numbers.ShareMark || a.unit != "" || b.unit != "" || a.inDate() || b.inDate() {
		return false
	}
	between, sentence := x.f.runes[a.to:b.from], loaded().marks.Sentence
	return len(wordsOf(code).share.all(between)) > 0 && !slices.ContainsFunc(between, func(r rune) bool { return strings.ContainsRune(sentence, r) })
}

func (n number) inDate() bool { return n.calendar || n.dated }

// changedPlaces reports whether the partners of two numbers stand the other way round; if languages are free to order their
// clauses, only in a list.
func changedPlaces(a, b *candidate, free bool) bool {
	if b.partner.from > a.partner.from {
		return false
	}
	reach := loaded().limits.Numbers.ListMark
	return !free || b.from-a.unitTo <= reach && a.partner.from-b.partner.unitTo <= reach
}

// dateTurned reports whether a part of a date stands where another does: the mark behind a number of 2026年3月18日 is not that of its
// partner.
func (c *comparison) dateTurned(s *candidate) bool {
	text, n, other := c.target.f, s.partner.number, s.number
	if wordsOf(c.from).YearFirst {
		text, n, other = c.source.f, s.number, s.partner.number
	}
	at := n.to
	for isSpace(text.at(at)) {
		at++
	}
	marks := &loaded().marks
	switch mark := text.at(at); {
	case isOneOf(marks.Year, mark):
		return n.to-n.from != 4
	case isOneOf(marks.Month, mark):
		return n.to-n.from == 4 || !other.soft && other.calendar
	case isOneOf(marks.Day, mark):
		return n.to-n.from == 4 || other.soft && other.month
	}
	return false
}

// order notices doses that changed places: the drug that stands nearest to a dose is another one.
func (c *comparison) order() {
	c.exchanged("dose.order", c.source.doses(), c.target.doses())
}

// doses are the amounts of a text that have a unit of drugs.
func (x *facts) doses() (doses []span) {
	for _, n := range x.numbers {
		if critical(n.unit) && !n.soft {
			doses = append(doses, span{n.from, n.unitTo, n.values[0] + " " + n.unit})
		}
	}
	return doses
}

// exchanged notices that something which belongs to a drug, such as its dose or its route, belongs to another drug in the translation.
// Where it belongs to the same one, that shows which is which.
func (c *comparison) exchanged(finding string, inSource, inTarget []span) {
	if len(c.source.drugs) < 2 || len(c.target.drugs) < 2 {
		return
	}
	source, target := nearestDrugs(c.source, inSource), nearestDrugs(c.target, inTarget)
	if len(source) < 2 || len(target) < 2 {
		return
	}
	for _, s := range inSource {
		drug, other := source[s.value], target[s.value]
		if drug.value == "" || other.value == "" {
			continue
		}
		if other.value != drug.value {
			c.found(finding, c.source.text(s)+": "+c.source.text(drug), c.target.text(valueIn(inTarget, s.value))+": "+c.target.text(other))
			return
		}
		c.told = append(c.told, drug.value)
	}
}

func valueIn(spans []span, value string) span {
	s, _ := first(spans, value)
	return s
}

// nearestDrugs gives for each of some things the drug that it belongs to. With as many of them as drugs
// that is the one of the same rank, since every language keeps a dose beside its drug; otherwise the
// nearest in its clause. What stands there twice, or between two drugs, is left out.
func nearestDrugs(x *facts, things []span) map[string]span {
	owners := map[string]span{}
	if len(things) < 2 || len(distinct(x.drugs)) < 2 {
		return owners
	}
	for i, s := range things {
		if _, twice := owners[s.value]; twice {
			owners[s.value] = span{}
		} else if len(things) == len(x.drugs) {
			owners[s.value] = x.drugs[i]
		} else {
			owners[s.value] = nearestDrug(x, s)
		}
	}
	return owners
}

func nearestDrug(x *facts, s span) span {
	limits := &loaded().limits.Drugs
	best, second := 1<<30, 1<<30
	var drug span
	for _, d := range x.drugs {
		distance := gap(x.f, d, s)
		if distance < best {
			best, second, drug = distance, best, d
		} else if distance < second {
			second = distance
		}
	}
	if best > limits.Reach || second-best < limits.Lead {
		return span{}
	}
	return drug
}

// gap is the distance between a drug and another place; a clause mark between them counts much.
func gap(f *folded, d, s span) int {
	from, to := d.to, s.from
	if s.to <= d.from {
		from, to = s.to, d.from
	}
	items, mark := loaded().marks.Items, loaded().limits.Drugs.Mark
	distance := 0
	for i := from; i < to; i++ {
		distance++
		if strings.ContainsRune(items, f.runes[i]) {
			distance += mark
		}
	}
	return distance
}
