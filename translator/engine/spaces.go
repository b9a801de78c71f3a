package engine

import (
	"strings"

	"medixchange/internal/pattern"
	"medixchange/translator/protect"
)

// spaceRuns are the spaces that words leave behind which a translation has not: Apertium writes "  Tienes dolor?" for "Do you have pain?".
var spaceRuns = pattern.Lazy(`  +`)

// spacedAs gives a translation of a segment the spaces at both ends that its source has, and single ones within, unless the source has
// several in a row.
func spacedAs(source, translated protect.Segment) protect.Segment {
	if !spaceRuns().MatchString(source.Plain()) {
		for i := range translated {
			if translated[i].Kind == protect.Text {
				translated[i].Text = spaceRuns().ReplaceAllString(translated[i].Text, " ")
			}
		}
	}
	if at := edge(translated, 0, 1); at >= 0 {
		translated[at].Text = leading(source) + strings.TrimLeft(translated[at].Text, " ")
	}
	if at := edge(translated, len(translated)-1, -1); at >= 0 {
		translated[at].Text = strings.TrimRight(translated[at].Text, " ") + trailing(source)
	}
	return translated
}

// edge finds the text with which a segment begins or ends, whatever markup is around it; -1 where that is no text.
func edge(segment protect.Segment, from, step int) int {
	for i := from; i >= 0 && i < len(segment); i += step {
		switch segment[i].Kind {
		case protect.Text:
			return i
		case protect.Atom:
			return -1
		}
	}
	return -1
}

func leading(source protect.Segment) string {
	at := edge(source, 0, 1)
	if at < 0 {
		return ""
	}
	return source[at].Text[:len(source[at].Text)-len(strings.TrimLeft(source[at].Text, " "))]
}

func trailing(source protect.Segment) string {
	at := edge(source, len(source)-1, -1)
	if at < 0 {
		return ""
	}
	return source[at].Text[len(strings.TrimRight(source[at].Text, " ")):]
}
