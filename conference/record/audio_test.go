package record

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

var spoken = append([]byte{0x78}, make([]byte, 60)...) // a frame of 20 ms

func newSound(t *testing.T) (*audio, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a1.ogg")
	f, err := create(path)
	require.NoError(t, err)
	a, err := newAudio(f, false)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.done()) })
	return a, path
}

func TestSoundFollowsTheClock(t *testing.T) {
	for _, skew := range []float64{-3000e-6, 0, 3000e-6} {
		a, _ := newSound(t)
		for n := range 10_000 {
			at := float64(n) * frame * (1 + skew)
			require.NoError(t, a.write(at, spoken))
			require.InDelta(t, at+frame, a.duration(), 2*frame)
		}
		require.NoError(t, a.close())
	}
}

func TestHolesAreFilled(t *testing.T) {
	a, path := newSound(t)
	require.NoError(t, a.write(0, spoken))
	require.NoError(t, a.write(60, spoken)) // two frames were lost
	require.InDelta(t, 80, a.duration(), 0.1)
	require.NoError(t, a.write(60_000, spoken)) // muted for a minute
	require.InDelta(t, 60_020, a.duration(), frame)
	require.NoError(t, a.close())
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(30_000), "a minute of nothing is small")
	require.Error(t, a.write(1e12, spoken), "and endless ones are refused")
}

func TestOpusDurations(t *testing.T) {
	for _, c := range []struct {
		packet []byte
		ms     float64
	}{
		{nil, 0}, {[]byte{0xF8}, 20}, {longSilent, 120}, {[]byte{0x78, 1}, 20}, {[]byte{0x79, 1}, 40}, {[]byte{0xFB}, 0}, {[]byte{0x1B, 0x3F}, 0}, {[]byte{0x80}, 2.5},
	} {
		require.InDelta(t, c.ms, opusDuration(c.packet), 0.01, "%x", c.packet)
	}
}
