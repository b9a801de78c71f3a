package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/handbook/bundle"
	"medixchange/internal/signing"
)

func TestHandbookBundleIsVerifiedByTheKeyThatSignedItAndByNoOther(t *testing.T) {
	key, err := signing.GenerateKey()
	require.NoError(t, err)
	dir := t.TempDir()
	keyFile, file := filepath.Join(dir, "ana.key"), filepath.Join(dir, "edition.tar.gz")
	require.NoError(t, signing.StoreKey(keyFile, key))
	c := &cli{}
	made := handbookBundleCmd{
		handbookFolder: handbookFolder{Dir: "../../handbook/site/testdata/edition"}, Out: file, Publisher: "a.example", Serial: 1, Key: keyFile,
	}
	require.NoError(t, made.Run(c))
	require.ErrorContains(t, made.Run(c), "is there already")

	public := key.ID + " " + signing.EncodeBase64(key.Public())
	require.NoError(t, handbookVerifyCmd{File: file, Key: public}.Run(t.Context(), c))
	other, err := signing.GenerateKey()
	require.NoError(t, err)
	err = handbookVerifyCmd{File: file, Key: key.ID + " " + signing.EncodeBase64(other.Public())}.Run(t.Context(), c)
	require.ErrorIs(t, err, bundle.ErrSignature)

	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, raw[:len(raw)/2], 0o600))
	require.Error(t, handbookVerifyCmd{File: file, Key: public}.Run(t.Context(), c))
}
