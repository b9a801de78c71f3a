package glossary

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"medixchange/translator/language"
)

// termColumns are those of a list of terms: which list, the language of the target, the English term, its translation. A line
// each, tabs between, no quoting.
var termColumns = []string{"list", "lang", "en", "target"}

func isTermList(header string) bool {
	return slices.Equal(strings.Split(strings.ToLower(strings.TrimSpace(header)), "\t"), termColumns)
}

// readTerms makes concepts of a list of terms: English terms that differ by case, spaces and hyphens only are one. The first
// form of a language is the preferred one.
func readTerms(text, source string) ([]Concept, error) {
	concepts := map[string]*Concept{}
	var order []string
	var faults Faults
	for number, line := range strings.Split(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if number == 0 || line == "" {
			continue
		}
		id, code, english, target, fault := termOf(line)
		if fault != nil {
			fault.Line = number + 1
			if faults = append(faults, *fault); len(faults) == maxFaults {
				break
			}
			continue
		}
		c := concepts[id]
		if c == nil {
			c = &Concept{ID: id, Source: source, Forms: map[language.Code]Forms{}}
			concepts[id] = c
			order = append(order, id)
		}
		c.take("en", english)
		c.take(code, target)
	}
	all := make([]Concept, 0, len(order))
	for _, id := range order {
		c, err := concepts[id].clean()
		if err != nil {
			faults = append(faults, Fault{Line: 1, Reason: err.Error()})
		}
		all = append(all, c)
	}
	if len(all) > MaxConcepts {
		faults = append(faults, Fault{Line: 1, Reason: fmt.Sprintf("there are %d concepts; a layer has at most %d", len(all), MaxConcepts)})
	}
	if len(faults) > 0 {
		return nil, faults[:min(len(faults), maxFaults)]
	}
	return all, nil
}

func termOf(line string) (id string, code language.Code, english, target string, fault *Fault) {
	fields := strings.Split(line, "\t")
	if len(fields) != len(termColumns) {
		return "", "", "", "", &Fault{Reason: fmt.Sprintf("there are %d fields; a list of terms has %d, with tabs between them", len(fields), len(termColumns))}
	}
	english, target = tidy(fields[2]), tidy(fields[3])
	code, err := parseLanguage(strings.TrimSpace(fields[1]))
	if err != nil {
		return "", "", "", "", &Fault{Column: len(fields[0]) + 2, Field: "lang", Reason: err.Error()}
	}
	for i, form := range []string{english, target} {
		if form == "" {
			err = fmt.Errorf("is empty")
		} else {
			err = checkForm(form)
		}
		if err != nil {
			return "", "", "", "", &Fault{Column: len(strings.Join(fields[:2+i], "\t")) + 2, Field: termColumns[2+i], Reason: "it " + err.Error()}
		}
	}
	if id = named(english); id == "" {
		return "", "", "", "", &Fault{Field: "en", Reason: "it has no letter and no digit"}
	}
	return id, code, english, target, nil
}

// take adds a form to a language, the first as the preferred one, up to MaxForms others.
func (c *Concept) take(code language.Code, form string) {
	forms := c.Forms[code]
	switch {
	case forms.Preferred == "":
		forms.Preferred = form
	case forms.Preferred != form && !slices.Contains(forms.Accepted, form) && len(forms.Accepted) < MaxForms:
		forms.Accepted = append(forms.Accepted, form)
	}
	c.Forms[code] = forms
}

// named makes the name of a concept of an English term.
func named(term string) string {
	var b strings.Builder
	for _, r := range string(fold(term).runes) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		case !strings.HasSuffix(b.String(), "-") && b.Len() > 0:
			b.WriteByte('-')
		}
	}
	runes := []rune(b.String())
	return strings.Trim(string(runes[:min(len(runes), maxID)]), "-")
}
