package pages

import (
	"strings"

	"medixchange/alliance/desk"
	"medixchange/internal/markup"
	"medixchange/internal/web"
)

// dossier shows one application with its papers.
func (v reviewer) dossier(status int, trouble error) {
	a, err := v.site.o.Desk.Application(v.Context(), web.Var(v.Request, "id"))
	if err != nil {
		v.site.failed(v.w, v.Request, err)
		return
	}
	papers, err := v.site.o.Desk.Papers(v.Context(), a.ID)
	if err != nil {
		v.site.failed(v.w, v.Request, err)
		return
	}
	near, err := v.site.o.Desk.Near(v.Context(), a)
	if err != nil {
		v.site.failed(v.w, v.Request, err)
		return
	}
	reviewPage(v.Words, "dossier").send(v.w, status, func(b *markup.Builder) {
		v.begun(b, trouble)
		v.facts(b, a)
		v.near(b, near)
		b.Put(`<h2>%s</h2><ul>`, v.Text("paper_list"))
		for _, p := range papers {
			b.Put(`<li><a href="%s/application/%s/papers/%s"><bdi>%s</bdi></a> %s, %s kB</li>`, reviewRoot, a.ID, number(p.Number), p.Name, p.MediaType, number((p.Size+1023)>>10))
		}
		if len(papers) == 0 {
			b.Put(`<li>%s</li>`, v.Text("no_papers"))
		}
		b.Put(`</ul>`)
		v.decisionForms(b, a)
	})
}

func (v reviewer) facts(b *markup.Builder, a desk.Application) {
	b.Put(`<dl>`)
	for _, fact := range [][2]string{
		{"review_state", v.Text("stage_" + string(a.State))}, {"legal_name", a.LegalName}, {"server_name", a.ServerName},
		{"country", country(v.Tag, a.Country) + " (" + a.Country + ")"}, {"kind", v.Text("kind_" + string(a.Kind))}, {"contact", a.Contact}, {"email", a.Email},
		{"phone", a.Phone}, {"languages", strings.Join(a.Languages, " ")}, {"specialties", a.Specialties}, {"note", a.Note},
		{"proven_by", string(a.ProvenBy)}, {"sent", day(a.CreatedTS)}, {"reason", a.Reason},
	} {
		if fact[1] != "" {
			b.Put(`<dt>%s</dt><dd><bdi>%s</bdi></dd>`, v.Text(fact[0]), fact[1])
		}
	}
	b.Put("</dl>\n")
}

// near warns of names that differ little from the applicant's.
func (v reviewer) near(b *markup.Builder, names []string) {
	if len(names) == 0 {
		return
	}
	b.Put(`<section class="trouble" aria-labelledby="near"><h2 id="near">%s</h2><p>%s</p><ul>`, v.Text("near_title"), v.Text("near_text"))
	for _, name := range names {
		b.Put(`<li><code dir="ltr">%s</code></li>`, name)
	}
	b.Put("</ul></section>\n")
}

func (v reviewer) decisionForms(b *markup.Builder, a desk.Application) {
	if a.State == desk.Received {
		v.button(b, "/application/"+a.ID, "prove", v.Text("look"))
	}
	if a.State != desk.Received && a.State != desk.Proven {
		return
	}
	b.Put(`<h2>%s</h2><form method="post" action="%s/application/%s">`, v.Text("decide"), reviewRoot, a.ID)
	v.reasonFields(b, "decide_why")
	if a.State == desk.Proven {
		b.Put(`<button type="submit" name="action" value="accept">%s</button> `, v.Text("accept"))
	}
	b.Put(`<button class="quiet" type="submit" name="action" value="refuse">%s</button></form>`+"\n", v.Text("refuse"))
}
