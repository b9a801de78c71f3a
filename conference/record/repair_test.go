package record

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	patience = time.Minute
	tickle   = 5 * time.Millisecond
)

func tapeOf(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "v1.webm")
	f, err := create(path)
	require.NoError(t, err)
	v, err := newVideo(f, 64, 64)
	require.NoError(t, err)
	for n := range 60 {
		require.NoError(t, v.write(float64(n*100), n%20 == 0, bytes.Repeat([]byte{byte(n)}, 30)))
	}
	var data []byte // as a recorder that is killed leaves it
	require.Eventually(t, func() bool {
		require.NoError(t, f.flush())
		data, err = os.ReadFile(path)
		require.NoError(t, err)
		tape, err := walk(bytes.NewReader(data))
		return err == nil && tape.blocks == 60
	}, patience, tickle)
	require.NoError(t, v.close())
	require.NoError(t, f.done())
	return data
}

func TestWebMIsMendedWhereverItWasCut(t *testing.T) {
	data := tapeOf(t)
	whole, err := walk(bytes.NewReader(data))
	require.NoError(t, err)
	require.EqualValues(t, len(data), whole.whole)
	require.Equal(t, 60, whole.blocks)
	require.Len(t, whole.cues, 3)
	path := filepath.Join(t.TempDir(), "cut.webm")
	for cut := len(data); cut > len(data)-400; cut -= 7 {
		require.NoError(t, os.WriteFile(path, data[:cut], 0o600))
		require.NoError(t, mendWebM(path))
		mended, err := os.ReadFile(path)
		require.NoError(t, err)
		after, err := walk(bytes.NewReader(mended))
		require.NoError(t, err)
		require.True(t, after.hasCues)
		require.EqualValues(t, len(mended), after.whole)
		require.Greater(t, len(mended), cut-50)
		require.NoError(t, mendWebM(path), "mending twice changes nothing")
		again, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, mended, again)
	}
}

func TestOggIsMendedWhereverItWasCut(t *testing.T) {
	a, path := newSound(t)
	for n := range 20 {
		require.NoError(t, a.write(float64(n*frame), spoken))
	}
	require.NoError(t, a.f.flush())
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	cutAt := filepath.Join(t.TempDir(), "cut.ogg")
	for cut := len(data) - 1; cut > 200; cut -= 5 {
		require.NoError(t, os.WriteFile(cutAt, data[:cut], 0o600))
		require.NoError(t, mendOgg(cutAt))
		info, err := os.Stat(cutAt)
		require.NoError(t, err)
		require.Zero(t, (int64(len(data))-info.Size())%(oggHeader+1+int64(len(spoken))), "pages are cut off whole")
	}
}

func FuzzWalk(f *testing.F) {
	f.Add([]byte{0x1A, 0x45, 0xDF, 0xA3, 0x80, 0x18, 0x53, 0x80, 0x67, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1F, 0x43, 0xB6, 0x75, 0xff, 0xE7, 0x81, 5, 0xA3, 0x85, 0x81, 0, 1, 0x80, 7})
	f.Fuzz(func(t *testing.T, data []byte) {
		tape, err := walk(bytes.NewReader(data))
		require.NoError(t, err)
		require.LessOrEqual(t, tape.whole, int64(len(data)))
		whole, err := wholeOgg(bytes.NewReader(data))
		require.NoError(t, err)
		require.LessOrEqual(t, whole, int64(len(data)))
	})
}
