package glossary

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"medixchange/translator/language"
)

// MaxFile is how large a file may be, in bytes.
const MaxFile = 16 << 20

// Read reads a file of concepts: CSV as WriteCSV writes it, with commas, semicolons or tabs, with or without a byte order
// mark, or a list of terms (columns list, lang, en, target). source names where concepts come from whose rows do not say so.
// The error is Faults when the file can be read and says what it must not.
func Read(data []byte, source string) ([]Concept, error) {
	switch {
	case len(data) > MaxFile:
		return nil, Faults{{Line: 1, Reason: fmt.Sprintf("the file has more than %d MiB", MaxFile>>20)}}
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return nil, Faults{{Line: 1, Reason: "the file is UTF-16; save it as CSV UTF-8"}}
	}
	data = bytes.TrimPrefix(data, []byte(byteOrderMark))
	if fault := invalidUTF8(data); fault != nil {
		return nil, Faults{*fault}
	}
	header, _, _ := bytes.Cut(data, []byte("\n"))
	if isTermList(string(header)) {
		return readTerms(string(data), source)
	}
	return readCSV(data, separatorOf(string(header)), source)
}

func invalidUTF8(data []byte) *Fault {
	if utf8.Valid(data) {
		return nil
	}
	for number, line := range bytes.Split(data, []byte("\n")) {
		if !utf8.Valid(line) {
			return &Fault{Line: number + 1, Reason: "this is no UTF-8; save the file as CSV UTF-8"}
		}
	}
	return nil
}

// separatorOf finds what stands between the names of the columns.
func separatorOf(header string) rune {
	for _, separator := range ";\t" {
		if strings.ContainsRune(header, separator) && !strings.Contains(header, ",") {
			return separator
		}
	}
	return ','
}

// reading collects the concepts of a file.
type reading struct {
	csv    *csv.Reader
	source string
	place  map[int]int // place in a row of each of columns
	drafts map[string]*draft
	order  []string
	faults Faults
}

// draft is a concept under construction, with the lines that said what it is.
type draft struct {
	Concept
	line  int
	rule  string
	said  map[string]int // line that gave an attribute
	forms map[string]int // line that gave a form, by language and form
	none  map[language.Code]int
}

func readCSV(data []byte, separator rune, source string) ([]Concept, error) {
	r := &reading{csv: csv.NewReader(bytes.NewReader(data)), source: source, place: map[int]int{}, drafts: map[string]*draft{}}
	r.csv.Comma, r.csv.FieldsPerRecord, r.csv.ReuseRecord = separator, -1, true
	if !r.header() {
		return nil, r.faults
	}
	for len(r.faults) < maxFaults {
		row, err := r.csv.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			r.broken(err)
			break
		}
		r.row(row)
	}
	return r.concepts()
}

// broken notes that the rest of the file cannot be taken apart into fields.
func (r *reading) broken(err error) {
	var parse *csv.ParseError
	if !errors.As(err, &parse) {
		r.faults = append(r.faults, Fault{Line: 1, Reason: err.Error()})
		return
	}
	reason := "a quotation mark stands where none may; a field with one is quoted, and the mark doubled"
	if !errors.Is(parse.Err, csv.ErrQuote) && !errors.Is(parse.Err, csv.ErrBareQuote) {
		reason = parse.Err.Error()
	}
	r.faults = append(r.faults, Fault{Line: parse.Line, Column: parse.Column, Reason: reason})
}

// header finds the columns. It reports false when nothing can be read without them.
func (r *reading) header() bool {
	row, err := r.csv.Read()
	if errors.Is(err, io.EOF) {
		r.faults = append(r.faults, Fault{Line: 1, Reason: "the file is empty"})
		return false
	}
	if err != nil {
		r.broken(err)
		return false
	}
	for at, name := range row {
		name = strings.ToLower(strings.TrimSpace(name))
		column := slices.Index(columns, name)
		_, twice := r.place[column]
		switch {
		case len(r.faults) == maxFaults:
			return false
		case column < 0:
			r.fault(at, "", fmt.Sprintf("there is no column %q%s", shortened(name), didYouMean(nearest(name, columns))))
		case twice:
			r.fault(at, "", fmt.Sprintf("column %q is there twice", name))
		default:
			r.place[column] = at
		}
	}
	for _, column := range []int{colConcept, colLanguage, colForm} {
		if _, ok := r.place[column]; !ok && len(r.faults) == 0 {
			r.faults = append(r.faults, Fault{Line: 1, Reason: fmt.Sprintf("the column %q is missing; the columns are %s", columns[column], strings.Join(columns, ", "))})
		}
	}
	return len(r.faults) == 0
}

// fault notes what is wrong with a field of the row that was read last.
func (r *reading) fault(at int, field, reason string) {
	line, column := r.csv.FieldPos(at)
	r.faults = append(r.faults, Fault{Line: line, Column: column, Field: field, Reason: reason})
}

func (r *reading) columnFault(column int, reason string) {
	r.fault(r.place[column], columns[column], reason)
}

// field is what a row has in a column; "" without that column.
func (r *reading) field(row []string, column int) string {
	at, ok := r.place[column]
	if !ok {
		return ""
	}
	return unguarded(tidy(row[at]))
}

func (r *reading) row(row []string) {
	line, _ := r.csv.FieldPos(0)
	if !slices.ContainsFunc(row, func(field string) bool { return strings.TrimSpace(field) != "" }) {
		return // spreadsheets write empty rows
	}
	if len(row) != len(r.place) {
		r.faults = append(r.faults, Fault{Line: line, Reason: fmt.Sprintf("there are %d fields; the header has %d", len(row), len(r.place))})
		return
	}
	id := r.field(row, colConcept)
	if err := checkID(id); err != nil {
		r.columnFault(colConcept, err.Error())
		return
	}
	d := r.drafts[id]
	if d == nil {
		d = &draft{Concept: Concept{ID: id, Forms: map[language.Code]Forms{}}, line: line, said: map[string]int{}, forms: map[string]int{}, none: map[language.Code]int{}}
		r.drafts[id] = d
		r.order = append(r.order, id)
	}
	r.attribute(d, row, colDomain, &d.Domain)
	r.attribute(d, row, colNote, &d.Note)
	r.attribute(d, row, colSource, &d.Source)
	r.attribute(d, row, colRule, &d.rule)
	r.form(d, row, line)
}

// attribute takes what a row says of its concept; a row that says nothing leaves it to the others.
func (r *reading) attribute(d *draft, row []string, column int, into *string) {
	value := r.field(row, column)
	most := map[int]int{colDomain: maxDomain, colNote: maxNote, colSource: maxSource, colRule: maxDomain}[column]
	name := columns[column]
	switch err := checkText(value, most); {
	case value == "":
	case err != nil:
		r.columnFault(column, "it "+err.Error())
	case column == colRule && value != ruleInvariant && value != ruleAdvised:
		r.columnFault(column, fmt.Sprintf("%q is neither %q nor %q%s", shortened(value), ruleInvariant, ruleAdvised, didYouMean(nearest(value, []string{ruleInvariant, ruleAdvised}))))
	case *into != "" && *into != value:
		r.columnFault(column, fmt.Sprintf("concept %q has another %s in line %d", d.ID, name, d.said[name]))
	default:
		*into = value
		line, _ := r.csv.FieldPos(r.place[column])
		if _, ok := d.said[name]; !ok {
			d.said[name] = line
		}
	}
}

// form takes the form of a row.
func (r *reading) form(d *draft, row []string, line int) {
	code, err := parseLanguage(r.field(row, colLanguage))
	if err != nil {
		r.columnFault(colLanguage, err.Error())
		return
	}
	form := r.field(row, colForm)
	if form == "" {
		r.columnFault(colForm, "there is no form")
		return
	}
	if err := checkForm(form); err != nil {
		r.columnFault(colForm, "it "+err.Error())
		return
	}
	name := string(code) + " " + form
	if before, ok := d.forms[name]; ok {
		r.columnFault(colForm, fmt.Sprintf("%q is there already, in line %d", shortened(form), before))
		return
	}
	d.forms[name] = line
	r.use(d, code, form, r.field(row, colUse))
}

func (r *reading) use(d *draft, code language.Code, form, use string) {
	forms := d.Forms[code]
	if _, ok := d.none[code]; !ok {
		d.none[code], _ = r.csv.FieldPos(r.place[colForm])
	}
	switch {
	case use == usePreferred && forms.Preferred != "":
		r.columnFault(colUse, fmt.Sprintf("%s has a preferred form already, in line %d", code, d.forms[string(code)+" "+forms.Preferred]))
		return
	case use == usePreferred, use == "" && forms.Preferred == "":
		forms.Preferred = form
	case use == useAccepted, use == "":
		forms.Accepted = append(forms.Accepted, form)
	case use == useAvoid:
		forms.Avoid = append(forms.Avoid, form)
	default:
		uses := []string{usePreferred, useAccepted, useAvoid}
		r.columnFault(colUse, fmt.Sprintf("%q is none of %s%s", shortened(use), strings.Join(uses, ", "), didYouMean(nearest(use, uses))))
		return
	}
	d.Forms[code] = forms
}

// concepts are what the file says, if nothing is wrong with it.
func (r *reading) concepts() ([]Concept, error) {
	var all []Concept
	for _, id := range r.order {
		d := r.drafts[id]
		d.Invariant = d.rule == ruleInvariant
		if d.Source == "" {
			d.Source = tidy(r.source)
		}
		for _, code := range d.Languages() {
			if d.Forms[code].Preferred == "" && len(r.faults) < maxFaults {
				r.faults = append(r.faults, Fault{Line: d.none[code], Field: columns[colUse], Reason: fmt.Sprintf("concept %q has no preferred form in %s", id, code)})
			}
		}
		if len(r.faults) > 0 {
			continue
		}
		c, err := d.Concept.clean()
		if err != nil {
			r.faults = append(r.faults, Fault{Line: d.line, Reason: err.Error()})
			continue
		}
		all = append(all, c)
	}
	if len(r.faults) == 0 && len(all) > MaxConcepts {
		r.faults = append(r.faults, Fault{Line: 1, Reason: fmt.Sprintf("there are %d concepts; a layer has at most %d", len(all), MaxConcepts)})
	}
	if len(r.faults) > 0 {
		return nil, r.faults
	}
	return all, nil
}

// mistaken are names of countries that people write for languages.
var mistaken = map[string]string{"cn": "zh", "jp": "ja", "kr": "ko", "vn": "vi", "gr": "el", "ua": "uk", "cz": "cs", "dk": "da", "sp": "es", "ge": "de", "tw": "zh-Hant", "br": "pt"}

func parseLanguage(tag string) (language.Code, error) {
	if tag == "" {
		return "", errors.New("there is no language")
	}
	code, err := language.Parse(tag)
	if err == nil {
		return code, nil
	}
	meant := mistaken[strings.ToLower(tag)]
	if named, ok := language.ByName(tag); ok && meant == "" {
		meant = string(named)
	}
	if meant == "" {
		known := make([]string, 0, len(language.All))
		for _, code := range language.All {
			known = append(known, string(code))
		}
		meant = nearest(tag, known)
	}
	return "", fmt.Errorf("%q is no language tag (BCP 47)%s", shortened(tag), didYouMean(meant))
}
