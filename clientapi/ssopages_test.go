package clientapi

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThePagesOfSignOnSayEverythingInEveryLanguage(t *testing.T) {
	pages, err := loadSignOnPages()
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(pages.words), 19)
	for lang, words := range pages.words {
		require.Len(t, words, len(pages.words["en"]), lang)
		for key := range pages.words["en"] {
			require.NotEmpty(t, words[key], "%s: %s", lang, key)
		}
	}
}
