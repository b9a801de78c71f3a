package bridge

import (
	"context"
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"

	"medixchange/rooms"
	"medixchange/translator/compose"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// What was translated once is never translated again (TRANSLATION 12): a reader who quotes or copies what they read repeats
// a machine's words. Each reader gets in their place the original, or its direct translation, marked; where it is not known
// what they were made from, they stay as they are.

// quote is a piece of a message that repeats a translation.
type quote struct {
	raw    string       // as it stands in the text, "> " at the beginning of its lines
	source *rooms.Event // the version that was translated; nil when it is not known
}

// quoting is a message with its quotes taken out: in their place stand marks that no engine touches.
type quoting struct {
	words
	quotes []quote
	reader language.Code // what its author reads in, so that the quotes are in it
}

// needsNone reports whether readers of a language read the message as it is: they read the translation that it repeats, or what
// it repeats is not known.
func (q quoting) needsNone(reader language.Code) bool {
	return reader.Reads(q.reader) || !slices.ContainsFunc(q.quotes, func(of quote) bool { return of.source != nil })
}

// asWritten is the message in the words of its author, with the marks.
func (q quoting) asWritten(reader language.Code) (body, formatted string) {
	if q.html == "" {
		return q.text, ""
	}
	return protect.PlainText(q.html, reader), q.html
}

// quoteMark stands for the n-th quote. It has no letters, so it is kept as it is.
func quoteMark(n int) string { return markBegins + strconv.Itoa(n+1) + markEnds }

const markBegins, markEnds = "⟦", "⟧"

// isBesideQuotes reports whether a text may be what the author of a message says beside what they quote: all between its marks
// stands in the message. What was quoted need not be found again, which it may not be: it may be gone by now.
func isBesideQuotes(text compose.Original, of words) bool {
	if !strings.Contains(text.Body, markBegins) && !strings.Contains(text.FormattedBody, markBegins) {
		return false
	}
	return standsIn(text.Body, of.text) && standsIn(text.FormattedBody, of.html)
}

// standsIn reports whether all pieces of a text between marks stand in another one, in their order.
func standsIn(text, other string) bool {
	for more := true; more; {
		var piece, after string
		piece, after, more = strings.Cut(text, markBegins)
		_, text, _ = strings.Cut(after, markEnds)
		text = strings.TrimPrefix(text, "</p>")
		_, rest, found := strings.Cut(other, strings.TrimSuffix(piece, "<p>"))
		if !found {
			return false
		}
		other = rest
	}
	return true
}

// maxQuotes bounds the quotes of a message that are looked for: a message of more is left as it is.
const maxQuotes = 64

// quotesIn takes what repeats a translation out of a message. Of one with more than maxQuotes that may repeat one it is not sure
// that nothing else does.
func (b *Bridge) quotesIn(ctx context.Context, ev *rooms.Event, w words) (q quoting, sure bool, err error) {
	q.words = w
	if !mayQuote(w) {
		return q, true, nil
	}
	reader, known, err := b.givenHere(ctx, ev, w)
	if err != nil {
		return q, false, err
	}
	q.reader = reader
	looked := 0
	take := func(raw []string) (mark string, taken bool) {
		lines := compose.PlainLines(strings.Join(raw, "\n"))
		marked := compose.Marked(lines)
		if err != nil || !marked && len(known) == 0 {
			return "", false
		}
		if looked++; looked > maxQuotes {
			return "", false
		}
		lines = compose.WithoutReadAs(lines)
		source, found, failed := b.sourceAmong(ctx, known, func(shown compose.Shown) bool { return shown.Has(lines) })
		if err = failed; err != nil || !found && !marked {
			return "", false
		}
		q.quotes = append(q.quotes, quote{raw: strings.Join(raw, "\n"), source: source})
		return quoteMark(len(q.quotes) - 1), true
	}
	if w.html != "" {
		q.html = compose.TakeBlockquotes(w.html, reader, take)
	} else {
		q.text = compose.TakeQuoted(w.text, take)
	}
	return q, looked <= maxQuotes, err
}

func mayQuote(w words) bool {
	return strings.HasPrefix(w.text, ">") || strings.Contains(w.text, "\n>") || strings.Contains(w.html, "<blockquote")
}

// ownText is what the author of a message says in it beside what they quote, which may be in another language; all of it where
// there is nothing else.
func ownText(w words) string {
	if !mayQuote(w) {
		return w.text
	}
	text, _ := protect.CutReply(w.text, w.html)
	own := compose.TakeQuoted(text, func([]string) (string, bool) { return "", true })
	if !language.HasLetters(own) {
		return w.text
	}
	return own
}

func (b *Bridge) versionOfNID(ctx context.Context, nid int64) (*rooms.Event, error) {
	if nid == 0 {
		return nil, nil
	}
	found, err := b.o.Rooms.Events(ctx, []int64{nid})
	if err != nil {
		return nil, fmt.Errorf("reading what is quoted: %w", err)
	}
	return found[nid], nil
}

func quotedText(lines []string) string { return "> " + strings.Join(lines, "\n> ") }

func quotedBlock(lines []string) string {
	return "<blockquote>" + strings.ReplaceAll(html.EscapeString(strings.Join(lines, "\n")), "\n", "<br>") + "</blockquote>"
}

// replaced puts text in the place of a mark; where an engine has lost it, before everything.
func replaced(body, mark, text string) string {
	if !strings.Contains(body, mark) {
		return text + "\n" + body
	}
	return strings.Replace(body, mark, text, 1)
}
