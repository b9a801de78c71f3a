package edit

import (
	"strconv"
	"strings"

	"medixchange/handbook"
	"medixchange/handbook/desk"
	"medixchange/handbook/site"
	"medixchange/internal/markup"
)

const newTerms = 3 // empty rows for terms that are added

// fieldsForm writes a field for each of the titles, or for each term of the glossary, beside what the original says.
func (q *request) fieldsForm(b *markup.Builder, wr *writing) {
	own, original := fieldsOf(wr.body), fields{}
	if !wr.copy.Original {
		if c, err := q.e.o.Desk.Open(q.Context(), desk.Name{Language: q.book.Source, Part: wr.copy.Part}); err == nil {
			original = fieldsOf(c.Body)
		}
	}
	if wr.copy.Part == handbook.GlossaryFile {
		q.glossaryForm(b, wr, own, original)
		return
	}
	for _, name := range names(wr.copy.Part, q.book.Chapters) {
		rows := 1
		if name == "note" {
			rows = 6
		}
		q.wordField(b, wr, name, q.fieldLabel(name), own[name], original[name], rows, true)
	}
}

// fieldLabel names a field of the titles, or says which side of a term a field is.
func (q *request) fieldLabel(name string) string {
	kind, id, _ := strings.Cut(name, ".")
	switch kind {
	case "title":
		return q.words.Text("title")
	case "note":
		return q.reading.Text("note")
	case "chapter":
		return q.words.Text("chapter", "name", q.chapterTitle(id))
	case "term":
		return q.reading.Text("term")
	case "also":
		return q.words.Text("term_forms")
	}
	return q.reading.Text("meaning")
}

// chapterTitle is a chapter's title in the language of the page, or of the originals.
func (q *request) chapterTitle(id string) string {
	for _, language := range []string{q.shown.Tag, q.book.Source} {
		if t, ok := q.book.Titles(language); ok && t.Chapters[id] != "" {
			return t.Chapters[id]
		}
	}
	return id
}

// wordField writes one field with what the original says above it, and what somebody else wrote below.
func (q *request) wordField(b *markup.Builder, wr *writing, name, label, value, original string, rows int, required bool) {
	to, must := site.TongueOf(wr.copy.Language).Attributes(), markup.HTML("")
	if required {
		must = " required"
	}
	b.Put(`<div class="field"><label for="w.%s">%s</label>`, name, label)
	if original != "" {
		b.Put(` <div class="original" %s>%s</div>`, site.TongueOf(q.book.Source).Attributes(), original)
	}
	if rows == 1 {
		b.Put(`<input id="w.%s" name="w.%s" maxlength="1000" %s%s value="%s">`, name, name, to, must, value)
	} else {
		b.Put(`<textarea id="w.%s" name="w.%s" rows="%s" class="low" spellcheck="true" %s%s>`+"\n%s</textarea>", name, name, strconv.Itoa(rows), to, must, value)
	}
	if theirs, ok := wr.theirs[name]; ok {
		b.Put(`<details open class="theirs"><summary>%s</summary><pre %s>%s</pre></details>`, q.words.Text("theirs"), to, theirs)
	}
	b.Put("</div>\n")
}

// glossaryForm writes a row for each term, and in the language of the originals empty ones for new terms.
func (q *request) glossaryForm(b *markup.Builder, wr *writing, own, original fields) {
	b.Put(`<p>%s</p>`, q.words.Text("empty_term"))
	all := names(wr.copy.Part, nil, own, original)
	for i := 0; i+2 < len(all); i += 3 {
		_, id, _ := strings.Cut(all[i], ".")
		heading, language := original[all[i]], q.book.Source
		if heading == "" {
			heading, language = own[all[i]], wr.copy.Language
		}
		b.Put(`<div class="term" role="group" aria-labelledby="at-%s"><h2 id="at-%s" %s>%s</h2>`, id, id, site.TongueOf(language).Attributes(), heading)
		for j, name := range all[i : i+3] {
			said := original[name]
			if j == 0 {
				said = "" // it is the heading
			}
			q.wordField(b, wr, name, q.fieldLabel(name), own[name], said, min(j+1, 2), false)
		}
		b.Put("</div>\n")
	}
	if wr.copy.Original {
		q.newTerms(b, wr.copy.Language)
	}
}

func (q *request) newTerms(b *markup.Builder, language string) {
	to := site.TongueOf(language).Attributes()
	b.Put(`<h2>%s</h2>`, q.words.Text("new_terms"))
	for i := range newTerms {
		n := strconv.Itoa(i + 1)
		b.Put(`<div class="term" role="group" aria-label="%s %s">`, q.words.Text("new_terms"), n)
		b.Put(`<div class="field"><label for="new-term-%s">%s</label><input id="new-term-%s" name="new-term" maxlength="200" %s></div>`, n, q.reading.Text("term"), n, to)
		for _, kind := range []string{"also", "definition"} {
			b.Put(`<div class="field"><label for="new-%s-%s">%s</label><textarea id="new-%s-%s" name="new-%s" rows="2" class="low" %s></textarea></div>`,
				kind, n, q.fieldLabel(kind), kind, n, kind, to)
		}
		b.Put("</div>\n")
	}
}

// fieldsPreview shows titles and terms as readers see them.
func (q *request) fieldsPreview(b *markup.Builder, wr *writing) {
	own := fieldsOf(wr.body)
	b.Put(`<div %s>`, site.TongueOf(wr.copy.Language).Attributes())
	if wr.copy.Part == handbook.TitlesFile {
		b.Put("<h3>%s</h3><p>%s</p><ul>", own["title"], own["note"])
		for _, chapter := range q.book.Chapters {
			b.Put("<li>%s</li>", own["chapter."+chapter.ID])
		}
		b.Put("</ul></div>\n")
		return
	}
	b.Put("<dl>")
	for _, id := range own.terms() {
		b.Put(`<dt>%s <span class="also">%s</span></dt><dd>%s</dd>`, own["term."+id], strings.ReplaceAll(own["also."+id], "\n", " · "), own["definition."+id])
	}
	b.Put("</dl></div>\n")
}

// fieldsAgainst compares two texts of titles or a glossary, field by field. It reports whether they are the same.
func (q *request) fieldsAgainst(b *markup.Builder, c, before *desk.Copy) (same bool) {
	now, was := fieldsOf(c.Body), fieldsOf(before.Body)
	same = true
	for _, name := range names(c.Part, q.book.Chapters, now, was) {
		if now[name] == was[name] {
			continue
		}
		same = false
		_, id, _ := strings.Cut(name, ".")
		label := q.fieldLabel(name)
		if c.Part == handbook.GlossaryFile {
			label += " · " + id
		}
		b.Put(`<p class="small">%s</p>`, label)
		q.diff(b, c.Language, was[name], now[name])
	}
	return same
}
