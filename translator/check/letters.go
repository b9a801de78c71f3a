package check

import (
	"fmt"
	"sync"
	"unicode/utf8"
)

// letterFile is data/letters.yaml.
type letterFile struct {
	Fold     map[string]string // what stands in folded text → the letters that it stands for
	Clitics  []string
	Spelling struct {
		Endings          []string
		Vowels           string
		SkeletonLetters  int `yaml:"skeletonLetters"`
		InflectedLetters int `yaml:"inflectedLetters"`
		Latin            map[string]string
		Cyrillic         map[string]string
		Hydro            map[string]string
	}
	Abjad struct {
		Consonants, Clitics int
		Classes             map[string]string
	}
}

// alphabet is what is known of letters. It is read before all other rules, since their words are folded with it.
type alphabet struct {
	fold    map[rune][]rune
	clitics map[string]bool

	longestClitic int                                   // letters
	latin         [latinLetters][latinLetters + 1]heard // by a letter and the next one; the last for any other
	cyrillic      [cyrillicLetters]heard
	pairs         map[[2]rune]heard // of Cyrillic letters
	beginning     map[[2]rune]heard // those that are one sound at the beginning of a word
	abjad         map[rune]byte
	endings       [][]byte
	vowels        string

	minSkeleton  int // letters of a skeleton that names a drug
	maxInflected int // letters that a language may add to a name
	minAbjad     int // consonants of a name in Arabic script that are compared
	maxClitics   int // consonants before a name that are none of it
}

const (
	latinLetters    = 'z' - 'a' + 1
	firstCyrillic   = 0x400
	cyrillicLetters = 0x60
)

// heard is how a letter, or two of them, sound in a name.
type heard struct {
	sound   byte  // 0 for none
	letters uint8 // how many they are, 0 for one that is not known
	pairs   bool  // it may begin a pair that sounds otherwise
}

// alphabetRules reads what is known of letters when it is needed first; a fault in it is one of the build.
var alphabetRules = sync.OnceValue(func() *alphabet {
	var file letterFile
	if err := readYAML("letters.yaml", &file); err != nil {
		panic(fmt.Errorf("letters of the medical checks: %w", err))
	}
	a, err := newAlphabet(file)
	if err != nil {
		panic(fmt.Errorf("letters of the medical checks: letters.yaml: %w", err))
	}
	return a
})

func newAlphabet(file letterFile) (*alphabet, error) {
	a := &alphabet{fold: map[rune][]rune{}, clitics: map[string]bool{}, pairs: map[[2]rune]heard{}, beginning: map[[2]rune]heard{}, abjad: map[rune]byte{}}
	for into, from := range file.Fold {
		for _, r := range from {
			if a.fold[r] != nil {
				return nil, fmt.Errorf("fold: %c stands for two letters", r)
			}
			a.fold[r] = []rune(into)
		}
	}
	for _, word := range file.Clitics {
		a.clitics[word] = true
		a.longestClitic = max(a.longestClitic, utf8.RuneCountInString(word))
	}
	for class, consonants := range file.Abjad.Classes {
		if len(class) != 1 {
			return nil, fmt.Errorf("abjad: a class is named by one letter, not by %q", class)
		}
		for _, r := range consonants {
			a.abjad[r] = class[0]
		}
	}
	s := file.Spelling
	a.vowels, a.minSkeleton, a.maxInflected = s.Vowels, s.SkeletonLetters, s.InflectedLetters
	a.minAbjad, a.maxClitics = file.Abjad.Consonants, file.Abjad.Clitics
	if a.minSkeleton < skeletonStart || a.maxInflected <= 0 || a.minAbjad <= 0 || a.maxClitics <= 0 || a.vowels == "" {
		return nil, fmt.Errorf("spelling and abjad need their numbers of letters, of a skeleton at least %d", skeletonStart)
	}
	for _, ending := range s.Endings {
		a.endings = append(a.endings, []byte(ending))
	}
	if err := a.addLatin(s.Latin); err != nil {
		return nil, err
	}
	if err := a.addCyrillic(s.Cyrillic); err != nil {
		return nil, err
	}
	return a, a.addBeginning(s.Hydro)
}

// soundNamed reads the sound of a line, 0 for none.
func soundNamed(letters, sound string) (byte, error) {
	switch {
	case sound == "":
		return 0, nil
	case len(sound) == 1 && sound[0] >= 'a' && sound[0] <= 'z':
		return sound[0], nil
	}
	return 0, fmt.Errorf("spelling: %s: a sound is one Latin letter or none, not %q", letters, sound)
}

// addLatin files the sounds of Latin letters: first those of one letter, then those of a letter before others, then pairs.
func (a *alphabet) addLatin(sounds map[string]string) error {
	for i := range a.latin {
		a.setLatin(i, heard{sound: byte('a' + i), letters: 1})
	}
	for _, form := range []func(string) bool{isOneLetter, isBefore, isPair} {
		for letters, name := range sounds {
			if !form(letters) {
				continue
			}
			sound, err := soundNamed(letters, name)
			if err != nil {
				return err
			}
			switch at := int(letters[0] - 'a'); {
			case isOneLetter(letters):
				a.setLatin(at, heard{sound: sound, letters: 1})
			case isPair(letters):
				a.latin[at][letters[1]-'a'] = heard{sound: sound, letters: 2}
			default:
				for _, next := range letters[2:] {
					a.latin[at][next-'a'] = heard{sound: sound, letters: 1}
				}
			}
		}
	}
	return nil
}

func (a *alphabet) setLatin(at int, h heard) {
	for next := range a.latin[at] {
		a.latin[at][next] = h
	}
}

func isOneLetter(letters string) bool { return len(letters) == 1 }
func isPair(letters string) bool      { return len(letters) == 2 }
func isBefore(letters string) bool    { return len(letters) > 2 && letters[1] == '+' }

func (a *alphabet) addCyrillic(sounds map[string]string) error {
	for letters, name := range sounds {
		sound, err := soundNamed(letters, name)
		if err != nil {
			return err
		}
		first := []rune(letters)[0] - firstCyrillic
		if first < 0 || first >= cyrillicLetters || utf8.RuneCountInString(letters) > 2 {
			return fmt.Errorf("spelling: %q is no Cyrillic letter and no pair of them", letters)
		}
		if utf8.RuneCountInString(letters) == 2 {
			a.pairs[[2]rune([]rune(letters))] = heard{sound: sound, letters: 2}
			a.cyrillic[first].pairs = true
			continue
		}
		a.cyrillic[first].sound, a.cyrillic[first].letters = sound, 1
	}
	return nil
}

func (a *alphabet) addBeginning(sounds map[string]string) error {
	for letters, name := range sounds {
		sound, err := soundNamed(letters, name)
		if err != nil {
			return err
		}
		if utf8.RuneCountInString(letters) != 2 {
			return fmt.Errorf("spelling: hydro has pairs of letters, not %q", letters)
		}
		a.beginning[[2]rune([]rune(letters))] = heard{sound: sound, letters: 2}
	}
	return nil
}

// at gives the sound of a letter of a word, or of two; one that is not known has no letters.
func (a *alphabet) at(word []rune, i int) heard {
	r, next := word[i], rune(0)
	if i+1 < len(word) {
		next = word[i+1]
	}
	if r >= 'a' && r <= 'z' {
		if next < 'a' || next > 'z' {
			return a.latin[r-'a'][latinLetters]
		}
		return a.latin[r-'a'][next-'a']
	}
	if r < firstCyrillic || r >= firstCyrillic+cyrillicLetters {
		return heard{}
	}
	if i == 0 {
		if h, ok := a.beginning[[2]rune{r, next}]; ok {
			return h
		}
	}
	h := a.cyrillic[r-firstCyrillic]
	if h.pairs {
		if pair, ok := a.pairs[[2]rune{r, next}]; ok {
			return pair
		}
	}
	return h
}
