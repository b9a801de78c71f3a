package edit

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"medixchange/handbook"
	"medixchange/handbook/desk"
	"medixchange/handbook/site"
	"medixchange/internal/markup"
)

// writing is what the editor shows: words that are stored, or that were sent and could not be.
type writing struct {
	copy    *desk.Copy
	title   string
	pieces  []desk.Piece
	body    string // of what is not divided
	cited   string
	reason  string
	current map[string]bool // anchors whose boxes are ticked

	alert    string // key of what went wrong; ""
	problems []handbook.Problem
	theirs   map[string]string // what somebody else made of a heading or field meanwhile
	aside    int64             // the version under which the words were kept
	preview  bool
	unsaved  bool // sections were moved in the form
}

func writingOf(c *desk.Copy) *writing {
	return &writing{copy: c, title: c.Title, pieces: desk.Pieces(c.Body), body: c.Body, cited: c.Citations, current: map[string]bool{}}
}

// piece gives the words for a heading.
func (wr *writing) piece(anchor string) (string, bool) {
	i := slices.IndexFunc(wr.pieces, func(p desk.Piece) bool { return p.Anchor == anchor })
	if i < 0 {
		return "", false
	}
	return wr.pieces[i].Text, true
}

func editorPage(q *request) {
	if c, ok := q.copyOf(); ok {
		q.editor(http.StatusOK, writingOf(c))
	}
}

// editor answers with the editor.
func (q *request) editor(status int, wr *writing) {
	findings, err := q.e.o.Desk.Findings(wr.copy)
	if err != nil {
		q.fail(err)
		return
	}
	source := q.source(wr.copy)
	var left []markup.HTML
	if source != nil {
		if left, err = site.Blocks(q.book.Book, source, q.shown.Tag); err != nil {
			q.fail(err)
			return
		}
	}
	q.page(status, q.title(q.name)+" · "+q.words.Text("edit"), func(b *markup.Builder) {
		q.crumb(b, wr.copy, "edit")
		q.notice(b)
		q.troubles(b, wr)
		if wr.preview {
			q.previewOf(b, wr)
		}
		q.findings(b, findings)
		q.machineNotes(b, wr.copy)
		writes := wr.copy.May(desk.Saved, q.who) == nil
		if !writes {
			b.Put(`<p>%s</p>`, q.words.Text("only_look"))
		}
		q.form(b, wr, source, left, writes)
		q.steps(b, wr.copy)
	})
}

// troubles says why words could not be stored.
func (q *request) troubles(b *markup.Builder, wr *writing) {
	if wr.alert == "" {
		return
	}
	b.Put(`<div class="state outdated" role="alert" id="trouble"><p>%s</p>`, q.words.Say(wr.alert, "version", wr.aside))
	if len(wr.problems) > 0 {
		b.Put("<ul>")
		for _, p := range wr.problems {
			b.Put("<li>")
			q.said(b, p)
			b.Put("</li>")
		}
		b.Put("</ul>")
	}
	b.Put("</div>\n")
}

// findings are what the checks found.
func (q *request) findings(b *markup.Builder, findings []handbook.Finding) {
	if len(findings) == 0 {
		return
	}
	b.Put(`<details class="state machine findings" open><summary>%s (%s)</summary><ul>`, q.words.Text("findings"), strconv.Itoa(len(findings)))
	for _, f := range findings {
		b.Put(`<li class="%s">`, f.Severity)
		q.said(b, f.Problem)
		b.Put("</li>")
	}
	b.Put("</ul></details>\n")
}

// machineNotes are what a machine's draft has left open.
func (q *request) machineNotes(b *markup.Builder, c *desk.Copy) {
	if len(c.Notes) == 0 {
		return
	}
	t := site.TongueOf(q.book.Source)
	b.Put(`<details class="state machine notes" open><summary>%s (%s)</summary><ul>`, q.words.Text("left_open"), strconv.Itoa(len(c.Notes)))
	for _, n := range c.Notes {
		b.Put(`<li><a href="#at-%s"><span %s>%s</span></a> <code>%s</code></li>`, n.Anchor, t.Attributes(), shortened(n.Text), n.What)
	}
	b.Put("</ul></details>\n")
}

const maxShown = 120 // runes of a text in a list

func shortened(text string) string {
	runes := []rune(text)
	if len(runes) <= maxShown {
		return text
	}
	return string(runes[:maxShown]) + "…"
}

// form writes the fields.
func (q *request) form(b *markup.Builder, wr *writing, source *handbook.Section, left []markup.HTML, writes bool) {
	c := wr.copy
	b.Put(`<form method="post" action="%s" class="writing" accept-charset="utf-8"><input type="hidden" name="at" value="%s">`, address(c.Name), c.Mark())
	if source != nil {
		b.Put(`<input type="hidden" name="seen" value="%s">`, source.Hash)
	}
	if c.IsSection() {
		q.titleField(b, wr, source)
	}
	switch {
	case source != nil:
		q.pairs(b, wr, source, left)
	case c.IsSection():
		q.area(b, "body", q.words.Text("text"), begun(wr), c.Language, 30)
		q.area(b, "citations", q.words.Text("citations"), wr.cited, "en", 12)
	case hasFields(c.Name):
		q.fieldsForm(b, wr)
	default:
		q.planForm(b, wr, writes)
	}
	if !writes {
		b.Put("</form>\n")
		return
	}
	if c.Moved {
		b.Put(`<p class="box"><input type="checkbox" id="adopt" name="adopt" value="yes"><label for="adopt">%s</label></p>`, q.words.Text("adopt"))
	}
	b.Put(`<p class="field"><label for="reason">%s</label><input id="reason" name="reason" maxlength="1000" dir="auto" value="%s"></p>`, q.words.Text("reason"), wr.reason)
	b.Put(`<p class="buttons"><button type="submit" name="do" value="save">%s</button> <button type="submit" name="do" value="preview" class="quiet">%s</button></p></form>`+"\n",
		q.words.Text("save"), q.words.Text("preview"))
}

// begun is the text of an original, with the heading that each begins with where there is none yet.
func begun(wr *writing) string {
	if wr.copy.State != desk.Missing || strings.TrimSpace(wr.body) != "" {
		return wr.body
	}
	return "## In brief {#" + wr.copy.Part + handbook.BriefSuffix + "}\n\n"
}

func (q *request) titleField(b *markup.Builder, wr *writing, source *handbook.Section) {
	t := site.TongueOf(wr.copy.Language)
	b.Put(`<p class="field"><label for="title">%s</label>`, q.words.Text("title"))
	if source != nil {
		b.Put(` <span class="original" %s>%s</span>`, site.TongueOf(q.book.Source).Attributes(), source.Title)
	}
	b.Put(`<input id="title" name="title" maxlength="400" required %s value="%s"></p>`+"\n", t.Attributes(), wr.title)
	if source != nil && wr.copy.SourceHash != "" && wr.copy.SourceHash != source.Hash {
		q.box(b, desk.WholeTitle, q.words.Text("title_current"), wr.current[desk.WholeTitle])
	}
}

func (q *request) box(b *markup.Builder, anchor, label string, ticked bool) {
	checked := markup.HTML("")
	if ticked {
		checked = " checked"
	}
	b.Put(`<p class="box"><input type="checkbox" id="current-%s" name="current" value="%s"%s><label for="current-%s">%s</label></p>`+"\n", anchor, anchor, checked, anchor, label)
}

// area writes a field for many lines.
func (q *request) area(b *markup.Builder, name, label, text, language string, rows int) {
	b.Put(`<p class="field"><label for="%s">%s</label><textarea id="%s" name="%s" rows="%s" spellcheck="true" %s>`+"\n%s</textarea></p>\n",
		name, label, name, name, strconv.Itoa(rows), site.TongueOf(language).Attributes(), text)
}

// rowsOf is how high a field is for a text.
func rowsOf(text string) int {
	rows := 1
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		rows += 1 + len([]rune(line))/60
	}
	return min(max(rows, 4), 30)
}

// pairs writes the original beside the translation, heading by heading.
func (q *request) pairs(b *markup.Builder, wr *writing, source *handbook.Section, left []markup.HTML) {
	from := site.TongueOf(q.book.Source)
	to := site.TongueOf(wr.copy.Language)
	b.Put(`<div class="pairs"><div class="pair names"><p %s>%s</p><p %s>%s</p></div>`+"\n", from.Attributes(), from.Name, to.Attributes(), to.Name)
	for i, block := range source.Blocks {
		text, _ := wr.piece(block.Anchor)
		b.Put(`<div class="pair" id="at-%s"><div %s>%s</div><div>`, block.Anchor, from.Attributes(), left[i])
		was, had := wr.copy.SourceBlocks[block.Anchor]
		outdated := had && was != block.Hash
		if outdated {
			q.changeOf(b, was, block)
		}
		q.blockField(b, wr, block.Anchor, block.Title, text)
		if outdated {
			q.box(b, block.Anchor, q.words.Text("current"), wr.current[block.Anchor])
		}
		q.terms(b, block)
		b.Put("</div></div>\n")
	}
	for _, p := range wr.pieces {
		if _, there := source.Block(p.Anchor); !there {
			b.Put(`<div class="pair"><div><p class="mark">%s</p></div><div>`, q.reading.Text("removed"))
			q.blockField(b, wr, p.Anchor, p.Anchor, p.Text)
			b.Put("</div></div>\n")
		}
	}
	b.Put("</div>\n")
}

func (q *request) blockField(b *markup.Builder, wr *writing, anchor, heading, text string) {
	id := "block-" + anchor
	b.Put(`<input type="hidden" name="anchor" value="%s"><label for="%s" class="small">%s <bdi>%s</bdi></label>`, anchor, id, q.words.Text("text_under"), heading)
	b.Put(`<textarea id="%s" name="block" rows="%s" spellcheck="true" data-preview="%s/preview" %s>`+"\n%s</textarea>", id, strconv.Itoa(rowsOf(text)), address(wr.copy.Name),
		site.TongueOf(wr.copy.Language).Attributes(), text)
	b.Put(`<div class="live" %s hidden></div>`, site.TongueOf(wr.copy.Language).Attributes())
	if theirs, ok := wr.theirs[anchor]; ok {
		b.Put(`<details open class="theirs"><summary>%s</summary><pre %s>%s</pre></details>`, q.words.Text("theirs"), site.TongueOf(wr.copy.Language).Attributes(), theirs)
	}
}

// changeOf shows what has changed in the original since the translation was made, where it is known what it said.
func (q *request) changeOf(b *markup.Builder, was string, block handbook.Block) {
	b.Put(`<details class="mark" open><summary>%s</summary>`, q.reading.Text("changed"))
	if q.e.o.Said != nil {
		before, ok, err := q.e.o.Said(q.Context(), was)
		if err != nil {
			q.e.o.Log.WithError(err).Warn("what the original said before cannot be read")
		}
		if ok {
			q.diff(b, q.book.Source, before, block.Text)
		}
	}
	b.Put("</details>\n")
}

// diff writes two texts in one, what is new and what is gone marked.
func (q *request) diff(b *markup.Builder, language, before, after string) {
	b.Put(`<div class="diff" %s>`, site.TongueOf(language).Attributes())
	for _, piece := range handbook.Pieces(strings.Split(before, "\n"), strings.Split(after, "\n")) {
		switch piece.Kind {
		case handbook.New:
			b.Put("<ins>%s</ins>", piece.Text)
		case handbook.Gone:
			b.Put("<del>%s</del>", piece.Text)
		default:
			b.Put("%s", piece.Text)
		}
	}
	b.Put("</div>\n")
}
