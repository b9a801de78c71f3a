package language

import (
	"cmp"
	"math"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/abadojack/whatlanggo"
)

// Guess is a language that a text may be written in.
type Guess struct {
	Code        Code
	Probability float64
}

// Sure is the probability from which a language counts as found: enough to leave a text untranslated for those who
// read that language.
const Sure = 0.9

// minGuess is the least probability that a guess is named for.
const minGuess = 0.01

// nothing is the logarithm of a share that changes no other's.
const nothing = -30

// Identify finds the languages that a text may be written in, the most probable first. The script decides, then words
// and letters; the language that the sender reads, if it is known, makes that language more probable and no more. It
// gives nothing for a text without letters, or with nothing but words that are the same everywhere. Identify takes microseconds for a message; a long text is judged by its
// beginning.
func Identify(text string, sender Code) []Guess {
	counts := count(text)
	if counts.letters == 0 {
		return nil
	}
	switch counts.script(sender) {
	case scriptJapanese:
		return []Guess{{"ja", 1}}
	case scriptHan:
		return hanGuesses(text, sender)
	case scriptHangul:
		return []Guess{{"ko", 1}}
	case scriptThai:
		return []Guess{{"th", 1}}
	case scriptArabic:
		return arabicModel().guesses(text, sender, "ar")
	case scriptCyrillic:
		return cyrillicModel().guesses(text, sender, "ru")
	case scriptLatin:
		return latinModel().guesses(text, sender, "en")
	}
	return []Guess{{sender, 0.5}}
}

// Detect is the most probable language of a text, "" where Identify finds nothing.
func Detect(text string, sender Code) Code {
	guesses := Identify(text, sender)
	if len(guesses) == 0 {
		return ""
	}
	return guesses[0].Code
}

// What is expected before a text is read: most people write what they read, and those whose own script is another one
// the lingua franca of the script.
const (
	senderOdds = 40.0
	linguaOdds = 3.0
)

// maxJudged is how many bytes of a text are judged; more make nothing clearer.
const maxJudged = 400

// guesses weighs the words of a text.
func (m *model) guesses(text string, sender, lingua Code) []Guess {
	var sum scores
	text = beginning(text, maxJudged)
	guesses := m.byWords(text, sender, lingua, &sum)
	if len(guesses) == 0 || guesses[0].Probability >= Sure || lingua != "en" || len(text) < minCertain {
		return guesses
	}
	statistics := latinLanguages[whatlanggo.DetectWithOptions(text, latinOptions).Lang]
	if i := slices.Index(m.codes, statistics); i >= 0 {
		sum[i] += statisticsEvidence
	}
	return ranked(m.codes, &sum)
}

// byWords weighs the words alone, and leaves in sum what they say of each language.
func (m *model) byWords(text string, sender, lingua Code, sum *scores) []Guess {
	if m.evidence(text, sum) == 0 {
		return nil
	}
	for i, code := range m.codes {
		switch code {
		case sender.Base():
			sum[i] += float32(math.Log(senderOdds))
		case lingua:
			sum[i] += float32(math.Log(linguaOdds))
		}
	}
	return ranked(m.codes, sum)
}

// statisticsEvidence is what statistics of letters say about a longer text whose words leave doubt.
const statisticsEvidence = 2.0

// beginning cuts a long text at a rune.
func beginning(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// ranked makes probabilities of logarithms.
func ranked(codes []Code, sum *scores) []Guess {
	best, total := float32(math.Inf(-1)), 0.0
	for i := range codes {
		best = max(best, sum[i])
	}
	var shares [maxLanguages]float64
	for i := range codes {
		if behind := sum[i] - best; behind > nothing {
			shares[i] = math.Exp(float64(behind))
			total += shares[i]
		}
	}
	guesses := make([]Guess, 0, 4)
	for i, code := range codes {
		if share := shares[i] / total; share >= minGuess {
			guesses = append(guesses, Guess{code, share})
		}
	}
	slices.SortFunc(guesses, func(a, b Guess) int { return cmp.Compare(b.Probability, a.Probability) })
	return guesses
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
	switch c = c.Base(); c {
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
	case unicode.Is(unicode.Arabic, r):
		c.arabicLetters++
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

// script picks the script of the text. Medical text of every language has Latin names and units in it, so letters of
// another script weigh more, most of all those that stand for words, and more still for a sender who writes that script.
func (c census) script(sender Code) script {
	best, most := scriptLatin, c.latin
	for _, candidate := range []struct {
		script        script
		count, weight int
	}{
		{scriptCyrillic, c.cyrillic, 3}, {scriptArabic, c.arabicLetters, 3}, {scriptHan, c.han + c.kana, 8},
		{scriptHangul, c.hangul, 5}, {scriptThai, c.thai, 3},
	} {
		weight := candidate.weight
		if scriptOf(sender) == candidate.script || candidate.script == scriptHan && sender == "ja" {
			weight = 30
		}
		if weighed := candidate.count * weight; weighed > most {
			best, most = candidate.script, weighed
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

// How many letters a text needs for its language to be found without any hint, and with the language that it should be in for a hint:
// that one is believed unless its words speak against it.
const (
	minCertain = 60
	minHinted  = 25
	minTelling = 12 // where the letters themselves tell the languages of a script apart
	minWords   = 3  // that are no names, of a text that is judged with a hint
)

// Certain finds the language of a text when there is no doubt about it, and whether the text is written in the script of the
// expected language at all. It finds nothing for a short text: it may be a name.
func Certain(text string, expected Code) (found Code, sameScript bool) {
	counts := count(text)
	if counts.letters == 0 {
		return "", true
	}
	written, wanted := counts.script(expected), scriptOf(expected)
	fits := wanted == scriptOther || written == wanted || expected.Base() == "sr" && written == scriptLatin || expected == "ja" && written == scriptHan
	if !fits || otherChinese(text, expected) {
		return "", false
	}
	guesses := certainGuesses(text, expected, written, counts.letters)
	doubt := 1 - certainty
	if counts.letters < minCertain && written == scriptLatin {
		doubt /= 10
	}
	if len(guesses) == 0 || guesses[0].Probability < 1-doubt {
		return "", true
	}
	if guesses[0].Code.Base() == expected.Base() {
		return expected, true
	}
	return guesses[0].Code, true
}

// certainGuesses weighs a text that has enough letters for its script.
func certainGuesses(text string, expected Code, written script, letters int) []Guess {
	text = beginning(text, maxJudged)
	var sum scores // statistics could make no doubtful language a certain one: they turn odds of 9 to 1 into 67 to 1 at most
	switch {
	case written == scriptHan && expected == "ja":
		return hanGuesses(text, "") // a Japanese sentence has kana: few compounds are so long that this finds another language
	case written == scriptArabic && letters >= minTelling:
		return arabicModel().byWords(text, expected, "", &sum)
	case written == scriptCyrillic && letters >= minTelling:
		return cyrillicModel().byWords(text, expected, "", &sum)
	case written == scriptLatin && letters >= minCertain:
		return latinModel().byWords(text, "", "en", &sum)
	case written == scriptLatin && letters >= minHinted && plainWords(text) >= minWords:
		return latinModel().byWords(text, expected, "", &sum)
	}
	return nil
}

// plainWords counts the words that no capital letter begins.
func plainWords(text string) (words int) {
	inside := false
	for _, r := range text {
		letter := unicode.IsLetter(r)
		if letter && !inside && unicode.IsLower(r) {
			words++
		}
		inside = letter || unicode.IsMark(r)
	}
	return words
}

// otherChinese reports a text that has characters of the other form of Chinese and none of the expected one.
func otherChinese(text string, expected Code) bool {
	if expected.Base() != "zh" {
		return false
	}
	own, other := hanForms(text)
	if expected == "zh-Hant" {
		own, other = other, own
	}
	return own == 0 && other > 1
}

// certainty leaves no doubt.
const certainty = 0.99
