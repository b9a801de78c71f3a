package check

import (
	"fmt"
	"sync"

	"medixchange/translator/language"
)

// drugNames are the names of drugs by their key in drugs.yaml and the language that writes them so. They are read when a
// phrase with a drug is first translated.
var drugNames = sync.OnceValue(func() map[string]map[language.Code]string {
	var names map[string]map[language.Code]string
	if err := readYAML("drugnames.yaml", &names); err != nil {
		panic(fmt.Errorf("names of drugs: %w", err)) // a fault of the build
	}
	return names
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
	name, ok := drugNames()[drug][in]
	if !ok && in.Base() == "pt" {
		name, ok = drugNames()[drug]["pt"]
	}
	return name, ok
}
