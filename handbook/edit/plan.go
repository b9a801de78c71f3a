package edit

import (
	"net/http"
	"slices"
	"strings"

	"medixchange/handbook"
	"medixchange/handbook/desk"
	"medixchange/handbook/site"
	"medixchange/internal/markup"
)

// planIn reads the order that the form has: a row for each chapter and section, and the section that is to be added.
func planIn(q *request) []handbook.Chapter {
	var chapters []handbook.Chapter
	for _, row := range q.PostForm["row"] {
		kind, id, _ := strings.Cut(row, " ")
		switch {
		case kind == "chapter":
			chapters = append(chapters, handbook.Chapter{ID: id})
		case len(chapters) > 0:
			last := &chapters[len(chapters)-1]
			last.Sections = append(last.Sections, id)
		}
	}
	id := strings.TrimSpace(q.PostForm.Get("new-id"))
	for i := range chapters {
		if id != "" && chapters[i].ID == q.PostForm.Get("new-chapter") {
			chapters[i].Sections = append(chapters[i].Sections, id)
		}
	}
	return chapters
}

// moved is the order after a section went up or down by one place, also into the chapter beside its own, or was taken out.
func moved(chapters []handbook.Chapter, how, id string) []handbook.Chapter {
	for i := range chapters {
		c := &chapters[i]
		at := slices.Index(c.Sections, id)
		switch {
		case at < 0:
			continue
		case how == "withdraw":
			c.Sections = slices.Delete(c.Sections, at, at+1)
		case how == "up" && at > 0:
			c.Sections[at-1], c.Sections[at] = c.Sections[at], c.Sections[at-1]
		case how == "down" && at < len(c.Sections)-1:
			c.Sections[at+1], c.Sections[at] = c.Sections[at], c.Sections[at+1]
		case how == "up" && i > 0:
			c.Sections = c.Sections[1:]
			chapters[i-1].Sections = append(chapters[i-1].Sections, id)
		case how == "down" && i < len(chapters)-1:
			c.Sections = c.Sections[:at]
			chapters[i+1].Sections = slices.Insert(chapters[i+1].Sections, 0, id)
		}
		return chapters
	}
	return chapters
}

// rearrange shows the form again after a section was moved in it. Nothing is stored yet. It reports false for what is no move.
func rearrange(q *request, c *desk.Copy) bool {
	how, id, isMove := strings.Cut(q.PostForm.Get("do"), " ")
	if c.Part != desk.PlanPart || !isMove && how != "add" {
		return false
	}
	wr := q.sent(c)
	wr.body = handbook.WriteChapters(moved(planIn(q), how, id))
	wr.unsaved = true
	q.editor(http.StatusOK, wr)
	return true
}

// planForm writes the sections in their order, with the means to move them, to withdraw them and to add one.
func (q *request) planForm(b *markup.Builder, wr *writing, writes bool) {
	chapters, err := handbook.ReadChapters(wr.copy.File(), []byte(wr.body))
	if err != nil {
		chapters = planIn(q)
	}
	b.Put(`<p>%s</p>`, q.words.Text("plan_hint"))
	if writes { // the first button of a form is the one of the Enter key
		b.Put(`<button type="submit" name="do" value="save" class="unseen" tabindex="-1" aria-hidden="true">%s</button>`, q.words.Text("save"))
	}
	if wr.unsaved {
		b.Put(`<p class="state draft" role="status">%s</p>`, q.words.Text("not_yet_saved"))
	}
	for _, c := range chapters {
		b.Put(`<input type="hidden" name="row" value="chapter %s"><h2>%s</h2><ol class="plan">`+"\n", c.ID, q.chapterTitle(c.ID))
		for _, id := range c.Sections {
			name := desk.Name{Language: q.book.Source, Part: id}
			b.Put(`<li><input type="hidden" name="row" value="section %s"><a href="%s">%s</a>`, id, address(name), q.label(name))
			for _, how := range []string{"up", "down", "withdraw"} {
				if writes {
					b.Put(` <button type="submit" name="do" value="%s %s" class="quiet">%s<span class="unseen">: %s</span></button>`, how, id, q.words.Text("plan_"+how), q.title(name))
				}
			}
			b.Put("</li>\n")
		}
		b.Put("</ol>\n")
	}
	if writes {
		q.newSection(b, chapters)
	}
}

func (q *request) newSection(b *markup.Builder, chapters []handbook.Chapter) {
	b.Put(`<fieldset><legend>%s</legend>`, q.words.Text("new_section"))
	b.Put(`<p class="field"><label for="new-id">%s</label><input id="new-id" name="new-id" maxlength="60" pattern="[a-z0-9]+(-[a-z0-9]+)*" dir="ltr" autocomplete="off"></p>`,
		q.words.Text("section_id"))
	b.Put(`<p class="field"><label for="new-chapter">%s</label><select id="new-chapter" name="new-chapter">`, q.words.Text("in_chapter"))
	for _, c := range chapters {
		b.Put(`<option value="%s">%s</option>`, c.ID, q.chapterTitle(c.ID))
	}
	b.Put(`</select></p><button type="submit" name="do" value="add" class="quiet">%s</button></fieldset>`+"\n", q.words.Text("new_section"))
}

// planAgainst compares two orders of the sections. It reports whether they are the same.
func (q *request) planAgainst(b *markup.Builder, c, before *desk.Copy) (same bool) {
	if c.Body == before.Body {
		return true
	}
	q.diff(b, q.shown.Tag, q.planText(before), q.planText(c))
	return false
}

// planText is the order as lines of text.
func (q *request) planText(c *desk.Copy) string {
	chapters, err := handbook.ReadChapters(c.File(), []byte(c.Body))
	if err != nil {
		return ""
	}
	var lines []string
	for _, chapter := range chapters {
		lines = append(lines, q.chapterTitle(chapter.ID))
		for _, id := range chapter.Sections {
			lines = append(lines, "– "+q.title(desk.Name{Language: q.book.Source, Part: id})+" ("+id+")")
		}
	}
	return strings.Join(lines, "\n")
}

// planPreview shows the contents as they will be.
func (q *request) planPreview(b *markup.Builder, c *desk.Copy) {
	b.Put(`<pre %s>%s</pre>`, site.TongueOf(q.shown.Tag).Attributes(), q.planText(c))
}
