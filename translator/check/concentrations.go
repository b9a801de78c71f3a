package check

import (
	"slices"
	"strings"

	"medixchange/translator/language"
)

// A concentration is an amount and the volume that holds it: "250 mg/5 mL", "40 mg per 2 mL". Its halves mean nothing without each other, so
// it is one invariant and one protected part, and is compared as one.

// concentration holds two numbers of a text, by their places in its list.
type concentration struct{ amount, volume int }

func (r *rules) loadConcentrations() error {
	var words []string
	if err := readYAML("concentrations.yaml", &words); err != nil {
		return err
	}
	return addTagged(&r.holds, "concentrations.yaml", words, entry{group: "holds"})
}

// findConcentrations joins amounts that stand "per" another amount. "500 mg/125 mg" and the like, of two drugs in one tablet, are joined as well. A
// word joins an amount to what holds it alone: "40 mg por 60 mg" replaces the one by the other.
func (x *facts) findConcentrations(words *wordRules) {
	for i, a := range x.numbers {
		if !a.heldAmount() {
			continue
		}
		at, per := pastPer(x.f, words, a.unitTo)
		if !per {
			continue
		}
		j := slices.IndexFunc(x.numbers, func(b number) bool { return b.from == at && b.heldAmount() })
		if j >= 0 && (bySlash(x.f, a.unitTo) || !isVolume(a.unitHead()) && isVolume(x.numbers[j].unitHead())) {
			x.concentrations = append(x.concentrations, concentration{i, j})
		}
	}
}

// heldAmount reports an amount in digits, of what drugs are measured in.
func (n *number) heldAmount() bool { return critical(n.unit) && !n.soft && !n.code && !n.dated }

// pastPer is where a slash or a word for "per" is over that stands at a place, and the spaces behind it.
func pastPer(f *folded, words *wordRules, at int) (int, bool) {
	at = skipSpaces(f, at)
	if f.at(at) == '/' {
		return skipSpaces(f, at+1), true
	}
	m, ok := words.calendar.at(f.runes, at)
	if !ok || m.entries[0].group != perGroup || m.entries[0].value != perUnit {
		return at, false
	}
	return skipSpaces(f, m.to), true
}

func bySlash(f *folded, at int) bool { return f.at(skipSpaces(f, at)) == '/' }

func isVolume(unit string) bool { return loaded().units[unit].Dimension == volumes }

// byWeight is what doses go by, beside volumes. Of other units the letters are often none ("500 mg per NG tube").
const byWeight = "kg"

// pastRate is where "per mL" or "per kg" is over that stands behind a unit, the place itself where none does. A unit that is a word is
// translated.
func pastRate(f *folded, words *wordRules, at int) int {
	unit, per := pastPer(f, words, at)
	if !per {
		return at
	}
	m, ok := loaded().unitWords.at(f.runes, unit)
	if !ok || !m.entries[0].sure || m.entries[0].value != byWeight && !isVolume(m.entries[0].value) || noRate(f, m) {
		return at
	}
	return wordEnd(f, m)
}

// whole is the place of a concentration, with the lower end of the range of its amount.
func (x *facts) whole(c concentration) span {
	volume := x.numbers[c.volume]
	return span{from: x.rangeStart(x.numbers[c.amount]), to: max(volume.unitTo, volume.rateTo)}
}

// concentrationOf is the place of the concentration that a number is a half of.
func (x *facts) concentrationOf(n number) (span, bool) {
	for _, c := range x.concentrations {
		if x.numbers[c.amount].from == n.from || x.numbers[c.volume].from == n.from {
			return x.whole(c), true
		}
	}
	return span{}, false
}

// sameStrengths settles concentrations that one of two texts has for a volume of one: "250 mg/5 mL" is "50 mg/mL".
func sameStrengths(x, y *facts) {
	for _, c := range x.concentrations {
		a, b := &x.numbers[c.amount], &x.numbers[c.volume]
		for i := range y.numbers {
			n := &y.numbers[i]
			if n.settled || !strengthOf(*a, *b, *n) {
				continue
			}
			a.settled, b.settled, n.settled = true, true, true
			break
		}
	}
}

// strengthOf reports whether a number such as "50 mg/mL" is an amount in a volume.
func strengthOf(amount, volume, n number) bool {
	head, per, rated := strings.Cut(n.unit, "/")
	known := loaded().units
	a, b, u, v := known[amount.unit], known[volume.unit], known[head], known[per]
	if !rated || a.Dimension == "" || a.Dimension != u.Dimension || b.Dimension == "" || b.Dimension != v.Dimension {
		return false
	}
	return near(float(amount.values[0])*a.Factor/(float(volume.values[0])*b.Factor), float(n.values[0])*u.Factor/v.Factor)
}

// concentrations notices those of one text whose halves stand apart in the other ("100 mg/5 mL" became "100 mg and 5 mL"), or with those of
// another one.
func (c *comparison) concentrations() {
	if len(c.source.concentrations)+len(c.target.concentrations) == 0 {
		return
	}
	defer c.dropHalves()
	inSource, inTarget := c.source.without(c.target), c.target.without(c.source)
	for _, s := range inSource {
		original, halves := c.source.text(c.source.whole(s)), c.source.halvesIn(c.target, s)
		if halves != "" && len(inTarget) > 0 {
			c.found("dose.changed", original, c.target.text(c.target.whole(c.likest(s, inTarget))))
		} else if halves != "" {
			c.found("dose.parted", original, halves)
		}
	}
	for _, t := range inTarget {
		if halves := c.target.halvesIn(c.source, t); halves != "" && len(inSource) == 0 {
			c.found("dose.parted", halves, c.target.text(c.target.whole(t)))
		}
	}
}

// dropHalves leaves out the finding for the second half of a concentration that another finding names as a whole.
func (c *comparison) dropHalves() {
	findings := slices.Clone(c.findings)
	c.findings = slices.DeleteFunc(c.findings, func(f finding) bool {
		if f.name != "dose.missing" && f.name != "dose.added" || !c.source.states(f.reason.Original) && !c.target.states(f.reason.Translation) {
			return false
		}
		return slices.ContainsFunc(findings, func(g finding) bool {
			sameOriginal := f.reason.Original != "" && g.reason.Original == f.reason.Original
			sameTranslation := f.reason.Translation != "" && g.reason.Translation == f.reason.Translation
			return g.name != f.name && (sameOriginal || sameTranslation)
		})
	})
}

// states reports whether a text is one of the concentrations as they are written.
func (x *facts) states(text string) bool {
	return slices.ContainsFunc(x.concentrations, func(c concentration) bool { return x.text(x.whole(c)) == text })
}

// likest is the concentration of the translation that has the amount of one of the source, else the first one.
func (c *comparison) likest(s concentration, inTarget []concentration) concentration {
	i := slices.IndexFunc(inTarget, func(t concentration) bool {
		return sameQuantity(c.source.numbers[s.amount], c.target.numbers[t.amount])
	})
	return inTarget[max(i, 0)]
}

// without lists the concentrations of a text that another one does not have in any way.
func (x *facts) without(y *facts) (left []concentration) {
	for _, c := range x.concentrations {
		a, b := x.numbers[c.amount], x.numbers[c.volume]
		if a.settled || !isVolume(b.unitHead()) || isVolume(a.unitHead()) {
			continue
		}
		containers := y.numbersLike(b)
		held := slices.ContainsFunc(y.numbersLike(a), func(amount number) bool {
			return slices.ContainsFunc(containers, func(volume number) bool { return y.holds(amount, volume) })
		})
		if !held {
			left = append(left, c)
		}
	}
	return left
}

// volumes is the dimension of what holds an amount.
const volumes = "volume"

func (n *number) unitHead() string {
	head, _, _ := strings.Cut(n.unit, "/")
	return head
}

// numbersLike lists the numbers that are the same amount as one of another text, whatever they are given by.
func (x *facts) numbersLike(n number) (like []number) {
	n.unit = n.unitHead()
	for _, m := range x.numbers {
		bare := m
		if bare.unit = m.unitHead(); !m.soft && sameQuantity(n, bare) {
			like = append(like, m)
		}
	}
	return like
}

// holds reports whether something between an amount and a volume says that the one is in the other.
func (x *facts) holds(amount, volume number) bool {
	from, to := amount.unitTo, volume.from
	if volume.to <= amount.from {
		from, to = volume.unitTo, amount.from
	}
	if from > to || !x.oneClause(from, to, loaded().limits.Numbers.Holds) {
		return false
	}
	words := wordsOf(x.f.lang)
	if _, per := pastPer(x.f, words, from); per {
		return true
	}
	if words.perBefore(x.f, volume.from) {
		return true
	}
	return slices.ContainsFunc(loaded().holds.all(x.f.runes[from:to]), func(m match) bool {
		begins, ends := from+m.from == skipSpaces(x.f, from), skipSpaces(x.f, from+m.to) == to
		return !m.foreign(x.f) && (ends || begins && from == volume.unitTo)
	})
}

// perBefore reports whether a word for "per" stands in front of a place (每5毫升250毫克).
func (w *wordRules) perBefore(f *folded, at int) bool {
	start := w.calendar.endingAt(f, at)
	if start < 0 {
		return false
	}
	end, per := pastPer(f, w, start)
	return per && end == at
}

// halvesIn is how a text has both halves of a concentration of another one, "" if it has not: then a number is missing, or changed.
func (x *facts) halvesIn(y *facts, c concentration) string {
	amounts, held := y.numbersLike(x.numbers[c.amount]), y.numbersLike(x.numbers[c.volume])
	if len(amounts) == 0 || len(held) == 0 {
		return ""
	}
	first, last := amounts[0], held[0]
	if first.from > last.from {
		first, last = last, first
	}
	if last.from-first.to <= loaded().limits.Numbers.Holds {
		return y.f.original(first.from, last.unitTo)
	}
	return y.numberText(first) + " · " + y.numberText(last)
}

// WithSlashes writes a protected amount that is "per" something by the sign that everybody knows: "5 mg per mL" as "5 mg/mL". The engine does
// not see the word, and readers would get it in the language of the source.
func WithSlashes(text string, from language.Code) string {
	f, words := foldIn(text, from), wordsOf(from)
	x := &facts{f: f, numbers: scanNumbers(f, words)}
	x.findConcentrations(words)
	for _, n := range slices.Backward(x.numbers) {
		if n.unit == "" || bySlash(f, n.unitTo) {
			continue
		}
		_, held := x.concentrationOf(n)
		if at, per := pastPer(f, words, n.unitTo); per && (held || pastRate(f, words, n.unitTo) > n.unitTo) {
			text = text[:f.ends[n.unitTo-1]] + "/" + text[f.starts[at]:]
		}
	}
	return text
}
