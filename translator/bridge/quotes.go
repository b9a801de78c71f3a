package bridge

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"slices"
	"strings"

	"medixchange/rooms"
	"medixchange/translator"
	"medixchange/translator/check"
	"medixchange/translator/compose"
	"medixchange/translator/language"
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
}

// quoteMark stands for the n-th quote. It has no letters, so it is kept as it is.
func quoteMark(n int) string { return fmt.Sprintf("⟦%d⟧", n+1) }

// recentRenderings bounds the translations among which a quote is looked for.
const recentRenderings = 200

// delivered is a translation that the sender of a message may be repeating.
type delivered struct {
	versionNID int64
	lines      []string // of the translation alone
	title      string   // what stands over its original
}

// quotesIn takes what repeats a translation out of a message.
func (b *Bridge) quotesIn(ctx context.Context, ev *rooms.Event, w words) (quoting, error) {
	q := quoting{words: w}
	if !mayQuote(w) {
		return q, nil
	}
	reader, known, err := b.deliveredTo(ctx, ev)
	if err != nil {
		return q, err
	}
	var failed error
	take := func(lines []string) (mark string, taken bool) {
		nid, repeats := repeated(lines, known)
		if !repeats || failed != nil {
			return "", false
		}
		source, err := b.versionOfNID(ctx, nid)
		if err != nil {
			failed = err
			return "", false
		}
		q.quotes = append(q.quotes, quote{raw: strings.Join(lines, "\n"), source: source})
		return quoteMark(len(q.quotes) - 1), true
	}
	if w.html != "" {
		q.html = compose.TakeBlockquotes(w.html, reader, take)
	} else {
		q.text = compose.TakeQuoted(w.text, take)
	}
	return q, failed
}

func mayQuote(w words) bool {
	return strings.HasPrefix(w.text, ">") || strings.Contains(w.text, "\n>") || strings.Contains(w.html, "<blockquote")
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

// deliveredTo returns what the sender of a message was shown in translation lately in its room, and in which language.
func (b *Bridge) deliveredTo(ctx context.Context, ev *rooms.Event) (language.Code, []delivered, error) {
	tag, _, err := b.o.Accounts.RoomLanguage(ctx, ev.Sender, ev.RoomID)
	code := b.code(tag)
	if err != nil || code == "" || !b.talk.isLocal(ev.Sender) {
		return "", nil, err
	}
	stored, err := b.selectRecentParts(ctx, ev.RoomNID, code, recentRenderings)
	if err != nil {
		return "", nil, err
	}
	var known []delivered
	for _, s := range stored {
		var p parts
		if json.Unmarshal(s.parts, &p) == nil && p.Body != "" {
			title := language.String(code, "original", "language", p.From.Name(code))
			known = append(known, delivered{s.versionNID, compose.PlainLines(p.Body), title})
		}
	}
	return code, known, nil
}

// repeated reports whether lines repeat a translation, and the version that it was made from; 0 when only its mark tells.
// Beside the translation there may be what stands around it: marks, the line of invariants, the original.
func repeated(lines []string, known []delivered) (versionNID int64, repeats bool) {
	lines = compose.PlainLines(strings.Join(lines, "\n"))
	marked := compose.Marked(lines)
	for _, d := range known {
		around := marked || d.title != "" && slices.Contains(lines, d.title)
		if begins(lines, d.lines) && len(lines) == len(d.lines) || around && contains(lines, d.lines) {
			return d.versionNID, true
		}
	}
	return 0, marked
}

func begins(lines, with []string) bool {
	if len(with) == 0 || len(lines) < len(with) {
		return false
	}
	for i, line := range with {
		if lines[i] != line {
			return false
		}
	}
	return true
}

func contains(lines, piece []string) bool {
	for i := range lines {
		if begins(lines[i:], piece) {
			return true
		}
	}
	return false
}

// fill puts the quotes back into the result of a job, each as the reader of its language reads what it repeats.
func (b *Bridge) fill(ctx context.Context, j *job, q quoting, result translator.Result) (translator.Result, error) {
	j.filled = nil
	for n, of := range q.quotes {
		shown, mark, source, err := b.quoted(ctx, of, result.To)
		if err != nil {
			return result, err
		}
		lines := append(strings.Split(shown, "\n"), mark)
		if mark == "" {
			lines = lines[:len(lines)-1]
		}
		text, block := quotedText(lines), quotedBlock(lines)
		j.fills(source, text, block)
		result.Body = replaced(result.Body, quoteMark(n), text)
		if result.FormattedBody != "" {
			result.FormattedBody = strings.Replace(result.FormattedBody, "<p>"+quoteMark(n)+"</p>", block, 1)
			result.FormattedBody = strings.Replace(result.FormattedBody, quoteMark(n), block, 1)
		}
	}
	return result, nil
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

// quoted is how a reader of a language reads what a quote repeats, the mark that says what that is, and what it is.
func (b *Bridge) quoted(ctx context.Context, q quote, reader language.Code) (shown, mark string, of subject, err error) {
	if q.source == nil {
		return strings.Join(compose.PlainLines(q.raw), "\n"), "", of, nil
	}
	of, gone, err := b.subjectOf(ctx, q.source)
	if err != nil {
		return "", "", of, err
	}
	if gone {
		return goneQuote, "", subject{}, nil
	}
	shown, mark, err = b.shownQuote(ctx, q.source, reader)
	return shown, mark, of, err
}

// shownQuote is how a reader of a language reads a version, and the mark under it.
func (b *Bridge) shownQuote(ctx context.Context, source *rooms.Event, reader language.Code) (shown, mark string, err error) {
	w, _ := b.wordsOf(source)
	text, from, err := b.saidIn(ctx, source)
	if err != nil {
		return "", "", err
	}
	result, err := b.o.Pipeline.Translate(ctx, translator.Request{
		Text: text, HTML: w.html, SourceHint: from, SenderLanguage: b.writes(source), Target: reader,
		Local: b.translationIn(ctx, source.RoomID) == translationLocal,
	})
	if err != nil {
		return "", "", fmt.Errorf("translating what is quoted: %w", err)
	}
	if result.State != translator.Translated {
		return result.Original.Body, language.String(reader, "original", "language", from.Name(reader)), nil
	}
	message := result.Message()
	message.Form = compose.FormReply
	lines := strings.Split(compose.Compose(message).Body, "\n")
	return strings.Join(lines[:len(lines)-1], "\n"), lines[len(lines)-1], nil
}

// ofCopy is the result for a message that is a copied translation: what it was made from, in the words of the reader.
func (b *Bridge) ofCopy(ctx context.Context, j *job, w words) (translator.Result, error) {
	result := translator.Result{
		State: translator.None, From: j.from, To: j.language, Reasons: []check.Reason{{Code: compose.ReasonCopy}},
		Original: compose.Original{Body: w.text, FormattedBody: w.html},
	}
	_, known, err := b.deliveredTo(ctx, j.ev)
	if err != nil {
		return result, err
	}
	nid, _ := repeated(strings.Split(w.text, "\n"), known)
	source, err := b.versionOfNID(ctx, nid)
	if err != nil || source == nil {
		return result, err
	}
	text, mark, of, err := b.quoted(ctx, quote{source: source}, j.language)
	if err != nil || text == goneQuote {
		return result, err
	}
	j.filled = nil
	j.fills(of, text, "")
	result.State, result.Verdict, result.Reasons, result.Engine = translator.Translated, check.Pass, nil, engineOriginal
	result.Body = text + "\n" + mark
	return result, nil
}

// engineOriginal is named where the words of an original stand for a translation of it.
const engineOriginal = "original"
