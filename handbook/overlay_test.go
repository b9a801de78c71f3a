package handbook

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

const overlaid = "site/testdata/edition"

// ownSection is a section of a hospital's own, as an original.
const ownSection = `---
id: our-wards
language: en
title: "Our wards"
status: draft
author: Ward team
written: 2026-11-20
updated: 2026-11-20
citations: []
---
## In brief {#our-wards-brief}

Call extension 5 for a bed.
`

func localFiles(more map[string]string) fstest.MapFS {
	files := fstest.MapFS{
		"book.yaml":       {Data: []byte("chapters:\n  - id: ours\n    sections: [our-wards]\n")},
		"en/book.yaml":    {Data: []byte("chapters:\n  ours: Our hospital\n")},
		"en/our-wards.md": {Data: []byte(ownSection)},
	}
	for path, text := range more {
		files[path] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

func loadOver(t *testing.T, local Local) (*Book, error) {
	t.Helper()
	files, err := Overlay(os.DirFS(overlaid), local)
	if err != nil {
		return nil, err
	}
	return Load(files)
}

func TestAHospitalsOwnSectionsStandInTheEdition(t *testing.T) {
	book, err := loadOver(t, Local{Files: localFiles(nil)})
	require.NoError(t, err)
	last := book.Chapters[len(book.Chapters)-1]
	require.Equal(t, Chapter{ID: "ours", Sections: []string{"our-wards"}}, last)
	_, ok := book.Section("en", "our-wards")
	require.True(t, ok)
	titles, _ := book.Titles("de")
	require.Equal(t, "Our hospital", titles.Chapters["ours"], "where it has no title of its own")
	titles, _ = book.Titles("en")
	plain, err := Load(os.DirFS(overlaid))
	require.NoError(t, err)
	before, _ := plain.Titles("en")
	require.Equal(t, before.Title, titles.Title)
	require.Equal(t, before.Note, titles.Note)
	require.Equal(t, before.Provenance, titles.Provenance)
}

func TestAHospitalsTextTakesThePlaceOfTheEditionsAndMakesTranslationsOutdated(t *testing.T) {
	text, err := os.ReadFile(overlaid + "/en/fever.md")
	require.NoError(t, err)
	changed := strings.Replace(string(text), "temperature", "heat", 1)
	require.NotEqual(t, string(text), changed)
	book, err := loadOver(t, Local{Files: fstest.MapFS{"en/fever.md": {Data: []byte(changed)}}})
	require.NoError(t, err)
	de, ok := book.Section("de", "fever")
	require.True(t, ok)
	require.True(t, book.Stale(de).Outdated)
}

func TestOnlyTheLanguagesThatAreWantedAreShown(t *testing.T) {
	book, err := loadOver(t, Local{Files: localFiles(map[string]string{"zh/our-wards.md": "not read"}), Languages: []string{"de", "xx"}})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"en", "de"}, book.Languages)
	_, ok := book.Section("de", "fever")
	require.True(t, ok)
}

func TestWhatIsWrongWithLocalFilesIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		files  fstest.MapFS
		reason string
	}{
		"another file":       {localFiles(map[string]string{"en/run.sh": ""}), "local/en/run.sh"},
		"a glossary":         {localFiles(map[string]string{"en/glossary.yaml": ""}), "local/en/glossary.yaml"},
		"another key":        {localFiles(map[string]string{"book.yaml": "id: other\nchapters: []\n"}), "local/book.yaml"},
		"no title":           {localFiles(map[string]string{"en/book.yaml": "chapters:\n  other: x\n"}), "has no title"},
		"a section unplaced": {localFiles(map[string]string{"en/lost.md": ownSection}), "en/lost.md"},
		"a script":           {localFiles(map[string]string{"en/our-wards.md": ownSection + "\n<script>x</script>\n"}), "en/our-wards.md"},
	} {
		_, err := loadOver(t, Local{Files: c.files})
		var problems Problems
		require.ErrorAs(t, err, &problems, name)
		require.ErrorContains(t, err, c.reason, name)
	}
}

func TestNothingLocalLeavesTheEditionAsItIs(t *testing.T) {
	files := os.DirFS(overlaid)
	over, err := Overlay(files, Local{})
	require.NoError(t, err)
	require.Equal(t, files, over)
}
