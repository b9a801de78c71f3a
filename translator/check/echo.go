package check

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"medixchange/translator/language"
)

// echo reports whether the translation is the source again: a sentence as it was, or a few words of it that are no name.
func (c *comparison) echo(source, translation *whole) bool {
	if c.from.Base() == c.to.Base() || !translation.hasFirstWordOf(source) || !sameWords(source, translation) {
		return false
	}
	return source.isSentence() || c.leftAsItWas(source)
}

// isSentence reports whether a text has so many words that no other language has the same; some are no names, nor nouns that a capital
// letter makes look like them ("Klebsiella, Pseudomonas, Enterococcus"). One word, however often, is none: "normal" stands beside results in many.
func (w *whole) isSentence() bool {
	rest, limits := w.withoutDrugsAndUnits(), &loaded().limits.Form
	if unspacedShare(rest) {
		return letters(rest) >= limits.EchoUnspaced
	}
	own := w.ownWords(false)
	return len(strings.Fields(rest)) >= limits.EchoWords && slices.ContainsFunc(own, func(word string) bool { return word != own[0] })
}

// hasFirstWordOf reports whether the first word of another text that is in no drug stands in this one. Hardly any translation has
// it, so that few have to be searched for units.
func (w *whole) hasFirstWordOf(other *whole) bool {
	from, to := other.firstWord()
	return to > from && containsRunes(w.f.runes, other.f.runes[from:to])
}

func (w *whole) firstWord() (from, to int) {
	runes, drugs := w.f.runes, w.drugs
	for from < len(runes) {
		for len(drugs) > 0 && drugs[0].to <= from {
			drugs = drugs[1:]
		}
		if len(drugs) > 0 && drugs[0].from <= from {
			from = drugs[0].to
			continue
		}
		if to = endOfLetters(runes, from); to > from {
			return from, to
		}
		from++
	}
	return from, from
}

func endOfLetters(runes []rune, at int) int {
	for at < len(runes) && unicode.IsLetter(runes[at]) {
		at++
	}
	return at
}

func containsRunes(text, part []rune) bool {
	for i := 0; i+len(part) <= len(text); i++ {
		if text[i] == part[0] && slices.Equal(text[i:i+len(part)], part) {
			return true
		}
	}
	return false
}

// sameWords reports whether two texts have the same words, spelled alike, beside drugs, which may be named as the reader's language
// has them.
func sameWords(source, translation *whole) bool {
	return slices.EqualFunc(source.wordsBesideDrugs(), translation.wordsBesideDrugs(), strings.EqualFold)
}

// leftAsItWas reports whether a text has words that its reader needs translated. In letters that the reader's language is not
// written in, one is enough; in the same letters the words have to be surely of the one language and surely not of the other.
func (c *comparison) leftAsItWas(source *whole) bool {
	words := source.ownWords(wordsOf(c.from).CapitalNouns)
	if len(words) == 0 {
		return false
	}
	text := strings.Join(words, " ")
	if c.writtenIn(text) {
		return !unspacedShare(text) && language.Tells(words, c.from, c.to)
	}
	return !strings.ContainsFunc(text, latinLetter) || slices.ContainsFunc(words, func(word string) bool { return language.Knows(c.from, word) })
}

// writtenIn reports whether a text is in the letters of the reader's language.
func (c *comparison) writtenIn(text string) bool {
	if !hasWords(c.to) {
		return inItsScript(text, c.to)
	}
	_, same := language.Certain(text, c.to)
	return same
}

// minShouted is how many letters a word has that is no abbreviation although it is in capitals, as all of its text.
const minShouted = 3

// ownWords lists the words of a text in small letters, as they are spelled: those that are in no drug or unit, stand at no number ("8 am")
// and are no abbreviation, nor a name by their capital letter, which the first word has anyway, and nouns where a language has them so.
func (w *whole) ownWords(capitalNouns bool) (words []string) {
	shouted := !strings.ContainsFunc(w.text, unicode.IsLower)
	first := true
	for _, place := range w.placesBesideDrugs() {
		word := w.text[place.Start:place.End]
		size, capitals := capitalsOf(word)
		switch {
		case size == 1 && !unspacedShare(word), slices.Contains(loaded().forms.Endings, word):
			continue
		case w.namesValue(place):
		case capitals == 0, shouted && size >= minShouted, (first || capitalNouns) && capitals < size:
			words = append(words, strings.ToLower(word))
		}
		first = false
	}
	return words
}

// namesValue reports what is no word though it is not all in capitals: "pH", and a symbol that stands at a result ("Na 140", "Cl: 101").
func (w *whole) namesValue(place Span) bool {
	word := w.text[place.Start:place.End]
	initial, _ := utf8.DecodeRuneInString(word)
	if _, capitals := capitalsOf(word); capitals > 0 && !unicode.IsUpper(initial) {
		return true
	}
	result := strings.TrimLeft(w.text[place.End:], " +-:=")
	return slices.Contains(loaded().symbols, word) && result != "" && isDigit(rune(result[0]))
}

// wordsBesideDrugs lists the words that are in no drug or unit, as they are written.
func (w *whole) wordsBesideDrugs() (words []string) {
	for _, place := range w.placesBesideDrugs() {
		words = append(words, w.text[place.Start:place.End])
	}
	return words
}

// placesBesideDrugs lists where they stand.
func (w *whole) placesBesideDrugs() (places []Span) {
	runes := []rune(w.withoutDrugsAndUnits())
	for from := 0; from < len(runes); {
		to := endOfLetters(runes, from)
		if to > from {
			places = append(places, w.f.place(from, to))
		}
		from = to + 1
	}
	return places
}

func capitalsOf(word string) (size, capitals int) {
	for _, r := range word {
		size++
		if unicode.IsUpper(r) {
			capitals++
		}
	}
	return size, capitals
}
