package eval

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBLEUIsWhatIsReckonedByHand(t *testing.T) {
	for name, c := range map[string]struct {
		translation, reference []string
		want                   float64
	}{
		"the same":      {[]string{"a b c d e"}, []string{"a b c d e"}, 100},
		"nothing":       {[]string{"a b c d"}, []string{"e f g h"}, 0},
		"one word":      {[]string{"the cat sat on the mat"}, []string{"the cat sat on a mat"}, 100 * math.Pow(5./6*3/5*2/4*1/3, .25)},
		"too short":     {[]string{"the cat sat on"}, []string{"the cat sat on the mat"}, 100 * math.Exp(1-6./4)},
		"longer":        {[]string{"a b c d e"}, []string{"a b c d"}, 100 * math.Pow(4./5*3/4*2/3*1/2, .25)},
		"smoothed":      {[]string{"a b c d"}, []string{"a b x d"}, 100 * math.Pow(3./4*1/3*1/4*1/4, .25)},
		"two, as one":   {[]string{"a b c d", "e f g h"}, []string{"a b c d", "e f x y"}, 100 * math.Pow(6./8*4/6*2/4*1/2, .25)},
		"marks apart":   {[]string{"It is 3.5 mg, now."}, []string{"It is 3.5 mg , now ."}, 100},
		"too few words": {[]string{"a b c"}, []string{"a b c"}, 0},
	} {
		require.InDelta(t, c.want, BLEU(c.translation, c.reference), 1e-9, name)
	}
}

func TestWordsArePartedAsMteval13a(t *testing.T) {
	for text, want := range map[string][]string{
		"Dose: 1,000.5 mg (IV).":    {"Dose", ":", "1,000.5", "mg", "(", "IV", ")", "."},
		"COVID-19, 10-20 % &amp; x": {"COVID-19", ",", "10", "-", "20", "%", "&", "x"},
		"l’eau d'été":               {"l’eau", "d'été"},
		"¿Dónde?":                   {"¿Dónde", "?"},
		"":                          {},
	} {
		require.Equal(t, want, tokens13a(text), text)
	}
}

func TestChrFIsWhatIsReckonedByHand(t *testing.T) {
	for name, c := range map[string]struct {
		translation, reference []string
		want                   float64
	}{
		"the same":           {[]string{"Fieber"}, []string{"Fieber"}, 100},
		"nothing":            {[]string{"abc"}, []string{"xyz"}, 0},
		"empty":              {[]string{""}, []string{"abc"}, 0},
		"one letter":         {[]string{"abc"}, []string{"abd"}, 100 * (2./3 + 1./2 + 0) / 3},
		"recall counts":      {[]string{"ab"}, []string{"abab"}, 100 * 5 * (5. / 12) / (4 + 5./12)},
		"precision less":     {[]string{"abab"}, []string{"ab"}, 100 * 5 * (5. / 12) / (4*5./12 + 1)},
		"reference is short": {[]string{"abcd", "abcd"}, []string{"a", "abcd"}, 100 * 5 * ((5./8 + 3) / 4) / (4*(5./8+3)/4 + 1)},
		"blanks are none":    {[]string{"a b c"}, []string{"abc"}, 100},
		"letters not bytes":  {[]string{"患者"}, []string{"患病"}, 100 * (1. / 2) / 2},
		"two, as one":        {[]string{"ab", "cd"}, []string{"ab", "ce"}, 100 * (3./4 + 1./2) / 2},
	} {
		require.InDelta(t, c.want, ChrF(c.translation, c.reference), 1e-9, name)
	}
}

func TestNumbersAreComparedByValue(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"1,000 beds", "1.000 camas", true},
		{"1\u00a0000 lits", "1,000 beds", true},
		{"0.5 mg", "0,5 mg", true},
		{"0.5 mg", "5 mg", false},
		{"1.5 mg", "15 mg", false},
		{"2.50 l", "2,5 l", true},
		{"COVID-19 in 2020", "en 2020, COVID-19", true},
		{"3 of 3", "3", false},
		{"no number", "ningún número", true},
		{"12 h", "21 h", false},
	} {
		require.Equal(t, c.same, sameNumbers(c.a, c.b), "%s | %s", c.a, c.b)
	}
}
