package desk

import (
	"slices"
	"strings"

	"medixchange/internal/pattern"
)

// Piece is a heading with the text below it, as somebody wrote it.
type Piece struct {
	Anchor string // "" for what stands before the first heading, and for headings without one
	Text   string
}

var headingLine = pattern.Lazy(`^#{2,3} .*\{#([a-z0-9-]+)\}[ \t]*$`)

// Pieces divides a text at its headings, whether or not it is of the format otherwise.
func Pieces(body string) []Piece {
	var all []Piece
	for _, line := range strings.SplitAfter(strings.ReplaceAll(body, "\r\n", "\n"), "\n") {
		if found := headingLine().FindStringSubmatch(strings.TrimRight(line, "\n")); found != nil || len(all) == 0 {
			p := Piece{}
			if found != nil {
				p.Anchor = found[1]
			}
			all = append(all, p)
		}
		all[len(all)-1].Text += line
	}
	if strings.TrimSpace(all[0].Text) == "" {
		all = all[1:]
	}
	for i := range all {
		all[i].Text = strings.TrimSpace(all[i].Text) + "\n"
	}
	return all
}

// Join puts pieces together.
func Join(pieces []Piece) string {
	texts := make([]string, len(pieces))
	for i, p := range pieces {
		texts[i] = strings.TrimSpace(p.Text) + "\n"
	}
	return strings.Join(texts, "\n")
}

// Merge brings together what two people made of one text, heading by heading. Where both have changed the same heading, mine is
// taken and its anchor is among the clashes.
func Merge(base, mine, theirs string) (merged string, clashes []string) {
	was, other := byAnchor(base), byAnchor(theirs)
	var out []Piece
	own := Pieces(mine)
	for _, p := range own {
		before, had := was[p.Anchor]
		now, there := other[p.Anchor]
		switch {
		case p.Text == now:
		case had && there && p.Text == before:
			p.Text = now
		case had && !there && p.Text == before:
			continue // they took it out
		case now != before:
			clashes = append(clashes, p.Anchor)
		}
		out = append(out, p)
	}
	return Join(withAdded(out, own, was, Pieces(theirs))), clashes
}

func byAnchor(body string) map[string]string {
	texts := map[string]string{}
	for _, p := range Pieces(body) {
		texts[p.Anchor] = p.Text
	}
	return texts
}

// withAdded puts in what they added, behind the heading that it stands behind there.
func withAdded(out, own []Piece, was map[string]string, theirs []Piece) []Piece {
	for i, p := range theirs {
		_, had := was[p.Anchor]
		if had || slices.ContainsFunc(own, func(o Piece) bool { return o.Anchor == p.Anchor }) {
			continue
		}
		at := len(out)
		if i > 0 {
			if behind := slices.IndexFunc(out, func(o Piece) bool { return o.Anchor == theirs[i-1].Anchor }); behind >= 0 {
				at = behind + 1
			}
		}
		out = slices.Insert(out, at, p)
	}
	return out
}
