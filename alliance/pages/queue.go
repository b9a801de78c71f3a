package pages

import (
	"errors"
	"slices"
	"strings"

	"medixchange/alliance/desk"
	"medixchange/alliance/signed"
	"medixchange/internal/markup"
)

// done are what an action can have come to.
var done = []string{"refused", "proven", "drafted", "dropped", "signed", "published"}

// wrong are the errors that coordinators can do something about, with the keys of what they read.
var wrong = []struct {
	is  error
	key string
}{
	{desk.ErrState, "wrong_state"}, {desk.ErrUnproven, "wrong_unproven"}, {desk.ErrReason, "wrong_reason"}, {desk.ErrSigned, "wrong_signed"},
	{desk.ErrNoDraft, "wrong_no_draft"}, {desk.ErrOther, "wrong_other"}, {desk.ErrUnsigned, "wrong_unsigned"}, {desk.ErrOvertaken, "wrong_overtaken"},
	{desk.ErrPending, "wrong_pending"}, {desk.ErrNotApplied, "wrong_not_applied"}, {signed.ErrMalformed, "wrong_malformed"},
}

// trouble says what is wrong, and for experts its details in English.
func (v reviewer) trouble(b *markup.Builder, err error) {
	for _, known := range wrong {
		if errors.Is(err, known.is) {
			b.Put(`<p class="trouble" role="alert">%s <small lang="en" dir="ltr">%s</small></p>`, v.Text(known.key), oneLine(err.Error()))
			return
		}
	}
	b.Put(`<p class="trouble" role="alert">%s <small lang="en" dir="ltr">%s</small></p>`, v.Text("unreadable"), oneLine(err.Error()))
}

// begun writes what came of the last action.
func (v reviewer) begun(b *markup.Builder, trouble error) {
	if trouble != nil {
		v.trouble(b, trouble)
	} else if what := v.URL.Query().Get("done"); slices.Contains(done, what) {
		b.Put(`<p class="done" role="status">%s</p>`, v.Text("done_"+what))
	}
	b.Put(`<p>%s <a href="%s">%s</a></p>`, v.Say("review_you", "id", v.who.ID, "name", v.who.Name), reviewRoot, v.Text("review_queue"))
}

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
	reviewPage(v.Words, "review").send(v.w, status, func(b *markup.Builder) {
		v.begun(b, trouble)
		if draft.ID != 0 {
			v.draft(b, draft)
		}
		v.waiting(b, waiting)
		v.memberForm(b)
	})
}

func (v reviewer) waiting(b *markup.Builder, waiting []desk.Application) {
	b.Put(`<section aria-labelledby="waiting"><h2 id="waiting">%s</h2>`, v.Text("review_queue"))
	if len(waiting) == 0 {
		b.Put(`<p>%s</p></section>`, v.Text("review_none"))
		return
	}
	b.Put(`<table><thead><tr>`)
	for _, key := range []string{"kind_hospital", "server_name", "country", "review_state", "sent"} {
		b.Put(`<th scope="col">%s</th>`, v.Text(key))
	}
	b.Put(`</tr></thead><tbody>`)
	for _, a := range waiting {
		b.Put(`<tr><td><a href="%s/application/%s"><bdi>%s</bdi></a></td><td><code dir="ltr">%s</code></td><td>%s</td><td>%s</td><td>%s</td></tr>`,
			reviewRoot, a.ID, a.LegalName, a.ServerName, country(v.Tag, a.Country), v.Text("stage_"+string(a.State)), day(a.CreatedTS))
	}
	b.Put("</tbody></table></section>\n")
}

// draft shows the member list that waits for signatures.
func (v reviewer) draft(b *markup.Builder, d desk.Draft) {
	b.Put(`<section aria-labelledby="draft"><h2 id="draft">%s</h2>`, v.Text("draft_title"))
	if d.Overtaken {
		b.Put(`<p class="trouble">%s</p>`, v.Text("draft_overtaken"))
		v.button(b, "/draft", "redraft", v.Text("draft_again"))
	}
	who := strings.Join(d.SignedBy, ", ")
	if who == "" {
		who = v.Text("nobody")
	}
	b.Put(`<p>%s SHA-256: <code id="hash" dir="ltr">%s</code></p>`, v.Say("draft_signed", "who", who, "count", d.Needs), d.Hash)
	b.Put(`<h3>%s</h3><ul>`, v.Text("draft_changes"))
	for _, change := range d.Changes {
		v.change(b, change)
	}
	b.Put(`</ul><h3>%s</h3><ul>`, v.Text("draft_decisions"))
	for _, decision := range d.Decisions {
		b.Put(`<li>%s (<bdi>%s: %s</bdi>)</li>`, v.Say(decided[decision.Kind], "server", decision.ServerName), decision.Actor, decision.Reason)
	}
	b.Put("</ul>")
	v.signing(b, d)
	v.dropping(b, d)
	b.Put("</section>\n")
}

// decided are the keys of what decisions come to.
var decided = map[desk.Kind]string{desk.Admit: "change_admitted", desk.Suspend: "change_suspended", desk.Readmit: "change_readmitted"}

// change says what is different for one server. What of an entry changes stands there as it is in the document.
func (v reviewer) change(b *markup.Builder, change signed.Change) {
	what, details, _ := strings.Cut(change.What, ":")
	if details == "" {
		b.Put(`<li>%s</li>`, v.Say("change_"+what, "server", change.ServerName))
		return
	}
	b.Put(`<li>%s <small lang="en" dir="ltr">%s</small></li>`, v.Say("change_details", "server", change.ServerName), strings.TrimSpace(details))
}

// signing leads through a signature.
func (v reviewer) signing(b *markup.Builder, d desk.Draft) {
	b.Put(`<h3>%s</h3><ol><li><a href="%s/draft/document">%s</a></li>`, v.Text("sign_title"), reviewRoot, v.Text("sign_download"))
	b.Put(`<li>%s <code dir="ltr">medix alliance sign members.json --as %s --key %s.key</code></li><li>%s</li></ol>`,
		v.Text("sign_where"), v.who.ID, v.who.ID, v.Text("sign_hand_in"))
	b.Put(`<form method="post" action="%s/draft/signatures" enctype="multipart/form-data">`, reviewRoot)
	b.Put(`<div class="field"><label for="file">%s</label><input id="file" name="file" type="file" accept=".json,application/json"></div>`, v.Text("sign_file"))
	b.Put(`<div class="field"><label for="copy">%s</label><textarea id="copy" name="copy" rows="3" spellcheck="false" dir="ltr"></textarea></div>`, v.Text("sign_text"))
	b.Put(`<button type="submit">%s</button></form>`, v.Text("sign_send"))
	if len(d.SignedBy) >= d.Needs && !d.Overtaken {
		b.Put(`<p>%s</p>`, v.Text("draft_ready"))
		v.button(b, "/draft", "publish", v.Text("publish"))
	}
}

func (v reviewer) dropping(b *markup.Builder, d desk.Draft) {
	b.Put(`<details><summary>%s</summary>`, v.Text("drop"))
	for i, decision := range d.Decisions {
		b.Put(`<form method="post" action="%s/draft"><input type="hidden" name="action" value="drop"><input type="hidden" name="server_name" value="%s">`, reviewRoot, decision.ServerName)
		b.Put(`<div class="field"><label for="drop%s">%s</label><input id="drop%s" name="reason" required maxlength="500" dir="auto"></div>`,
			number(i), v.Say("drop_why", "server", decision.ServerName), number(i))
		b.Put(`<button class="quiet" type="submit">%s</button></form>`, v.Text("drop"))
	}
	b.Put("</details>")
}

// button is a form of one button.
func (v reviewer) button(b *markup.Builder, path, action, text string) {
	b.Put(`<form method="post" action="%s%s"><input type="hidden" name="action" value="%s"><button type="submit">%s</button></form>`, reviewRoot, path, action, text)
}

func (v reviewer) memberForm(b *markup.Builder) {
	b.Put(`<section aria-labelledby="member"><h2 id="member">%s</h2><form method="post" action="%s/members">`, v.Text("member_title"), reviewRoot)
	b.Put(`<div class="field"><label for="server_name">%s</label><input id="server_name" name="server_name" list="servers" required maxlength="255" spellcheck="false" dir="ltr"><datalist id="servers">`, v.Text("server_name"))
	if list := v.site.o.Keeper.Members(); list != nil {
		for _, h := range list.Hospitals {
			b.Put(`<option value="%s">%s</option>`, h.ServerName, h.LegalName)
		}
	}
	b.Put(`</datalist></div><div class="field"><label for="action">%s</label><select id="action" name="action">`, v.Text("member_what"))
	b.Put(`<option value="%s">%s</option><option value="%s">%s</option></select></div>`, desk.Suspend, v.Text("suspend"), desk.Readmit, v.Text("readmit"))
	v.reasonFields(b, "member_why")
	b.Put(`<button type="submit">%s</button></form></section>`+"\n", v.Text("member_draft"))
}

func (v reviewer) reasonFields(b *markup.Builder, key string) {
	b.Put(`<div class="field"><label for="reason">%s</label><input id="reason" name="reason" required maxlength="500" dir="auto"></div>`, v.Text(key))
	b.Put(`<div class="field"><label><input type="checkbox" name="restart" value="yes"> %s</label></div>`, v.Text("restart"))
}
