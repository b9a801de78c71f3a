package media

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

func pack(t *testing.T, program string) []byte {
	t.Helper()
	packer, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, packer.Close()) }()
	return packer.EncodeAll([]byte(program), nil)
}

func TestUnpackedOnceAndOlderVersionsGo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	first, err := unpack(pack(t, "one"), "1111111111111111aaaa", dir)
	require.NoError(t, err)
	info, err := os.Stat(first)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())

	again, err := unpack([]byte("not looked at"), "1111111111111111aaaa", dir)
	require.NoError(t, err)
	require.Equal(t, first, again)

	second, err := unpack(pack(t, "two"), "2222222222222222bbbb", dir)
	require.NoError(t, err)
	text, err := os.ReadFile(second)
	require.NoError(t, err)
	require.Equal(t, "two", string(text))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1)
}

func TestADamagedProgramIsNeverPutInPlace(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	damaged := pack(t, "a program of which the end is missing")
	_, err := unpack(damaged[:len(damaged)-6], "1111111111111111aaaa", dir)
	require.Error(t, err)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}
