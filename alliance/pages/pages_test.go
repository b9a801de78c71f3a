package pages

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/alliance/signed/signedtest"
	"medixchange/internal/markup"
	"medixchange/internal/markup/markuptest"
)

func TestEveryLanguageHasAllWords(t *testing.T) { markuptest.Complete(t, catalogue) }

func TestCountriesAreNamedInTheReadersLanguage(t *testing.T) {
	require.Equal(t, "Spain", country("en", "ES"))
	require.Equal(t, "Espagne", country("fr", "ES"))
	require.Equal(t, "España", country("es", "ES"))
	require.Equal(t, "not a code", country("en", "not a code"))
	require.Greater(t, len(countries()), 190)
	require.Contains(t, countries(), "FR")
	require.NotContains(t, countries(), "UK", "the code is GB")
}

func TestMembersAreFoundByNameCountryAndServer(t *testing.T) {
	world := signedtest.World()
	all := byCountry(world, "en", "")
	require.Len(t, all, 109)
	for query, want := range map[string]int{"hospital-007": 1, "HOSPITAL-007.EXAMPLE": 1, "no such": 0} {
		found := 0
		for _, l := range byCountry(world, "en", query) {
			found += len(l.hospitals)
		}
		require.Equal(t, want, found, query)
	}
	require.NotEmpty(t, byCountry(world, "fr", "allemagne")[0].hospitals)
}

func TestAHospitalsNameIsNoMarkup(t *testing.T) {
	h := signedtest.Hospital("a.example")
	h.LegalName = `<script>alert("x")</script>`
	var b markup.Builder
	hospital(&b, catalogue.Of("en"), h)
	require.NotContains(t, string(b.HTML()), "<script")
	require.Contains(t, string(b.HTML()), "&lt;script&gt;")
}

// BenchmarkMembersPage writes the list of 490 hospitals of 109 countries.
func BenchmarkMembersPage(b *testing.B) {
	world, words := signedtest.World(), catalogue.Of("en")
	b.ReportAllocs()
	for b.Loop() {
		var page markup.Builder
		for _, l := range byCountry(world, "en", "") {
			page.Put(`<h3>%s</h3>`, l.name)
			for _, h := range l.hospitals {
				hospital(&page, words, h)
			}
		}
		if !strings.Contains(page.String(), "hospital-489") {
			b.Fatal("the last hospital is missing")
		}
	}
}
