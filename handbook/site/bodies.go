package site

// The bodies of the pages, one for each kind.

func contentsBody(p contents) func(*markup, *view) {
	return func(m *markup, v *view) {
		m.put("<h1 %s>%s</h1>\n", v.Book.attributes(), v.Book.Text)
		if percent := p.Progress.Percent(); percent < 100 {
			m.put(`<p class="progress">%s</p>`+"\n", v.W.Say("progress", "percent", percent))
		}
		for _, c := range p.Chapters {
			m.put(`<section class="chapter"><h2 id="%s" %s>%s</h2><ol>`+"\n", c.ID, c.attributes(), c.Text)
			for _, s := range c.Sections {
				m.put(`<li><a href="%s" %s>%s</a> <span class="badges">%s</span></li>`+"\n", s.ID, s.attributes(), s.Text, v.W.Badge(s.State))
			}
			m.put("</ol></section>\n")
		}
	}
}

func glossaryBody(p glossary) func(*markup, *view) {
	return func(m *markup, v *view) {
		m.put("<h1>%s</h1>\n", v.W.Text("glossary"))
		if !p.Present {
			m.put(`<p>%s <a href="/handbook/%s/glossary" hreflang="%s" lang="%s">%s</a></p>`+"\n",
				v.W.Text("no_glossary"), v.Source.Tag, v.Source.Lang, v.Source.Lang, v.Source.Name)
			return
		}
		m.put(`<p class="badges">%s</p><div class="table" tabindex="0"><table class="glossary"><thead><tr><th scope="col">%s</th>`, v.W.Badge(p.State), v.W.Text("term"))
		if !p.Original {
			m.put(`<th scope="col">%s</th>`, v.W.Text("original"))
		}
		m.put(`<th scope="col">%s</th></tr></thead><tbody>`+"\n", v.W.Text("meaning"))
		for _, t := range p.Terms {
			m.put(`<tr id="term-%s"><th scope="row" %s>%s`, t.ID, v.Tongue.attributes(), t.Term)
			for _, also := range t.Also {
				m.put(`<br><span class="also">%s</span>`, also)
			}
			m.put("</th>")
			if !p.Original {
				m.put("<td %s>%s</td>", v.Source.attributes(), t.Original)
			}
			m.put("<td %s>%s</td></tr>\n", t.Definition.attributes(), t.Definition.Text)
		}
		m.put("</tbody></table></div>\n")
	}
}

func changesBody(p changes) func(*markup, *view) {
	return func(m *markup, v *view) {
		m.put(`<h1>%s</h1><h2 id="outdated">%s</h2>`+"\n", v.W.Text("changes"), v.W.Text("outdated"))
		if len(p.Outdated) == 0 {
			m.put("<p>%s</p>\n", v.W.Text("none_outdated"))
		}
		for _, o := range p.Outdated {
			m.put(`<h3><a href="%s" %s>%s</a></h3>`+"\n", o.ID, o.attributes(), o.Text)
			if len(o.Blocks) == 0 {
				m.put("<p>%s</p>\n", v.W.Text("rearranged"))
				continue
			}
			m.put("<ul>\n")
			for _, b := range o.Blocks {
				m.put(`<li>%s: <a href="%s#%s" %s>%s</a></li>`+"\n", v.W.Text(b.Kind), o.ID, b.Anchor, b.Title.attributes(), b.Title.Text)
			}
			m.put("</ul>\n")
		}
		m.put(`<h2 id="by-date">%s</h2><ul class="dates">`+"\n", v.W.Text("by_date"))
		for _, e := range p.ByDate {
			m.put(`<li><time datetime="%s">%s</time> <a href="%s" %s>%s</a> <span class="badges">%s</span></li>`+"\n",
				e.Updated, e.Updated, e.ID, e.attributes(), e.Text, v.W.Badge(e.State))
		}
		m.put("</ul>\n")
	}
}

func missingBody(m *markup, v *view) {
	m.put(`<h1>%s</h1><p><a href="%s">%s</a></p>`+"\n", v.W.Text("not_found"), v.Home, v.W.Text("contents"))
}

func offlineBody(m *markup, v *view) {
	m.put(`<h1>%s</h1><p>%s</p><p><a href="%s">%s</a></p>`+"\n", v.W.Text("offline_title"), v.W.Text("about_offline"), v.Home, v.W.Text("contents"))
}

func searchBody(p searchView) func(*markup, *view) {
	return func(m *markup, v *view) {
		m.put("<h1>%s", v.W.Text("search"))
		if v.Query != "" {
			m.put(": <bdi>%s</bdi>", v.Query)
		}
		m.put("</h1>\n")
		switch {
		case p.Busy:
			m.put("<p>%s</p>\n", v.W.Text("search_busy"))
		case len(p.Own.Hits) > 0:
			m.put("<p>%s</p>\n", v.W.Say("results", "count", p.Total))
			p.Own.write(m, v)
		case p.Asked:
			m.put("<p>%s</p>\n", v.W.Say("no_results", "text", v.Query))
			p.elsewhere(m, v)
		}
	}
}

func (p searchView) elsewhere(m *markup, v *view) {
	if len(p.Other) == 0 {
		return
	}
	m.put("<h2>%s</h2>\n", v.W.Text("elsewhere"))
	for _, other := range p.Other {
		m.put("<h3 %s>%s</h3>\n", other.attributes(), other.Name)
		other.write(m, v)
	}
}

func (in foundIn) write(m *markup, v *view) {
	m.put(`<ul class="found" dir="%s">`+"\n", in.Dir)
	for _, hit := range in.Hits {
		m.put(`<li lang="%s"><a href="%s">%s`, in.Lang, hit.Address, hit.Title)
		if hit.Heading != "" {
			m.put(" › %s", hit.Heading)
		}
		m.put("</a>\n<p>")
		for _, part := range hit.Snippet {
			if part.Marked {
				m.put("<mark>%s</mark>", part.Text)
				continue
			}
			m.put("%s", part.Text)
		}
		m.put(`</p><p class="badges" %s>%s</p></li>`+"\n", v.Words.attributes(), v.W.Badge(hit.State))
	}
	m.put("</ul>\n")
}
