package check

import "medixchange/translator/language"

// loadLacks reads the findings whose name speaks of a lack; it comes after loadWords.
func (r *rules) loadLacks() error {
	var lists map[language.Code][]string
	if err := readYAML("lacks.yaml", &lists); err != nil {
		return err
	}
	for code, list := range lists {
		for _, word := range list {
			r.words[code].words.add(word, entry{group: negated, ignore: true})
		}
	}
	return nil
}
