package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheServerNameIsAskedForAndExplained(t *testing.T) {
	for _, c := range []struct{ typed, want, err string }{
		{"hospital.example\n", "hospital.example", ""},
		{"  hospital.example", "hospital.example", ""},
		{"my hospital\n\nhospital.example\n", "hospital.example", ""},
		{"", "", "no server name was given"},
		{"\n\n\n", "", "no server name was given"},
		{"a b\nc d\ne f\nhospital.example\n", "e f", ""}, // Run refuses it
	} {
		var out bytes.Buffer
		name, err := askName(strings.NewReader(c.typed), &out)
		require.Contains(t, out.String(), "IT CAN NEVER CHANGE")
		if c.err != "" {
			require.ErrorContains(t, err, c.err)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, c.want, name)
	}
}

func TestInitPreparesANodeOnceAndNeverOverwrites(t *testing.T) {
	file := filepath.Join(t.TempDir(), "medix.yaml")
	c := &cli{Config: file}
	require.ErrorContains(t, initCmd{ServerName: "no name"}.Run(c), "is no server name")
	require.NoFileExists(t, file)
	require.NoError(t, initCmd{ServerName: "hospital.example"}.Run(c))
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	info, err := os.Stat(filepath.Join(filepath.Dir(file), "data", "signing.key"))
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&0o077, "the key is for its owner alone")
	require.ErrorContains(t, initCmd{ServerName: "other.example"}.Run(c), "is there already")
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, before, after)
}
