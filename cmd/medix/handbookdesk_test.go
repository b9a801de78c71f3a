package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/handbook/desk"
	"medixchange/handbook/draft"
)

// echo says what it is told.
type echo struct{}

func (echo) Translate(_ context.Context, text draft.Text) (draft.Answer, error) {
	if text.HTML == "" {
		return draft.Answer{HTML: text.Plain, Machine: "echo"}, nil
	}
	return draft.Answer{HTML: text.HTML, Machine: "echo"}, nil
}

// TestASectionIsDraftedTranslatedReviewedAndApprovedInAFolder goes the way of editors who have no node.
func TestASectionIsDraftedTranslatedReviewedAndApprovedInAFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "edition")
	require.NoError(t, os.CopyFS(dir, os.DirFS("../../handbook/site/testdata/edition")))
	file := filepath.Join(dir, "de", "oxygen.md")
	part := handbookPart{Language: "de", Section: "oxygen", As: "Ana", Dir: dir}
	done, err := handbookDraftCmd{handbookPart: part}.inFolder(t.Context(), echo{})
	require.NoError(t, err)
	require.Equal(t, "machine", done.State)
	require.Empty(t, done.Notes)

	approve := func(as string) (string, error) {
		part.As = as
		done, err := handbookApproveCmd{handbookPart: part}.approve(t.Context(), nil)
		return done.State, err
	}
	_, err = approve("Ben")
	require.ErrorIs(t, err, desk.ErrWrongState, "nobody has corrected it")

	export := handbookExportCmd{Language: "de", Section: "oxygen", Form: "po", Dir: dir}
	data, err := export.export(t.Context(), nil)
	require.NoError(t, err)
	at := bytes.LastIndex(data, []byte("msgstr"))
	changed := append(bytes.Clone(data[:at]), bytes.Replace(data[at:], []byte(" {#"), []byte(" (relu) {#"), 1)...)
	imported := handbookImportCmd{Language: "de", File: "de.po", As: "Ana", Dir: dir}
	done, err = imported.take(t.Context(), nil, changed)
	require.NoError(t, err)
	require.Equal(t, 1, done.Texts)
	_, err = imported.take(t.Context(), nil, bytes.Replace(changed, []byte("(relu)"), []byte("<b>relu</b>"), 1))
	require.ErrorContains(t, err, "HTML is not allowed")
	imported.Language = "zh"
	_, err = imported.take(t.Context(), nil, changed)
	require.ErrorContains(t, err, `is for "de"`)

	_, err = approve("ana")
	require.ErrorIs(t, err, desk.ErrOwnWords)
	state, err := approve("Ben")
	require.NoError(t, err)
	require.Equal(t, "reviewed", state)
	state, err = approve("Eve")
	require.NoError(t, err)
	require.Equal(t, "approved", state)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(text), "(relu)")
	require.Contains(t, string(text), `reviewer: "Ben"`)

	_, err = handbookFolder{Dir: dir}.load()
	require.NoError(t, err, "the whole is an edition as before")
	_, err = handbookExportCmd{Language: "de", Section: "../../secret", Form: "po", Dir: dir}.export(t.Context(), nil)
	require.ErrorIs(t, err, desk.ErrUnknown)
	export.Form = "doc"
	_, err = export.export(t.Context(), nil)
	require.ErrorContains(t, err, "no form")
	left, err := filepath.Glob(filepath.Join(dir, "de", "*.new"))
	require.NoError(t, err)
	require.Empty(t, left)
	require.False(t, strings.Contains(string(text), "translator: \"echo\""), "a person has corrected it")
}
