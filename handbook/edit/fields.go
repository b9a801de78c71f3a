package edit

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"medixchange/handbook"
	"medixchange/handbook/desk"
)

// fields are the words of a part that is no running text, by the names of their fields: title, note and chapter.ID of the titles;
// term.ID, also.ID and definition.ID of the glossary.
type fields map[string]string

// written is what the file of a part has besides who made it.
type written struct {
	Title, Note string
	Chapters    map[string]string
	Terms       map[string]struct {
		Term       string
		Also       []string
		Definition string
	}
}

// fieldsOf reads the words of a part. What cannot be read is empty: only what was read strictly is stored.
func fieldsOf(body string) fields {
	var w written
	f := fields{}
	if yaml.Unmarshal([]byte(body), &w) != nil {
		return f
	}
	f["title"], f["note"] = w.Title, w.Note
	for id, title := range w.Chapters {
		f["chapter."+id] = title
	}
	for id, term := range w.Terms {
		f["term."+id], f["also."+id], f["definition."+id] = term.Term, strings.Join(term.Also, "\n"), term.Definition
	}
	return f
}

// maxFields bounds what is read of a form.
const maxFields = 20_000

// fieldsIn reads the fields of a form. Terms that are new there get an id from their English name.
func fieldsIn(form url.Values) fields {
	f := fields{}
	for name := range form {
		if key, ok := strings.CutPrefix(name, "w."); ok && len(f) < maxFields {
			f[key] = strings.ReplaceAll(form.Get(name), "\r\n", "\n")
		}
	}
	for i, term := range form["new-term"] {
		if term = strings.TrimSpace(term); term == "" {
			continue
		}
		id := f.newID(term)
		f["term."+id] = term
		for name, all := range map[string][]string{"also": form["new-also"], "definition": form["new-definition"]} {
			if i < len(all) {
				f[name+"."+id] = strings.ReplaceAll(all[i], "\r\n", "\n")
			}
		}
	}
	return f
}

const maxID = 40 // bytes of an id that is made here

// newID makes an id of the letters and digits of a term that no other term has.
func (f fields) newID(term string) string {
	var id strings.Builder
	for _, r := range strings.ToLower(term) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			id.WriteRune(r)
		case !strings.HasSuffix(id.String(), "-"):
			id.WriteByte('-')
		}
		if id.Len() >= maxID {
			break
		}
	}
	stem := cmp.Or(strings.Trim(id.String(), "-"), "term")
	for n, free := 1, stem; ; n++ {
		if _, taken := f["term."+free]; !taken {
			return free
		}
		free = stem + "-" + strconv.Itoa(n+1)
	}
}

// body writes the file of a part. A term of which all is empty is left out.
func (f fields) body(part string, chapters []handbook.Chapter) string {
	if part == handbook.TitlesFile {
		t := &handbook.Titles{Title: f["title"], Note: f["note"], Chapters: map[string]string{}}
		for _, chapter := range chapters {
			t.Chapters[chapter.ID] = f["chapter."+chapter.ID]
		}
		return handbook.WriteTitles(t, chapters)
	}
	g := &handbook.Glossary{Terms: map[string]handbook.Term{}}
	for _, id := range f.terms() {
		t := handbook.Term{Term: strings.TrimSpace(f["term."+id]), Definition: strings.TrimSpace(f["definition."+id])}
		for line := range strings.SplitSeq(f["also."+id], "\n") {
			if line = strings.TrimSpace(line); line != "" && !slices.Contains(t.Also, line) {
				t.Also = append(t.Also, line)
			}
		}
		if t.Term != "" || t.Definition != "" || len(t.Also) > 0 {
			g.Terms[id] = t
		}
	}
	return handbook.WriteGlossary(g)
}

// terms lists the ids of the glossary's terms, sorted.
func (f fields) terms() []string {
	var ids []string
	for key := range f {
		if id, ok := strings.CutPrefix(key, "term."); ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// names lists the fields of a part in the order of its form; all has the words of both languages.
func names(part string, chapters []handbook.Chapter, all ...fields) []string {
	if part == handbook.TitlesFile {
		list := []string{"title", "note"}
		for _, chapter := range chapters {
			list = append(list, "chapter."+chapter.ID)
		}
		return list
	}
	var ids, list []string
	for _, f := range all {
		ids = append(ids, f.terms()...)
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		list = append(list, "term."+id, "also."+id, "definition."+id)
	}
	return list
}

// merged brings together what two people made of the same fields. Where both have changed one, mine is taken, and theirs is among
// the clashes.
func merged(base, mine, theirs fields) (both, clashes fields) {
	both, clashes = maps.Clone(mine), fields{}
	for key := range theirs {
		if _, there := both[key]; !there {
			both[key] = ""
		}
	}
	for key, own := range both {
		was, now := strings.TrimSpace(base[key]), strings.TrimSpace(theirs[key])
		switch own = strings.TrimSpace(own); {
		case own == now || now == was:
		case own == was:
			both[key] = theirs[key]
		default:
			clashes[key] = theirs[key]
		}
	}
	return both, clashes
}

// hasFields tells titles and glossaries from sections and the plan.
func hasFields(name desk.Name) bool {
	return name.Part == handbook.TitlesFile || name.Part == handbook.GlossaryFile
}
