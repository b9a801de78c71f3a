package site

import "strconv"

// sectionBody is a section alone.
func sectionBody(p sectionView) func(*markup, *view) {
	return func(m *markup, v *view) {
		p.begin(m, v)
		if p.Compared.Tag != "" {
			m.put(`<p class="tools"><a class="keeps-place" href="%s?with=%s">%s</a></p>`+"\n", p.ID, p.Compared.Tag, v.W.Say("beside", "language", p.Compared.Name))
		}
		m.put(`<nav class="toc" aria-labelledby="toc"><h2 id="toc">%s</h2><ul %s>`+"\n", v.W.Text("on_page"), p.Own.attributes())
		for _, b := range p.Blocks {
			m.put(`<li><a href="#%s">%s</a></li>`+"\n", b.Anchor, b.Title)
		}
		m.put("</ul></nav>\n<article %s>\n", p.Own.attributes())
		for _, b := range p.Blocks {
			if b.Change != "" {
				m.put(`<p class="mark" %s><a href="#outdated">%s</a></p>`+"\n", v.Words.attributes(), v.W.Text(b.Change))
			}
			m.put("%s\n", b.HTML)
		}
		m.put("</article>\n")
		p.end(m, v)
	}
}

// besideBody is a section with that of another language beside it.
func besideBody(p sectionView) func(*markup, *view) {
	return func(m *markup, v *view) {
		p.begin(m, v)
		m.put(`<p class="tools"><a class="keeps-place" href="%s">%s</a></p>`+"\n", p.ID, v.W.Say("alone", "language", p.Own.Name))
		m.put(`<div class="pairs"><div class="pair names"><p %s>%s</p><p %s>%s: %s</p></div>`+"\n",
			p.Own.attributes(), p.Own.Name, p.Beside.attributes(), p.Beside.Name, p.Beside.Text)
		for _, pair := range p.Pairs {
			m.put(`<div class="pair"><div %s>%s</div><div %s>%s</div></div>`+"\n", p.Own.attributes(), pair.Left, p.Beside.attributes(), pair.Right)
		}
		m.put("</div>\n")
		p.end(m, v)
	}
}

// begin writes title and state.
func (p sectionView) begin(m *markup, v *view) {
	m.put(`<p class="crumb"><a href="./">%s</a> › <span %s>%s</span></p>`+"\n", v.W.Text("contents"), p.Chapter.attributes(), p.Chapter.Text)
	m.put("<h1 %s>%s</h1>\n", p.Own.attributes(), p.Own.Text)
	status := string(p.Provenance.Status)
	shown := status
	if p.State.Missing {
		shown = "missing"
	}
	m.put(`<div class="state %s">`+"\n", shown)
	if p.State.Missing {
		m.put("<p><strong>%s</strong> · %s</p>\n", v.W.Text("untranslated"), v.W.Say("about_untranslated", "language", v.Source.Name))
	}
	m.put("<p><strong>%s</strong> · %s</p>\n"+`<p class="who">`, v.W.Text(status), v.W.Text("about_"+status))
	for _, who := range []struct{ key, name string }{
		{"author", p.Provenance.Author}, {"translator", p.Provenance.Translator}, {"reviewer", p.Provenance.Reviewer},
	} {
		if who.name != "" {
			m.put("%s · ", v.W.Say(who.key, "name", who.name))
		}
	}
	m.put("%s</p></div>\n", v.W.Say("updated", "date", p.Provenance.Updated))
	if p.State.Outdated && !p.State.Missing {
		p.outdated(m, v)
	}
}

// outdated writes what has changed in the source.
func (p sectionView) outdated(m *markup, v *view) {
	m.put(`<div class="state outdated" id="outdated"><p><strong>%s</strong> · %s`, v.W.Text("outdated"), v.W.Text("about_outdated"))
	if p.Rearranged {
		m.put(" %s", v.W.Text("rearranged"))
	}
	m.put("</p>\n")
	if len(p.Changes) > 0 {
		m.put(`<details><summary>%s</summary><div class="pairs"><div class="pair names"><p>%s</p><p>%s</p></div>`+"\n",
			v.W.Text("compare"), v.W.Text("original_now"), v.W.Text("translation"))
		for _, c := range p.Changes {
			m.put(`<h2 class="kind">%s: <a href="#%s" %s>%s</a></h2>`+"\n", v.W.Text(c.Kind), c.Anchor, c.Title.attributes(), c.Title.Text)
			m.put(`<div class="pair"><div %s>%s</div><div %s>%s</div></div>`+"\n", v.Source.attributes(), c.Source, p.Own.attributes(), c.Own)
		}
		m.put("</div></details>\n")
	}
	m.put("</div>\n")
}

// end writes the sources and the ways on.
func (p sectionView) end(m *markup, v *view) {
	if len(p.Sources) > 0 {
		m.put(`<section class="sources" aria-labelledby="sources"><h2 id="sources">%s</h2><ol>`+"\n", v.W.Text("sources"))
		for _, s := range p.Sources {
			s.write(m, v)
		}
		m.put("</ol></section>\n")
	}
	m.put(`<nav class="turn" aria-label="%s">`, v.W.Text("contents"))
	for _, way := range []struct {
		rel, word string
		to        *entry
	}{{"prev", "previous", p.Previous}, {"next", "next", p.Next}} {
		if way.to != nil {
			m.put(`<a rel="%s" href="%s"><small>%s</small> <span %s>%s</span></a>`+"\n", way.rel, way.to.ID, v.W.Text(way.word), way.to.attributes(), way.to.Text)
		}
	}
	m.put("</nav>\n")
}

func (s source) write(m *markup, v *view) {
	m.put(`<li id="source-%s"><span %s>%s. <cite>%s</cite>. %s, %s.`, strconv.Itoa(s.N), v.Source.attributes(), s.Authors, s.Title, s.Publisher, strconv.Itoa(s.Year))
	if s.DOI != "" {
		m.put(` <a href="https://doi.org/%s" rel="noreferrer">doi:%s</a>`, s.DOI, s.DOI)
	} else {
		m.put(` <a href="%s" rel="noreferrer">%s</a>`, s.URL, s.URL)
	}
	m.put(`</span> <span class="seen">(%s)</span>`, v.W.Say("looked_up", "date", s.LookedUp))
	for i, anchor := range s.Links {
		m.put(` <a class="back" href="#%s" aria-label="%s">↑%s</a>`, anchor, v.W.Text("back_n", "n", i+1), strconv.Itoa(i+1))
	}
	m.put("</li>\n")
}
