package protect

import (
	"sort"
	"strings"
	"unicode"

	"medixchange/internal/pattern"
	"medixchange/translator/check"
	"medixchange/translator/language"
)

// verbatim finds what stays as it is in any text: addresses, Matrix identifiers, code between
// backticks, room mentions.
var verbatim = pattern.Lazy("`[^`\n]+`" +
	`|(?i:https?://|mxc://|matrix:|mailto:|ftp://|www\.)[^\s<>"']*[^\s<>"'.,;:!?)\]}。，；：！？）]` +
	`|[@#!+$][A-Za-z0-9._=/+-]+:[A-Za-z0-9.-]+(:\d+)?[A-Za-z0-9]` +
	`|[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+` +
	`|@room\b`)

// atomSpan is a place of a text that must not be translated.
type atomSpan struct {
	check.Span
	words bool // part of the sentence, such as a drug
}

// atomsIn lists the places of a text that must not be translated, in order, without overlaps.
func atomsIn(text string, from language.Code) []atomSpan {
	var spans []atomSpan
	if mayHoldVerbatim(text) {
		for _, at := range verbatim().FindAllStringIndex(text, -1) {
			spans = append(spans, atomSpan{Span: check.Span{Start: at[0], End: at[1]}})
		}
	}
	for _, span := range emojiIn(text) {
		spans = append(spans, atomSpan{Span: span})
	}
	for _, span := range check.Protected(text, from) {
		spans = append(spans, atomSpan{span, true})
	}
	sort.SliceStable(spans, func(i, j int) bool {
		if spans[i].Start != spans[j].Start {
			return spans[i].Start < spans[j].Start
		}
		return spans[i].End > spans[j].End
	})
	kept := spans[:0]
	end := 0
	for _, span := range spans {
		if span.Start >= end && span.End > span.Start {
			kept = append(kept, span)
			end = span.End
		}
	}
	return kept
}

// emojiIn lists runs of emoji, with their joiners and variation selectors.
func emojiIn(text string) []check.Span {
	var spans []check.Span
	start := -1
	for i, r := range text {
		if emoji(r) || start >= 0 && joinsEmoji(r) {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 {
			spans = append(spans, check.Span{Start: start, End: i})
			start = -1
		}
	}
	if start >= 0 {
		spans = append(spans, check.Span{Start: start, End: len(text)})
	}
	return spans
}

func emoji(r rune) bool {
	switch {
	case r < 0x203c:
		return false
	case r >= 0x1f000 && r <= 0x1faff, r >= 0x2600 && r <= 0x27bf, r >= 0x2b00 && r <= 0x2bff, r == 0x203c, r == 0x2049:
		return true
	case r >= 0x2190 && r <= 0x21ff, r >= 0x2300 && r <= 0x23ff:
		return unicode.Is(unicode.So, r)
	}
	return false
}

func joinsEmoji(r rune) bool {
	return r == 0x200d || r == 0xfe0f || r == 0x20e3 || r >= 0xe0020 && r <= 0xe007f
}

// cleaned takes direction isolates and overrides, and control characters, out of text.
func cleaned(text string) string {
	if strings.IndexFunc(text, unwanted) < 0 {
		return text
	}
	return strings.Map(func(r rune) rune {
		if unwanted(r) {
			return -1
		}
		return r
	}, text)
}

func unwanted(r rune) bool {
	return r >= 0x2066 && r <= 0x2069 || r >= 0x202a && r <= 0x202e || r == 0xfffd || r < 0x20 && r != '\n' && r != '\t' || r == 0x7f
}

// Words is a text without what is in no language: addresses, identifiers, code.
func Words(text string) string {
	if !mayHoldVerbatim(text) {
		return text
	}
	return verbatim().ReplaceAllString(text, " ")
}

// EndsInLink reports whether the last word of a line has the address of a page in it. Clients make a link of that, and of signs which they
// do not know right behind it.
func EndsInLink(line string) bool {
	word := strings.ToLower(line[strings.LastIndexByte(line, ' ')+1:])
	return strings.Contains(word, "://") || strings.Contains(word, "www.") || hasHostWithPath(word)
}

// hasHostWithPath reports an address without its scheme: "pacs.example.com/study/5".
func hasHostWithPath(word string) bool {
	host, _, found := strings.Cut(word, "/")
	dot := strings.LastIndexByte(host, '.')
	if !found || dot <= 0 || len(host)-dot <= 2 {
		return false
	}
	return strings.IndexFunc(host[dot+1:], func(r rune) bool { return r < 'a' || r > 'z' }) < 0
}

// OutsideVerbatim changes a text but for its addresses, identifiers and code.
func OutsideVerbatim(text string, change func(string) string) string {
	if !mayHoldVerbatim(text) {
		return change(text)
	}
	var out strings.Builder
	at := 0
	for _, place := range verbatim().FindAllStringIndex(text, -1) {
		out.WriteString(change(text[at:place[0]]))
		out.WriteString(text[place[0]:place[1]])
		at = place[1]
	}
	out.WriteString(change(text[at:]))
	return out.String()
}

// isAddress reports whether a protected text is an address or an identifier, which clients make a link.
func isAddress(text string) bool {
	return mayHoldVerbatim(text) && text[0] != '`' && verbatim().FindString(text) == text
}

// mayHoldVerbatim is false for texts in which verbatim finds nothing, as most are: it takes a hundredth of its time.
func mayHoldVerbatim(text string) bool {
	if strings.ContainsAny(text, "`:@") {
		return true
	}
	for at := strings.IndexByte(text, '.'); at >= 0; {
		if at >= 3 && strings.EqualFold(text[at-3:at], "www") {
			return true
		}
		next := strings.IndexByte(text[at+1:], '.')
		if next < 0 {
			return false
		}
		at += 1 + next
	}
	return false
}
