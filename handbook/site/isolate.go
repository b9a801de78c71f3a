package site

import (
	"bytes"
	"regexp"
	"unicode"

	gohtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// latinRun is a value with its unit, or a name, in letters that are written from left to right: "SpO2", "5–10 L/min". What
// Markdown writes for a sign (an entity, a backslash) comes first, so that its letters are not taken for a name.
var latinRun = regexp.MustCompile(`&#?[0-9A-Za-z]+;|\\.|` +
	`[<>≤≥]?[\p{Latin}\p{Greek}\p{Nd}][\p{Latin}\p{Greek}\p{Nd}%°/.,:+×₂²³·()–-]*` +
	`(?: [<>≤≥=]? ?[\p{Latin}\p{Greek}\p{Nd}%°][\p{Latin}\p{Greek}\p{Nd}%°/.,:+×₂²³·()–-]*)*`)

// runEnd is punctuation that belongs to the sentence around a run.
var runEnd = regexp.MustCompile(`[/.,:+(–-]+$|(?:^[^()]*)(\)+)$`)

// writeIsolated writes text that runs from right to left. Runs of Latin letters in it are isolated: without that, the
// numbers and signs at their ends would move to the other side.
func writeIsolated(w util.BufWriter, value []byte) {
	if !hasLetter(value) {
		gohtml.DefaultWriter.Write(w, value)
		return
	}
	at := 0
	for _, found := range latinRun.FindAllIndex(value, -1) {
		from, to := found[0], found[1]
		if value[from] == '&' || value[from] == '\\' || !hasLetter(value[from:to]) {
			continue
		}
		if end := runEnd.FindSubmatchIndex(value[from:to]); end != nil {
			cut := end[0]
			if end[2] >= 0 {
				cut = end[2]
			}
			to = from + cut
		}
		gohtml.DefaultWriter.Write(w, value[at:from])
		_, _ = w.WriteString(`<bdi dir="ltr">`) // errors of w come with its Flush
		gohtml.DefaultWriter.Write(w, value[from:to])
		_, _ = w.WriteString(`</bdi>`)
		at = to
	}
	gohtml.DefaultWriter.Write(w, value[at:])
}

func hasLetter(run []byte) bool {
	return bytes.ContainsFunc(run, func(r rune) bool {
		return r|0x20 >= 'a' && r|0x20 <= 'z' || r > 0x7f && r < 0x600 && unicode.In(r, unicode.Latin, unicode.Greek)
	})
}
