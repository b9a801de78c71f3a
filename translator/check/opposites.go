package check

import (
	"maps"
	"slices"

	"medixchange/translator/language"
)

// loadOpposites reads the words whose opposite differs by a prefix; it comes after loadWords.
func (r *rules) loadOpposites() error {
	var concepts map[string]map[language.Code]struct{ Is, IsNot []string }
	if err := readYAML("opposites.yaml", &concepts); err != nil {
		return err
	}
	for concept, languages := range concepts {
		for code, words := range languages {
			l := &r.words[code].opposites
			l.accents = keepsAccents(code)
			for _, word := range words.Is {
				l.add(word, entry{group: concept, value: "is", sure: true})
			}
			for _, word := range words.IsNot {
				l.add(word, entry{group: concept, value: "isnot", sure: true})
			}
		}
	}
	return nil
}

// opposites compares words such as stable and unstable, where neither side has a negation that may turn them and none was
// missed.
func (c *comparison) opposites() {
	if c.has("negation") || len(c.source.negations) > 0 || len(c.target.negations) > 0 {
		return
	}
	source, target := onesided(c.source, c.from), onesided(c.target, c.to)
	for _, concept := range slices.Sorted(maps.Keys(source)) {
		s := source[concept]
		if t, ok := target[concept]; ok && s.value != "" && t.value != "" && s.value != t.value {
			c.found("negation.opposite", c.source.text(s), c.target.text(t))
		}
	}
}

// onesided gives for each concept that a text names the first place with "is" or "isnot"; no value where it says both.
func onesided(x *facts, code language.Code) map[string]span {
	found := map[string]span{}
	for _, m := range wordsOf(code).opposites.all(x.f.runes) {
		e := m.entries[0]
		s, ok := found[e.group]
		if !ok {
			s = span{m.from, wordEnd(x.f, m), e.value}
		} else if s.value != e.value {
			s.value = ""
		}
		found[e.group] = s
	}
	return found
}
