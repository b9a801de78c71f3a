package site

import "medixchange/internal/markup"

// The bodies of the pages, one for each kind.

func contentsBody(p contents) func(*markup.Builder, *view) {
	return func(m *markup.Builder, v *view) {
		m.Put("<h1 %s>%s</h1>\n", v.Book.attributes(), v.Book.Text)
		if percent := p.Progress.Percent(); percent < 100 {
			m.Put(`<p class="progress">%s</p>`+"\n", v.W.Say("progress", "percent", percent))
		}
		for _, c := range p.Chapters {
			m.Put(`<section class="chapter"><h2 id="%s" %s>%s</h2><ol>`+"\n", c.ID, c.attributes(), c.Text)
			for _, s := range c.Sections {
				m.Put(`<li><a href="%s" %s>%s</a> <span class="badges">%s</span></li>`+"\n", s.ID, s.attributes(), s.Text, v.W.Badge(s.State))
			}
			m.Put("</ol></section>\n")
		}
	}
}

func glossaryBody(p glossary) func(*markup.Builder, *view) {
	return func(m *markup.Builder, v *view) {
		m.Put("<h1>%s</h1>\n", v.W.Text("glossary"))
		if !p.Present {
			m.Put(`<p>%s <a href="/handbook/%s/glossary" hreflang="%s" lang="%s">%s</a></p>`+"\n",
				v.W.Text("no_glossary"), v.Source.Tag, v.Source.Lang, v.Source.Lang, v.Source.Name)
			return
		}
		m.Put(`<p class="badges">%s</p><div class="table" tabindex="0"><table class="glossary"><thead><tr><th scope="col">%s</th>`, v.W.Badge(p.State), v.W.Text("term"))
		if !p.Original {
			m.Put(`<th scope="col">%s</th>`, v.W.Text("original"))
		}
		m.Put(`<th scope="col">%s</th></tr></thead><tbody>`+"\n", v.W.Text("meaning"))
		for _, t := range p.Terms {
			m.Put(`<tr id="term-%s"><th scope="row" %s>%s`, t.ID, v.Tongue.attributes(), t.Term)
			for _, also := range t.Also {
				m.Put(`<br><span class="also">%s</span>`, also)
			}
			m.Put("</th>")
			if !p.Original {
				m.Put("<td %s>%s</td>", v.Source.attributes(), t.Original)
			}
			m.Put("<td %s>%s</td></tr>\n", t.Definition.attributes(), t.Definition.Text)
		}
		m.Put("</tbody></table></div>\n")
	}
}

func changesBody(p changes) func(*markup.Builder, *view) {
	return func(m *markup.Builder, v *view) {
		m.Put(`<h1>%s</h1><h2 id="outdated">%s</h2>`+"\n", v.W.Text("changes"), v.W.Text("outdated"))
		if len(p.Outdated) == 0 {
			m.Put("<p>%s</p>\n", v.W.Text("none_outdated"))
		}
		for _, o := range p.Outdated {
			m.Put(`<h3><a href="%s" %s>%s</a></h3>`+"\n", o.ID, o.attributes(), o.Text)
			if len(o.Blocks) == 0 {
				m.Put("<p>%s</p>\n", v.W.Text("rearranged"))
				continue
			}
			m.Put("<ul>\n")
			for _, b := range o.Blocks {
				m.Put(`<li>%s: <a href="%s#%s" %s>%s</a></li>`+"\n", v.W.Text(b.Kind), o.ID, b.Anchor, b.Title.attributes(), b.Title.Text)
			}
			m.Put("</ul>\n")
		}
		m.Put(`<h2 id="by-date">%s</h2><ul class="dates">`+"\n", v.W.Text("by_date"))
		for _, e := range p.ByDate {
			m.Put(`<li><time datetime="%s">%s</time> <a href="%s" %s>%s</a> <span class="badges">%s</span></li>`+"\n",
				e.Updated, e.Updated, e.ID, e.attributes(), e.Text, v.W.Badge(e.State))
		}
		m.Put("</ul>\n")
	}
}

func missingBody(m *markup.Builder, v *view) {
	m.Put(`<h1>%s</h1><p><a href="%s">%s</a></p>`+"\n", v.W.Text("not_found"), v.Home, v.W.Text("contents"))
}

func offlineBody(m *markup.Builder, v *view) {
	m.Put(`<h1>%s</h1><p>%s</p><p><a href="%s">%s</a></p>`+"\n", v.W.Text("offline_title"), v.W.Text("about_offline"), v.Home, v.W.Text("contents"))
}

func searchBody(p searchView) func(*markup.Builder, *view) {
	return func(m *markup.Builder, v *view) {
		m.Put("<h1>%s", v.W.Text("search"))
		if v.Query != "" {
			m.Put(": <bdi>%s</bdi>", v.Query)
		}
		m.Put("</h1>\n")
		switch {
		case p.Busy:
			m.Put("<p>%s</p>\n", v.W.Text("search_busy"))
		case len(p.Own.Hits) > 0:
			m.Put("<p>%s</p>\n", v.W.Say("results", "count", p.Total))
			p.Own.write(m, v)
		case p.Asked:
			m.Put("<p>%s</p>\n", v.W.Say("no_results", "text", v.Query))
			p.elsewhere(m, v)
		}
	}
}

func (p searchView) elsewhere(m *markup.Builder, v *view) {
	if len(p.Other) == 0 {
		return
	}
	m.Put("<h2>%s</h2>\n", v.W.Text("elsewhere"))
	for _, other := range p.Other {
		m.Put("<h3 %s>%s</h3>\n", other.attributes(), other.Name)
		other.write(m, v)
	}
}

func (in foundIn) write(m *markup.Builder, v *view) {
	m.Put(`<ul class="found" dir="%s">`+"\n", in.Dir)
	for _, hit := range in.Hits {
		m.Put(`<li lang="%s"><a href="%s">%s`, in.Lang, hit.Address, hit.Title)
		if hit.Heading != "" {
			m.Put(" › %s", hit.Heading)
		}
		m.Put("</a>\n<p>")
		for _, part := range hit.Snippet {
			if part.Marked {
				m.Put("<mark>%s</mark>", part.Text)
				continue
			}
			m.Put("%s", part.Text)
		}
		m.Put(`</p><p class="badges" %s>%s</p></li>`+"\n", v.Words.attributes(), v.W.Badge(hit.State))
	}
	m.Put("</ul>\n")
}
