package identifiers

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"medixchange/internal/pattern"
	"medixchange/translator/language"
)

// label is what the words before a value say it is; one text may say several.
type label uint16

const (
	labelName label = 1 << iota
	labelPatient
	labelRecord
	labelBirth
	labelPhone
	labelIdentity
	labelAddress
	labelOther
	labelFiller // says nothing by itself: "no.", "on"
)

// labels are those of all languages: people write the labels of another one, too.
type labels struct {
	known    map[string]label // by keyOf
	longest  int              // runes of the longest key
	born     []string         // what stands behind a date of birth
	notNames map[string]bool
	capitals map[language.Code]bool
}

// fillers stand between a label and its value.
var fillers = []string{
	"no", "nr", "nº", "n", "num", "number", "numéro", "número", "numero", "nummer", "номер", "id", "号", "號", "番号",
	"on", "am", "el", "le", "il", "op", "em", "в", "is", "ist", "est", "是", "为", "は",
}

func labelsOf(words map[string]wordFile) labels {
	l := labels{known: map[string]label{}, notNames: map[string]bool{}, capitals: map[language.Code]bool{}}
	l.add(labelFiller, fillers)
	for code, file := range words {
		l.capitals[language.Code(code)] = file.Capitals
		for of, list := range map[label][]string{
			labelName: file.Name, labelPatient: file.Patient, labelRecord: file.Record, labelBirth: file.Birth, labelPhone: file.Phone,
			labelIdentity: file.Identity, labelAddress: file.Address, labelOther: file.Other,
		} {
			l.add(of, list)
		}
		for _, word := range file.Born {
			l.born = append(l.born, strings.ToLower(normalized(word)))
		}
		for _, word := range file.NotNames {
			l.notNames[strings.ToLower(normalized(word))] = true
		}
	}
	slices.Sort(l.born)
	l.born = slices.Compact(l.born)
	return l
}

func (l *labels) add(of label, words []string) {
	for _, word := range words {
		key := keyOf(normalized(word))
		l.known[key] |= of
		l.longest = max(l.longest, utf8.RuneCountInString(key))
	}
}

// keyOf is a label in lower case without spaces and marks: people write them in many ways.
func keyOf(words string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.In(r, unicode.L, unicode.M, unicode.N) {
			return -1
		}
		return unicode.ToLower(r)
	}, words)
}

// maxMarks is how many marks and spaces may stand between a label and its value.
const maxMarks = 5

// before returns what the words at the end of a text say of the value behind them.
func (l labels) before(text string) label {
	for range 3 { // "phone number is"
		found, rest := l.last(text)
		if found&^labelFiller != 0 {
			return found
		}
		if found == 0 {
			return 0
		}
		text = rest
	}
	return 0
}

// last looks for the longest label that a text ends with, and returns what stands before it. The value may stand on a line of
// its own under its label.
func (l labels) last(text string) (found label, rest string) {
	end := withoutMarks(text)
	if above, under := strings.CutSuffix(end, "\n"); under {
		end = withoutMarks(above)
	}
	if utf8.RuneCountInString(text[len(end):]) > maxMarks {
		return 0, ""
	}
	var reversed []rune
	for i := len(end); i > 0 && len(reversed) <= l.longest; {
		r, size := utf8.DecodeLastRuneInString(end[:i])
		i -= size
		if r == '\n' {
			break
		}
		if !unicode.In(r, unicode.L, unicode.M, unicode.N) {
			continue
		}
		reversed = append(reversed, unicode.ToLower(r))
		if before, _ := utf8.DecodeLastRuneInString(end[:i]); !spaced(r) && !unicode.IsDigit(r) || !unicode.In(before, unicode.L, unicode.N) || i == 0 {
			if of := l.known[backwards(reversed)]; of != 0 {
				found, rest = of, end[:i]
			}
		}
	}
	return found, rest
}

// withoutMarks is a text without the marks and spaces at the end of its last line.
func withoutMarks(text string) string {
	return strings.TrimRightFunc(text, func(r rune) bool { return r != '\n' && !unicode.In(r, unicode.L, unicode.M, unicode.N) })
}

func backwards(runes []rune) string {
	turned := slices.Clone(runes)
	slices.Reverse(turned)
	return string(turned)
}

// beforeRun is before for a number, which may begin with some letters of its own.
func (l labels) beforeRun(line string, start int) label {
	found := l.before(line[:start])
	if prefix := ownLetters().FindStringIndex(line[max(0, start-6):start]); prefix != nil {
		found |= l.before(line[:max(0, start-6)+prefix[0]])
	}
	return found
}

var ownLetters = pattern.Lazy(`(?i:[A-Z]{1,4}[-/. ]?)$`)

// isBirth reports whether a date is one of a birth, by the words before or behind it.
func (l labels) isBirth(line string, date span) bool {
	if l.before(line[:date.start])&labelBirth != 0 {
		return true
	}
	after := strings.ToLower(strings.TrimLeft(line[date.end:], " .日"))
	return slices.ContainsFunc(l.born, func(word string) bool {
		rest, ok := strings.CutPrefix(after, word)
		if !ok {
			return false
		}
		next, _ := utf8.DecodeRuneInString(rest)
		first, size := utf8.DecodeRuneInString(word)
		return !unicode.IsLetter(next) || size < len(word) && !spaced(first)
	})
}

// A name is two to four words, in scripts without spaces a run of letters; behind "Patient:" the words begin with capitals. One
// word is a name where it is all that a line says behind its label.
var (
	nameCased = pattern.Lazy(`^\s?(\p{Lu}[\p{L}\p{M}'.-]+(?:,? ` + particles + `\p{Lu}[\p{L}\p{M}'.-]*){1,3})`)
	nameAny   = pattern.Lazy(`^\s?([\p{L}\p{M}'.-]{2,}(?:,? [\p{L}\p{M}'.-]{2,}){1,3}|[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]{2,}|\p{Thai}{3,})`)
	nameAlone = pattern.Lazy(`^\s?([\p{Lu}\p{Lo}][\p{L}\p{M}'.-]*)[ \t]*(?:\n|$)`)
	anAddress = pattern.Lazy(`^\s?[\p{L}\p{N}][^\n]*\p{L}[^\n]*\p{L}`)
)

const particles = `(?:(?:van der|van den|de la|de|del|da|do|dos|das|di|van|von|der|den|al|el|bin|bint|ibn|la|le)[ -])?`

// behindLabel is what stands between a label and its value: a tab and a dash only behind a label that begins its line.
var behindLabel = pattern.Lazy(`[:=\t]| - `)

// onForm looks for names and addresses behind the labels of forms.
func (l labels) onForm(line string, from language.Code, found map[Kind]bool) {
	marks := behindLabel().FindAllStringIndex(line, maxLooked+1)
	if len(marks) > maxLooked {
		found[Record] = true
		return
	}
	for _, mark := range marks {
		before, after := line[:mark[0]], line[mark[1]:]
		of, alone := l.before(before), l.alone(before)
		if line[mark[0]] != ':' && line[mark[0]] != '=' {
			of = alone
		}
		found[Name] = found[Name] || of&labelName != 0 && l.named(nameAny(), after, false) || alone&labelName != 0 && l.named(nameAlone(), after, false) ||
			of&labelPatient != 0 && !l.capitals[from.Base()] && l.named(nameCased(), after, true)
		found[Address] = found[Address] || of&labelAddress != 0 && anAddress().MatchString(after)
	}
}

// alone is the label that a line consists of as far as a text goes; 0 for one that says more.
func (l labels) alone(text string) label {
	if strings.HasSuffix(withoutMarks(text), "\n") {
		return 0
	}
	found, rest := l.last(text)
	line := rest[strings.LastIndexByte(rest, '\n')+1:]
	if strings.ContainsFunc(line, unicode.IsLetter) {
		return 0
	}
	return found
}

// named reports whether a text begins with a name; alone, with nothing that goes on behind it.
func (l labels) named(pattern *regexp.Regexp, text string, alone bool) bool {
	at := pattern.FindStringSubmatchIndex(text)
	return at != nil && l.isName(text[at[2]:at[3]]) && (!alone || ends(text[at[3]:]))
}

// isName reports whether some words do not begin with one that begins no name.
func (l labels) isName(words string) bool {
	first, _, _ := strings.Cut(words, " ")
	return !l.notNames[strings.ToLower(strings.Trim(first, ".,'-"))]
}

// ends reports whether what is said of a name ends with it: a line, a mark or a number follows, not another word.
func ends(after string) bool {
	after = strings.TrimLeft(after, " ")
	r, _ := utf8.DecodeRuneInString(after)
	return after == "" || !unicode.IsLetter(r)
}
