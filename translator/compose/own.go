package compose

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"medixchange/internal/pattern"
	"medixchange/translator/check"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// What was translated once is never translated again (TRANSLATION 12). This is how the translator knows its own words, in
// quotes and copies.

// OwnMark begins every line by which the translator says that it has been there.
const OwnMark = globe

// ownSign is what of it no client takes away.
var ownSign = strings.TrimSpace(OwnMark)

// ReasonCopy says that a message is a machine's translation of something that is not known here.
const ReasonCopy = "copy"

// PlainLines returns the lines of a text without empty ones, directional marks and the marks of quotes. Clients copy spaces at which
// no line ends as others.
func PlainLines(text string) []string {
	var lines []string
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(WithoutDirections(strings.TrimLeft(strings.TrimSpace(line), ">")))
		line = strings.ReplaceAll(line, noBreak, " ")
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// WithoutDirections drops the marks and isolates that only say in which direction a text runs.
func WithoutDirections(text string) string { return strings.Map(dropDirections, text) }

func dropDirections(r rune) rune {
	switch {
	case r == '\u200e', r == '\u200f', r == '\u061c', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
		return -1
	}
	return r
}

// Marked reports whether one of the lines of [PlainLines] is the translator's: 🌐 alone may be anybody's.
func Marked(lines []string) bool { return slices.ContainsFunc(lines, isOwn) }

// IsCopy reports whether a whole message is a translation that somebody copied: with a line in words that only we write. With the
// original first our mark stands between the two, and clients that flatten what is one step away write its title between them.
func IsCopy(text string) bool {
	if !strings.Contains(text, ownSign) {
		return false
	}
	return slices.ContainsFunc(strings.Split(text, "\n"), func(line string) bool {
		return !strings.HasPrefix(line, ">") && isOwn(WithoutDirections(line))
	})
}

func isOwn(line string) bool { return strings.Contains(line, OwnMark) && ownMarks().MatchString(line) }

// CutCopy cuts a text after the first line of ours that has another one above it, which is where a copied translation ends.
func CutCopy(text string) (copied, own string, found bool) {
	end, above := 0, false
	for line := range strings.Lines(text) {
		end += len(line)
		plain := PlainLines(line)
		if above && Marked(plain) {
			return text[:end], text[end:], true
		}
		above = above || len(plain) > 0
	}
	return text, "", false
}

// ownLines are the texts that begin a line of ours with 🌐.
var ownLines = []string{"mark", "mark_pivot", "late", "late_edit", "late_note", "late_note_edit", "withdrawn", "remains", "not_translated"}

// ownMarks finds one of our lines, and the title of an original in a line, in the languages of all readers.
var ownMarks = sync.OnceValue(func() *regexp.Regexp {
	var forms []string
	for _, reader := range language.All {
		for _, key := range ownLines {
			forms = append(forms, `^\s*`+formOf(reader, key))
		}
		begins, _, _ := strings.Cut(readAsForm(reader), anything)
		forms = append(forms, `^\s*`+begins, OwnMark+formOf(reader, "original"))
	}
	return regexp.MustCompile(strings.Join(forms, "|"))
})

// formOf writes a text of ours as a pattern in which any language may be named.
func formOf(reader language.Code, key string, pairs ...string) string {
	names := make([]string, 0, len(language.All))
	for _, code := range language.All {
		names = append(names, regexp.QuoteMeta(code.Name(reader)))
	}
	words := WithoutDirections(language.String(reader, key, append(pairs, "language", "\x00", "pivot", "\x00", "reason", "")...))
	return strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(words)), "\x00", "(?:"+strings.Join(names, "|")+")")
}

// anything is what somebody said, over several lines.
const anything = `(?s:.*)`

// readAsForm is the line that says under an answer how its sender had read what they answer.
func readAsForm(reader language.Code) string {
	var verdicts []string
	for _, verdict := range []check.Verdict{check.Pass, check.Warn, check.Block} {
		verdicts = append(verdicts, formOf(reader, "verdict_"+string(verdict)))
	}
	form := formOf(reader, "read_as", "text", "\x01", "verdict", "\x02")
	return OwnMark + strings.NewReplacer("\x01", anything, "\x02", "(?:"+strings.Join(verdicts, "|")+")").Replace(form)
}

// readAs finds the last such line of a text with which that ends, and the text before it.
var readAs = sync.OnceValue(func() *regexp.Regexp {
	var forms []string
	for _, reader := range language.All {
		forms = append(forms, readAsForm(reader))
	}
	return regexp.MustCompile(`^(` + anything + `)\n(?:` + strings.Join(forms, "|") + `)$`)
})

// WithoutReadAs returns lines of [PlainLines] without what their sender was told under an answer: how its author had read what
// they answer. It is ours, and for its one reader.
func WithoutReadAs(lines []string) []string {
	if !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, OwnMark) }) {
		return lines
	}
	found := readAs().FindStringSubmatch(strings.Join(lines, "\n"))
	if found == nil {
		return lines
	}
	return strings.Split(found[1], "\n")
}

// TakeQuoted puts something else in the place of each run of quoted lines that take wants.
func TakeQuoted(text string, take func(lines []string) (inPlace string, taken bool)) string {
	var out, run []string
	flush := func() {
		if len(run) == 0 {
			return
		}
		if inPlace, taken := take(run); taken {
			out = append(out, inPlace)
		} else {
			out = append(out, run...)
		}
		run = nil
	}
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, ">") {
			run = append(run, line)
			continue
		}
		flush()
		out = append(out, line)
	}
	flush()
	return strings.Join(out, "\n")
}

// blockquotes finds quotes of HTML. Clients write no quotes inside quotes when they quote a translation.
var blockquotes = pattern.Lazy(`(?s)<blockquote[^>]*>(.*?)</blockquote>`)

// TakeBlockquotes is TakeQuoted for HTML that a reader of a language wrote.
func TakeBlockquotes(formatted string, reader language.Code, take func(lines []string) (inPlace string, taken bool)) string {
	return blockquotes().ReplaceAllStringFunc(formatted, func(block string) string {
		inside := blockquotes().FindStringSubmatch(block)[1]
		inPlace, taken := take(strings.Split(protect.PlainText(inside, reader), "\n"))
		switch {
		case !taken:
			return block
		case inPlace == "":
			return ""
		}
		return "<p>" + inPlace + "</p>"
	})
}

// StandIn writes what a message repeats of another one, m, for who reads it in the place of that: the words of m or their
// translation, and under them what they are. With elsewhere, why m is not translated, what is doubtful in it and what must not be
// misread is said of the message that repeats it; where m is doubtful the original stands here in any case, to compare with.
func StandIn(m Message, elsewhere bool) []string {
	title := originalTitle(m)
	if m.State != StateTranslated {
		lines := append(strings.Split(m.Original.Body, "\n"), title)
		if elsewhere {
			return lines
		}
		for _, why := range whyUntranslated(m) {
			lines = append(lines, foreign(m.To, m.From, why))
		}
		return lines
	}
	said := []string{Directed(m.To, m.Body)}
	if !elsewhere {
		said, _ = translation(m)
	}
	if m.Verdict == check.Warn && shown(m.Original) {
		said = append(said, openedTitle(m), originalText(m, m.To))
	}
	return strings.Split(strings.Join(append(said, MarkLine(m.To, sourceMark(m))), "\n"), "\n")
}
