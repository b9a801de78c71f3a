package main

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/alliance/keyfile"
	"medixchange/alliance/signed"
	"medixchange/internal/config"
)

// council runs the verbs of an alliance in a folder of its own.
type council struct{ t *testing.T }

func newCouncil(t *testing.T) council {
	t.Chdir(t.TempDir())
	c := council{t}
	for _, id := range []string{"ana", "bo", "chen"} {
		c.must("keygen", id, "--name", "Dr. "+id)
	}
	return c
}

func (c council) run(args ...string) int {
	return run(context.Background(), append([]string{"alliance"}, args...))
}

func (c council) must(args ...string) {
	c.t.Helper()
	require.Zero(c.t, c.run(args...), args)
}

func (c council) refused(args ...string) {
	c.t.Helper()
	require.Equal(c.t, 1, c.run(args...), args)
}

func (c council) sign(file string, ids ...string) {
	c.t.Helper()
	for _, id := range ids {
		c.must("sign", file, "--as", id, "--key", id+".key")
	}
}

func TestCoordinatorsFoundAnAllianceAndChangeItsMembers(t *testing.T) {
	c := newCouncil(t)
	c.must("init", "exchange.example", "--coordinator", "ana.json", "--coordinator", "bo.json")
	c.refused("verify", "charter.json")
	c.sign("charter.json", "ana", "bo")
	c.must("verify", "charter.json")

	c.must("admit", "a.example", "--first", "--charter", "charter.json", "--name", "Hospital A", "--country", "ES", "--as", "ana", "--key", "ana.key", "--out", "1.json")
	c.refused("verify", "1.json", "--charter", "charter.json")
	c.sign("1.json", "bo")
	c.must("verify", "1.json", "--charter", "charter.json")
	c.must("suspend", "a.example", "--reason", "audit pending", "--charter", "charter.json", "--from", "1.json", "--out", "2.json")
	c.refused("suspend", "b.example", "--reason", "x", "--charter", "charter.json", "--from", "1.json", "--out", "3.json")
	c.refused("admit", "a.example", "--name", "Again", "--country", "ES", "--charter", "charter.json", "--from", "1.json", "--out", "3.json")
	c.refused("admit", "xn--80a.example", "--name", "Cyrillic a", "--country", "ES", "--charter", "charter.json", "--from", "1.json", "--out", "3.json")
	c.refused("admit", "a.example:8448", "--name", "A port", "--country", "ES", "--charter", "charter.json", "--from", "1.json", "--out", "3.json")
	c.refused("admit", "A.example", "--name", "Capitals", "--country", "ES", "--charter", "charter.json", "--from", "1.json", "--out", "3.json")
	require.NoFileExists(t, "3.json")
	c.must("diff", "1.json", "2.json")
	c.must("admit", "xn--80a.example", "--alike", "--name", "Cyrillic a", "--country", "RS", "--charter", "charter.json", "--from", "1.json", "--out", "alike.json")

	raw, err := os.ReadFile("2.json")
	require.NoError(t, err)
	list, err := signed.ReadMembers(raw)
	require.NoError(t, err)
	require.Equal(t, int64(2), list.Serial)
	found, ok := list.Find("a.example")
	require.True(t, ok)
	require.Equal(t, signed.Suspended, found.Status)
}

func TestTwoCopiesSignedApartAreJoined(t *testing.T) {
	c := newCouncil(t)
	c.must("init", "exchange.example", "--coordinator", "ana.json", "--coordinator", "bo.json")
	raw, err := os.ReadFile("charter.json")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("copy.json", raw, 0o600))
	c.sign("charter.json", "ana")
	c.sign("copy.json", "bo")
	c.must("join", "charter.json", "copy.json")
	c.must("verify", "charter.json")
}

func TestACoordinatorWhoseKeyWasStolenIsReplaced(t *testing.T) {
	c := newCouncil(t)
	c.must("init", "exchange.example", "--coordinator", "ana.json", "--coordinator", "bo.json", "--coordinator", "chen.json")
	c.sign("charter.json", "ana", "bo")
	c.must("keygen", "dora", "--name", "Dr. dora")
	c.must("amend", "charter.json", "--remove", "chen", "--add", "dora.json", "--out", "2.json")
	c.sign("2.json", "chen", "dora")
	c.refused("verify", "2.json", "--charter", "charter.json")
	c.sign("2.json", "ana", "bo")
	c.must("verify", "2.json", "--charter", "charter.json")
	c.refused("amend", "charter.json", "--remove", "nobody", "--out", "3.json")
}

func TestAKeyIsNeverOverwritten(t *testing.T) {
	c := newCouncil(t)
	before, err := os.ReadFile("ana.key")
	require.NoError(t, err)
	c.refused("keygen", "ana", "--name", "Another")
	after, err := os.ReadFile("ana.key")
	require.NoError(t, err)
	require.Equal(t, before, after)
	info, err := os.Stat("ana.key")
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestAKeyUnderAPassphraseSigns(t *testing.T) {
	t.Setenv(config.CheapPasswordsEnv, "1")
	c := newCouncil(t)
	for name, passphrase := range map[string]string{"secret": "correct horse battery", "wrong": "another horse battery", "weak": "horse"} {
		require.NoError(t, os.WriteFile(name, []byte(passphrase+"\n"), 0o600))
	}
	c.refused("keygen", "eve", "--name", "Dr. Eve", "--passphrase-file", "weak")
	require.NoFileExists(t, "eve.key")
	c.must("keygen", "eve", "--name", "Dr. Eve", "--passphrase-file", "secret")
	content, err := os.ReadFile("eve.key")
	require.NoError(t, err)
	require.True(t, keyfile.Sealed(content))

	c.must("init", "exchange.example", "--coordinator", "eve.json", "--coordinator", "bo.json")
	c.sign("charter.json", "bo")
	c.refused("sign", "charter.json", "--as", "eve", "--key", "eve.key", "--passphrase-file", "wrong")
	c.refused("sign", "charter.json", "--as", "eve", "--key", "eve.key") // there is no terminal to ask at
	c.refused("verify", "charter.json")
	c.must("sign", "charter.json", "--as", "eve", "--key", "eve.key", "--passphrase-file", "secret")
	c.must("verify", "charter.json")
}
