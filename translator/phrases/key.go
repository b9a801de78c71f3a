package phrases

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"medixchange/translator/language"
)

// Normal is a text as Find takes it: normalised by NFKC. It is false for one in which that would change an amount: "10⁹" would
// read 109, "½" as 1⁄2.
func Normal(text string) (string, bool) {
	if raised(text) {
		return "", false
	}
	return norm.NFKC.String(text), true
}

// raised reports digits and signs that stand above or below the line, and others that are no digits of a number: ², ₂, ½, ①.
func raised(text string) bool { return strings.ContainsFunc(text, isRaised) }

func isRaised(r rune) bool {
	return r >= 0x80 && (unicode.Is(unicode.No, r) || r >= 0x2070 && r <= 0x209f)
}

// keyOf normalises a text. Serbian has one key for both of its alphabets.
func keyOf(text string, code language.Code) string {
	if code.Base() == "sr" {
		text = language.SerbianLatin(text)
	}
	return normalized(text)
}

// What may end a sentence, and what normalized folds. Every other sign says something (<, ≥, ~, +, ↑, ±, #, an emoji) and stays.
const (
	ends  = ".!?。！？؟۔।…;；؛\n"
	marks = ",:'\"()[]{}«»‹›“”„‟‘’‚‛¿¡、，،：・·「」『』【】《》〈〉（）"
	// dashes join words, unless a number follows, or nothing: then one is a minus, or says "negative".
	dashes = "-‐‑‒–—―"
	quotes = "'\"‘’“”"
)

// normalized folds case, punctuation and spaces. A question stays a question; a text of two sentences is no phrase of one, so
// that an end within stays too.
func normalized(text string) string {
	var k key
	runes := []rune(norm.NFKC.String(text))
	for i, r := range runes {
		switch {
		case strings.ContainsRune(ends, r):
			k.end(r)
		case arabicMark(r):
		case k.folds(r, runes[i+1:]):
			k.space = true
		case r == '٪':
			k.put('%')
		default:
			k.put(unicode.ToLower(r))
		}
	}
	if k.question {
		k.out = append(k.out, '?')
	}
	return string(k.out)
}

// key is a normalised text while it is written.
type key struct {
	out      []rune
	space    bool // since the last rune
	ended    bool // a sentence, since then
	question bool
}

func (k *key) end(mark rune) {
	k.space = true
	asks := mark == '?' || mark == '？' || mark == '؟'
	k.question = k.question || asks
	k.ended = k.ended || asks || len(k.out) > 0 // "? fracture" suspects one, "...fracture" does not
}

// folds reports whether a rune that the rest follows parts words and says nothing by itself.
func (k *key) folds(r rune, rest []rune) bool {
	switch {
	case strings.ContainsRune(dashes, r):
		next := following(rest)
		return next != 0 && !isSlot(next)
	case strings.ContainsRune(quotes, r): // behind a number they are feet, inches or minutes
		return len(k.out) == 0 || k.space || !isSlot(k.out[len(k.out)-1])
	case strings.ContainsRune(marks, r):
		return true
	}
	return unicode.In(r, unicode.Z, unicode.Cc, unicode.Cf)
}

// following is the next rune that is neither a space nor the end of a sentence; 0 if there is none.
func following(rest []rune) rune {
	for _, r := range rest {
		if !unicode.IsSpace(r) && !strings.ContainsRune(ends, r) {
			return r
		}
	}
	return 0
}

func (k *key) put(r rune) {
	switch last := len(k.out) - 1; {
	case k.ended:
		k.out = append(k.out, '.')
	case k.space && last >= 0 && keepsSpace(k.out[last]) && keepsSpace(r):
		k.out = append(k.out, ' ')
	}
	k.space, k.ended = false, false
	k.out = append(k.out, r)
}

// arabicMark reports vowel signs and stretching, which most people leave out.
func arabicMark(r rune) bool { return r >= 0x064b && r <= 0x0652 || r == 0x0640 }

func isSlot(r rune) bool { return r >= slotNumber && r <= slotTime }

// keepsSpace reports runes between which a space separates words.
func keepsSpace(r rune) bool {
	return !isSlot(r) && r != '%' && r != '°' && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
}
