package check

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// number is a number in a text, in digits of any script or in words.
type number struct {
	from, to int      // in folded runes
	values   []string // canonical decimal values that it may have; more than one if the mark is ambiguous
	soft     bool     // in words, or the name of a month
	decimal  bool     // has a decimal mark
	doubtful bool     // its mark may group or be decimal: the first two values are its readings
	unit     string   // canonical unit, "" if none
	symbol   bool     // the unit is a symbol that stays as it is
	unitTo   int      // end of the unit, = to if none
	rateTo   int      // end of the words behind it that say what it is given by ("per hour"), 0 if none
	unscaled []string // the values before a word such as "million"
	zeros    int      // of that word
	shared   string   // the unit behind the upper end of a range, for its lower end
	code     bool     // part of a name such as B12 or COVID-19: not compared
	dated    bool     // part of a date or time
	counted  bool     // in words, with a unit or a word for people behind it
	plain    bool     // in words that certainly count something: from two on, no ordinal, no half
	calendar bool     // a day or a year beside the name of a month, or a part of 2026年3月18日
	month    bool     // the name of a month beside a day or a year
	clock    bool     // part of a time of day
	ranked   bool     // it and its unit are an ordinal by a sign (第3天, 3日目)
	settled  bool     // part of a date that both texts have

	telephone bool // a telephone number, with its plus
}

// digitZeros are the zeros of all decimal digits: Unicode has them in runs of ten.
var digitZeros = func() (zeros []rune) {
	for _, table := range unicode.Nd.R16 {
		for r := rune(table.Lo); r <= rune(table.Hi); r += 10 {
			zeros = append(zeros, r)
		}
	}
	for _, table := range unicode.Nd.R32 {
		for r := rune(table.Lo); r <= rune(table.Hi); r += 10 {
			zeros = append(zeros, r)
		}
	}
	return zeros
}()

func digit(r rune) (byte, bool) {
	if r < arabicZero {
		return byte(r), r >= '0' && r <= '9'
	}
	return digitBeyond(r)
}

// digitBeyond is digit for what is not ASCII.
func digitBeyond(r rune) (byte, bool) {
	switch {
	case r >= firstHan && r <= lastHan, r >= firstHiragana && r <= lastKatakana, r >= firstHangul && r <= lastHangul, !unicode.Is(unicode.Nd, r):
		return 0, false
	}
	i, exact := slices.BinarySearch(digitZeros, r)
	if !exact {
		i--
	}
	return byte('0' + r - digitZeros[i]), true
}

// arabicZero is the first decimal digit behind the ASCII ones.
const arabicZero = '٠'

func isDigit(r rune) bool {
	_, ok := digit(r)
	return ok
}

// scanNumbers finds the numbers of a text in digits, in order.
func scanNumbers(f *folded, words *wordRules) []number {
	var found []number
	for i := 0; i < len(f.runes); {
		if !isDigit(f.runes[i]) {
			i++
			continue
		}
		n := scanNumber(f, i, words.commaDecimal)
		n.unitTo = n.to
		words.scale(f, &n)
		attachUnit(f, &n)
		n.ranked = rankStands(f, n) || words.ordinals.ranks(f, n)
		n.code = n.unit == "" && !n.decimal && !n.telephone && partOfName(f, n)
		found = append(found, n)
		i = n.to
	}
	return found
}

// scanNumber reads digits and the marks between them from runes[i] on.
func scanNumber(f *folded, i int, commaDecimal bool) number {
	if n, ok := telephone(f, i); ok {
		return n
	}
	var raw strings.Builder
	j, spaced := i, spacedEnd(f, i)
	if bareDecimal(f, i) {
		i--
		raw.WriteString("0.")
	}
	for j < len(f.runes) {
		if d, ok := digit(f.runes[j]); ok {
			raw.WriteByte(d)
			j++
			continue
		}
		mark := markBetween(f, j, j < spaced)
		if mark == 0 {
			break
		}
		raw.WriteByte(mark)
		j++
	}
	values, decimal := readings(raw.String(), commaDecimal)
	return number{from: i, to: j, values: values, decimal: decimal, doubtful: len(values) > 1}
}

// bareDecimal reports whether the digits at i are what is behind the mark of ".5".
func bareDecimal(f *folded, i int) bool {
	return f.at(i-1) == '.' && (i == 1 || isSpace(f.at(i-2)) || f.at(i-2) == '(')
}

// markBetween tells what a separator between two digits is: '.', ',' or ' ' (groups only), else 0. A space groups digits where
// spacedEnd says so.
func markBetween(f *folded, j int, spaced bool) byte {
	if !isDigit(f.at(j + 1)) {
		return 0
	}
	marks := &loaded().marks
	switch r := f.runes[j]; {
	case isOneOf(marks.Point, r):
		return '.'
	case isOneOf(marks.Decimal, r):
		return '!' // never anything else
	case isOneOf(marks.Comma, r) && f.original(j, j+1) != wideComma:
		return ','
	case spaced, isOneOf(marks.Group, r) || isOneOf(marks.ListComma+marks.Comma, r) && threeDigits(f, j+1):
		return ' '
	}
	return 0
}

// wideComma is a comma as Chinese and Japanese write it. It is no decimal mark: "07:30，4人" is a time and four people.
const wideComma = "，"

func threeDigits(f *folded, j int) bool {
	return isDigit(f.at(j)) && isDigit(f.at(j+1)) && isDigit(f.at(j+2)) && !isDigit(f.at(j+3))
}

// readings gives the values that raw digits with marks may have, the likeliest first, and whether
// one of them has decimals. One mark before exactly three digits may group or be decimal.
func readings(raw string, commaDecimal bool) (values []string, decimal bool) {
	raw = strings.ReplaceAll(raw, " ", "")
	if whole, part, ok := strings.Cut(raw, "!"); ok {
		return []string{canonical(digitsOf(whole), digitsOf(part))}, true
	}
	last := strings.LastIndexAny(raw, ".,")
	if last < 0 {
		return []string{canonical(raw, "")}, false
	}
	grouped := canonical(digitsOf(raw), "")
	pointed := canonical(digitsOf(raw[:last]), digitsOf(raw[last+1:]))
	marks := strings.Count(raw, ".") + strings.Count(raw, ",")
	sameMarks := strings.Count(raw, raw[last:last+1])
	switch {
	case marks > 1 && sameMarks == marks:
		return []string{grouped}, false
	case marks > 1:
		return []string{pointed}, true
	case len(raw)-last-1 != 3 || last > 3 || raw[0] == '0':
		return []string{pointed}, true
	case (raw[last] == ',') == commaDecimal:
		return []string{pointed, grouped}, true
	}
	return []string{grouped, pointed}, false
}

func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// canonical writes a decimal number without needless zeros.
func canonical(whole, part string) string {
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		whole = "0"
	}
	if part = strings.TrimRight(part, "0"); part == "" {
		return whole
	}
	return whole + "." + part
}

// partOfName reports whether a number belongs to a name or code (B12, COVID-19, H1N1, 2D).
func partOfName(f *folded, n number) bool {
	start := n.from
	if f.at(start-1) == '-' && unicode.IsLetter(f.at(start-2)) {
		return true
	}
	for start > 0 && latinLetter(f.runes[start-1]) {
		start--
	}
	known := loaded()
	if start < n.from && (!known.vitals[string(f.runes[start:n.from])] || known.vitalNames[string(f.runes[start:n.to])]) {
		return true
	}
	if !latinLetter(f.at(n.to)) {
		return false
	}
	end := n.to
	for end < len(f.runes) && latinLetter(f.runes[end]) {
		end++
	}
	return !slices.Contains(loaded().forms.Endings, string(f.runes[n.to:end]))
}

func latinLetter(r rune) bool {
	if r < 0x80 {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	return unicode.Is(unicode.Latin, r)
}

// standsBefore reports whether one of some words or signs stands in front of a number (%88, yüzde 5, 百分之五, 第3).
func standsBefore(f *folded, at int, words []string) bool {
	for isSpace(f.at(at - 1)) {
		at--
	}
	return slices.ContainsFunc(words, func(word string) bool {
		i := at
		for rest := word; rest != ""; {
			r, size := utf8.DecodeLastRuneInString(rest)
			if i--; f.at(i) != r {
				return false
			}
			rest = rest[:len(rest)-size]
		}
		return !isDigit(f.at(i - 1))
	})
}

// attachUnit finds the unit that follows a number, or a percent sign before it.
func attachUnit(f *folded, n *number) {
	if attachUnitBehind(f, n); n.unit == "" && standsBefore(f, n.from, loaded().marks.PercentBefore) {
		n.unit = "%"
	}
}

func attachUnitBehind(f *folded, n *number) {
	if n.telephone {
		return
	}
	i := n.to
	for spaces := 0; spaces < 2 && isSpace(f.at(i)); spaces++ {
		i++
	}
	if n.soft && f.at(i) == '\'' && wordsOf(f.lang).Elides { // "un'ora"
		i++
	}
	m, ok := loaded().unitWords.at(f.runes, i)
	if !ok && f.at(n.to) == '-' { // a 14-day course
		m, ok = loaded().unitWords.at(f.runes, n.to+1)
	}
	if !ok || isYear(f, *n, m) || noUnit(f, *n, m) {
		return
	}
	n.unit, n.symbol, n.unitTo = m.entries[0].value, m.entries[0].sure, wordEnd(f, m)
	n.attachPer(f)
}

// attachPer adds what stands behind a slash (mg/kg/h).
func (n *number) attachPer(f *folded) {
	for f.at(n.unitTo) == '/' {
		per, ok := perUnitAt(f, skipSpaces(f, n.unitTo+1))
		if !ok {
			return
		}
		n.unit = withRates(n.unit, []string{per.entries[0].value})
		n.symbol = n.symbol && per.entries[0].sure
		n.unitTo = wordEnd(f, per)
	}
}

// perUnitAt is the unit that stands behind a slash.
func perUnitAt(f *folded, at int) (match, bool) {
	per, _ := loaded().perWords.at(f.runes, at)
	m, ok := loaded().unitWords.at(f.runes, at)
	if !per.foreign(f) && (per.to >= m.to || m.foreign(f)) { // "/j" is a day in French, "/u" an hour in Dutch
		return per, true
	}
	return m, ok && !m.foreign(f)
}

// foreign reports a word that means this in other languages than that of a text.
func (m match) foreign(f *folded) bool {
	return !slices.ContainsFunc(m.entries, func(e entry) bool { return e.only == "" || f.lang == "" || e.only == f.lang })
}

// noUnit reports what looks like a unit and is none: a word of another language, an article that lost its vowel ("2 millions
// d'euros"), an abbreviation ("122 U.S. citizens"), an ordinal ("1º de marzo", "3° giorno"), the beginning of another word, a time behind a million.
func noUnit(f *folded, n number, m match) bool {
	if m.foreign(f) || beginsOneOf(f, m.from, loaded().marks.UnitNot) {
		return true
	}
	if m.to-m.from == 1 && f.noUnitSign(n, m.from) {
		return true
	}
	return n.zeros > 3 && loaded().units[m.entries[0].value].Time
}

// beginsOneOf reports whether one of some words begins at a place.
func beginsOneOf(f *folded, at int, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool {
		to := at + utf8.RuneCountInString(word)
		return to <= len(f.runes) && string(f.runes[at:to]) == word
	})
}

// noUnitSign is noUnit for a sign of one letter.
func (f *folded) noUnitSign(n number, at int) bool {
	marks, next := &loaded().marks, f.at(at+1)
	switch {
	case isOneOf("'’", next):
		return wordsOf(f.lang).Elides
	case next == '.':
		return latinLetter(f.at(at + 2))
	case f.ageSign(n, at):
		return true
	case strings.HasPrefix(f.text[f.starts[at]:], marks.Ordinal):
		return true
	case isOneOf(marks.Degree, f.at(at)):
		m, ok := loaded().unitWords.at(f.runes, skipSpaces(f, at+1))
		return ok && loaded().units[m.entries[0].value].Time
	}
	return isOneOf(marks.Hour, f.at(at)) && !atMost(n.values[0], 24)
}

// ageSign reports the letter that tells age and sex in one ("66M, pneumonia"): a capital right behind what may be an age, and over there. "66F" has
// no unit anyway.
func (f *folded) ageSign(n number, at int) bool {
	next := f.at(at + 1)
	return at == n.to && f.original(at, at+1) == wordsOf(f.lang).AgeSign && atMost(n.values[0], loaded().limits.Numbers.Age) && (next == 0 || next == ',' || isSpace(next))
}

// isYear keeps a year ("2020 г.", "2020年") apart from an amount ("2 г" is two grams, "2年" two years).
func isYear(f *folded, n number, m match) bool {
	known := loaded()
	if len(n.values[0]) != 4 || !slices.Contains(known.marks.Centuries, n.values[0][:2]) {
		return false
	}
	return known.units[m.entries[0].value].Time || string(f.runes[m.from:m.to]) == known.marks.YearShort
}

// scale multiplies a number by the scale word behind it ("1.5 million", "150万").
func (w *wordRules) scale(f *folded, n *number) {
	i := skipSpaces(f, n.to)
	if isOneOf(loaded().marks.MoreThan, f.at(i)) {
		i = skipSpaces(f, i+1)
	}
	m, ok := w.numbers.at(f.runes, i)
	if !ok {
		return
	}
	scale := slices.IndexFunc(m.entries, func(e entry) bool { return e.group == "scale" }) // "hundred" alone is a number as well
	if scale < 0 {
		return
	}
	n.unscaled = slices.Clone(n.values)
	n.zeros = len(m.entries[scale].value) - 1
	for k, value := range n.values {
		n.values[k] = shifted(value, n.zeros)
	}
	n.to, n.unitTo = m.to, m.to
	w.addSmaller(f, n)
}

func skipSpaces(f *folded, i int) int {
	for isSpace(f.at(i)) {
		i++
	}
	return i
}

// shifted multiplies a canonical decimal by a power of ten.
func shifted(value string, zeros int) string {
	whole, part, _ := strings.Cut(value, ".")
	for len(part) < zeros {
		part += "0"
	}
	return canonical(whole+part[:zeros], part[zeros:])
}
