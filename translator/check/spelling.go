package check

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode"
)

// The names of drugs are international: languages spell one name by their own rules (amoxicillin, amoxicilina, amoksisilin,
// амоксициллин). A skeleton is what is left when those rules are taken away, so that data/drugs.yaml need not list each
// spelling. Han, kana, Thai and Hangul have no skeletons.

const (
	minSkeleton  = 6 // letters of a skeleton that names a drug
	maxInflected = 3 // letters that a language may add to a name
	minAbjad     = 4 // consonants of a name in Arabic script that are compared
	maxClitics   = 2 // consonants before a name that are none of it
)

// skeletonOf writes a word in Latin or Cyrillic letters as it would be spelled by sound, "" for other scripts. The word is folded.
func skeletonOf(word []rune) string {
	var buffer [maxSkeletonBuffer]byte
	skeleton, _ := appendSkeleton(buffer[:0], word)
	return string(skeleton)
}

const maxSkeletonBuffer = 64 // bytes for the skeleton of a word, without a piece of memory of its own

// appendSkeleton is skeletonOf that writes behind b, which is empty; false for other scripts.
func appendSkeleton(b []byte, word []rune) ([]byte, bool) {
	for i := 0; i < len(word); {
		sound, letters, ok := soundOf(word, i)
		if !ok {
			return b[:0], false
		}
		if sound != 0 && (len(b) == 0 || b[len(b)-1] != sound) {
			b = append(b, sound)
		}
		i += letters
	}
	return stem(b), true
}

// stem cuts the ending that languages give to a name (-a, -e, -o, -um).
func stem(skeleton []byte) []byte {
	return bytes.TrimRight(bytes.TrimSuffix(skeleton, []byte("um")), "aeiou")
}

// soundOf gives the sound of a letter of a word, or of two, 0 for none, and how many letters it took.
func soundOf(word []rune, i int) (sound byte, letters int, ok bool) {
	r, next := word[i], rune(0)
	if i+1 < len(word) {
		next = word[i+1]
	}
	if r >= 'a' && r <= 'z' {
		sound, letters = latinSound(r, next)
		return sound, letters, true
	}
	if i == 0 && r == 'г' && next == 'и' { // гидро- is hydro-
		return 'i', 2, true
	}
	if r == 'к' && next == 'с' {
		return 's', 2, true
	}
	sound, ok = cyrillicSound(r)
	return sound, 1, ok
}

func latinSound(r, next rune) (byte, int) {
	switch {
	case r == 'p' && next == 'h':
		return 'f', 2
	case r == 't' && next == 'h':
		return 't', 2
	case r == 'c' && next == 'h', r == 'q' && next == 'u':
		return 'k', 2
	case r == 'k' && next == 's':
		return 's', 2
	case r == 'u' && next == 'i':
		return 'i', 2
	case (r == 'a' || r == 'o') && next == 'e':
		return 'e', 2
	case r == 'c' && (next == 'e' || next == 'i' || next == 'y'):
		return 's', 1
	}
	switch r {
	case 'c', 'q':
		return 'k', 1
	case 'x', 'z':
		return 's', 1
	case 'y', 'j':
		return 'i', 1
	case 'w':
		return 'v', 1
	case 'h':
		return 0, 1
	}
	return byte(r), 1
}

// cyrillicSounds are the sounds of the letters from а to я: - is none, ? stands for a letter that folded text does not have.
const cyrillicSounds = "abvgdessi?klmnoprstufkssss-i-eua"

func cyrillicSound(r rune) (sound byte, ok bool) {
	switch {
	case r == 'ј':
		return 'i', true
	case r == 'љ':
		return 'l', true
	case r == 'њ':
		return 'n', true
	case r < 'а' || r > 'я':
		return 0, false
	}
	switch sound = cyrillicSounds[r-'а']; sound {
	case '-':
		return 0, true
	case '?':
		return 0, false
	}
	return sound, true
}

// spelledDrug finds the drug that a word spells in its own way, "" for none.
func (r *rules) spelledDrug(word []rune) string {
	if len(word) < minSkeleton || !r.beginsSkeleton(word) {
		return ""
	}
	var buffer [maxSkeletonBuffer]byte
	for cut := 0; cut <= maxInflected && len(word)-cut >= minSkeleton; cut++ {
		skeleton, _ := appendSkeleton(buffer[:0], word[:len(word)-cut])
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
func (r *rules) beginsSkeleton(word []rune) bool {
	var sounds uint32
	var last byte
	for i, count := 0, 0; i < len(word); {
		sound, letters, ok := soundOf(word, i)
		if !ok {
			return false
		}
		i += letters
		if sound == 0 || sound == last {
			continue
		}
		sounds, last = sounds<<8|uint32(sound), sound
		if count++; count == skeletonStart {
			return r.skeletonStarts.has(sounds)
		}
	}
	return false
}

// addSkeleton files a drug's international name by its skeleton.
func (r *rules) addSkeleton(name string) {
	if strings.Contains(name, " ") || len(name) < minSkeleton {
		return
	}
	if skeleton := skeletonOf([]rune(name)); len(skeleton) >= minSkeleton {
		r.skeletons[skeleton] = name
		r.skeletonStarts.add(binary.BigEndian.Uint32([]byte(skeleton)))
	}
}

// drugsIn lists the drugs of a text, in order.
func drugsIn(f *folded) []span {
	known := loaded()
	var found []span
	for _, m := range known.drugs.all(f.runes) {
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
		if to-from >= minSkeleton && (next == len(found) || found[next].from >= to) {
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

// abjadClass files a consonant, of the Latin or the Arabic script, under those that languages confuse in names; what
// Arabic script writes as a vowel or leaves out has none.
func abjadClass(r rune) byte {
	switch r {
	case 'b', 'p', 'ب', 'پ':
		return 'b'
	case 't', 'd', 'ت', 'ط', 'د', 'ڈ', 'ٹ', 'ض', 'ث':
		return 't'
	case 'c', 'k', 'q', 'g', 's', 'z', 'j', 'x', 'س', 'ص', 'ز', 'ذ', 'ظ', 'ش', 'ژ', 'ج', 'چ', 'ك', 'ق', 'گ', 'خ', 'غ':
		return 's'
	case 'l', 'ل':
		return 'l'
	case 'm', 'م':
		return 'm'
	case 'n', 'ن', 'ں':
		return 'n'
	case 'r', 'ر', 'ڑ':
		return 'r'
	}
	return 0
}

func abjad(word []rune) string {
	var b []byte
	for _, r := range word {
		if class := abjadClass(r); class != 0 && (len(b) == 0 || b[len(b)-1] != class) {
			b = append(b, class)
		}
	}
	return string(b)
}

// spells reports whether a text in Arabic script has a word that may spell a drug.
func (x *facts) spells(drug string) bool {
	wanted := abjad([]rune(drug))
	if len(wanted) < minAbjad {
		return false
	}
	for from := 0; from < len(x.f.runes); {
		to := from
		for to < len(x.f.runes) && unicode.Is(unicode.Arabic, x.f.runes[to]) && unicode.IsLetter(x.f.runes[to]) {
			to++
		}
		if to-from >= minAbjad {
			if have := abjad(x.f.runes[from:to]); strings.HasSuffix(have, wanted) && len(have) <= len(wanted)+maxClitics {
				return true
			}
		}
		from = max(to, from+1)
	}
	return false
}
