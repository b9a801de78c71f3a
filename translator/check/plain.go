package check

import (
	"slices"
	"unicode/utf8"
)

// wordPlace says what a word of ASCII letters may be, whatever stands around it.
type wordPlace struct {
	drug bool // the name of a drug, or its first word
	unit bool // a unit behind a number, or its first word
}

// Plain reports whether a text certainly names no drug and no number with a unit, so that [Slots] would find numbers alone. It is
// quick, and says no whenever it would have to look closer, as for every text that is not ASCII.
func Plain(text string) bool {
	known, behindNumber := loaded(), false
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c >= utf8.RuneSelf:
			return false
		case asciiLetter(rune(c)):
			end := i + 1
			for end < len(text) && asciiLetter(rune(text[end])) {
				end++
			}
			if !known.plainWord(text[i:end], behindNumber) {
				return false
			}
			behindNumber = false
			i = end
			continue
		case c >= '0' && c <= '9':
			behindNumber = true
		case behindNumber && known.unitWords.begin(rune(c)) != 0, known.drugs.begin(rune(c)) != 0:
			return false
		}
		i++
	}
	return true
}

// longestPlain is how many letters a word may have that is looked at.
const longestPlain = 48

func (r *rules) plainWord(word string, behindNumber bool) bool {
	if len(word) > longestPlain {
		return false
	}
	var buffer [longestPlain]byte
	lower := buffer[:len(word)]
	for i := range lower {
		lower[i] = word[i] | 0x20
	}
	is := r.wordPlaces.Of(lower, r.findWordPlace)
	return !is.drug && !(is.unit && behindNumber)
}

func (r *rules) findWordPlace(word string) wordPlace {
	runes := []rune(word)
	return wordPlace{
		drug: r.drugs.mayBegin(runes) || r.namedDrug(runes) != "",
		unit: r.unitWords.mayBegin(runes),
	}
}

// mayBegin reports whether a match may begin with the whole of a word, or with letters of it that any ending may follow. No ASCII letter
// follows the word.
func (l *lexicon) mayBegin(word []rune) bool {
	if l.begin(anyEnding) != 0 {
		return true
	}
	node := l.begin(word[0])
	for _, r := range word[1:] {
		if node == 0 {
			return false
		}
		free := slices.ContainsFunc(l.lists[l.nodes[node].list], func(e entry) bool { return e.endings })
		if free || l.follow(node, anyEnding) != 0 {
			return true
		}
		node = l.follow(node, r)
	}
	return node != 0 && (l.nodes[node].list != 0 || l.goesOn(node))
}

// goesOn reports whether something else than an ASCII letter may follow a node.
func (l *lexicon) goesOn(node uint32) bool {
	for at := l.nodes[node].child; at != 0; at = l.nodes[at].next {
		if !asciiLetter(rune(l.nodes[at].r)) {
			return true
		}
	}
	return false
}
