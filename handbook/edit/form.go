package edit

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"medixchange/handbook"
	"medixchange/handbook/desk"
	"medixchange/handbook/site"
	"medixchange/internal/markup"
)

// act does what a form of a part asks for.
func act(q *request) {
	c, ok := q.copyOf()
	if !ok {
		return
	}
	at, reason := desk.Mark(q.PostForm.Get("at")), q.PostForm.Get("reason")
	d := q.e.o.Desk
	if rearrange(q, c) {
		return
	}
	var err error
	switch q.PostForm.Get("do") {
	case "preview":
		wr := q.sent(c)
		wr.preview = true
		q.editor(http.StatusOK, wr)
		return
	case "save":
		q.save(c)
		return
	case "machine", "machine-all":
		_, err = q.e.draft(q.Context(), c, at, q.who, q.PostForm.Get("do") == "machine-all")
	case string(desk.Handed):
		_, err = d.Hand(q.Context(), q.name, at, q.who, reason)
	case string(desk.Returned):
		_, err = d.Return(q.Context(), q.name, at, q.who, reason)
	case string(desk.Accepted):
		_, err = d.Accept(q.Context(), q.name, at, q.who, reason)
	case string(desk.Released):
		_, err = d.Release(q.Context(), q.name, at, q.who, reason)
	case string(desk.Restored):
		version, _ := strconv.ParseInt(q.PostForm.Get("version"), 10, 64) // 0 is no version
		_, err = d.Restore(q.Context(), q.name, at, version, q.who, reason)
	default:
		q.trouble(http.StatusBadRequest, "failed")
		return
	}
	if err != nil {
		q.fail(err)
		return
	}
	q.back(address(q.name) + "?done=done")
}

// sent reads the fields of the editor.
func (q *request) sent(c *desk.Copy) *writing {
	form := q.PostForm
	wr := &writing{copy: c, title: form.Get("title"), body: form.Get("body"), cited: form.Get("citations"), reason: form.Get("reason"), current: map[string]bool{}}
	anchors, blocks := form["anchor"], form["block"]
	for i := range min(len(anchors), len(blocks)) {
		if strings.TrimSpace(blocks[i]) != "" {
			wr.pieces = append(wr.pieces, desk.Piece{Anchor: anchors[i], Text: blocks[i]})
		}
	}
	switch {
	case len(anchors) > 0:
		wr.body = desk.Join(wr.pieces)
	case hasFields(c.Name):
		wr.body = fieldsIn(form).body(c.Part, q.book.Chapters)
	case c.Part == desk.PlanPart:
		wr.body = handbook.WriteChapters(planIn(q))
	}
	for _, anchor := range form["current"] {
		wr.current[anchor] = true
	}
	return wr
}

// save stores the fields; where that is not possible, the editor comes back with the words in it and with the reason.
func (q *request) save(c *desk.Copy) {
	wr := q.sent(c)
	edit := desk.Edit{
		Name: q.name, At: desk.Mark(q.PostForm.Get("at")), Seen: q.PostForm.Get("seen"), Current: q.PostForm["current"], Reason: wr.reason,
		Text: desk.Text{Title: wr.title, Body: wr.body, Citations: wr.cited}, Adopt: q.PostForm.Get("adopt") != "",
	}
	_, err := q.e.o.Desk.Save(q.Context(), edit, q.who)
	var problems handbook.Problems
	var conflict *desk.Conflict
	switch {
	case err == nil:
		q.back(address(q.name) + "?done=saved")
	case errors.As(err, &conflict):
		q.conflict(wr, edit, conflict)
	case errors.As(err, &problems):
		wr.alert, wr.problems = "not_saved", problems
		q.editor(http.StatusUnprocessableEntity, wr)
	default:
		status, key := wordOf(err)
		if status == http.StatusInternalServerError {
			q.e.o.Log.WithError(err).Error("a text of the handbook cannot be stored")
		}
		wr.alert = key
		q.editor(status, wr)
	}
}

// conflict shows both texts in one: what only one of two has changed is taken, and where both did, theirs stands beside.
func (q *request) conflict(wr *writing, edit desk.Edit, conflict *desk.Conflict) {
	now := conflict.Now
	base := q.before(edit)
	wr.copy, wr.alert, wr.aside, wr.theirs = now, "conflict", conflict.Aside, map[string]string{}
	if conflict.Aside == 0 {
		wr.alert = "changed_meanwhile"
	}
	switch {
	case hasFields(q.name):
		both, clashes := merged(fieldsOf(base), fieldsOf(edit.Text.Body), fieldsOf(now.Body))
		wr.body, wr.theirs = both.body(q.name.Part, q.book.Chapters), clashes
	case now.IsSection():
		merged, clashes := desk.Merge(base, edit.Text.Body, now.Body)
		wr.body, wr.pieces = merged, desk.Pieces(merged)
		for _, p := range desk.Pieces(now.Body) {
			if slices.Contains(clashes, p.Anchor) {
				wr.theirs[p.Anchor] = p.Text
			}
		}
	}
	q.editor(http.StatusConflict, wr)
}

// before is the text that somebody had before them when they began to write.
func (q *request) before(edit desk.Edit) string {
	version, _, _ := strings.Cut(string(edit.At), "-")
	if seen, err := strconv.ParseInt(version, 10, 64); err == nil && seen > 0 {
		step, err := q.e.o.Desk.Step(q.Context(), q.name, seen)
		if err != nil {
			return ""
		}
		return step.Body
	}
	published, err := desk.OfEdition(q.book.Book, q.name)
	if err != nil {
		return ""
	}
	return published.Body
}

// DraftTime bounds how long the machine may take for a section.
const DraftTime = 5 * time.Minute

// previewBlock renders one heading while somebody writes.
func previewBlock(q *request) {
	c, ok := q.copyOf()
	if !ok {
		return
	}
	var b markup.Builder
	rendered, problems := q.rendered(c, q.PostForm.Get("text"))
	for _, p := range problems {
		q.problem(&b, p)
	}
	for _, block := range rendered {
		b.Put("%s", block)
	}
	markup.Serve(q.w, http.StatusOK, markup.Strict, b.HTML())
}

// previewOf shows the words that were sent as readers would see them.
func (q *request) previewOf(b *markup.Builder, wr *writing) {
	b.Put(`<section class="preview" aria-labelledby="preview"><h2 id="preview">%s</h2>`, q.words.Text("preview"))
	switch {
	case hasFields(wr.copy.Name):
		q.fieldsPreview(b, wr)
	case wr.copy.Part == desk.PlanPart:
		shown := *wr.copy
		shown.Body = wr.body
		q.planPreview(b, &shown)
	}
	if !wr.copy.IsSection() {
		b.Put("</section>\n")
		return
	}
	rendered, problems := q.rendered(wr.copy, wr.body)
	for _, p := range problems {
		q.problem(b, p)
	}
	b.Put(`<article %s><h1>%s</h1>`, site.TongueOf(wr.copy.Language).Attributes(), wr.title)
	for _, block := range rendered {
		b.Put("%s\n", block)
	}
	b.Put("</article></section>\n")
}

func (q *request) problem(b *markup.Builder, p handbook.Problem) {
	b.Put(`<p class="problem" %s>`, q.shown.Attributes())
	q.said(b, p)
	b.Put("</p>")
}

// rendered makes what readers see of a text, or says why it is not of the format.
func (q *request) rendered(c *desk.Copy, body string) ([]markup.HTML, []handbook.Problem) {
	s, err := asSection(c, body)
	var problems handbook.Problems
	if errors.As(err, &problems) {
		return nil, problems
	}
	if err != nil {
		return nil, []handbook.Problem{{Reason: err.Error()}}
	}
	blocks, err := site.Blocks(q.book.Book, s, q.shown.Tag)
	if err != nil {
		return nil, []handbook.Problem{{Reason: err.Error()}}
	}
	return blocks, nil
}

// asSection reads a text as the section that it belongs to.
func asSection(c *desk.Copy, body string) (*handbook.Section, error) {
	written := &handbook.Section{
		Provenance: handbook.Provenance{Language: c.Language, Status: handbook.Draft, Translator: "-", Written: "2000-01-01", Updated: "2000-01-01"},
		ID:         c.Part, Title: "-", Body: strings.ReplaceAll(body, "\r\n", "\n"), SourceHash: strings.Repeat("0", 32),
		SourceBlocks: map[string]string{c.Part + "-brief": strings.Repeat("0", 32)},
	}
	return handbook.ReadSection(c.File(), handbook.WriteSection(written, ""), false)
}
