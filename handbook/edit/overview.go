package edit

import (
	"net/http"
	"slices"
	"strconv"

	"medixchange/handbook/desk"
	"medixchange/handbook/site"
	"medixchange/internal/markup"
)

// overviewPage shows the sections of a language with their states, and all languages to choose from.
func overviewPage(q *request) {
	tag := q.overviewLanguage()
	entries, err := q.e.o.Desk.List(q.Context(), q.book.Languages)
	if err != nil {
		q.fail(err)
		return
	}
	q.page(http.StatusOK, q.words.Text("desk"), func(b *markup.Builder) {
		b.Put("<h1>%s</h1>\n", q.words.Text("desk"))
		q.notice(b)
		q.tallies(b, entries, tag)
		q.partsOf(b, entries, tag)
		q.filesOf(b, tag)
	})
}

// overviewLanguage is the language that is asked for, or the first that somebody works in.
func (q *request) overviewLanguage() string {
	if asked := q.URL.Query().Get("language"); slices.Contains(q.book.Languages, asked) {
		return asked
	}
	for _, tag := range append([]string{q.shown.Tag}, q.book.Languages...) {
		for _, role := range []desk.Role{desk.Editor, desk.Reviewer} {
			if q.who.May(role, tag) && tag != q.book.Source && slices.Contains(q.book.Languages, tag) {
				return tag
			}
		}
	}
	return q.book.Source
}

// tallies writes for each language how many parts are in each state.
func (q *request) tallies(b *markup.Builder, entries []desk.Entry, tag string) {
	states := []desk.State{desk.Missing, desk.Machine, desk.Draft, desk.Waiting, desk.Reviewed, desk.Approved}
	b.Put(`<div class="table" tabindex="0"><table class="tallies"><thead><tr><th scope="col">%s</th>`, q.reading.Text("language"))
	for _, state := range states {
		b.Put(`<th scope="col">%s</th>`, q.stateWord(state))
	}
	b.Put(`<th scope="col">%s</th></tr></thead><tbody>`+"\n", q.reading.Text("outdated"))
	for _, language := range q.book.Languages {
		t := site.TongueOf(language)
		current := markup.HTML("")
		if language == tag {
			current = ` aria-current="true"`
		}
		b.Put(`<tr><th scope="row"><a href="%s?language=%s" %s%s>%s</a></th>`, Root, language, t.Attributes(), current, t.Name)
		counts, outdated := map[desk.State]int{}, 0
		for _, e := range entries {
			if e.Language == language {
				counts[e.State]++
				if e.Outdated {
					outdated++
				}
			}
		}
		for _, state := range states {
			b.Put("<td>%s</td>", strconv.Itoa(counts[state]))
		}
		b.Put("<td>%s</td></tr>\n", strconv.Itoa(outdated))
	}
	b.Put("</tbody></table></div>\n")
}

// partsOf lists the parts of a language.
func (q *request) partsOf(b *markup.Builder, entries []desk.Entry, tag string) {
	t := site.TongueOf(tag)
	b.Put(`<h2><span lang="%s">%s</span></h2><section class="chapter"><ol>`+"\n", t.Lang, t.Name)
	for _, e := range entries {
		if e.Language != tag {
			continue
		}
		b.Put(`<li><a href="%s">%s</a> <span class="badges">%s`, address(e.Name), q.label(e.Name), q.badge(e.Copy))
		if e.Outdated {
			b.Put(` <span class="badge outdated">%s</span>`, q.reading.Text("outdated"))
		}
		if e.Unsaid {
			b.Put(` <span class="badge missing">%s</span>`, q.words.Text("unpublished"))
		}
		b.Put(`</span> <a class="side" href="%s/review">%s<span class="unseen">: %s</span></a>`, address(e.Name), q.words.Text("review"), q.title(e.Name))
		b.Put(` <a class="side" href="%s/history">%s<span class="unseen">: %s</span></a></li>`+"\n", address(e.Name), q.words.Text("history"), q.title(e.Name))
	}
	b.Put("</ol></section>\n")
}

// filesOf offers the files of a language for programs of translators.
func (q *request) filesOf(b *markup.Builder, tag string) {
	if tag == q.book.Source {
		return
	}
	b.Put(`<h2>%s</h2><ul class="row">`, q.words.Text("files"))
	for _, form := range []struct{ form, name string }{{"po", "PO"}, {"xliff", "XLIFF"}} {
		b.Put(`<li><a href="%s%s/export?form=%s">%s</a></li>`, Root, tag, form.form, q.words.Text("export", "form", form.name))
	}
	if q.who.May(desk.Editor, tag) {
		b.Put(`<li><a href="%s%s/import">%s</a></li>`, Root, tag, q.words.Text("import"))
	}
	b.Put("</ul>\n")
}
