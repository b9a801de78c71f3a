package check

import (
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"

	"medixchange/translator/language"
)

// TestShortcutsSayWhatUnicodeSays holds what is found by an index or a comparison against the tables of Unicode, rune by rune.
func TestShortcutsSayWhatUnicodeSays(t *testing.T) {
	single := singles()
	shortened := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if want := unicode.IsLetter(r) && !unspaced(r); wordRune(r) != want {
			t.Errorf("wordRune(%U) is not %t", r, want)
		}
		if want := unicode.Is(unicode.Latin, r); latinLetter(r) != want {
			t.Errorf("latinLetter(%U) is not %t", r, want)
		}
		if want := unicode.Is(unicode.Hangul, r); hangul(r) != want {
			t.Errorf("hangul(%U) is not %t", r, want)
		}
		one := single.of(r)
		if one == 0 {
			continue
		}
		shortened++
		if parts := folding(r); len(parts) != 1 || parts[0] != one {
			t.Errorf("%U is folded to %U, not to %U", r, parts, one)
		}
	}
	assert.Greater(t, shortened, 30_000)
}

// folding is how a rune is folded without shortcuts.
func folding(r rune) []rune {
	if r < 0x80 {
		return []rune{unicode.ToLower(r)}
	}
	if dropped(r) {
		return nil
	}
	return unified(r)
}

// TestFirstSoundsRuleOutNoDrug looks every name up, in both of its spellings and with endings that are cut from it, also those whose
// letters have no sound, and finds what it finds without the look at the first sounds.
func TestFirstSoundsRuleOutNoDrug(t *testing.T) {
	known := loaded()
	for skeleton, name := range known.skeletons {
		for _, ending := range []string{"", "s", "um", "ami", "ом", "ler", "แ", "h"} {
			assert.Equal(t, name, known.spelledDrug([]rune(name+ending)), name+ending)
			assert.Equal(t, spelledSlowly(known, skeleton+ending), known.spelledDrug([]rune(skeleton+ending)), skeleton+ending)
		}
	}
	assert.False(t, known.beginsSkeleton(alphabetRules(), []rune("yesterday")))
}

func spelledSlowly(r *rules, text string) string {
	word := []rune(text)
	a := alphabetRules()
	for cut := 0; cut <= a.maxInflected && len(word)-cut >= a.minSkeleton; cut++ {
		if name := r.skeletons[skeletonOf(word[:len(word)-cut])]; name != "" {
			return name
		}
	}
	return ""
}

// TestTextGivesTheSlotsOfEachLanguage asks one Text for its slots in every language, in turns, and finds what each language finds alone.
func TestTextGivesTheSlotsOfEachLanguage(t *testing.T) {
	for _, said := range []string{"Ceftriaxone 1.500 g, BP 120/80", "Đừng dùng paracetamol 500 mg, 38,5 °C", "2 شهر", "2 d'euros", "амоксициллин 1,5 г", "ok"} {
		text := NewText(said)
		for range 2 {
			for _, code := range append([]language.Code{""}, language.All...) {
				assert.Equal(t, Slots(said, code), text.Slots(code), "%s: %s", code, said)
			}
		}
	}
}
