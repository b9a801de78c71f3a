package check

import (
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
	var b strings.Builder
	last := rune(0)
	put := func(s string) {
		for _, r := range s {
			if r != last {
				b.WriteRune(r)
			}
			last = r
		}
	}
	for i := 0; i < len(word); i++ {
		next := rune(0)
		if i+1 < len(word) {
			next = word[i+1]
		}
		sound, letters, ok := soundOf(word[i], next, i == 0)
		if !ok {
			return ""
		}
		put(sound)
		i += letters - 1
	}
	return stem(b.String())
}

// stem cuts the ending that languages give to a name (-a, -e, -o, -um).
func stem(skeleton string) string {
	skeleton = strings.TrimSuffix(skeleton, "um")
	return strings.TrimRight(skeleton, "aeiou")
}

// soundOf gives the sound of a letter, or of two, and how many it took.
func soundOf(r, next rune, first bool) (sound string, letters int, ok bool) {
	if r >= 'a' && r <= 'z' {
		sound, letters = latinSound(r, next)
		return sound, letters, true
	}
	if first && r == 'г' && next == 'и' { // гидро- is hydro-
		return "i", 2, true
	}
	if r == 'к' && next == 'с' {
		return "s", 2, true
	}
	sound, ok = cyrillicSounds[r]
	return sound, 1, ok
}

func latinSound(r, next rune) (string, int) {
	switch string([]rune{r, next}) {
	case "ph":
		return "f", 2
	case "th":
		return "t", 2
	case "ch":
		return "k", 2
	case "qu":
		return "k", 2
	case "ks":
		return "s", 2
	case "ui":
		return "i", 2
	case "ae", "oe":
		return "e", 2
	case "ce", "ci", "cy":
		return "s", 1
	}
	switch r {
	case 'c', 'q':
		return "k", 1
	case 'x':
		return "s", 1
	case 'y', 'j':
		return "i", 1
	case 'z':
		return "s", 1
	case 'w':
		return "v", 1
	case 'h':
		return "", 1
	}
	return string(r), 1
}

var cyrillicSounds = map[rune]string{
	'а': "a", 'б': "b", 'в': "v", 'г': "g", 'д': "d", 'е': "e", 'э': "e", 'ж': "s", 'з': "s", 'и': "i", 'ј': "i", 'к': "k", 'л': "l", 'љ': "l",
	'м': "m", 'н': "n", 'њ': "n", 'о': "o", 'п': "p", 'р': "r", 'с': "s", 'т': "t", 'у': "u", 'ф': "f", 'х': "k", 'ц': "s", 'ч': "s", 'ш': "s",
	'щ': "s", 'ы': "i", 'ь': "", 'ъ': "", 'ю': "u", 'я': "a",
}

// spelledDrug finds the drug that a word spells in its own way, "" for none.
func (r *rules) spelledDrug(word []rune) string {
	if len(word) < minSkeleton {
		return ""
	}
	if !unicode.In(word[0], unicode.Latin, unicode.Cyrillic) {
		return ""
	}
	for cut := 0; cut <= maxInflected && len(word)-cut >= minSkeleton; cut++ {
		if name := r.skeletons[skeletonOf(word[:len(word)-cut])]; name != "" {
			return name
		}
	}
	return ""
}

// addSkeleton files a drug's international name by its skeleton.
func (r *rules) addSkeleton(name string) {
	if strings.Contains(name, " ") || len(name) < minSkeleton {
		return
	}
	if skeleton := skeletonOf([]rune(name)); len(skeleton) >= minSkeleton {
		r.skeletons[skeleton] = name
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
			if name := known.spelledDrug(f.runes[from:to]); name != "" {
				found = append(found, span{from, to, name})
			}
		}
		from = max(to, from+1)
	}
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
