package identifiers

import (
	"strings"

	"medixchange/translator/language"
)

// Kind is a kind of identifier.
type Kind string

// The kinds, in the order in which they are told.
const (
	Name     Kind = "name"
	Birth    Kind = "birth"    // a date of birth
	Record   Kind = "record"   // a medical record number
	Identity Kind = "identity" // a national, insurance or passport number
	Phone    Kind = "phone"
	Email    Kind = "email"
	Address  Kind = "address"
)

// Kinds are all kinds.
var Kinds = []Kind{Name, Birth, Record, Identity, Phone, Email, Address}

// maxFound is how much of a text is looked at, in bytes: more than the longest message that is translated.
const maxFound = 256 << 10

// Find returns of which kinds a text seems to hold identifiers, in the order of Kinds; nil for none. A text that is too long
// to be looked at counts as one that holds a record. from is its language, as far as that is known; labels are found in all
// of them. It is safe for concurrent use.
func Find(text string, from language.Code) []Kind {
	if len(text) > maxFound {
		return []Kind{Record}
	}
	line := normalized(text)
	found := map[Kind]bool{}
	if strings.ContainsAny(line, ":=") {
		found[Name], found[Address] = loaded().labels.onForm(line, from)
	}
	if strings.ContainsAny(line, "0123456789") {
		loaded().inFigures(line, found)
	}
	found[Email] = strings.Contains(line, "@") && emailAddress.MatchString(line)
	var kinds []Kind
	for _, kind := range Kinds {
		if found[kind] {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// inFigures looks for what has figures in it.
func (r *rules) inFigures(line string, found map[Kind]bool) {
	dates, bare := withoutDates(line)
	for _, date := range dates {
		found[Birth] = found[Birth] || r.labels.isBirth(line, date)
	}
	for _, at := range figures.FindAllStringIndex(bare, -1) {
		run := span{at[0], at[1]}
		digits := digitsIn(bare[run.start:run.end])
		if digits < minRecordDigits || r.measured(bare[run.end:]) {
			continue
		}
		of := r.labels.beforeRun(bare, run.start)
		found[Record] = found[Record] || of&labelRecord != 0
		found[Identity] = found[Identity] || of&labelIdentity != 0 && digits >= minIdentityDigits
		found[Phone] = found[Phone] || of&labelPhone != 0 && digits >= minPhoneDigits
		if digits >= minSchemeDigits && of&labelOther == 0 {
			found[Identity] = found[Identity] || holds(r.numbers, bare, run)
			found[Phone] = found[Phone] || holds(r.phones, bare, run)
		}
	}
}
