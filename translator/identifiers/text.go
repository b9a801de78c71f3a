package identifiers

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"medixchange/internal/pattern"
)

// notWords are links and names of users and rooms: their digits are nobody's.
var notWords = pattern.Lazy(`(?i:https?://|mxc://|matrix:|www\.)\S+|[@#!$+][A-Za-z0-9._=/+-]+:[A-Za-z0-9.-]+[A-Za-z0-9]`)

var emailAddress = pattern.Lazy(`[\p{L}0-9][\p{L}0-9._%+-]*@[\p{L}0-9-]+(?:\.[\p{L}0-9-]+)*\.\p{L}{2,}`)

// normalized writes a text in one way: digits of all scripts as 0 to 9, one kind of dash, space and apostrophe, the forms of
// Arabic letters that differ between its languages alike, without vowel marks and characters that only direct.
func normalized(text string) string {
	text = norm.NFKC.String(text)
	if strings.ContainsAny(text, ":.") {
		text = notWords().ReplaceAllString(text, " ")
	}
	return strings.Map(plain, text)
}

// plain is what stands for a rune, -1 for nothing.
func plain(r rune) rune {
	if r < 0x80 {
		return r
	}
	switch {
	case unicode.Is(unicode.Nd, r):
		return '0' + digitOf(r)
	case unicode.Is(unicode.Pd, r), r == '\u2212':
		return '-'
	case unicode.Is(unicode.Zs, r):
		return ' '
	case unicode.Is(unicode.Cf, r), r >= 0x064b && r <= 0x0655, r == 0x0640:
		return -1
	case r == '\u2019', r == '\u02bc':
		return '\''
	}
	return arabicLetter(r)
}

// arabicLetter writes a letter as Arabic does where Persian and Urdu have a character of their own for it.
func arabicLetter(r rune) rune {
	switch r {
	case 'ی', 'ى':
		return 'ي'
	case 'ک':
		return 'ك'
	case 'ہ', 'ۀ', 'ۂ', 'ھ':
		return 'ه'
	case 'أ', 'إ', 'آ':
		return 'ا'
	}
	return r
}

// digitOf is the value of a decimal digit: those of a script stand in tens from nought on.
func digitOf(r rune) rune {
	for _, in := range unicode.Nd.R16 {
		if rune(in.Lo) <= r && r <= rune(in.Hi) {
			return (r - rune(in.Lo)) % 10
		}
	}
	for _, in := range unicode.Nd.R32 {
		if rune(in.Lo) <= r && r <= rune(in.Hi) {
			return (r - rune(in.Lo)) % 10
		}
	}
	return 0
}

// Dates in figures, and with the name of the month. What stands around the first decides whether it is one: see inside.
var (
	dayOfYear  = pattern.Lazy(`\d{4}([-/.])\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})|\d{4}\s?[年년]\s?\d{1,2}\s?[月월](?:\s?\d{1,2}\s?[日일号號])?`)
	dayByName  = pattern.Lazy(`\d{1,2}(?:\.|º|st|nd|rd|th|er)? ?(?:de |of |d')?[\p{L}\p{M}.]{3,12},? ?(?:de |del )?\d{4}|\p{L}{3,12}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}|\d{1,2} tháng \d{1,2},? năm \d{4}|(?:明治|大正|昭和|平成|令和)\d{1,2}年\d{1,2}月\d{1,2}日`)
	fourDigits = pattern.Lazy(`\d{4}|年`)
)

// span is a place of a text, in bytes.
type span struct{ start, end int }

// withoutDates returns where the dates of a text are, and the text with blanks in the place of those in figures, which are
// not taken for those of a number.
func withoutDates(line string) (dates []span, bare string) {
	if !fourDigits().MatchString(line) && !dayOfYear().MatchString(line) {
		return nil, line
	}
	blanked := []byte(line)
	for _, at := range dayOfYear().FindAllStringIndex(line, -1) {
		if inside(line, at[0], at[1]) {
			continue
		}
		dates = append(dates, span{at[0], at[1]})
		for i := at[0]; i < at[1]; i++ {
			blanked[i] = ' '
		}
		blanked[at[0]] = ';' // nothing goes on across it
	}
	for _, at := range dayByName().FindAllStringIndex(line, -1) {
		dates = append(dates, span{at[0], at[1]})
	}
	return dates, string(blanked)
}

// inside reports whether a place is only part of a longer number: a digit stands directly beside it, or behind a mark.
func inside(line string, start, end int) bool {
	if start > 0 && (isDigit(line[start-1]) || start > 1 && joins(line[start-1]) && isDigit(line[start-2])) {
		return true
	}
	return end < len(line) && (isDigit(line[end]) || end+1 < len(line) && joins(line[end]) && isDigit(line[end+1]))
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

func joins(b byte) bool { return b == '-' || b == '.' || b == '/' || b == ',' || b == ':' }

// digitsIn counts the digits of a text.
func digitsIn(text string) (n int) {
	for i := range len(text) {
		if isDigit(text[i]) {
			n++
		}
	}
	return n
}

// compact is a number without what only makes it readable, letters in upper case.
func compact(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToUpper(r)
		}
		return -1
	}, text)
}
