package check

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The names of drugs are international: languages spell one name by their own rules (amoxicillin, amoxicilina, amoksisilin,
// амоксициллин). A skeleton is what is left when those rules, which are in data/letters.yaml, are taken away, so that
// data/drugs.yaml need not list each spelling. Han, kana, Thai and Hangul have no skeletons.

// skeletonOf writes a word in Latin or Cyrillic letters as it would be spelled by sound, "" for other scripts. The word is folded.
func skeletonOf(word []rune) string {
	var buffer [maxSkeletonBuffer]byte
	skeleton, _ := alphabetRules().appendSkeleton(buffer[:0], word)
	return string(skeleton)
}

const maxSkeletonBuffer = 64 // bytes for the skeleton of a word, without a piece of memory of its own

// appendSkeleton is skeletonOf that writes behind b, which is empty; false for other scripts.
func (a *alphabet) appendSkeleton(b []byte, word []rune) ([]byte, bool) {
	for i := 0; i < len(word); {
		h := a.at(word, i)
		if h.letters == 0 {
			return b[:0], false
		}
		if h.sound != 0 && (len(b) == 0 || b[len(b)-1] != h.sound) {
			b = append(b, h.sound)
		}
		i += int(h.letters)
	}
	return a.stem(b), true
}

// stem cuts the ending that languages give to a name (-a, -e, -o, -um).
func (a *alphabet) stem(skeleton []byte) []byte {
	for _, ending := range a.endings {
		skeleton = bytes.TrimSuffix(skeleton, ending)
	}
	return bytes.TrimRight(skeleton, a.vowels)
}

// spelledDrug finds the drug that a word spells in its own way, "" for none.
func (r *rules) spelledDrug(word []rune) string {
	a := alphabetRules()
	if len(word) < a.minSkeleton || !r.beginsSkeleton(a, word) {
		return ""
	}
	var buffer [maxSkeletonBuffer]byte
	for cut := 0; cut <= a.maxInflected && len(word)-cut >= a.minSkeleton; cut++ {
		skeleton, _ := a.appendSkeleton(buffer[:0], word[:len(word)-cut])
		if name := r.skeletons[string(skeleton)]; name != "" {
			return name
		}
	}
	return ""
}

// skeletonStarts is a set of the first sounds of skeletons; few others seem to be in it. The letters that are cut from the end of
// a word are none of them, so that one look tells of nearly every word that it spells no drug.
type skeletonStarts [1 << (skeletonStartBits - 6)]uint64

const (
	skeletonStart     = 4  // sounds
	skeletonStartBits = 16 // of a hash of them
)

func (s *skeletonStarts) place(sounds uint32) (word, bit uint32) {
	hash := sounds * 0x9e3779b1 >> (32 - skeletonStartBits)
	return hash / 64, hash % 64
}

func (s *skeletonStarts) add(sounds uint32) {
	word, bit := s.place(sounds)
	s[word] |= 1 << bit
}

func (s *skeletonStarts) has(sounds uint32) bool {
	word, bit := s.place(sounds)
	return s[word]&(1<<bit) != 0
}

// beginsSkeleton reports whether a word begins as a skeleton does. False means that it spells no drug.
func (r *rules) beginsSkeleton(a *alphabet, word []rune) bool {
	var sounds uint32
	var last byte
	for i, count := 0, 0; i < len(word); {
		h := a.at(word, i)
		if h.letters == 0 {
			return false
		}
		i += int(h.letters)
		if h.sound == 0 || h.sound == last {
			continue
		}
		sounds, last = sounds<<8|uint32(h.sound), h.sound
		if count++; count == skeletonStart {
			return r.skeletonStarts.has(sounds)
		}
	}
	return false
}

// addSkeleton files a drug's international name by its skeleton.
func (r *rules) addSkeleton(name string) {
	least := alphabetRules().minSkeleton
	if strings.Contains(name, " ") || len(name) < least {
		return
	}
	if skeleton := skeletonOf([]rune(name)); len(skeleton) >= least {
		r.skeletons[skeleton] = name
		r.skeletonStarts.add(binary.BigEndian.Uint32([]byte(skeleton)))
	}
}

// drugsIn lists the drugs of a text, in order.
func drugsIn(f *folded) []span {
	known, least := loaded(), alphabetRules().minSkeleton
	var found []span
	for _, m := range known.drugs.all(f.runes) {
		m = known.behindArticle(f, m)
		found = append(found, span{m.from, wordEnd(f, m), m.entries[0].value})
	}
	next := 0
	for from := 0; from < len(f.runes); {
		to := from
		for to < len(f.runes) && wordRune(f.runes[to]) {
			to++
		}
		for next < len(found) && found[next].to <= from {
			next++
		}
		if to-from >= least && (next == len(found) || found[next].from >= to) {
			if name := known.namedDrug(f.runes[from:to]); name != "" {
				found = append(found, span{from, to, name})
			}
		}
		from = max(to, from+1)
	}
	found = known.withThai(f, found)
	sortSpans(found)
	return found
}

// behindArticle gives the drug that stands behind an Arabic article: الفنتانيل is "the fentanyl", though it has the folded letters of
// ألفنتانيل, alfentanil. Persian and Urdu have no article.
func (r *rules) behindArticle(f *folded, m match) match {
	const article = "ال"
	if f.lang != "" && f.lang != "ar" || !strings.HasPrefix(f.text[f.starts[m.from]:], article) {
		return m
	}
	if bare, ok := r.drugs.at(f.runes, m.from+utf8.RuneCountInString(article)); ok && bare.to == m.to {
		return bare
	}
	return m
}

// abjadOf writes a word, in the Latin or the Arabic script, by the classes of its consonants; what Arabic script writes as a vowel or
// leaves out has none.
func (a *alphabet) abjadOf(word []rune) string {
	var b []byte
	for _, r := range word {
		if class := a.abjad[r]; class != 0 && (len(b) == 0 || b[len(b)-1] != class) {
			b = append(b, class)
		}
	}
	return string(b)
}

// spells reports whether a text in Arabic script has a word that may spell a drug.
func (x *facts) spells(drug string) bool {
	a := alphabetRules()
	wanted := a.abjadOf([]rune(drug))
	if len(wanted) < a.minAbjad {
		return false
	}
	for from := 0; from < len(x.f.runes); {
		to := from
		for to < len(x.f.runes) && unicode.Is(unicode.Arabic, x.f.runes[to]) && unicode.IsLetter(x.f.runes[to]) {
			to++
		}
		if to-from >= a.minAbjad {
			if have := a.abjadOf(x.f.runes[from:to]); strings.HasSuffix(have, wanted) && len(have) <= len(wanted)+a.maxClitics {
				return true
			}
		}
		from = max(to, from+1)
	}
	return false
}
