package compose

import (
	"slices"
	"strings"
	"unicode"

	"medixchange/translator/check"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

const (
	rightToLeftMark    = "\u200f"
	leftToRightIsolate = "\u2066"
	rightToLeftIsolate = "\u2067"
	firstStrongIsolate = "\u2068"
	popIsolate         = "\u2069"
)

// quantityPattern is a number as it must be read in one piece: with its sign, groups, power and unit, a range, a ratio, a pair, a
// concentration or a combination, in Latin letters and digits. After an Arabic letter a client shows "5 mg" as "mg 5", "1 000 mg"
// as "000 mg 1", "250 mg/5 mL" as "mL 5/mg 250" and "5-10" as "10-5", unless something keeps it together. A sign counts where no
// word stands before it: "COVID-19" has none. In HTML some of these letters are entities.
const quantityPattern = `(^|[^\pL\pN])(` + sign + run + `(?:` + unit + more + `)?)` +
	`|\b(` + number + `(?:(?:` + further + `)+(?:` + unit + more + `)?|` + unit + more + `)|` + grouped + decimals + power + `|` + digits + raised + `)`

const (
	space    = `[ \x{a0}\x{2009}\x{202f}]`
	sign     = `(?:(?:[<>≤≥≈~]|&lt;|&gt;)=?` + space + `?[-−–+±]?|[-−–+±])`
	grouped  = `[0-9]{1,3}(?:(?:` + space + `|['’]|&#39;)[0-9]{3})+\b`
	digits   = `[0-9]+`
	decimals = `(?:[.,][0-9]+)*`
	raised   = `(?:\^[-−+]?[0-9]+|[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)`
	power    = raised + `?`
	number   = `(?:` + grouped + `|` + digits + `)` + decimals + power
	between  = space + `?[-−–/×xX*±+]` + space + `?[-−+]?`
	further  = `(?:` + between + `|` + space + `?:` + space + `?)` + number
	run      = number + `(?:` + further + `)*`
	unit     = space + `?(?:[°º]` + space + `?[CF]\b|°|%|/?(?:` + longUnit + `|[A-Za-zµμ]{1,5}|[cm]mH2O)(?:[²³]?/[0-9]{0,3}[A-Za-zµμ]{1,6}[0-9]?)*(?:[²³]|\b))`
	longUnit = `(?i:(?:micro|milli|nano|kilo)?(?:grams?|grammes?|lit(?:re|er)s?|moles?)|tablets?|capsules?|ampoules?|inhalations?|millimoles?)`
	more     = `(?:` + between + run + `(?:` + unit + `)?)*`
)

// beginsRightToLeft begins a line of right-to-left text: the mark for clients that take the direction from the first letter, also of
// a line that starts with a digit or a Latin name; the isolate for those that show a line in a left-to-right page without a direction
// of its own, as Element Web 1.12 does pinned messages, the last words of a thread, former versions, topics and the parts of a poll:
// there "· in the original:" would stand before the words that it follows.
const beginsRightToLeft = rightToLeftMark + rightToLeftIsolate

// endsRightToLeft ends it. Between two marks also lines that follow each other run from right to left, where a client makes them one.
const endsRightToLeft = popIsolate + rightToLeftMark

// Directed keeps the order of each line of a right-to-left text, wherever it is shown. Others stay as they are.
func Directed(c language.Code, text string) string {
	if !c.RightToLeft() {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if line != "" && !strings.HasPrefix(line, beginsRightToLeft) {
			lines[i] = whole(c, line)
		}
	}
	return strings.Join(lines, "\n")
}

// whole is Directed for what is one line wherever it is shown, though it has several.
func whole(c language.Code, text string) string {
	if !c.RightToLeft() {
		return text
	}
	return beginsRightToLeft + apart(strings.TrimPrefix(text, rightToLeftMark)) + endsRightToLeft
}

// apart ends a line with a space where clients would make the sign that ends an isolate part of a link.
func apart(line string) string {
	if protect.EndsInLink(line) {
		return line + " "
	}
	return line
}

// originalCommand is the one command that our marks name.
const originalCommand = "!original"

// MarkLine is our mark for a reader, as the last line of a message: under right-to-left text in a left-to-right isolate
// (TRANSLATION 11), so that it is apart from the text whatever direction a client gives the message. Its own words are Arabic,
// Persian or Urdu, which a name in Latin letters or the command would scramble there; so they run from right to left in a
// second isolate, within the first.
func MarkLine(to language.Code, text string) string {
	if !to.RightToLeft() {
		return text
	}
	text = strings.Replace(text, originalCommand, leftToRightIsolate+originalCommand+popIsolate, 1)
	return leftToRightIsolate + rightToLeftIsolate + text + popIsolate + popIsolate
}

// isolatedItem keeps a piece of the source together inside a line of another direction. The piece is
// isolated as a whole, never between a number and its unit.
func isolatedItem(to language.Code, text string) string {
	if to.RightToLeft() || hasRightToLeft(text) {
		return firstStrongIsolate + text + popIsolate
	}
	return text
}

// Said writes who said a text before it, so that for readers of a language that runs from right to left the line does too, and
// a name of the other direction turns nothing around.
func Said(to language.Code, name, text string) string {
	return Directed(to, isolatedItem(to, name)+": "+text)
}

// directionIn returns a language that runs as a text of an unknown one does, by its first letter.
func directionIn(text string) language.Code {
	for _, r := range text {
		switch {
		case unicode.In(r, unicode.Arabic, unicode.Hebrew):
			return "ar"
		case unicode.IsLetter(r):
			return "en"
		}
	}
	return "en"
}

func hasRightToLeft(text string) bool {
	for _, r := range text {
		if unicode.In(r, unicode.Arabic, unicode.Hebrew) {
			return true
		}
	}
	return false
}

// isolateQuantities keeps each quantity and each telephone number of a right-to-left text in its order.
func isolateQuantities(c language.Code, text string) string {
	if !c.RightToLeft() {
		return text
	}
	return protect.OutsideVerbatim(text, func(text string) string {
		shown, at := "", 0
		for _, number := range check.Telephones(text, c) {
			shown += quantitiesIsolated(text[at:number.Start]) + leftToRightIsolate + text[number.Start:number.End] + popIsolate
			at = number.End
		}
		return shown + quantitiesIsolated(text[at:])
	})
}

// foreign lets each line of a text in c run in its own direction inside a message that has the direction of a text in base:
// clients give a message one direction as a whole, and would move the original's full stop to its other end.
func foreign(c, base language.Code, text string) string {
	if c.RightToLeft() || !base.RightToLeft() {
		return Directed(c, text)
	}
	return isolatedLines(c, text)
}

// isolatedLines keeps each line of a text in c in its own direction.
func isolatedLines(c language.Code, text string) string {
	isolate := leftToRightIsolate
	if c.RightToLeft() {
		isolate = rightToLeftIsolate
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = isolate + apart(line) + popIsolate
		}
	}
	return strings.Join(lines, "\n")
}

// Cited keeps what somebody said in c in one piece, with its quantities, inside a sentence of ours to a reader: unless something
// does, a dose in Arabic words is torn apart in an English sentence.
func Cited(c, reader language.Code, text string) string {
	if !c.RightToLeft() && !reader.RightToLeft() {
		return text
	}
	return isolatedLines(c, isolateQuantities(c, text))
}

// Together puts what is said in several languages below each other. Where they run in different directions each line keeps its own:
// clients give the whole the direction of its first letter, and would put the "3" of "3 miembros" under an Arabic line to its end.
func Together(codes []language.Code, say func(language.Code) string) string {
	turned := slices.IndexFunc(codes, language.Code.RightToLeft)
	straight := slices.ContainsFunc(codes, func(code language.Code) bool { return !code.RightToLeft() })
	lines := make([]string, 0, len(codes))
	for _, code := range codes {
		line := say(code)
		if turned >= 0 && straight {
			line = foreign(code, codes[turned], line)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
