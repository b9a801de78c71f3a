package protect

import (
	"html"
	"strings"

	"medixchange/internal/pattern"
)

// mention is a user or everybody in a room as texts name them.
var mention = pattern.Lazy(`^(?:@[A-Za-z0-9._=/+-]+:[A-Za-z0-9.-]+(?::\d+)?[A-Za-z0-9]|@room\b)`)

// mentionPill is the link by which HTML begins that names a user; its group is how it reads.
var mentionPill = pattern.Lazy(`^\s*(?:<p>)?\s*<a [^>]*href="(?:https://matrix\.to/#/(?:@|%40)|matrix:u/)[^>]*>([^<]*)</a>`)

// afterMention stands between a mention and what is said to whom it names.
const afterMention = " \t:,;，、：؛،-–—"

// PastMention is a body without the mentions that it begins with, and what stands between them and the words. formatted is
// the message's HTML, empty if there is none.
func PastMention(body, formatted string) string {
	if pill := pillOf(formatted); pill != nil {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(body), html.UnescapeString(pill[1])); ok && pill[1] != "" {
			body = strings.TrimLeft(rest, afterMention)
		}
	}
	for {
		named := strings.TrimLeft(body, " ")
		if !strings.HasPrefix(named, "@") {
			return body
		}
		at := mention().FindStringIndex(named)
		if at == nil {
			return body
		}
		body = strings.TrimLeft(named[at[1]:], afterMention)
	}
}

// pillOf is the link to a user that a text begins with, and its words; nil for none.
func pillOf(formatted string) []string {
	if !strings.Contains(formatted, "<a ") {
		return nil
	}
	return mentionPill().FindStringSubmatch(formatted)
}

// CutMention parts a segment behind the mentions that it begins with; before is empty when it begins with none.
func CutMention(segment Segment) (before, rest Segment) {
	rest = segment
	for len(rest) > 1 && rest[0].Kind == Atom && rest[0].Mention {
		before, rest = append(before, rest[0]), rest[1:]
		if rest[0].Kind != Text {
			continue
		}
		words := strings.TrimLeft(rest[0].Text, afterMention)
		if marks := rest[0].Text[:len(rest[0].Text)-len(words)]; marks != "" {
			before = append(before, Piece{Kind: Text, Text: marks})
		}
		if words == "" {
			rest = rest[1:]
			continue
		}
		said := rest[0]
		said.Text = words
		rest = append(Segment{said}, rest[1:]...)
	}
	if len(rest) == 0 {
		return nil, segment
	}
	return before, rest
}

// namesUser reports whether a link names a user.
func namesUser(address string) bool {
	return strings.HasPrefix(address, "matrix:u/") || strings.Contains(address, "matrix.to/#/@") || strings.Contains(address, "matrix.to/#/%40")
}
