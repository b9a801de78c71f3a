package site

import (
	"strconv"
	"strings"

	"medixchange/handbook"
	"medixchange/internal/markup"
)

// sectionBody is a section alone.
func sectionBody(p sectionView) func(*markup.Builder, *view) {
	return func(m *markup.Builder, v *view) {
		p.begin(m, v)
		if p.Compared.Tag != "" {
			m.Put(`<p class="tools"><a class="keeps-place" href="%s?with=%s">%s</a></p>`+"\n", p.ID, p.Compared.Tag, v.W.Say("beside", "language", p.Compared.Name))
		}
		m.Put(`<nav class="toc" aria-labelledby="toc"><h2 id="toc">%s</h2><ul %s>`+"\n", v.W.Text("on_page"), p.Own.attributes())
		for _, b := range p.Blocks {
			m.Put(`<li><a href="#%s">%s</a></li>`+"\n", b.Anchor, b.Title)
		}
		m.Put("</ul></nav>\n<article %s>\n", p.Own.attributes())
		for _, b := range p.Blocks {
			if b.Change != "" {
				m.Put(`<p class="mark" %s><a href="#outdated">%s</a></p>`+"\n", v.Words.attributes(), v.W.Text(b.Change))
			}
			m.Put("%s\n", b.HTML)
		}
		m.Put("</article>\n")
		p.end(m, v)
	}
}

// besideBody is a section with that of another language beside it.
func besideBody(p sectionView) func(*markup.Builder, *view) {
	return func(m *markup.Builder, v *view) {
		p.begin(m, v)
		m.Put(`<p class="tools"><a class="keeps-place" href="%s">%s</a></p>`+"\n", p.ID, v.W.Say("alone", "language", p.Own.Name))
		m.Put(`<div class="pairs"><div class="pair names"><p %s>%s</p><p %s>%s: %s</p></div>`+"\n",
			p.Own.attributes(), p.Own.Name, p.Beside.attributes(), p.Beside.Name, p.Beside.Text)
		for _, pair := range p.Pairs {
			m.Put(`<div class="pair"><div %s>%s</div><div %s>%s</div></div>`+"\n", p.Own.attributes(), pair.Left, p.Beside.attributes(), pair.Right)
		}
		m.Put("</div>\n")
		p.end(m, v)
	}
}

// begin writes title and state.
func (p sectionView) begin(m *markup.Builder, v *view) {
	m.Put(`<p class="crumb"><a href="./">%s</a> › <span %s>%s</span></p>`+"\n", v.W.Text("contents"), p.Chapter.attributes(), p.Chapter.Text)
	m.Put("<h1 %s>%s</h1>\n", p.Own.attributes(), p.Own.Text)
	status := string(p.Provenance.Status)
	shown := status
	if p.State.Missing {
		shown = "missing"
	}
	m.Put(`<div class="state %s">`+"\n", shown)
	if p.State.Missing {
		m.Put("<p><strong>%s</strong> · %s</p>\n", v.W.Text("untranslated"), v.W.Say("about_untranslated", "language", v.Source.Name))
	}
	m.Put("<p><strong>%s</strong> · %s</p>\n"+`<p class="who">`, v.W.Text(status), v.W.Text("about_"+status))
	for _, who := range []struct{ key, name string }{
		{"author", p.Provenance.Author}, {"translator", p.Provenance.Translator}, {"reviewer", p.Provenance.Reviewer},
	} {
		if who.name != "" {
			m.Put("%s · ", v.W.Say(who.key, "name", who.name))
		}
	}
	m.Put("%s</p></div>\n", v.W.Say("updated", "date", p.Provenance.Updated))
	if p.State.Outdated && !p.State.Missing {
		p.outdated(m, v)
	}
}

// outdated writes what has changed in the source.
func (p sectionView) outdated(m *markup.Builder, v *view) {
	m.Put(`<div class="state outdated" id="outdated"><p><strong>%s</strong> · %s`, v.W.Text("outdated"), v.W.Text("about_outdated"))
	if p.Rearranged {
		m.Put(" %s", v.W.Text("rearranged"))
	}
	m.Put("</p>\n")
	if len(p.Changes) > 0 {
		m.Put(`<details><summary>%s</summary><div class="pairs"><div class="pair names"><p>%s</p><p>%s</p></div>`+"\n",
			v.W.Text("compare"), v.W.Text("original_now"), v.W.Text("translation"))
		for _, c := range p.Changes {
			m.Put(`<h2 class="kind">%s: <a href="#%s" %s>%s</a></h2>`+"\n", v.W.Text(c.Kind), c.Anchor, c.Title.attributes(), c.Title.Text)
			putPieces(m, v, c.Pieces)
			m.Put(`<div class="pair"><div %s>%s</div><div %s>%s</div></div>`+"\n", v.Source.attributes(), c.Source, p.Own.attributes(), c.Own)
		}
		m.Put("</div></details>\n")
	}
	m.Put("</div>\n")
}

// end writes the sources and the ways on.
func (p sectionView) end(m *markup.Builder, v *view) {
	if len(p.Sources) > 0 {
		m.Put(`<section class="sources" aria-labelledby="sources"><h2 id="sources">%s</h2><ol>`+"\n", v.W.Text("sources"))
		for _, s := range p.Sources {
			s.write(m, v)
		}
		m.Put("</ol></section>\n")
	}
	m.Put(`<nav class="turn" aria-label="%s">`, v.W.Text("contents"))
	for _, way := range []struct {
		rel, word string
		to        *entry
	}{{"prev", "previous", p.Previous}, {"next", "next", p.Next}} {
		if way.to != nil {
			m.Put(`<a rel="%s" href="%s"><small>%s</small> <span %s>%s</span></a>`+"\n", way.rel, way.to.ID, v.W.Text(way.word), way.to.attributes(), way.to.Text)
		}
	}
	m.Put("</nav>\n")
}

func (s source) write(m *markup.Builder, v *view) {
	m.Put(`<li id="source-%s"><span %s>%s. <cite>%s</cite>. %s, %s.`, strconv.Itoa(s.N), v.Source.attributes(), s.Authors, s.Title, s.Publisher, strconv.Itoa(s.Year))
	if s.DOI != "" {
		m.Put(` <a href="https://doi.org/%s" rel="noreferrer">doi:%s</a>`, s.DOI, s.DOI)
	} else {
		m.Put(` <a href="%s" rel="noreferrer">%s</a>`, s.URL, s.URL)
	}
	m.Put(`</span> <span class="seen">(%s)</span>`, v.W.Say("looked_up", "date", s.LookedUp))
	for i, anchor := range s.Links {
		m.Put(` <a class="back" href="#%s"><span aria-hidden="true">↑%s</span><span class="unseen">%s</span></a>`, anchor, strconv.Itoa(i+1), v.W.Text("back_n", "n", i+1))
	}
	m.Put("</li>\n")
}

// putPieces writes how the source has changed since it was translated.
func putPieces(m *markup.Builder, v *view, pieces []handbook.Piece) {
	if len(pieces) == 0 {
		return
	}
	m.Put(`<p class="pieces-title">%s</p><p class="pieces" %s>`, v.W.Text("original_changes"), v.Source.attributes())
	for _, p := range pieces {
		text := markup.HTML(strings.ReplaceAll(string(markup.Escaped(p.Text)), "\n", "<br>"))
		switch p.Kind {
		case handbook.Gone:
			m.Put("<del>%s</del>", text)
		case handbook.New:
			m.Put("<ins>%s</ins>", text)
		default:
			m.Put("%s", text)
		}
	}
	m.Put("</p>\n")
}
