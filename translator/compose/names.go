package compose

import (
	"html"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"medixchange/internal/pattern"
	"medixchange/translator/language"
)

// pill is a link to a user, a room or an event, as HTML has it: how it begins, how it reads, how it ends.
var pill = pattern.Lazy(`(<a [^>]*href="(?:https://matrix\.to/#/|matrix:)[^>]*>)([^<]+)(</a>)`)

// matrixID is a user id or an alias of a room that stands in a text as it is.
var matrixID = pattern.Lazy(`[@#][A-Za-z0-9._=/+-]+:[A-Za-z0-9.-]*[A-Za-z0-9](?::[0-9]+)?`)

// turns reports whether a name in a text of a reader's language would change places with what stands beside it: "@ana:b" is
// shown as "ana:b@" in Arabic, and a number after "أحمد" before it in English.
func turns(to language.Code, name string) bool {
	if to.RightToLeft() {
		return strings.ContainsFunc(name, func(r rune) bool { return unicode.In(r, unicode.Latin, unicode.Cyrillic, unicode.Greek) })
	}
	return hasRightToLeft(name)
}

// isolateNames keeps the names that HTML of the same message links to, and ids, in their own direction.
func isolateNames(to language.Code, text, formatted string) string {
	for _, name := range pillNames(to, formatted) {
		text = isolateWord(text, name)
	}
	if to.RightToLeft() && strings.ContainsAny(text, "@#") {
		text = matrixID().ReplaceAllString(text, firstStrongIsolate+"${0}"+popIsolate)
	}
	return text
}

// pillNames returns how the links of HTML read that turn something around, longer ones first.
func pillNames(to language.Code, formatted string) []string {
	if !strings.Contains(formatted, "<a ") {
		return nil
	}
	var names []string
	for _, link := range pill().FindAllStringSubmatch(formatted, -1) {
		name := html.UnescapeString(link[2])
		if turns(to, name) && !matrixID().MatchString(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.SortStableFunc(names, func(x, y string) int { return len(y) - len(x) })
	return names
}

// isolateWord isolates a name wherever it stands alone: not in a longer word, nor in a name that is isolated already.
func isolateWord(text, name string) string {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, name)
		out.WriteString(before)
		if !found {
			return out.String()
		}
		left, _ := utf8.DecodeLastRuneInString(before)
		right, _ := utf8.DecodeRuneInString(after)
		if joins(left) || joins(right) {
			out.WriteString(name)
		} else {
			out.WriteString(firstStrongIsolate + name + popIsolate)
		}
		text = after
	}
}

func joins(r rune) bool {
	return unicode.IsLetter(r) || string(r) == firstStrongIsolate || string(r) == popIsolate
}

// isolateNamesInHTML keeps what links to users, rooms and events are called in its own direction.
func isolateNamesInHTML(to language.Code, formatted string) string {
	if !strings.Contains(formatted, "<a ") {
		return formatted
	}
	return pill().ReplaceAllStringFunc(formatted, func(link string) string {
		parts := pill().FindStringSubmatch(link)
		if !turns(to, parts[2]) {
			return link
		}
		return parts[1] + firstStrongIsolate + parts[2] + popIsolate + parts[3]
	})
}
