package pages

import (
	"errors"
	"strings"

	"medixchange/alliance/desk"
	"medixchange/internal/markup"
	"medixchange/internal/web"
)

// doneTexts say what an action came to.
var doneTexts = map[string]string{
	"accepted":  "The admission is drafted. It holds once enough coordinators have signed the member list below.",
	"refused":   "The application is refused.",
	"proven":    "The domain is proven.",
	"drafted":   "The member list is drafted. It holds once enough coordinators have signed it.",
	"dropped":   "The decision is dropped.",
	"signed":    "The signature is taken. More are needed.",
	"published": "Published: the new member list holds, and the other members are being told.",
}

// begun writes what came of the last action.
func (v reviewer) begun(b *markup.Builder, trouble error) {
	if trouble != nil {
		b.Put(`<p class="trouble" role="alert">%s</p>`, sentence(trouble))
	} else if text := doneTexts[v.URL.Query().Get("done")]; text != "" {
		b.Put(`<p class="done" role="status">%s</p>`, text)
	}
	b.Put(`<p>You are coordinator <strong>%s</strong> (<bdi>%s</bdi>). <a href="%s">Queue</a></p>`, v.who.ID, v.who.Name, reviewRoot)
}

func sentence(err error) string { return oneLine(err.Error()) + "." }

// queue shows what waits for coordinators.
func (v reviewer) queue(status int, trouble error) {
	waiting, err := v.site.o.Desk.Applications(v.Context(), desk.Waiting()...)
	if err != nil {
		v.site.failed(v.w, v.Request, err)
		return
	}
	draft, err := v.site.o.Desk.Open(v.Context())
	if err != nil && !errors.Is(err, desk.ErrNoDraft) {
		v.site.failed(v.w, v.Request, err)
		return
	}
	reviewPage("Review").send(v.w, status, func(b *markup.Builder) {
		v.begun(b, trouble)
		if draft.ID != 0 {
			v.draft(b, draft)
		}
		v.waiting(b, waiting)
		v.memberForm(b)
	})
}

func (v reviewer) waiting(b *markup.Builder, waiting []desk.Application) {
	b.Put(`<section aria-labelledby="waiting"><h2 id="waiting">Applications</h2>`)
	if len(waiting) == 0 {
		b.Put(`<p>None waits.</p></section>`)
		return
	}
	b.Put(`<table><thead><tr><th scope="col">Hospital</th><th scope="col">Server</th><th scope="col">Country</th><th scope="col">State</th><th scope="col">Sent</th></tr></thead><tbody>`)
	for _, a := range waiting {
		b.Put(`<tr><td><a href="%s/application/%s"><bdi>%s</bdi></a></td><td><code>%s</code></td><td>%s</td><td>%s</td><td>%s</td></tr>`,
			reviewRoot, a.ID, a.LegalName, a.ServerName, country(markup.Fallback, a.Country), a.State, day(a.CreatedTS))
	}
	b.Put("</tbody></table></section>\n")
}

// draft shows the member list that waits for signatures.
func (v reviewer) draft(b *markup.Builder, d desk.Draft) {
	b.Put(`<section aria-labelledby="draft"><h2 id="draft">Member list to sign</h2>`)
	if d.Overtaken {
		b.Put(`<p class="trouble">Another member list or charter holds meanwhile, or this one has ended. It must be drafted again.</p>`)
		v.button(b, "/draft", "redraft", "Draft again")
	}
	b.Put(`<p>Signed by %s; %s signatures are needed. Hash <code id="hash">%s</code></p><h3>What it changes</h3><ul>`,
		orNobody(strings.Join(d.SignedBy, ", ")), number(d.Needs), d.Hash)
	for _, change := range d.Changes {
		b.Put(`<li><code>%s</code> %s</li>`, change.ServerName, change.What)
	}
	b.Put(`</ul><h3>Decisions</h3><ul>`)
	for _, decision := range d.Decisions {
		b.Put(`<li>%s <code>%s</code> by %s: <bdi>%s</bdi></li>`, decision.Kind, decision.ServerName, decision.Actor, decision.Reason)
	}
	b.Put(`</ul><h3>Sign</h3><ol><li><a href="%s/draft/document">Download it</a></li>`, reviewRoot)
	b.Put(`<li>Sign it where your key is: <code>medix alliance sign members.json --as %s --key %s.key</code></li><li>Hand the signed copy in:</li></ol>`, v.who.ID, v.who.ID)
	b.Put(`<form method="post" action="%s/draft/signatures" enctype="multipart/form-data"><div class="field"><label for="file">Signed file</label><input id="file" name="file" type="file" accept=".json,application/json"></div>`, reviewRoot)
	b.Put(`<div class="field"><label for="text">or its text</label><textarea id="text" name="text" rows="3" spellcheck="false"></textarea></div><button type="submit">Hand in</button></form>`)
	if len(d.SignedBy) >= d.Needs && !d.Overtaken {
		b.Put(`<p>It has enough signatures and is not published yet.</p>`)
		v.button(b, "/draft", "publish", "Publish")
	}
	b.Put(`<details><summary>Drop a decision</summary>`)
	for i, decision := range d.Decisions {
		b.Put(`<form method="post" action="%s/draft"><input type="hidden" name="action" value="drop"><input type="hidden" name="server_name" value="%s">`, reviewRoot, decision.ServerName)
		b.Put(`<div class="field"><label for="drop%s">Why not %s %s</label><input id="drop%s" name="reason" required maxlength="500"></div><button class="quiet" type="submit">Drop</button></form>`,
			number(i), decision.Kind, decision.ServerName, number(i))
	}
	b.Put("</details></section>\n")
}

func orNobody(text string) string {
	if text == "" {
		return "nobody"
	}
	return text
}

// button is a form of one button.
func (v reviewer) button(b *markup.Builder, path, action, text string) {
	b.Put(`<form method="post" action="%s%s"><input type="hidden" name="action" value="%s"><button type="submit">%s</button></form>`, reviewRoot, path, action, text)
}

func (v reviewer) memberForm(b *markup.Builder) {
	b.Put(`<section aria-labelledby="member"><h2 id="member">Suspend or readmit a member</h2><form method="post" action="%s/members">`, reviewRoot)
	b.Put(`<div class="field"><label for="server_name">Server name</label><input id="server_name" name="server_name" list="servers" required maxlength="255" spellcheck="false"><datalist id="servers">`)
	if list := v.site.o.Keeper.Members(); list != nil {
		for _, h := range list.Hospitals {
			b.Put(`<option value="%s">%s</option>`, h.ServerName, h.LegalName)
		}
	}
	b.Put(`</datalist></div><div class="field"><label for="action">What</label><select id="action" name="action">`)
	b.Put(`<option value="%s">suspend</option><option value="%s">readmit</option></select></div>`, desk.Suspend, desk.Readmit)
	reasonFields(b, "Why (of a suspension all members read it)")
	b.Put(`<button type="submit">Draft it</button></form></section>` + "\n")
}

func reasonFields(b *markup.Builder, label string) {
	b.Put(`<div class="field"><label for="reason">%s</label><input id="reason" name="reason" required maxlength="500" dir="auto"></div>`, label)
	b.Put(`<div class="field"><label><input type="checkbox" name="restart" value="yes"> Also if signatures that are there become void by it</label></div>`)
}

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
	reviewPage("Application").send(v.w, status, func(b *markup.Builder) {
		v.begun(b, trouble)
		facts(b, a)
		b.Put(`<h2>Papers</h2><ul>`)
		for _, p := range papers {
			b.Put(`<li><a href="%s/application/%s/papers/%s"><bdi>%s</bdi></a> %s, %s kB</li>`, reviewRoot, a.ID, number(p.Number), p.Name, p.MediaType, number((p.Size+1023)>>10))
		}
		if len(papers) == 0 {
			b.Put(`<li>none</li>`)
		}
		b.Put(`</ul>`)
		v.decisionForms(b, a)
	})
}

func facts(b *markup.Builder, a desk.Application) {
	b.Put(`<dl>`)
	for _, fact := range [][2]string{
		{"State", string(a.State)}, {"Legal name", a.LegalName}, {"Server", a.ServerName}, {"Country", country(markup.Fallback, a.Country) + " (" + a.Country + ")"},
		{"Kind", string(a.Kind)}, {"Contact", a.Contact}, {"E-mail", a.Email}, {"Telephone", a.Phone}, {"Languages", strings.Join(a.Languages, " ")},
		{"Specialties", a.Specialties}, {"Note", a.Note}, {"Domain proven by", string(a.ProvenBy)}, {"Sent", day(a.CreatedTS)}, {"Reason", a.Reason},
	} {
		if fact[1] != "" {
			b.Put(`<dt>%s</dt><dd><bdi>%s</bdi></dd>`, fact[0], fact[1])
		}
	}
	b.Put("</dl>\n")
}

func (v reviewer) decisionForms(b *markup.Builder, a desk.Application) {
	if a.State == desk.Received {
		v.button(b, "/application/"+a.ID, "prove", "Look whether the domain is proven")
	}
	if a.State != desk.Received && a.State != desk.Proven {
		return
	}
	b.Put(`<h2>Decide</h2><form method="post" action="%s/application/%s">`, reviewRoot, a.ID)
	reasonFields(b, "Reason (the applicant reads it)")
	if a.State == desk.Proven {
		b.Put(`<button type="submit" name="action" value="accept">Accept</button> `)
	}
	b.Put(`<button class="quiet" type="submit" name="action" value="refuse">Refuse</button></form>` + "\n")
}
