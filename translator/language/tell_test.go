package language

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFewWordsTellOneLanguageFromAnother(t *testing.T) {
	for _, test := range []struct {
		words     string
		of, notOf Code
		tells     bool
	}{
		{"give", "en", "es", true},
		{"stop", "en", "id", false}, // borrowed by many
		{"stop now", "en", "id", true},
		{"patient stable", "en", "fr", false},
		{"suspenda", "es", "pt", false},
		{"jetzt geben", "de", "en", true},
		{"stopp heute", "de", "en", true},
		{"dr mark weber klinikum stuttgart", "de", "en", false}, // names
		{"жена", "ru", "sr", false},
		{"give", "es", "en", false},
		{"중지", "ko", "en", false}, // another script tells enough
		{"give", "und", "es", false},
	} {
		require.Equal(t, test.tells, Tells(strings.Fields(test.words), test.of, test.notOf), "%s: %s, not %s", test.words, test.of, test.notOf)
	}
	require.True(t, Knows("en", "stop"))
	require.False(t, Knows("en", "khan"))
	require.False(t, Knows("en", "ok"), "the same everywhere")
	require.False(t, Knows("ko", "stop"))
}
