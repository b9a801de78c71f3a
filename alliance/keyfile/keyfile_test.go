package keyfile

import (
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age/armor"
	"github.com/stretchr/testify/require"

	"medixchange/internal/signing"
)

const quick = 10 // of the work of scrypt

func write(t *testing.T, content []byte, mode os.FileMode) string {
	path := filepath.Join(t.TempDir(), "ana.key")
	require.NoError(t, os.WriteFile(path, content, mode))
	require.NoError(t, os.Chmod(path, mode))
	return path
}

func never(t *testing.T) func() (string, error) {
	return func() (string, error) {
		require.Fail(t, "nobody is asked for a passphrase")
		return "", nil
	}
}

func answers(text string) func() (string, error) { return func() (string, error) { return text, nil } }

func TestASealedKeyOpensWithItsPassphraseOnly(t *testing.T) {
	key, err := signing.GenerateKey()
	require.NoError(t, err)
	sealed, err := Seal(key, "correct horse battery", quick)
	require.NoError(t, err)
	require.True(t, Sealed(sealed))
	require.NotContains(t, string(sealed), signing.FormatKey(key)[20:])
	path := write(t, sealed, 0o644)
	got, err := Open(path, answers("correct horse battery"))
	require.NoError(t, err)
	require.Equal(t, key, got)
	for _, wrong := range []string{"", "correct horse batter", "Correct horse battery"} {
		_, err = Open(path, answers(wrong))
		require.ErrorIs(t, err, ErrPassphrase, wrong)
	}
	away := errors.New("no terminal")
	_, err = Open(path, func() (string, error) { return "", away })
	require.ErrorIs(t, err, away)
	for _, broken := range [][]byte{sealed[:len(sealed)/2], append([]byte("x"), sealed...)} {
		_, err = Open(write(t, broken, 0o600), answers("correct horse battery"))
		require.Error(t, err)
	}
}

func TestWeakPassphrasesAreRefused(t *testing.T) {
	key, err := signing.GenerateKey()
	require.NoError(t, err)
	for _, weak := range []string{"", "short", "elevenchars"} {
		_, err := Seal(key, weak, quick)
		require.ErrorIs(t, err, ErrWeak)
	}
}

func TestKeysFromBeforePassphrasesAreStillRead(t *testing.T) {
	key, err := signing.GenerateKey()
	require.NoError(t, err)
	line := []byte(signing.FormatKey(key) + "\n")
	got, err := Open(write(t, line, 0o600), never(t))
	require.NoError(t, err)
	require.Equal(t, key, got)
	_, err = Open(write(t, line, 0o644), never(t))
	require.ErrorIs(t, err, ErrReadable)
	_, err = Open(write(t, []byte("nonsense"), 0o600), never(t))
	require.Error(t, err)
}

func TestAFileThatAsksForHoursOfWorkIsRefused(t *testing.T) {
	// The header of such a file: its last line would be a MAC that nobody gets to check.
	head := "age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 30\n" + strings.Repeat("A", 43) + "\n--- " + strings.Repeat("A", 43) + "\n"
	hostile := armor.Header + "\n" + base64.StdEncoding.EncodeToString([]byte(head))
	hostile = wrapped(hostile) + "\n" + armor.Footer + "\n"
	_, err := Open(write(t, []byte(hostile), 0o600), answers("correct horse battery"))
	require.ErrorIs(t, err, ErrPassphrase)
	require.ErrorContains(t, err, "work factor")
}

// wrapped breaks the text after its first line into lines of 64 letters.
func wrapped(text string) string {
	head, body, _ := strings.Cut(text, "\n")
	for len(body) > 0 {
		n := min(64, len(body))
		head, body = head+"\n"+body[:n], body[n:]
	}
	return head
}
