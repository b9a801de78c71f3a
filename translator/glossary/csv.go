package glossary

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
)

// Columns of the file, a row for each form. What a concept says of itself stands in any one of its rows or in all of them.
var columns = []string{"concept", "domain", "note", "source", "rule", "language", "use", "form"}

const (
	colConcept = iota
	colDomain
	colNote
	colSource
	colRule
	colLanguage
	colUse
	colForm
)

const (
	ruleInvariant = "invariant"
	ruleAdvised   = "advised"
	usePreferred  = "preferred"
	useAccepted   = "accepted"
	useAvoid      = "avoid"
)

// byteOrderMark lets spreadsheets see that a file is UTF-8.
const byteOrderMark = "\ufeff"

// WriteCSV writes concepts so that Read gives the same. It begins with a byte order mark and ends lines with CRLF (RFC
// 4180), which spreadsheets want; a field that a spreadsheet would calculate gets an apostrophe before it.
func WriteCSV(w io.Writer, concepts []Concept) error {
	if _, err := io.WriteString(w, byteOrderMark); err != nil {
		return fmt.Errorf("writing the glossary: %w", err)
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	rows := [][]string{columns}
	for _, c := range concepts {
		rows = append(rows, rowsOfConcept(c)...)
	}
	for _, row := range rows {
		for i := range row {
			row[i] = guarded(row[i])
		}
		if err := out.Write(row); err != nil {
			return fmt.Errorf("writing the glossary: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("writing the glossary: %w", err)
	}
	return nil
}

func rowsOfConcept(c Concept) (rows [][]string) {
	rule := ruleAdvised
	if c.Invariant {
		rule = ruleInvariant
	}
	for _, code := range c.Languages() {
		add := func(use string, forms ...string) {
			for _, form := range forms {
				rows = append(rows, []string{c.ID, c.Domain, c.Note, c.Source, rule, string(code), use, form})
			}
		}
		forms := c.Forms[code]
		add(usePreferred, forms.Preferred)
		add(useAccepted, forms.Accepted...)
		add(useAvoid, forms.Avoid...)
	}
	return rows
}

// calculates reports whether a spreadsheet would take a field for a formula.
func calculates(field string) bool {
	for _, r := range field {
		return strings.ContainsRune("=+-@\t\r＝＋－＠", r)
	}
	return false
}

// guarded is a field that no spreadsheet calculates; unguarded takes that back.
func guarded(field string) string {
	if calculates(strings.TrimLeft(field, "'")) {
		return "'" + field
	}
	return field
}

func unguarded(field string) string {
	if rest, ok := strings.CutPrefix(field, "'"); ok && calculates(strings.TrimLeft(rest, "'")) {
		return rest
	}
	return field
}
