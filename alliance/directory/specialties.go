package directory

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"medixchange/internal/search"
)

//go:embed data/specialties.tsv
var specialtyTable string

// specialty is one of the closed list.
type specialty struct {
	code  string
	names map[string]string // by language; a form without a name of its own (pt-PT) has that of its base
	forms []string          // its names in all languages and its code, folded
}

// specialties are read when they are needed first. The table is part of the program: a fault in it is one of the build.
var specialties = sync.OnceValue(func() []specialty {
	lines := strings.Split(strings.TrimSpace(specialtyTable), "\n")
	languages := strings.Split(lines[0], "\t")[1:]
	all := make([]specialty, 0, len(lines)-1)
	for _, line := range lines[1:] {
		cells := strings.Split(line, "\t")
		if len(cells) != len(languages)+1 {
			panic(fmt.Sprintf("the table of specialties: %d cells in the line of %s", len(cells), cells[0]))
		}
		s := specialty{code: cells[0], names: make(map[string]string, len(languages)), forms: []string{folded(strings.ReplaceAll(cells[0], "_", " "))}}
		for i, name := range cells[1:] {
			s.names[languages[i]] = name
			if form := folded(name); !slices.Contains(s.forms, form) {
				s.forms = append(s.forms, form)
			}
		}
		all = append(all, s)
	}
	return all
})

// Specialties lists the codes of all specialties.
func Specialties() []string {
	codes := make([]string, 0, len(specialties()))
	for _, s := range specialties() {
		codes = append(codes, s.code)
	}
	return codes
}

func isSpecialty(code string) bool {
	return slices.ContainsFunc(specialties(), func(s specialty) bool { return s.code == code })
}

// SpecialtyName is what a specialty is called in a language, in English where the language has no name for it.
func SpecialtyName(code, language string) string {
	for _, s := range specialties() {
		if s.code != code {
			continue
		}
		base, _, _ := strings.Cut(language, "-")
		for _, tag := range []string{language, base, "en"} {
			if name, ok := s.names[tag]; ok {
				return name
			}
		}
	}
	return code
}

// FindSpecialty reads a specialty by its code or its name in any language; "" for none.
func FindSpecialty(text string) string {
	code, rest := cutSpecialty(words(text))
	if len(rest) > 0 {
		return ""
	}
	return code
}

// cutSpecialty finds the longest name of a specialty among words and returns what is left without it.
func cutSpecialty(of []string) (code string, rest []string) {
	for n := len(of); n > 0; n-- {
		for from := 0; from+n <= len(of); from++ {
			text := strings.Join(of[from:from+n], " ")
			for _, s := range specialties() {
				if slices.Contains(s.forms, text) {
					return s.code, append(slices.Clone(of[:from]), of[from+n:]...)
				}
			}
		}
	}
	return "", of
}

// words are those of a text, folded.
func words(text string) []string {
	return strings.FieldsFunc(search.Fold(text), func(r rune) bool { return !isWordRune(r) })
}

func folded(text string) string { return strings.Join(words(text), " ") }
