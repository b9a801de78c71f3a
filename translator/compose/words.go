package compose

import (
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"medixchange/translator/check"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

const (
	betweenInvariants   = " · "
	noBreak             = "\u00a0" // a dose must not be torn apart where a line ends
	globe               = "🌐 "
	maxInvariantsShown  = 60
	maxFindingsShown    = 12
	maxFindingItemRunes = 80
)

// markOf is the small mark under a translation: where it comes from, in the reader's language.
func markOf(m Message) string {
	mark := language.String(m.To, "mark", "language", m.From.Name(m.To))
	if m.Pivot != "" {
		mark = language.String(m.To, "mark_pivot", "language", m.From.Name(m.To), "pivot", m.Pivot.Name(m.To))
	}
	if m.Unreviewed {
		mark += betweenInvariants + language.String(m.To, "unreviewed")
	}
	if !shown(m.Original) || len(m.Items) > 0 && m.Form == FormInPlace {
		mark += betweenInvariants + language.String(m.To, "original_by_command")
	}
	return mark
}

// sourceMark is markOf beside a whole original, whatever its length.
func sourceMark(m Message) string {
	m.Original = Original{}
	return markOf(m)
}

// noteOf is what the formatted form must say beside the title of the original.
func noteOf(m Message) string {
	if !shown(m.Original) || (m.Pivot == "" && !m.Unreviewed) {
		return ""
	}
	return markOf(m)
}

func originalTitle(m Message) string {
	return language.String(m.To, "original", "language", m.From.Name(m.To))
}

// openedTitle is originalTitle over an original that is not one step away.
func openedTitle(m Message) string {
	return Directed(m.To, language.String(m.To, "original_opened", "language", m.From.Name(m.To)))
}

func shown(o Original) bool { return len(o.Body)+len(o.FormattedBody) <= maxShownOriginal }

// originalText is the original in its own direction, in a message of the direction of another language: people who cannot read it
// must be able to read its doses.
func originalText(m Message, base language.Code) string {
	return foreign(m.From, base, isolateQuantities(m.From, m.Original.Body))
}

// originalBlock is originalText as one or more blocks of HTML.
func originalBlock(m Message, base language.Code) string {
	if m.Original.FormattedBody == "" {
		return paragraph(originalText(m, base))
	}
	return foreignBlock(m.From, base, isolateQuantitiesInHTML(m.From, blockOf(m.From, "", m.Original.FormattedBody)))
}

// translationLine and translationBlock are the translation alone, as text and as HTML.
func translationLine(m Message) string {
	return Directed(m.To, isolateQuantities(m.To, isolateNames(m.To, m.Body, m.FormattedBody)))
}

func translationBlock(m Message) string {
	body := m.Body
	if m.FormattedBody == "" {
		body = isolateNames(m.To, body, "")
	}
	return isolateQuantitiesInHTML(m.To, isolateNamesInHTML(m.To, blockOf(m.To, body, m.FormattedBody)))
}

// blockOf makes paragraphs of text, or of HTML where there is some.
func blockOf(c language.Code, body, formatted string) string {
	if formatted == "" {
		return paragraph(Directed(c, body))
	}
	if formatted = protect.Sanitize(formatted); !startsWithBlock(formatted) {
		formatted = "<p>" + formatted + "</p>"
	}
	return directedBlocks(c, formatted)
}

// startsWithBlock reports whether HTML begins with an element that must not stand inside a paragraph.
func startsWithBlock(formatted string) bool {
	for _, name := range []string{"p", "div", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "table", "hr", "details"} {
		rest, ok := strings.CutPrefix(formatted, "<"+name)
		if ok && rest != "" && (rest[0] == '>' || rest[0] == ' ' || rest[0] == '/') {
			return true
		}
	}
	return false
}

// paragraph escapes one or more lines of text into a paragraph.
func paragraph(text string) string {
	return "<p>" + strings.ReplaceAll(html.EscapeString(text), "\n", "<br>") + "</p>"
}

// Spoken writes a translation of what was said for who hears it: what is doubtful, the translation, and the source's invariants,
// a line each. What is blocked has no translation. It has no mark: the caller's words say whose it is.
func Spoken(m Message) string {
	var lines []string
	if m.Verdict == check.Warn || m.Verdict == check.Block {
		lines = append(lines, Directed(m.To, findings(m)))
	}
	if m.State == StateTranslated {
		lines = append(lines, translationLine(m))
	}
	lines = append(lines, invariantLine(m))
	return strings.Join(slices.DeleteFunc(lines, func(line string) bool { return strings.Trim(line, rightToLeftMark) == "" }), "\n")
}

// invariantLine shows verbatim what must be the same in every language; empty if there is nothing. More than can be read is
// counted.
func invariantLine(m Message) string {
	var items []string
	seen := map[string]bool{}
	for _, invariant := range m.Invariants {
		if seen[invariant.Text] {
			continue
		}
		seen[invariant.Text] = true
		if len(seen) <= maxInvariantsShown {
			items = append(items, isolatedItem(m.To, strings.ReplaceAll(invariant.Text, " ", noBreak)))
		}
	}
	if len(items) == 0 {
		return ""
	}
	if more := len(seen) - len(items); more > 0 {
		items = append(items, isolatedItem(m.To, andMore(more)))
	}
	return Directed(m.To, language.String(m.To, "invariants", "items", strings.Join(items, betweenInvariants)))
}

// andMore says in any language that there are more items than those that are shown.
func andMore(count int) string { return "… +" + strconv.Itoa(count) }

// findings names what is doubtful, in the reader's language.
func findings(m Message) string { return Findings(m.To, m.Reasons) }

// Findings names doubtful items in the language of a reader: "Dose: original “0.5 mg”, translation
// “5 mg”." The items stand in quotation marks: a Spanish "no" would deny the sentence around it. Reasons that are no findings of the checks are left out; more than can be read are counted.
func Findings(reader language.Code, reasons []check.Reason) string {
	return findingsIn(reader, reasons, "")
}

// ReadBackFindings names in what an order differs from what was read back: "Dose: order “0.5 mg”, read back “5 mg”."
func ReadBackFindings(reader language.Code, reasons []check.Reason) string {
	return findingsIn(reader, reasons, "readback_")
}

// findingsIn is Findings in the strings of a kind.
func findingsIn(reader language.Code, reasons []check.Reason, kind string) string {
	var parts []string
	more := 0
	for _, reason := range reasons {
		item := language.String(reader, "item_"+reason.Code)
		switch {
		case strings.HasPrefix(item, "item_"):
		case len(parts) >= maxFindingsShown:
			more++
		default:
			parts = append(parts, finding(reader, kind, beginning(reader, item), reason)...)
		}
	}
	if more > 0 {
		parts = append(parts, isolatedItem(reader, andMore(more)))
	}
	return language.Sentences(reader, parts...)
}

// beginning is an item as a sentence begins with it.
func beginning(reader language.Code, item string) string {
	first, size := utf8.DecodeRuneInString(item)
	if reader.Base() == "tr" {
		return string(unicode.TurkishCase.ToUpper(first)) + item[size:]
	}
	return string(unicode.ToUpper(first)) + item[size:]
}

// finding names one doubtful item: what it is of the translation, and what was expected.
func finding(reader language.Code, kind, item string, reason check.Reason) (parts []string) {
	original := isolatedItem(reader, shortened(reason.Original))
	translation := isolatedItem(reader, shortened(reason.Translation))
	key := "plain"
	switch {
	case reason.Original != "" && reason.Translation != "":
		key = kind + "changed"
	case reason.Original != "":
		key = kind + "missing"
	case reason.Translation != "":
		key = kind + "added"
	}
	if key != kind+"missing" || reason.Expected == "" {
		parts = append(parts, language.String(reader, key, "item", item, "original", original, "translation", translation))
	}
	if reason.Expected != "" {
		expected := isolatedItem(reader, shortened(reason.Expected))
		parts = append(parts, language.String(reader, "expected", "item", item, "original", original, "expected", expected))
	}
	return parts
}

func shortened(text string) string {
	runes := []rune(text)
	if len(runes) <= maxFindingItemRunes {
		return text
	}
	return string(runes[:maxFindingItemRunes]) + "…"
}
