package check

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"medixchange/translator/language"
)

// drugName is how a language writes a drug.
type drugName struct {
	in   language.Code
	name string
}

// drugNames are the names of drugs by their key in drugs.yaml, in one large piece for the reason that pack has.
var drugNames = sync.OnceValue(func() map[string][]drugName {
	var file map[string]map[language.Code]string
	if err := readYAML("drugnames.yaml", &file); err != nil {
		panic(fmt.Errorf("names of drugs: %w", err)) // a fault of the build
	}
	text, count := newTexts(), 0
	for drug, names := range file {
		text.add(drug)
		for in, name := range names {
			text.add(string(in))
			text.add(name)
			count++
		}
	}
	text.close()
	all, of := make([]drugName, 0, count), make(map[string][]drugName, len(file))
	for drug, names := range file {
		start := len(all)
		for in, name := range names {
			all = append(all, drugName{language.Code(text.string(string(in))), text.string(name)})
		}
		of[text.string(drug)] = all[start:len(all):len(all)]
	}
	return of
})

// DrugName tells how a language writes the drug that a text names, also by a synonym. It reports false when the text is not
// the name of one drug and nothing else, or when no name in that language is on file: then Readable says how it is shown.
func DrugName(text string, in language.Code) (string, bool) {
	f := fold(text)
	found := drugsIn(f)
	if len(found) != 1 || found[0].from != 0 || found[0].to != len(f.runes) {
		return "", false
	}
	drug := found[0].value
	if in == "en" {
		return drug, true
	}
	return nameIn(drugNames()[drug], in)
}

// nameIn picks the name that a language writes, or that of the language it is a form of.
func nameIn(names []drugName, in language.Code) (string, bool) {
	if name, ok := written(names, in); ok {
		return name, true
	}
	switch in.Base() {
	case "pt":
		return written(names, "pt")
	case "sr":
		name, ok := written(names, "sr")
		return language.SerbianLatin(name), ok
	}
	return "", false
}

func written(names []drugName, in language.Code) (string, bool) {
	for _, n := range names {
		if n.in == in {
			return n.name, true
		}
	}
	return "", false
}

// addName files a name as a spelling of its drug, in the forms that its language gives it in a sentence.
func (r *rules) addName(drug, name string, code language.Code) {
	e := entry{group: "drug", value: drug, sure: true}
	forms := []string{name}
	if w, ok := r.words[code]; ok {
		forms = w.declension.of(name)
	}
	if code == "sr" { // written in two scripts
		for _, form := range forms[:len(forms):len(forms)] {
			forms = append(forms, language.SerbianLatin(form))
		}
	}
	for _, form := range forms {
		addBoth(&r.drugs, form, e)
	}
}

// of gives a name in the nominative and in its other cases. Names of several words stay as they are: each word has its own.
func (d declension) of(name string) []string {
	forms := []string{name}
	if strings.Contains(name, " ") {
		return forms
	}
	for last, endings := range d.Last {
		stem, ok := strings.CutSuffix(name, last)
		if !ok {
			continue
		}
		for _, ending := range endings {
			forms = append(forms, stem+ending)
		}
		return forms
	}
	if slices.ContainsFunc(d.Fixed, func(last string) bool { return strings.HasSuffix(name, last) }) {
		return forms
	}
	for _, ending := range d.Consonant {
		forms = append(forms, name+ending)
	}
	return forms
}
