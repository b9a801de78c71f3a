package site

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/handbook"
	"medixchange/internal/markup"
	"medixchange/internal/markup/markuptest"
)

// TestEveryLanguageOfTheHandbookHasAllWords keeps the files of words complete, with the same placeholders.
func TestEveryLanguageOfTheHandbookHasAllWords(t *testing.T) {
	edition, err := handbook.NewShelf("", nil).Edition()
	require.NoError(t, err)
	markuptest.Complete(t, catalogue)
	for _, tag := range edition.Languages {
		require.Equal(t, tag, wordsOf(tag).Tag, "there are no words in %s", tag)
	}
	entries, err := wordFiles.ReadDir("strings")
	require.NoError(t, err)
	for _, entry := range entries {
		require.Contains(t, edition.Languages, strings.TrimSuffix(entry.Name(), ".yaml"), "words of no language of the handbook")
	}
}

func TestEveryWordOfThePagesIsThere(t *testing.T) {
	used := regexp.MustCompile(`\.(?:Text|Say)\("([a-z_]+)"`)
	sources, err := filepath.Glob("*.go")
	require.NoError(t, err)
	found := 0
	for _, source := range sources {
		data, err := os.ReadFile(source)
		require.NoError(t, err)
		for _, m := range used.FindAllStringSubmatch(string(data), -1) {
			if found++; !strings.HasSuffix(m[1], "_") {
				require.NotEmpty(t, wordsOf(markup.Fallback).Text(m[1]), "%s: %s", source, m[1])
			}
		}
	}
	require.Greater(t, found, 30)
}

func TestValuesInWordsAreEscapedAndIsolated(t *testing.T) {
	require.Equal(t, "Traduction : <bdi>&lt;b&gt;x</bdi>", string(wordsOf("fr").Say("translator", "name", "<b>x")))
}
