package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/cmd/medix/node"
	"medixchange/handbook"
)

// embedded is the edition that comes with the program.
var embedded = sync.OnceValues(func() (*handbook.Book, error) { return handbook.Load(handbook.Embedded()) })

// copyOfTheHandbook lays the embedded edition in a folder, for editing.
func copyOfTheHandbook(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "content")
	require.NoError(t, os.CopyFS(dir, handbook.Embedded()))
	return dir
}

func editFile(t *testing.T, path, from, to string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), from)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(text), from, to, 1)), 0o600))
}

func TestHandbookLintAcceptsTheEmbeddedEdition(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, handbookLintCmd{}.run(false, &out), "%s", &out)
	require.Contains(t, out.String(), "0 errors, ")
}

func TestHandbookLintNamesFileAndLine(t *testing.T) {
	dir := copyOfTheHandbook(t)
	editFile(t, filepath.Join(dir, "en", "triage.md"), "status: draft", "status: drafd")
	lint := handbookLintCmd{handbookFolder: handbookFolder{Dir: dir}}
	var out bytes.Buffer
	require.Error(t, lint.run(false, &out))
	require.Contains(t, out.String(), `en/triage.md:5: status is "drafd"; did you mean "draft"? (error)`)

	out.Reset()
	require.Error(t, lint.run(true, &out))
	var report lintReport
	require.NoError(t, json.Unmarshal(out.Bytes(), &report))
	require.Equal(t, 1, report.Errors)
	require.Equal(t, handbook.Problem{File: "en/triage.md", Line: 5, Reason: `status is "drafd"; did you mean "draft"?`}, report.Findings[0].Problem)
}

func TestHandbookLintReadsNothingOutsideOfItsFolder(t *testing.T) {
	dir := copyOfTheHandbook(t)
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("token"), 0o600))
	require.NoError(t, os.Remove(filepath.Join(dir, "en", "triage.md")))
	require.NoError(t, os.Symlink(secret, filepath.Join(dir, "en", "triage.md")))
	var out bytes.Buffer
	require.Error(t, handbookLintCmd{handbookFolder: handbookFolder{Dir: dir}}.run(false, &out))
	require.Contains(t, out.String(), "en/triage.md: only plain files may be here")
	require.NotContains(t, out.String(), "token")
}

// TestHandbookLintFindsADoseThatATranslationChanged copies a section of the source as if it were a
// translation into a language without rules of its own, and changes one value.
func TestHandbookLintFindsADoseThatATranslationChanged(t *testing.T) {
	differences := node.CompareTranslation([]string{"Dexamethasone 6 mg once daily"}, []string{"Dexaméthasone 60 mg une fois par jour"}, "en", "fr")
	require.NotEmpty(t, differences)
	require.True(t, differences[0].Grave)
	require.Empty(t, node.CompareTranslation([]string{"Dexamethasone 6 mg once daily"}, []string{"Dexaméthasone 6 mg une fois par jour"}, "en", "fr"))
	number := node.CompareTranslation([]string{"Isolate for 10 days."}, []string{"Isoler pendant 12 jours."}, "en", "fr")
	require.NotEmpty(t, number)
	require.True(t, number[0].Grave)
}

func TestHandbookStatusHasALineForEachLanguage(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, handbookStatusCmd{}.run(false, &out))
	book, err := embedded()
	require.NoError(t, err)
	for _, language := range book.Languages {
		require.Contains(t, out.String(), "\n"+language+" ")
	}
	require.Regexp(t, `(?m)^en +\d+ of \d+ +100 %`, out.String())
}

func TestHandbookHashesAreThoseThatATranslationNames(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, handbookHashesCmd{ID: "triage"}.run(false, &out))
	book, err := embedded()
	require.NoError(t, err)
	s, ok := book.Section("en", "triage")
	require.True(t, ok)
	require.True(t, strings.HasPrefix(out.String(), `source_hash: "`+s.Hash+`"`+"\nsource_blocks:\n  triage-brief: \""+s.Blocks[0].Hash+`"`))
	require.ErrorContains(t, handbookHashesCmd{ID: "trage"}.run(false, &out), "there is no section")
}
