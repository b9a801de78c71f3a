package site

import "medixchange/internal/markup"

// layout writes a whole page around what main writes.
func (v *view) layout(main func(m *markup.Builder, v *view)) []byte {
	var m markup.Builder
	v.head(&m)
	m.Put(`<body><a class="skip" href="#text">%s</a>`+"\n", v.W.Text("skip"))
	v.bar(&m)
	m.Put(`<aside class="note" aria-label="%s"><p %s><strong lang="%s">%s</strong> · %s</p></aside>`+"\n",
		v.W.Text("note"), v.Note.attributes(), v.Words.Lang, v.W.Text("note"), v.Note.Text)
	m.Put(`<main id="text" tabindex="-1">` + "\n")
	main(&m, v)
	m.Put("</main>\n")
	v.footer(&m)
	m.Put("</body>\n</html>\n")
	return []byte(m.String())
}

func (v *view) head(m *markup.Builder) {
	m.Put(`<!DOCTYPE html>`+"\n"+`<html %s data-home="%s"><head><meta charset="utf-8">`+"\n", v.Words.attributes(), v.Home)
	m.Put(`<meta name="viewport" content="width=device-width, initial-scale=1"><title>%s`, v.Title)
	if v.Title != v.Book.Text {
		m.Put(" · %s", v.Book.Text)
	}
	m.Put(`</title><meta name="theme-color" content="#0b4f6c"><link rel="stylesheet" href="/handbook/static/book.css?v=%s">`+"\n", v.Program)
	m.Put(`<link rel="icon" href="/handbook/static/icon.svg?v=%s" type="image/svg+xml">`, v.Program)
	m.Put(`<link rel="manifest" href="%smanifest.json" crossorigin="use-credentials">`+"\n", v.Home)
	for _, l := range v.Languages {
		m.Put(`<link rel="alternate" hreflang="%s" href="%s">`+"\n", l.Lang, l.Address)
	}
	m.Put(`<script src="/handbook/static/book.js?v=%s" defer></script></head>`+"\n", v.Program)
}

// bar is the beginning of each page: the way home, the search, the menu of languages.
func (v *view) bar(m *markup.Builder) {
	m.Put(`<header class="bar"><a class="home" href="%s">%s</a>`+"\n", v.Home, v.W.Text("handbook"))
	if v.Searches {
		m.Put(`<form role="search" action="%ssearch" method="get"><label class="unseen" for="q">%s</label>`, v.Home, v.W.Text("search_label"))
		m.Put(`<input id="q" name="q" type="search" value="%s" dir="auto" maxlength="200" autocomplete="off">`, v.Query)
		m.Put(`<button type="submit">%s</button></form>`+"\n", v.W.Text("search"))
	}
	m.Put(`<nav class="menu" aria-label="%s"><details class="languages"><summary><span class="unseen">%s: </span><span lang="%s">%s</span></summary><ul>`+"\n",
		v.W.Text("language"), v.W.Text("language"), v.Tongue.Lang, v.Tongue.Name)
	for _, l := range v.Languages {
		current := markup.HTML("")
		if l.Current {
			current = ` aria-current="true"`
		}
		m.Put(`<li><a class="keeps-place" href="%s" hreflang="%s" %s%s>%s</a>`, l.Address, l.Lang, l.attributes(), current, l.Name)
		if l.Percent < 100 {
			m.Put(" <small>%s</small>", v.W.Say("progress", "percent", l.Percent))
		}
		m.Put("</li>\n")
	}
	m.Put("</ul></details></nav></header>\n")
}

func (v *view) footer(m *markup.Builder) {
	m.Put(`<footer><nav aria-label="%s"><ul class="row">`, v.W.Text("handbook"))
	m.Put(`<li><a href="%s">%s</a></li><li><a href="%sglossary">%s</a></li><li><a href="%schanges">%s</a></li></ul></nav>`+"\n",
		v.Home, v.W.Text("contents"), v.Home, v.W.Text("glossary"), v.Home, v.W.Text("changes"))
	m.Put(`<p><span %s>%s</span> · %s</p>`, v.Book.attributes(), v.Book.Text, v.W.Say("edition", "edition", v.Edition, "date", v.Date))
	m.Put(`<p id="kept" role="status" hidden>%s</p></footer>`+"\n", v.W.Text("kept"))
}

// attributes say in which language and direction an element is.
func (t Tongue) attributes() markup.HTML {
	var m markup.Builder
	m.Put(`lang="%s" dir="%s"`, t.Lang, t.Dir)
	return m.HTML()
}
