package language

import (
	"unicode"

	"github.com/abadojack/whatlanggo"
)

// minLetters is how many letters statistics need to tell two languages of one script apart.
const minLetters = 20

// overrule is how sure the statistics must be to speak against the language of the sender.
const overrule = 0.75

// Detect finds the language of a text. The script decides first; between languages of one script the
// sender's language, then statistics for text of 20 letters and more. It gives "" for a text without
// letters. Detect takes microseconds for short texts.
func Detect(text string, sender Code) Code {
	counts := count(text)
	if counts.letters == 0 {
		return ""
	}
	switch counts.script(sender) {
	case scriptJapanese:
		return "ja"
	case scriptHan:
		if sender == "ja" {
			return "ja"
		}
		return "zh"
	case scriptHangul:
		return "ko"
	case scriptThai:
		return "th"
	case scriptArabic:
		return counts.arabicCode(sender)
	case scriptCyrillic:
		return counts.cyrillicCode(sender)
	case scriptLatin:
		return latin(text, counts.letters, sender)
	}
	return sender
}

// HasLetters reports whether there is anything to translate.
func HasLetters(text string) bool {
	for _, r := range text {
		if unicode.IsLetter(r) {
			return true
		}
	}
	return false
}

type script int

const (
	scriptOther script = iota
	scriptLatin
	scriptCyrillic
	scriptArabic
	scriptHan
	scriptJapanese
	scriptHangul
	scriptThai
)

// scriptOf is the script that a language is written in.
func scriptOf(c Code) script {
	switch c {
	case "zh":
		return scriptHan
	case "ja":
		return scriptJapanese
	case "ko":
		return scriptHangul
	case "th":
		return scriptThai
	case "ar", "fa", "ur":
		return scriptArabic
	case "ru", "sr", "uk", "bg", "mk", "be":
		return scriptCyrillic
	case "":
		return scriptOther
	}
	if !c.Known() {
		return scriptOther
	}
	return scriptLatin
}

// census counts what tells scripts and languages apart.
type census struct {
	letters                                                 int
	latin, cyrillic, arabicLetters, han, kana, hangul, thai int
	serbian, russian                                        int // letters of one of the two only
	persian, urdu, arab                                     int // letters of one of the three only
}

func count(text string) census {
	var c census
	for _, r := range text {
		if r < 0x80 {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
				c.letters++
				c.latin++
			}
			continue
		}
		if unicode.IsLetter(r) {
			c.letters++
			c.add(r)
		}
	}
	return c
}

func (c *census) add(r rune) {
	switch {
	case unicode.Is(unicode.Latin, r):
		c.latin++
	case unicode.Is(unicode.Cyrillic, r):
		c.cyrillic++
		switch unicode.ToLower(r) {
		case 'ђ', 'ј', 'љ', 'њ', 'ћ', 'џ':
			c.serbian++
		case 'ы', 'э', 'ё', 'ъ', 'щ', 'ю', 'я', 'й', 'ь':
			c.russian++
		}
	case unicode.Is(unicode.Arabic, r):
		c.arabicLetters++
		switch r {
		case 'پ', 'چ', 'ژ', 'گ', 'ک', 'ی':
			c.persian++
		case 'ٹ', 'ڈ', 'ڑ', 'ں', 'ے', 'ہ', 'ھ':
			c.urdu++
		case 'ة', 'ك', 'ي', 'ى', 'أ', 'إ', 'ؤ':
			c.arab++
		}
	case unicode.Is(unicode.Han, r):
		c.han++
	case unicode.In(r, unicode.Hiragana, unicode.Katakana):
		c.kana++
	case unicode.Is(unicode.Hangul, r):
		c.hangul++
	case unicode.Is(unicode.Thai, r):
		c.thai++
	}
}

// script picks the script of the text. Medical text of every language has Latin names and units in
// it, so letters of another script weigh three times as much, and thirty times for a sender who
// writes that script.
func (c census) script(sender Code) script {
	best, most := scriptLatin, c.latin
	for _, candidate := range []struct {
		script script
		count  int
	}{
		{scriptCyrillic, c.cyrillic}, {scriptArabic, c.arabicLetters}, {scriptHan, c.han + c.kana},
		{scriptHangul, c.hangul}, {scriptThai, c.thai},
	} {
		weight := candidate.count * 3
		if candidate.count > 0 && scriptOf(sender) == candidate.script || candidate.script == scriptHan && sender == "ja" && candidate.count > 0 {
			weight = candidate.count * 30
		}
		if weight > most {
			best, most = candidate.script, weight
		}
	}
	if best == scriptHan && c.kana > 0 {
		return scriptJapanese
	}
	if most == 0 {
		return scriptOther
	}
	return best
}

func (c census) arabicCode(sender Code) Code {
	switch {
	case c.urdu > 0 && c.urdu*3 >= c.arab:
		return "ur"
	case c.persian > c.arab:
		return "fa"
	case c.arab > c.persian:
		return "ar"
	case scriptOf(sender) == scriptArabic:
		return sender
	}
	return "ar"
}

func (c census) cyrillicCode(sender Code) Code {
	switch {
	case c.serbian > c.russian:
		return "sr"
	case c.russian > c.serbian:
		return "ru"
	case scriptOf(sender) == scriptCyrillic:
		return sender
	}
	return "ru"
}

// latinLanguages are those that statistics may answer with.
var latinLanguages = map[whatlanggo.Lang]Code{
	whatlanggo.Eng: "en", whatlanggo.Spa: "es", whatlanggo.Fra: "fr", whatlanggo.Por: "pt", whatlanggo.Ita: "it",
	whatlanggo.Deu: "de", whatlanggo.Nld: "nl", whatlanggo.Ind: "id", whatlanggo.Tur: "tr", whatlanggo.Vie: "vi",
}

var latinOptions = whatlanggo.Options{Whitelist: whitelist()}

func whitelist() map[whatlanggo.Lang]bool {
	list := make(map[whatlanggo.Lang]bool, len(latinLanguages))
	for lang := range latinLanguages {
		list[lang] = true
	}
	return list
}

func latin(text string, letterCount int, sender Code) Code {
	home := Code("en") // the lingua franca of those whose own script is another one
	if scriptOf(sender) == scriptLatin || sender == "sr" {
		home = sender
	}
	if letterCount < minLetters {
		return home
	}
	words := countFunctionWords(text)
	if clear, ok := clearly(words); ok {
		return clear
	}
	info := whatlanggo.DetectWithOptions(text, latinOptions)
	found, ok := latinLanguages[info.Lang]
	if best, count := most(words, home); count > words[found] {
		found, ok = best, true
	}
	if !ok || found == home {
		return home
	}
	if sender == "" {
		return found
	}
	if words[found] > words[home] || info.Confidence >= overrule && words[found] == words[home] {
		return found
	}
	return home
}

// clearly is the language whose function words leave no doubt: three and more, twice as many as of any
// other.
func clearly(words map[Code]int) (Code, bool) {
	var best Code
	first, second := 0, 0
	for code, count := range words {
		if count > first {
			best, first, second = code, count, first
		} else {
			second = max(second, count)
		}
	}
	return best, first >= 3 && first > 2*second
}

// most is the language with the most function words; home wins a draw.
func most(words map[Code]int, home Code) (Code, int) {
	best, count := home, words[home]
	for _, code := range latinLanguages {
		if words[code] > count {
			best, count = code, words[code]
		}
	}
	return best, count
}

// Certain finds the language of a text of 60 letters and more when there is no doubt about it, and
// whether the text is written in the script of the expected language at all.
func Certain(text string, expected Code) (found Code, sameScript bool) {
	counts := count(text)
	if counts.letters == 0 {
		return "", true
	}
	written, wanted := counts.script(expected), scriptOf(expected)
	if expected == "sr" && written == scriptLatin || expected == "ja" && written == scriptHan {
		written = wanted
	}
	if wanted != scriptOther && written != wanted {
		return "", false
	}
	if written != scriptLatin || counts.letters < 3*minLetters {
		return "", true
	}
	info := whatlanggo.DetectWithOptions(text, latinOptions)
	if !info.IsReliable() {
		return "", true
	}
	return latinLanguages[info.Lang], true
}
