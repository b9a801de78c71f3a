package edit

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"sync"
	"time"

	"medixchange/handbook"
	"medixchange/handbook/desk"
	"medixchange/handbook/site"
	"medixchange/internal/markup"
	"medixchange/internal/web"
)

//go:embed strings/*.yaml
var wordFiles embed.FS

//go:embed static
var files embed.FS

var catalogue = markup.NewCatalogue(wordFiles, "strings")

// fileMark changes with the static files, so that browsers may keep them.
var fileMark = sync.OnceValue(func() string {
	sum := sha256.New()
	_ = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, _ error) error {
		if !entry.IsDir() {
			data, _ := files.ReadFile(name) // embedded: it is there
			sum.Write(data)
		}
		return nil
	})
	return hex.EncodeToString(sum.Sum(nil))[:12]
})

// page answers with a page around what main writes.
func (q *request) page(status int, title string, main func(b *markup.Builder)) {
	var b markup.Builder
	b.Put(`<!DOCTYPE html>`+"\n"+`<html %s><head><meta charset="utf-8">`, q.shown.Attributes())
	b.Put(`<meta name="viewport" content="width=device-width, initial-scale=1"><title>%s</title>`+"\n", title)
	b.Put(`<link rel="icon" href="/handbook/static/icon.svg" type="image/svg+xml"><link rel="stylesheet" href="/handbook/static/book.css?v=%s">`, fileMark())
	b.Put(`<link rel="stylesheet" href="%sstatic/edit.css?v=%s"><script src="/handbook/static/book.js?v=%s" defer></script>`, Root, fileMark(), fileMark())
	b.Put(`<script src="%sstatic/edit.js?v=%s" defer></script></head>`+"\n", Root, fileMark())
	b.Put(`<body class="desk"><a class="skip" href="#text">%s</a>`, q.reading.Text("skip"))
	b.Put(`<header class="bar"><a class="home" href="%s">%s</a>`, Root, q.words.Text("desk"))
	if q.who.May(desk.Publisher, q.book.Source) || q.publishes() {
		b.Put(`<a class="home" href="%spublish">%s</a>`, Root, q.words.Text("publish"))
	}
	b.Put(`<a class="home" href="/handbook/%s/">%s</a>`+"\n", q.shown.Tag, q.reading.Text("handbook"))
	q.languageMenu(&b)
	b.Put(`</header><main id="text" tabindex="-1">` + "\n")
	main(&b)
	b.Put(`</main><footer><p>%s</p>`, q.words.Say("logged_in", "name", q.who.Name))
	if q.e.o.LogOut != "" {
		b.Put(`<form method="post" action="%s"><button type="submit">%s</button></form>`, q.e.o.LogOut, q.words.Text("log_out"))
	}
	b.Put("</footer></body>\n</html>\n")
	markup.Serve(q.w, status, markup.Strict, b.HTML())
}

// publishes reports whether somebody publishes some language.
func (q *request) publishes() bool { return len(q.who.Roles[desk.Publisher]) > 0 }

// languageMenu lets people choose the language of the desk itself.
func (q *request) languageMenu(b *markup.Builder) {
	b.Put(`<nav class="menu" aria-label="%s"><details class="languages"><summary><span class="unseen">%s: </span><span lang="%s">%s</span></summary><ul>`,
		q.reading.Text("language"), q.reading.Text("language"), q.shown.Lang, q.shown.Name)
	for _, tag := range q.book.Languages {
		t := site.TongueOf(tag)
		b.Put(`<li><a href="%s?ui=%s" hreflang="%s" %s>%s</a></li>`, q.URL.EscapedPath(), tag, t.Lang, t.Attributes(), t.Name)
	}
	b.Put("</ul></details></nav>\n")
}

// label names a part: the title of a section in its language or that of the source.
func (q *request) label(name desk.Name) markup.HTML {
	var b markup.Builder
	switch name.Part {
	case desk.PlanPart:
		b.Put(`%s`, q.words.Text("plan"))
	case handbook.TitlesFile:
		b.Put(`%s`, q.words.Text("titles"))
	case handbook.GlossaryFile:
		b.Put(`%s`, q.reading.Text("glossary"))
	default:
		for _, language := range []string{name.Language, q.book.Source} {
			if s, ok := q.book.Section(language, name.Part); ok {
				b.Put(`<bdi %s>%s</bdi>`, site.TongueOf(language).Attributes(), s.Title)
				return b.HTML()
			}
		}
		b.Put(`<bdi>%s</bdi>`, name.Part) // it is written, and not published yet
	}
	return b.HTML()
}

// title is the label as a text.
func (q *request) title(name desk.Name) string {
	switch name.Part {
	case desk.PlanPart:
		return q.words.Text("plan")
	case handbook.TitlesFile:
		return q.words.Text("titles")
	case handbook.GlossaryFile:
		return q.reading.Text("glossary")
	}
	if s, ok := q.book.Section(name.Language, name.Part); ok {
		return s.Title
	}
	return name.Part
}

// badge shows a state.
func (q *request) badge(c *desk.Copy) markup.HTML {
	var b markup.Builder
	b.Put(`<span class="badge %s">%s</span>`, stateClass(c.State), q.stateOfCopy(c))
	return b.HTML()
}

func (q *request) stateOfCopy(c *desk.Copy) string {
	if c.Original && c.State == desk.Missing {
		return q.words.Text("unwritten")
	}
	return q.stateWord(c.State)
}

func (q *request) stateWord(state desk.State) string {
	switch state {
	case desk.Missing:
		return q.reading.Text("untranslated")
	case desk.Waiting:
		return q.words.Text("waiting")
	}
	return q.reading.Text(string(state))
}

// crumb writes where a page is.
func (q *request) crumb(b *markup.Builder, c *desk.Copy, here string) {
	t := site.TongueOf(c.Language)
	b.Put(`<p class="crumb"><a href="%s">%s</a> › <span lang="%s">%s</span></p>`+"\n", Root, q.words.Text("overview"), t.Lang, t.Name)
	b.Put("<h1>%s</h1>\n", q.label(c.Name))
	b.Put(`<nav aria-label="%s"><ul class="row tabs">`, q.title(c.Name))
	for _, tab := range []struct{ key, path string }{{"edit", ""}, {"review", "/review"}, {"history", "/history"}} {
		current := markup.HTML("")
		if tab.key == here {
			current = ` aria-current="page"`
		}
		b.Put(`<li><a href="%s%s"%s>%s</a></li>`, address(c.Name), tab.path, current, q.words.Text(tab.key))
	}
	b.Put("</ul></nav>\n")
	q.stateOf(b, c)
}

// stateOf says how far a copy has come, and who made it.
func (q *request) stateOf(b *markup.Builder, c *desk.Copy) {
	b.Put(`<div class="state %s"><p><strong>%s</strong>`, stateClass(c.State), q.stateOfCopy(c))
	if c.State != desk.Missing && c.Changed() {
		b.Put(` · %s`, q.words.Text("unpublished"))
	}
	b.Put("</p>\n")
	if c.State != desk.Missing && c.Maker != "" {
		maker := "translator"
		if c.Original {
			maker = "author"
		}
		b.Put(`<p class="who">%s`, q.reading.Say(maker, "name", c.Maker))
		if c.Reviewer != "" {
			b.Put(` · %s`, q.reading.Say("reviewer", "name", c.Reviewer))
		}
		b.Put(` · %s</p>`, q.reading.Say("updated", "date", c.Updated))
	}
	b.Put("</div>\n")
	if c.Moved {
		b.Put(`<p class="state outdated" role="status">%s</p>`+"\n", q.words.Text("moved"))
	}
}

func stateClass(state desk.State) string {
	if state == desk.Waiting {
		return string(desk.Draft)
	}
	return string(state)
}

// notice says what was done before the browser came here.
func (q *request) notice(b *markup.Builder) {
	if key := q.URL.Query().Get("done"); key == "saved" || key == "done" {
		b.Put(`<p class="state approved" role="status">%s</p>`+"\n", q.words.Text(key))
	}
}

func when(ts int64) string { return time.UnixMilli(ts).UTC().Format("2006-01-02 15:04 UTC") }

var kinds = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}

// static answers with a file of the pages.
func (e *Editing) static(w http.ResponseWriter, r *http.Request) {
	name := web.Var(r, "file")
	data, err := files.ReadFile("static/" + path.Base(name))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kinds[path.Ext(name)])
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	w.Header().Set("ETag", fmt.Sprintf("%q", fileMark()))
	_, _ = w.Write(data) // a reader who went away needs no answer
}
