package edit

import (
	"net/http"
	"strconv"

	"medixchange/handbook/desk"
	"medixchange/internal/markup"
)

// historyPage lists every step of a part.
func historyPage(q *request) {
	c, ok := q.copyOf()
	if !ok {
		return
	}
	steps, err := q.e.o.Desk.History(q.Context(), q.name)
	if err != nil {
		q.fail(err)
		return
	}
	q.page(http.StatusOK, q.title(q.name)+" · "+q.words.Text("history"), func(b *markup.Builder) {
		q.crumb(b, c, "history")
		if len(steps) == 0 {
			b.Put("<p>%s</p>\n", q.words.Text("no_history"))
			return
		}
		b.Put(`<ol class="steps" reversed>`)
		for _, s := range steps {
			b.Put(`<li value="%s"><a href="%s/history/%s">%s</a> <span class="badges">%s</span> <bdi>%s</bdi> <time>%s</time>`,
				number(s.Version), address(q.name), number(s.Version), q.words.Text("did_"+string(s.Action)), q.badge(&s.Copy), s.ActorName, when(s.TS))
			if s.Reason != "" {
				b.Put(`<br><q dir="auto">%s</q>`, s.Reason)
			}
			b.Put("</li>\n")
		}
		b.Put("</ol>\n")
	})
}

// stepPage shows the text of one step against the working copy, and the way back to it.
func stepPage(q *request) {
	c, ok := q.copyOf()
	if !ok {
		return
	}
	s, err := q.e.o.Desk.Step(q.Context(), q.name, q.version())
	if err != nil {
		q.fail(err)
		return
	}
	q.page(http.StatusOK, q.title(q.name)+" · "+q.words.Text("history"), func(b *markup.Builder) {
		q.crumb(b, c, "history")
		b.Put(`<h2>%s · %s</h2><p>%s <bdi>%s</bdi> · %s</p>`+"\n", q.words.Say("version", "version", s.Version), q.words.Text("did_"+string(s.Action)),
			q.badge(&s.Copy), s.ActorName, when(s.TS))
		if s.Body == "" {
			b.Put("<p>%s</p>\n", q.words.Text("text_gone"))
			return
		}
		b.Put("<h3>%s</h3>\n", q.words.Text("if_restored"))
		q.against(b, &s.Copy, c)
		if c.May(desk.Restored, q.who) == nil {
			q.step(b, c, desk.Restored, "reason_needed", s.Version)
		}
		q.previewOf(b, writingOf(&s.Copy))
	})
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
