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

const (
	// maxFound is how long a text is that is looked at, in bytes.
	maxFound = 32 << 10
	// maxLooked is how many labels, dates and numbers of a text are looked at.
	maxLooked = 300
)

// Find returns of which kinds a text seems to hold identifiers, in the order of Kinds; nil for none. A text that holds too much
// to look at counts as one that holds a record: it is bounded what a text costs. from is its language, as far as that is known; labels are found in all
// of them. It is safe for concurrent use.
func Find(text string, from language.Code) []Kind {
	if len(text) > maxFound {
		return []Kind{Record}
	}
	line := normalized(text)
	found := map[Kind]bool{}
	if strings.ContainsAny(line, ":=\t-") {
		loaded().labels.onForm(line, from, found)
	}
	if strings.ContainsAny(line, "0123456789") {
		loaded().inFigures(line, found)
	}
	found[Email] = strings.Contains(line, "@") && emailAddress().MatchString(line)
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
	found[Record] = found[Record] || len(dates) > maxLooked
	for _, date := range dates[:min(len(dates), maxLooked)] {
		found[Birth] = found[Birth] || r.labels.isBirth(line, date)
	}
	runs := figures().FindAllStringIndex(bare, -1)
	looked := 0
	for _, at := range runs {
		run := span{at[0], at[1]}
		digits := digitsIn(bare[run.start:run.end])
		if digits < minRecordDigits || r.measured(bare[run.end:]) {
			continue
		}
		if looked++; looked > maxLooked {
			found[Record] = true
			return
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
