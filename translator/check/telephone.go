package check

import (
	"strings"

	"medixchange/translator/language"
)

// A telephone number is a plus, the code of a country and groups of digits: "+1 555 010 9999", "(+44) 20 7946 0018", "+49 (0)30 1234567/12".
const (
	countryDigits                  = 3     // of the code of a country, at most
	fewestTelephone, mostTelephone = 8, 15 // digits in all, by ITU-T E.164
	wholeTelephone                 = 11    // digits behind which a number may well be over
	pairDigits                     = 4     // of the second half of a pair or a date, at most
)

// Telephones lists the telephone numbers of a text, in order.
func Telephones(text string, in language.Code) (found []Span) {
	if !strings.ContainsAny(text, "+＋") {
		return nil
	}
	f := foldIn(text, in)
	for at := 0; at < len(f.runes); at++ {
		if n, ok := telephone(f, at); ok {
			found = append(found, f.place(n.from, n.to))
			at = n.to
		}
	}
	return found
}

// telephone reads the telephone number whose first digit stands at a place.
func telephone(f *folded, at int) (number, bool) {
	if f.at(at-1) != '+' || isDigit(f.at(at-2)) || latinLetter(f.at(at-2)) {
		return number{}, false
	}
	var digits strings.Builder
	end, grouped := at, true
	for next := at; isDigit(f.at(next)); next = nextGroup(f, end, digits.Len()) {
		to := pastDigits(f, next)
		if digits.Len()+to-next > mostTelephone || next > at && standsApart(f, next, to, digits.Len()) {
			break
		}
		for _, r := range f.runes[next:to] {
			d, _ := digit(r)
			digits.WriteByte(d)
		}
		grouped = grouped && (next == at || to-next == groupDigits)
		end = to
	}
	country := pastDigits(f, at)
	if country-at > countryDigits || end <= country || digits.Len() < fewestTelephone || isWholeDate(f, at, end) {
		return number{}, false
	}
	if grouped && digits.Len() < wholeTelephone && critical(unitBehind(f, end)) {
		return number{}, false // "+10 500 000 IU"
	}
	from := at - 1
	if f.at(from-1) == '(' && f.at(country) == ')' {
		from--
	}
	return number{from: from, to: end, unitTo: end, values: []string{digits.String()}, telephone: true}, true
}

// nextGroup is where a telephone number goes on behind the digits that are read of it: behind a space, a hyphen or a point, with those of an
// area in brackets, or behind a slash with a long row ("+49 30/1234567") or other last digits ("50 50/51"). No digit stands there where it is over.
func nextGroup(f *folded, at, read int) int {
	if f.at(at) == ')' && bracketOpens(f, at) {
		at++
	}
	if f.at(at) == '/' && (read >= fewestTelephone || pastDigits(f, at+1)-at-1 > pairDigits) {
		return at + 1
	}
	if isOneOf(" -.", f.at(at)) {
		at++
	}
	if f.at(at) == '(' && read < fewestTelephone && f.at(pastDigits(f, at+1)) == ')' {
		at++
	}
	return at
}

// bracketOpens reports whether the digits before a place, and the plus before these, stand behind a bracket of the telephone number itself.
func bracketOpens(f *folded, at int) bool {
	for at--; isDigit(f.at(at)); at-- {
	}
	if f.at(at) == '+' {
		at--
	}
	return f.at(at) == '('
}

// standsApart reports digits behind a telephone number that are none of its own: a time, and where the number may well be over, a pair, a range, a date,
// a decimal or an amount ("24/7", "2.5 mg", "24 h"). A shorter one goes on: the 50 of "+33 1 40 20 50 50 jours" is its own.
func standsApart(f *folded, from, to, read int) bool {
	if f.at(from-1) != ' ' {
		return false
	}
	if f.at(to) == ':' && to-from <= 2 && pastDigits(f, to+1) == to+3 {
		return true
	}
	return read >= wholeTelephone && (isOneOf(":/.,-", f.at(to)) && isDigit(f.at(to+1)) || unitBehind(f, to) != "")
}

// unitBehind is the unit of a number that ends at a place, "" without one.
func unitBehind(f *folded, to int) string {
	n := number{to: to, unitTo: to, values: []string{"1"}}
	attachUnitBehind(f, &n)
	return n.unit
}

// isWholeDate reports a day, a month and a year with its four digits ("culture +12.05.2024").
func isWholeDate(f *folded, from, to int) bool {
	mark := f.at(from + 2)
	return to-from == len("12.05.2024") && isOneOf(dateMarks+".", mark) && f.at(from+5) == mark
}
