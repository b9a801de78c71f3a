package check

import (
	"strings"
	"unicode"
)

// Readable writes a protected piece so that readers of every script can read it: digits of other
// scripts as 0 to 9, local unit symbols as the international ones, a drug as its international name.
// A piece that has only Latin letters already stays exactly as it is.
func Readable(text string) string {
	if international(text) {
		return text
	}
	f := fold(text)
	if m, ok := loaded().drugs.at(f.runes, 0); ok && !unicode.Is(unicode.Latin, f.runes[0]) {
		return m.entries[0].value
	}
	var out strings.Builder
	for i := 0; i < len(f.runes); {
		if m, ok := loaded().unitWords.at(f.runes, i); ok && m.entries[0].sure && i > 0 && !international(f.original(m.from, m.to)) {
			if isDigit(f.runes[i-1]) && m.entries[0].value != "%" {
				out.WriteByte(' ')
			}
			out.WriteString(m.entries[0].value)
			i = m.to
			continue
		}
		out.WriteString(readableRune(f, i))
		i++
	}
	return out.String()
}

func readableRune(f *folded, i int) string {
	r := f.runes[i]
	if d, ok := digit(r); ok {
		return string(rune(d))
	}
	switch marks := &loaded().marks; {
	case isOneOf(marks.Decimal, r):
		return "."
	case r != '\'' && isOneOf(marks.Group, r):
		return ","
	}
	return f.text[f.starts[i]:f.ends[i]]
}

// international reports whether a text has no letters or digits outside of the Latin script and the
// Greek µ.
func international(text string) bool {
	for _, r := range text {
		if r < 0x80 || r == 'µ' || r == 'μ' || unicode.Is(unicode.Latin, r) {
			continue
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '٪' || r == '٫' || r == '℃' {
			return false
		}
	}
	return true
}
