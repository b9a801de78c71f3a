package handbook

import "slices"

var (
	originalKeys    = []string{"language", "status", "author", "written", "updated"}
	translationKeys = []string{"language", "status", "translator", "written", "updated"}
)

func keysFor(original bool, more ...string) []string {
	if original {
		return append(append([]string{}, originalKeys...), more...)
	}
	return append(append([]string{}, translationKeys...), more...)
}

// parseTitles reads LANGUAGE/book.yaml. It gives nil where something was reported.
func parseTitles(l *log, file string, text []byte, original bool, chapters []Chapter) *Titles {
	before := len(l.problems)
	if !readable(l, file, text) {
		return nil
	}
	f, ok := readFields(l, file, text, 0)
	if !ok {
		return nil
	}
	f.only(keysFor(original, "title", "note", "chapters"), []string{"reviewer"})
	t := &Titles{File: file, Provenance: f.provenance(original), Title: f.text("title"), Note: f.text("note"), Chapters: map[string]string{}}
	names := f.section("chapters", maxChapters)
	var ids []string
	for _, chapter := range chapters {
		ids = append(ids, chapter.ID)
	}
	if f.values["chapters"] != nil {
		names.only(ids, nil)
	}
	for _, id := range ids {
		t.Chapters[id] = names.text(id)
	}
	if len(l.problems) > before {
		return nil
	}
	return t
}

// parseGlossary reads LANGUAGE/glossary.yaml. It gives nil where something was reported.
func parseGlossary(l *log, file string, text []byte, original bool) *Glossary {
	before := len(l.problems)
	if !readable(l, file, text) {
		return nil
	}
	f, ok := readFields(l, file, text, 0)
	if !ok {
		return nil
	}
	f.only(keysFor(original, "terms"), []string{"reviewer"})
	g := &Glossary{File: file, Provenance: f.provenance(original), Terms: map[string]Term{}}
	terms := f.section("terms", maxTerms)
	required, optional := []string{"term", "definition"}, []string{"also"}
	if !original {
		required, optional = []string{"term"}, []string{"also", "definition"}
	}
	for _, id := range terms.keys {
		if !validID(id) {
			l.add(file, terms.lineOf(id), "%q is no id; ids are of small letters, digits and single hyphens", id)
			continue
		}
		t, ok := terms.enter(terms.values[id], id)
		if !ok {
			continue
		}
		t.only(nil, slices.Concat(required, optional))
		for _, key := range required {
			if t.values[key] == nil {
				l.add(file, t.line, "%s has no value; write one or remove the line", id+"."+key)
			}
		}
		g.Terms[id] = Term{Term: t.text("term"), Also: t.texts("also", maxAlso), Definition: t.text("definition"), Line: t.line}
	}
	if len(l.problems) > before {
		return nil
	}
	return g
}
