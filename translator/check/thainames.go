package check

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Thai has no one way to write the name of a drug: salbutamol is ซัลบูทามอล, ซาลบูทามอล, ซัลบิวทามอล. What they share with the
// international name are its consonants.

// thaiForms are what stands for a letter of Thai where the names of drugs are compared: 0 for nothing.
type thaiForms map[rune]rune

// loadThaiForms reads them and files the Thai names of drugs by them; it comes after loadDrugs.
func (r *rules) loadThaiForms() error {
	var forms map[string][]string
	if err := readYAML("thaiforms.yaml", &forms); err != nil {
		return err
	}
	r.thaiForms = thaiForms{}
	for into, letters := range forms {
		to, _ := utf8.DecodeRuneInString(into + "\x00")
		for _, letter := range letters {
			from, _ := utf8.DecodeRuneInString(letter)
			r.thaiForms[from] = to
		}
	}
	for drug, names := range drugNames() {
		for _, name := range names {
			r.addThaiName(drug, name)
		}
	}
	return nil
}

func (r *rules) addThaiName(drug string, name drugName) {
	if name.in != "th" {
		return
	}
	if plain, _ := r.thaiForms.fold([]rune(name.name)); len(plain) >= minThaiLetters {
		r.thaiDrugs.add(string(plain), entry{group: "drug", value: drug, sure: true})
	}
}

const minThaiLetters = 5 // of a name that is known however it is written

// fold writes a text with one form of each letter, and tells where each stood.
func (t thaiForms) fold(text []rune) (plain []rune, places []int) {
	plain, places = make([]rune, 0, len(text)), make([]int, 0, len(text)+1)
	for i, r := range text {
		if form, ok := t[r]; ok {
			r = form
		}
		if r != 0 {
			plain, places = append(plain, r), append(places, i)
		}
	}
	return plain, append(places, len(text))
}

// withThai adds the drugs of a Thai text that are written in other forms than the known ones.
func (r *rules) withThai(f *folded, known []span) []span {
	if f.lang != "th" {
		return known
	}
	plain, places := r.thaiForms.fold(f.runes)
	found := known
	for _, m := range r.thaiDrugs.all(plain) {
		s := span{places[m.from], places[m.to], m.entries[0].value}
		if !slices.ContainsFunc(known, func(k span) bool { return k.from < s.to && s.from < k.to }) {
			found = append(found, s)
		}
	}
	return found
}

const minThai = 4 // consonants of a name that are compared

// thaiSounds are the consonants of Thai by those of skeletons. Left out is what Thai also writes as a vowel, and h and v, which
// it writes in several ways or not at all.
var thaiSounds = map[rune]byte{
	'บ': 'b', 'ป': 'b', 'พ': 'b', 'ผ': 'b', 'ภ': 'b', 'ด': 't', 'ต': 't', 'ถ': 't', 'ท': 't', 'ธ': 't', 'ก': 'k', 'ข': 'k', 'ค': 'k', 'ฆ': 'k',
	'ล': 'l', 'ร': 'r', 'ม': 'm', 'น': 'n', 'ณ': 'n', 'ง': 'n', 'ซ': 's', 'ส': 's', 'ศ': 's', 'ษ': 's', 'ช': 's', 'จ': 's', 'ฟ': 'f', 'ฝ': 'f',
}

// latinConsonants are those of skeletons as thaiSounds has them.
var latinConsonants = map[byte]byte{
	'b': 'b', 'p': 'b', 'd': 't', 't': 't', 'g': 'k', 'k': 'k', 'l': 'l', 'r': 'r', 'm': 'm', 'n': 'n', 's': 's', 'f': 'f',
}

// consonantsOf are the consonants of a drug's international name, "" where they are too few to tell it.
func consonantsOf(drug string) string {
	var consonants []byte
	for _, sound := range []byte(skeletonOf([]rune(drug))) {
		consonants = withSound(consonants, latinConsonants[sound])
	}
	if len(consonants) < minThai {
		return ""
	}
	return string(consonants)
}

// withSound adds a consonant, unless it is the last one again. X is ks in Thai, and s in skeletons.
func withSound(consonants []byte, sound byte) []byte {
	last := len(consonants) - 1
	switch {
	case sound == 0, last >= 0 && consonants[last] == sound:
		return consonants
	case sound == 's' && last >= 0 && consonants[last] == 'k':
		consonants[last] = sound
		return consonants
	}
	return append(consonants, sound)
}

// thaiName finds where a Thai text spells a drug in its own way, in no other drug that is known.
func (x *facts) thaiName(drug string) (span, bool) {
	if x.f.lang != "th" {
		return span{}, false
	}
	wanted := consonantsOf(drug)
	if wanted == "" {
		return span{}, false
	}
	var consonants []byte
	var places []int
	for i, r := range x.f.runes {
		if !thaiLetter(r) || x.inDrug(i) {
			consonants, places = consonants[:0], places[:0]
			continue
		}
		consonants = withSound(consonants, thaiSounds[r])
		for len(places) < len(consonants) {
			places = append(places, i)
		}
		if strings.HasSuffix(string(consonants), wanted) {
			return span{places[len(consonants)-len(wanted)], i + 1, drug}, true
		}
	}
	return span{}, false
}

func (x *facts) inDrug(at int) bool {
	return slices.ContainsFunc(x.drugs, func(s span) bool { return s.from <= at && at < s.to })
}

func thaiLetter(r rune) bool { return r >= 0x0e00 && r <= 0x0e7f }

// names reports whether a text in Arabic or Thai script spells a drug in its own way, or has another word for it. What looks like a
// negation in the name is none.
func (x *facts) names(drug string) bool {
	place, ok := x.thaiName(drug)
	if !ok {
		return x.spells(drug) || x.answersDrug(drug)
	}
	for _, list := range []*[]span{&x.negations, &x.opposites, &x.weak, &x.faint} {
		*list = slices.DeleteFunc(*list, func(s span) bool { return s.from < place.to && place.from < s.to })
	}
	return true
}
