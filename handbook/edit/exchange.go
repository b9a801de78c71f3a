package edit

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"medixchange/handbook"
	"medixchange/handbook/desk"
	"medixchange/handbook/exchange"
	"medixchange/handbook/site"
	"medixchange/internal/markup"
)

// exportFile answers with the sections of a language, or one of them, as a file for translators' programs.
func exportFile(q *request) {
	if !slices.Contains(q.book.Languages, q.name.Language) || q.name.Language == q.book.Source {
		q.trouble(http.StatusNotFound, "not_found")
		return
	}
	part := q.URL.Query().Get("part")
	f, err := Export(q.Context(), q.e.o.Desk, q.name.Language, part)
	if err != nil {
		q.fail(err)
		return
	}
	form := q.URL.Query().Get("form")
	data, ok := exchange.Write(f, form)
	if !ok {
		q.trouble(http.StatusNotFound, "not_found")
		return
	}
	kind, ending := "text/x-gettext-translation; charset=utf-8", "po"
	if form == exchange.XLIFF {
		kind, ending = "application/x-xliff+xml", "xlf"
	}
	name := q.name.Language
	if part != "" {
		name = part + "." + name
	}
	h := q.w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="handbook.%s.%s"`, name, ending))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = q.w.Write(data) // a reader who went away needs no answer
}

func importPage(q *request) { q.importing(http.StatusOK, "", nil) }

// importing shows the form for a file, and what was wrong with the last.
func (q *request) importing(status int, alert string, problems []handbook.Problem) {
	if !q.who.May(desk.Editor, q.name.Language) || !slices.Contains(q.book.Languages, q.name.Language) {
		q.trouble(http.StatusForbidden, "not_allowed")
		return
	}
	t := site.TongueOf(q.name.Language)
	q.page(status, q.words.Text("import"), func(b *markup.Builder) {
		b.Put(`<p class="crumb"><a href="%s?language=%s">%s</a> › <span lang="%s">%s</span></p><h1>%s</h1>`+"\n", Root, t.Tag, q.words.Text("overview"), t.Lang, t.Name, q.words.Text("import"))
		if count := q.URL.Query().Get("count"); count != "" {
			b.Put(`<p class="state approved" role="status">%s</p>`, q.words.Say("imported", "count", count))
		}
		if alert != "" {
			b.Put(`<div class="state outdated" role="alert"><p>%s</p><ul>`, q.words.Text(alert))
			for _, p := range problems {
				b.Put(`<li lang="en" dir="ltr">%s</li>`, p)
			}
			b.Put("</ul></div>\n")
		}
		b.Put(`<form method="post" action="%s%s/import" enctype="multipart/form-data"><p class="field"><label for="file">%s (PO, XLIFF 1.2)</label>`, Root, t.Tag, q.words.Text("file"))
		b.Put(`<input id="file" name="file" type="file" accept=".po,.xlf,.xliff" required></p><p class="field"><label for="reason">%s</label><input id="reason" name="reason" maxlength="1000" dir="auto"></p>`, q.words.Text("reason"))
		b.Put(`<p class="buttons"><button type="submit">%s</button></p></form>`+"\n", q.words.Text("import"))
	})
}

// importFile stores what a file has, all of it or nothing.
func importFile(q *request) {
	name, data, ok := q.sentFile()
	if !ok {
		q.trouble(http.StatusBadRequest, "failed")
		return
	}
	count, err := Import(q.Context(), q.e.o.Desk, q.name.Language, name, data, q.who, q.PostForm.Get("reason"))
	var problems handbook.Problems
	switch {
	case err == nil:
		q.back(Root + q.name.Language + "/import?count=" + strconv.Itoa(count))
	case errors.As(err, &problems):
		q.importing(http.StatusUnprocessableEntity, "not_taken", problems)
	default:
		q.fail(err)
	}
}

// sentFile reads the file of a form.
func (q *request) sentFile() (name string, data []byte, ok bool) {
	f, header, err := q.FormFile("file")
	if err != nil {
		return "", nil, false
	}
	defer f.Close()
	data, err = io.ReadAll(io.LimitReader(f, exchange.MaxBytes+1))
	return shortened(strings.ToValidUTF8(header.Filename, "")), data, err == nil
}
