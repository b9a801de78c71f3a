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
	if len(anchors) > 0 {
		wr.body = desk.Join(wr.pieces)
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
	base := ""
	if version, _, ok := strings.Cut(string(edit.At), "-"); ok {
		if seen, err := strconv.ParseInt(version, 10, 64); err == nil && seen > 0 {
			if step, err := q.e.o.Desk.Step(q.Context(), q.name, seen); err == nil {
				base = step.Body
			}
		} else if s, ok := q.book.Section(q.name.Language, q.name.Part); ok {
			base = s.Body
		}
	}
	merged, clashes := desk.Merge(base, edit.Text.Body, now.Body)
	wr.copy, wr.body, wr.pieces = now, merged, desk.Pieces(merged)
	wr.alert, wr.aside, wr.theirs = "conflict", conflict.Aside, map[string]string{}
	for _, p := range desk.Pieces(now.Body) {
		if slices.Contains(clashes, p.Anchor) {
			wr.theirs[p.Anchor] = p.Text
		}
	}
	q.editor(http.StatusConflict, wr)
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
		b.Put(`<p class="problem" lang="en" dir="ltr">%s</p>`, p.Reason)
	}
	for _, block := range rendered {
		b.Put("%s", block)
	}
	markup.Serve(q.w, http.StatusOK, markup.Strict, b.HTML())
}

// previewOf shows the words that were sent as readers would see them.
func (q *request) previewOf(b *markup.Builder, wr *writing) {
	b.Put(`<section class="preview" aria-labelledby="preview"><h2 id="preview">%s</h2>`, q.words.Text("preview"))
	if !wr.copy.IsSection() {
		b.Put("<pre>%s</pre></section>\n", wr.body)
		return
	}
	rendered, problems := q.rendered(wr.copy, wr.body)
	for _, p := range problems {
		b.Put(`<p class="problem" lang="en" dir="ltr">%s</p>`, p.Reason)
	}
	b.Put(`<article %s><h1>%s</h1>`, site.TongueOf(wr.copy.Language).Attributes(), wr.title)
	for _, block := range rendered {
		b.Put("%s\n", block)
	}
	b.Put("</article></section>\n")
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
