package edit

import (
	"net/http"
	"slices"

	"medixchange/handbook/desk"
	"medixchange/internal/markup"
)

// reviewPage shows what a copy has that the edition has not, and lets reviewers and publishers speak.
func reviewPage(q *request) {
	c, ok := q.copyOf()
	if !ok {
		return
	}
	findings, err := q.e.o.Desk.Findings(c)
	if err != nil {
		q.fail(err)
		return
	}
	published, err := desk.OfEdition(q.book.Book, c.Name)
	if err != nil {
		q.fail(err)
		return
	}
	q.page(http.StatusOK, q.title(q.name)+" · "+q.words.Text("review"), func(b *markup.Builder) {
		q.crumb(b, c, "review")
		q.findings(b, findings)
		q.machineNotes(b, c)
		b.Put("<h2>%s</h2>\n", q.words.Text("against_published"))
		q.against(b, c, published)
		q.previewOf(b, writingOf(c))
		q.steps(b, c)
	})
}

// against compares two texts of one part.
func (q *request) against(b *markup.Builder, c, before *desk.Copy) {
	var same bool
	switch {
	case hasFields(c.Name):
		same = q.fieldsAgainst(b, c, before)
	case c.Part == desk.PlanPart:
		same = q.planAgainst(b, c, before)
	default:
		same = q.textAgainst(b, c, before)
	}
	if same {
		b.Put("<p>%s</p>\n", q.words.Text("no_difference"))
	}
}

// textAgainst compares two texts of a section, heading by heading. It reports whether they are the same.
func (q *request) textAgainst(b *markup.Builder, c, before *desk.Copy) (same bool) {
	was := map[string]string{}
	for _, p := range desk.Pieces(before.Body) {
		was[p.Anchor] = p.Text
	}
	same = true
	if c.Title != before.Title {
		q.diff(b, c.Language, before.Title, c.Title)
		same = false
	}
	now := desk.Pieces(c.Body)
	for _, p := range now {
		if was[p.Anchor] != p.Text {
			q.diff(b, c.Language, was[p.Anchor], p.Text)
			same = false
		}
	}
	for _, p := range desk.Pieces(before.Body) {
		if !slices.ContainsFunc(now, func(o desk.Piece) bool { return o.Anchor == p.Anchor }) {
			q.diff(b, c.Language, p.Text, "")
			same = false
		}
	}
	if c.Citations != before.Citations {
		q.diff(b, "en", before.Citations, c.Citations)
		same = false
	}
	return same
}

// steps offers what somebody may do with a copy now.
func (q *request) steps(b *markup.Builder, c *desk.Copy) {
	b.Put(`<h2 id="steps">%s</h2>`+"\n", q.words.Text("steps"))
	offered := false
	if q.e.o.Translator != nil && c.May(desk.ByMachine, q.who) == nil {
		offered = true
		b.Put(`<form method="post" action="%s" class="step"><input type="hidden" name="at" value="%s">`, address(c.Name), c.Mark())
		b.Put(`<button type="submit" name="do" value="machine">%s</button>`, q.words.Text("machine_lacking"))
		if c.State != desk.Missing && c.IsSection() {
			b.Put(` <button type="submit" name="do" value="machine-all" class="quiet">%s</button>`, q.words.Text("machine_all"))
		}
		b.Put("</form>\n")
	}
	for _, step := range []struct {
		action desk.Action
		reason string
	}{{desk.Handed, "reason"}, {desk.Accepted, "reason"}, {desk.Released, "reason"}, {desk.Returned, "reason_needed"}} {
		if c.May(step.action, q.who) != nil {
			continue
		}
		offered = true
		q.step(b, c, step.action, step.reason, 0)
	}
	if c.May(desk.Accepted, q.who) == desk.ErrOwnWords || c.May(desk.Released, q.who) == desk.ErrOwnWords {
		offered = true
		b.Put("<p>%s</p>\n", q.words.Text("own_words"))
	}
	if !offered {
		b.Put("<p>%s</p>\n", q.words.Text("no_steps"))
	}
}

// step writes the form of one step.
func (q *request) step(b *markup.Builder, c *desk.Copy, action desk.Action, reason string, version int64) {
	required := markup.HTML("")
	if reason == "reason_needed" {
		required = " required"
	}
	b.Put(`<form method="post" action="%s" class="step"><input type="hidden" name="at" value="%s"><input type="hidden" name="version" value="%s">`, address(c.Name), c.Mark(), number(version))
	b.Put(`<p class="field"><label for="reason-%s">%s</label><input id="reason-%s" name="reason" maxlength="1000" dir="auto"%s></p>`, action, q.words.Text(reason), action, required)
	b.Put(`<button type="submit" name="do" value="%s">%s</button></form>`+"\n", action, q.words.Text("do_"+string(action)))
}
