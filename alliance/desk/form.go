package desk

import (
	"net/mail"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/language"

	"medixchange/alliance/signed"
)

// Form is what a hospital applies with.
type Form struct {
	LegalName   string      `json:"legal_name"`
	Country     string      `json:"country"` // ISO 3166-1 alpha-2
	ServerName  string      `json:"server_name"`
	Kind        signed.Kind `json:"kind"`
	Contact     string      `json:"contact"` // a person and their office
	Email       string      `json:"email"`
	Phone       string      `json:"phone,omitempty"`
	Languages   []string    `json:"languages"` // BCP 47
	Specialties string      `json:"specialties,omitempty"`
	Note        string      `json:"note,omitempty"`
}

// Fault is what is wrong with one field of a form.
type Fault struct {
	Field string `json:"field"` // as in the JSON of a Form, or "papers"
	Code  string `json:"code"`
	Text  string `json:"text"` // in English
}

// Codes of faults.
const (
	CodeMissing   = "missing"
	CodeLong      = "long"
	CodePlain     = "plain" // control characters, or such as turn the direction of a text
	CodeInvalid   = "invalid"
	CodeLookAlike = "look_alike"
	CodeTaken     = "taken"
	CodeMixed     = "mixed" // letters of several scripts in one label
	CodeCount     = "count"
	CodeSize      = "size"
	CodeType      = "type"
)

// Bounds of the fields in bytes.
const (
	maxLine      = 200
	maxText      = 2000
	maxEmail     = 254
	maxLanguages = 20
)

// Tidy removes what people add by accident: space around, and in lists of languages commas.
func (f Form) Tidy() Form {
	for _, s := range []*string{&f.LegalName, &f.Country, &f.ServerName, &f.Contact, &f.Email, &f.Phone, &f.Specialties, &f.Note} {
		*s = strings.TrimSpace(strings.ReplaceAll(*s, "\r\n", "\n"))
	}
	f.Country = strings.ToUpper(f.Country)
	f.Languages = strings.FieldsFunc(strings.Join(f.Languages, " "), func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == ';' })
	return f
}

// check returns what is wrong with a tidy form by itself; charter says which server names may be members.
func (f Form) check(charter *signed.Charter) []Fault {
	var faults []Fault
	add := func(field, code, text string) { faults = append(faults, Fault{field, code, text}) }
	for _, line := range []struct {
		field, value string
		max          int
		needed, tall bool
	}{
		{"legal_name", f.LegalName, maxLine, true, false}, {"contact", f.Contact, maxLine, true, false},
		{"phone", f.Phone, 40, false, false}, {"specialties", f.Specialties, maxText, false, true}, {"note", f.Note, maxText, false, true},
	} {
		switch {
		case line.value == "" && line.needed:
			add(line.field, CodeMissing, "is missing")
		case len(line.value) > line.max:
			add(line.field, CodeLong, "is too long")
		case !plain(line.value, line.tall):
			add(line.field, CodePlain, "holds characters that are not text")
		}
	}
	f.checkServer(charter, add)
	f.checkCodes(add)
	if !validEmail(f.Email) {
		add("email", CodeInvalid, "is not an address of e-mail")
	}
	return faults
}

// checkServer looks at the server name alone.
func (f Form) checkServer(charter *signed.Charter, add func(field, code, text string)) {
	switch {
	case f.ServerName == "":
		add("server_name", CodeMissing, "is missing")
		return
	case len(f.ServerName) > 255:
		add("server_name", CodeLong, "is too long")
		return
	}
	if err := charter.CheckServerName(f.ServerName); err != nil {
		text := err.Error()
		if ascii, asciiErr := idna.Lookup.ToASCII(f.ServerName); asciiErr == nil && ascii != f.ServerName {
			text += "; in the form that servers use it is " + ascii
		}
		add("server_name", CodeInvalid, text)
		return
	}
	if MixedScripts(f.ServerName) {
		add("server_name", CodeMixed, "mixes letters of several scripts")
	}
}

func (f Form) checkCodes(add func(field, code, text string)) {
	region, err := language.ParseRegion(f.Country)
	if len(f.Country) != 2 || err != nil || !region.IsCountry() {
		add("country", CodeInvalid, "is not a code of a country such as ES")
	}
	if !slices.Contains(signed.Kinds(), f.Kind) {
		add("kind", CodeInvalid, "is not one of the list")
	}
	if len(f.Languages) == 0 {
		add("languages", CodeMissing, "is missing")
	}
	if len(f.Languages) > maxLanguages {
		add("languages", CodeCount, "are too many")
		return
	}
	for _, tag := range f.Languages {
		if _, err := language.Parse(tag); err != nil || len(tag) > 35 {
			add("languages", CodeInvalid, "holds what is no code of a language such as es")
			return
		}
	}
}

// validEmail lets one bare address in.
func validEmail(text string) bool {
	if text == "" || len(text) > maxEmail || !plain(text, false) {
		return false
	}
	address, err := mail.ParseAddress(text)
	return err == nil && address.Address == text && address.Name == ""
}

// plain reports whether a text has no control characters, and none that turn its direction. Line breaks are right in tall ones.
func plain(text string, tall bool) bool {
	if !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		switch {
		case tall && (r == '\n' || r == '\t'):
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == unicode.ReplacementChar, unicode.Is(unicode.Co, r):
			return false
		case r == '\u2028', r == '\u2029', r == '\ufeff', r == '\u200b':
			return false
		}
	}
	return true
}

// hospital is the entry of the member list for an admitted applicant.
func (f Form) hospital(joined int64) signed.Hospital {
	return signed.Hospital{
		ServerName: f.ServerName, LegalName: f.LegalName, Country: f.Country, Kind: f.Kind, Status: signed.Admitted,
		Languages: f.Languages, JoinedTS: joined,
	}
}
