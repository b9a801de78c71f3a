package handbook

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// TestASectionThatWasWrittenIsReadAsItWas writes every file of the embedded edition again and reads the whole.
func TestASectionThatWasWrittenIsReadAsItWas(t *testing.T) {
	edition := Embedded()
	book, err := Load(edition)
	require.NoError(t, err)
	files := map[string][]byte{}
	for _, tag := range book.Languages {
		for _, id := range book.SectionIDs() {
			if s, ok := book.Section(tag, id); ok {
				files[s.File] = WriteSection(s, WriteCitations(s.Citations))
			}
		}
		if titles, ok := book.Titles(tag); ok {
			files[titles.File] = append(WriteProvenance(titles.Provenance), WriteTitles(titles, book.Chapters)...)
		}
		if glossary, ok := book.Glossary(tag); ok {
			files[glossary.File] = append(WriteProvenance(glossary.Provenance), WriteGlossary(glossary)...)
		}
	}
	again, err := Load(WithFiles(edition, files))
	require.NoError(t, err)
	for _, tag := range book.Languages {
		for _, id := range book.SectionIDs() {
			before, ok := book.Section(tag, id)
			if !ok {
				continue
			}
			after, _ := again.Section(tag, id)
			require.Equal(t, before.Hash, after.Hash, before.File)
			require.Equal(t, before.Provenance, after.Provenance, before.File)
			require.Equal(t, before.Citations, after.Citations, before.File)
			require.Equal(t, before.SourceBlocks, after.SourceBlocks, before.File)
		}
		if g, ok := book.Glossary(tag); ok {
			rewritten, _ := again.Glossary(tag)
			require.Equal(t, WriteGlossary(g), WriteGlossary(rewritten), tag)
		}
	}
}

func TestWithFiles(t *testing.T) {
	below := fstest.MapFS{"book.yaml": {Data: []byte("a")}, "en/one.md": {Data: []byte("b")}}
	o := WithFiles(below, map[string][]byte{"en/one.md": []byte("changed"), "en/two.md": []byte("new"), "fr/one.md": []byte("un")})
	require.NoError(t, fstest.TestFS(o.(fs.ReadDirFS), "book.yaml", "en/one.md", "en/two.md", "fr/one.md"))
	text, err := fs.ReadFile(o, "en/one.md")
	require.NoError(t, err)
	require.Equal(t, "changed", string(text))
	_, err = o.Open("../secret")
	require.ErrorIs(t, err, fs.ErrInvalid)
}

func TestAnEditionIsNamedAnew(t *testing.T) {
	text, err := NewEdition([]byte(plan), `2: "second"`, "2026-12-24", nil)
	require.NoError(t, err)
	book, err := Load(WithFiles(fstest.MapFS{"en/book.yaml": {Data: []byte(englishTitles)}, "en/oxygen.md": {Data: []byte(oxygen)}},
		map[string][]byte{"book.yaml": text}))
	require.NoError(t, err)
	require.Equal(t, `2: "second"`, book.Edition)
	require.Equal(t, Date("2026-12-24"), book.Date)
	require.Equal(t, []string{"oxygen"}, book.SectionIDs())
}

func TestFilesThatAreTooLargeAreRefused(t *testing.T) {
	_, err := ReadSection("fr/oxygen.md", []byte(strings.Repeat("x", maxSection+1)), false)
	require.ErrorContains(t, err, "larger than 64 KiB")
	_, err = ReadGlossary("fr/glossary.yaml", []byte(strings.Repeat("x", maxYAML+1)), false)
	require.ErrorContains(t, err, "larger than 512 KiB")
}
