package edit

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"medixchange/handbook"
	"medixchange/handbook/desk"
	"medixchange/handbook/site"
	"medixchange/internal/markup"
)

// publishing is what the page of publishers shows.
type publishing struct {
	name     string
	reason   string
	chosen   []string // PART of LANGUAGE and mark
	alert    string
	problems []handbook.Problem
	doubtful bool // the checks found errors, which a publisher may overrule
}

func publishPage(q *request) { q.publishing(http.StatusOK, publishing{}) }

// publishing offers what is not published.
func (q *request) publishing(status int, p publishing) {
	if !q.publishes() {
		q.trouble(http.StatusForbidden, "not_allowed")
		return
	}
	entries, err := q.e.o.Desk.List(q.Context(), q.book.Languages)
	if err != nil {
		q.fail(err)
		return
	}
	entries = slices.DeleteFunc(entries, func(e desk.Entry) bool { return !e.Unsaid || !q.who.May(desk.Publisher, e.Language) })
	q.page(status, q.words.Text("publish"), func(b *markup.Builder) {
		b.Put("<h1>%s</h1>\n<p>%s</p>\n", q.words.Text("publish"), q.reading.Say("edition", "edition", q.book.Book.Edition, "date", q.book.Date))
		q.notice(b)
		if p.alert != "" {
			b.Put(`<div class="state outdated" role="alert"><p>%s</p><ul>`, q.words.Text(p.alert))
			for _, problem := range p.problems {
				b.Put("<li>")
				q.saidOf(b, problem)
				b.Put("</li>")
			}
			b.Put("</ul></div>\n")
		}
		if len(entries) == 0 {
			b.Put("<p>%s</p>\n", q.words.Text("nothing_new"))
			return
		}
		q.publishForm(b, entries, p)
	})
}

func (q *request) publishForm(b *markup.Builder, entries []desk.Entry, p publishing) {
	b.Put(`<form method="post" action="%spublish"><fieldset><legend>%s</legend>`+"\n", Root, q.words.Text("choose"))
	for i, e := range entries {
		value := choiceOf(e.Copy)
		ticked := markup.HTML("")
		if slices.Contains(p.chosen, value) || p.chosen == nil && (e.State == desk.Approved || e.State == desk.Reviewed) {
			ticked = " checked"
		}
		t := site.TongueOf(e.Language)
		b.Put(`<p class="box"><input type="checkbox" id="part-%s" name="part" value="%s"%s><label for="part-%s"><span lang="%s">%s</span> · %s</label> %s`,
			strconv.Itoa(i), value, ticked, strconv.Itoa(i), t.Lang, t.Name, q.label(e.Name), q.badge(e.Copy))
		b.Put(` <a href="%s/review">%s<span class="unseen">: %s</span></a></p>`+"\n", address(e.Name), q.words.Text("review"), q.title(e.Name))
	}
	b.Put(`</fieldset><p class="field"><label for="edition">%s</label><input id="edition" name="edition" required maxlength="60" dir="auto" value="%s"></p>`, q.words.Text("edition_name"), p.name)
	b.Put(`<p class="field"><label for="reason">%s</label><input id="reason" name="reason" maxlength="1000" dir="auto" value="%s"></p>`, q.words.Text("reason"), p.reason)
	if p.doubtful {
		b.Put(`<p class="box"><input type="checkbox" id="anyway" name="anyway" value="yes"><label for="anyway">%s</label></p>`, q.words.Text("anyway"))
	}
	b.Put(`<p class="buttons"><button type="submit">%s</button></p></form>`+"\n", q.words.Text("publish"))
}

// choiceOf names a copy as the publisher sees it.
func choiceOf(c *desk.Copy) string { return c.Language + " " + c.Part + " " + string(c.Mark()) }

func publish(q *request) {
	p := publishing{name: q.PostForm.Get("edition"), reason: q.PostForm.Get("reason"), chosen: q.PostForm["part"]}
	order := desk.Order{Edition: p.name, Reason: p.reason, Anyway: q.PostForm.Get("anyway") != ""}
	for _, value := range p.chosen {
		fields := strings.Fields(value)
		if len(fields) != 3 {
			q.trouble(http.StatusBadRequest, "failed")
			return
		}
		order.Choices = append(order.Choices, desk.Choice{Name: desk.Name{Language: fields[0], Part: fields[1]}, At: desk.Mark(fields[2])})
	}
	err := q.e.o.Desk.Publish(q.Context(), order, q.who)
	var problems handbook.Problems
	var refused *desk.Refused
	status := http.StatusUnprocessableEntity
	switch {
	case err == nil:
		q.back(Root + "publish?done=done")
		return
	case errors.As(err, &problems):
		p.alert, p.problems = "not_readable", problems
	case errors.As(err, &refused):
		p.alert, p.doubtful = "has_errors", true
		for _, f := range refused.Findings {
			p.problems = append(p.problems, f.Problem)
		}
	default:
		if status, p.alert = wordOf(err); status == http.StatusInternalServerError {
			q.e.o.Log.WithError(err).Error("an edition of the handbook cannot be published")
		} else {
			p.problems = append(p.problems, handbook.Problem{Reason: err.Error()})
		}
	}
	q.publishing(status, p)
}
