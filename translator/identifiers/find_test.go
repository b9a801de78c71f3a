package identifiers

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
	"medixchange/translator/phrases"
)

func TestEveryLanguageHasItsWordsAndCases(t *testing.T) {
	words, err := readWords()
	require.NoError(t, err)
	for _, code := range language.All {
		file, ok := words[string(code)]
		if !ok {
			file, ok = words[string(code.Base())]
		}
		require.True(t, ok, "%s has no file", code)
		require.GreaterOrEqual(t, len(file.Alarm), 6, code)
		require.GreaterOrEqual(t, len(file.Quiet), 6, code)
	}
}

func TestSentencesThatTellWhoAPatientIs(t *testing.T) {
	words, err := readWords()
	require.NoError(t, err)
	kinds := map[Kind]int{}
	for code, file := range words {
		for _, c := range file.Alarm {
			found := Find(c.Text, language.Code(code))
			if c.Any {
				require.NotEmpty(t, found, "%s: %s", code, c.Text)
				require.Subset(t, c.Kinds, found, "%s: %s", code, c.Text)
				continue
			}
			for _, kind := range c.Kinds {
				kinds[kind]++
				if !slices.Contains(found, kind) {
					t.Errorf("%s: %q: want %v, found %v", code, c.Text, c.Kinds, found)
				}
			}
		}
	}
	for _, kind := range Kinds {
		require.NotZero(t, kinds[kind], "no case of %s", kind)
	}
}

func TestDosesPressuresDatesAndRoomsDoNotAlarm(t *testing.T) {
	words, err := readWords()
	require.NoError(t, err)
	for code, file := range words {
		for _, text := range file.Quiet {
			if found := Find(text, language.Code(code)); found != nil {
				t.Errorf("%s: %q: found %v", code, text, found)
			}
		}
	}
}

func TestNumbersWithTheirCheckDigits(t *testing.T) {
	for _, name := range []string{"numbers.yaml", "phones.yaml"} {
		entries, err := readSchemeFile(name)
		require.NoError(t, err)
		for _, e := range entries {
			s, err := e.scheme()
			require.NoError(t, err)
			require.NotEmpty(t, e.Valid, e.Country)
			for _, number := range e.Valid {
				for _, text := range []string{number, "x " + number + ".", "(" + number + ")", "请" + number + "看"} {
					if line := normalized(text); !s.found(line, span{0, len(line)}) {
						t.Errorf("%s %s: %q is not found", e.Country, e.Name, text)
					}
				}
			}
			for _, number := range e.Invalid {
				if line := normalized(number); s.found(line, span{0, len(line)}) {
					t.Errorf("%s %s: %q is found", e.Country, e.Name, number)
				}
			}
		}
	}
}

// TestDigitsOfAllScripts writes one telephone number in the digits of every script that has some.
func TestDigitsOfAllScripts(t *testing.T) {
	const number = "+33612345678"
	for _, zero := range "0٠۰०০੦૦୦௦౦೦൦๐໐༠၀០᠐０" {
		text := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return zero + r - '0'
			}
			return r
		}, number)
		require.Equal(t, []Kind{Phone}, Find(text, "en"), text)
	}
}

// TestTextsThatHoldTooMuchAreHeld: what a text costs is bounded, whatever somebody writes.
func TestTextsThatHoldTooMuchAreHeld(t *testing.T) {
	require.Equal(t, []Kind{Record}, Find(strings.Repeat("a", maxFound+1), "en"))
	for _, piece := range []string{"1", "123456788 ", "a: ", "12/03/2024, ", "1234567, "} {
		require.NotEmpty(t, Find(strings.Repeat(piece, maxFound/len(piece)), "en"), piece)
	}
	require.Empty(t, Find(strings.Repeat("The patient is stable, BP 120/80. ", 200), "en"))
}

// TestThePhrasesDoNotAlarm looks at what clinicians say: a share of the wordings of the phrase memory that goes round, in every
// language. All of them were looked at once.
func TestThePhrasesDoNotAlarm(t *testing.T) {
	memory, err := phrases.Embedded()
	require.NoError(t, err)
	looked := 0
	for i, id := range memory.IDs() {
		for j, code := range language.All {
			if (i+j)%5 != 0 {
				continue
			}
			for _, form := range memory.Forms(id, code) {
				text := filled.Replace(form)
				looked++
				if found := Find(text, code); found != nil {
					t.Errorf("%s: %q: found %v", code, text, found)
				}
			}
		}
	}
	require.Greater(t, looked, 2000)
}

// filled puts something into the slots of a phrase.
var filled = strings.NewReplacer("{n}", "38", "{dose}", "2500 mg", "{drug}", "Heparin", "{pressure}", "120/80", "{time}", "14:30")

func FuzzFind(f *testing.F) {
	words, err := readWords()
	require.NoError(f, err)
	for _, file := range words {
		for _, c := range file.Alarm {
			f.Add(c.Text)
		}
		for _, text := range file.Quiet {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range Find(text, "en") {
			require.Contains(t, Kinds, kind)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	for name, text := range map[string]string{
		"words":   "The patient is stable now and was seen by the surgeon on call.",
		"figures": "BP 120/80, HR 98, SpO2 92%, temp 38.5, RR 22. Give 0.5 mg morphine IV now, repeat every 4 hours up to 3 times.",
	} {
		b.Run(name, func(b *testing.B) {
			Prepare()
			for b.Loop() {
				Find(text, "en")
			}
		})
	}
}

// TestFormsHaveTheirValuesInManyPlaces: behind a tab or a dash, under the label, and a name is one word where it is all that a line says.
func TestFormsHaveTheirValuesInManyPlaces(t *testing.T) {
	for text, want := range map[string][]Kind{
		"MRN:\n1234567": {Record}, "病历号：\n1234567": {Record}, "Passport no.\nX1234567": {Identity}, "DOB:\n01.02.1950": {Birth},
		"Geburtsdatum\n01.02.1950": {Birth}, "Name:\nJohn Smith": {Name}, "Patient name\tJohn Smith": {Name}, "Patient name – John Smith": {Name},
		"Bed 3\nName: John": {Name}, "nombre: García": {Name}, "اسم المريض: محمد": {Name}, "姓名：王": {Name},
		"Name: unknown": nil, "Drug name: Aspirin": nil, "the name - not given - is missing": nil,
		"Give 5 mg - then stop": nil, "MRN\n\n1234567 cells": nil, "Dose\t5 mg": nil,
	} {
		require.Equal(t, want, Find(text, "en"), text)
	}
	require.Equal(t, []Kind{Record}, Find(strings.Repeat("a\tb\n", maxLooked+1), "en"), "too much to look at")
}
