package edit

import (
	"medixchange/handbook"
	"medixchange/internal/markup"
)

// said writes why something is refused, or what the checks found, in the words of the page where it is a common reason, else in
// English.
func (q *request) said(b *markup.Builder, p handbook.Problem) {
	text, ok := q.saying(p)
	if !ok {
		b.Put(`<span lang="en" dir="ltr">%s</span>`, p.Reason)
		return
	}
	b.Put("%s", text)
}

func (q *request) saying(p handbook.Problem) (markup.HTML, bool) {
	if p.Kind == "outdated" {
		return q.reading.Say("about_outdated"), true
	}
	args := p.Args
	if p.Kind == "value" && q.e.o.Item != nil {
		if item := q.e.o.Item(q.shown.Tag, args[0]); item != "" {
			args[0] = item
		}
	}
	for i, arg := range args {
		if arg == handbook.NothingLikeIt || arg == handbook.NoneListed {
			args[i] = "—"
		}
	}
	for _, key := range []string{"p_" + p.Kind, "f_" + p.Kind} {
		if p.Kind != "" && q.words.Text(key) != "" {
			return q.words.Say(key, "a", args[0], "b", args[1], "c", args[2]), true
		}
	}
	return "", false
}

// saidOf is said with the file and line before it, for what is about several files.
func (q *request) saidOf(b *markup.Builder, p handbook.Problem) {
	switch {
	case p.Line > 0:
		b.Put(`<code dir="ltr">%s:%s</code> `, p.File, number(int64(p.Line)))
	case p.File != "":
		b.Put(`<code dir="ltr">%s</code> `, p.File)
	}
	q.said(b, p)
}
