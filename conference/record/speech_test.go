package record

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/conference/manifest"
)

// What Chromium's encoder made of a tone of 1 kHz, and of silence.
var (
	voiced, _ = hex.DecodeString("78a28b48ccaf1beec67e30f30fab48115d7d24049e0848dd5254849ae29ae90b1e6e4fa9d8ede2ae5e3bc331368df2f86c64f78bdf1511755fd347737b04")
	unvoiced  = []byte{0x78, 0x02, 0x8b, 0x48, 0xcc, 0xaf}
)

// heardIn plays packets to the cutter: a letter for each frame, v voice, q quiet, s silence, '-' nothing sent.
func heardIn(s *speech, frames string) (cuts [][2]float64) {
	add := func(from, to float64, packets []heard) {
		if packets != nil {
			cuts = append(cuts, [2]float64{from, to})
		}
	}
	for i, c := range frames {
		switch at := float64(i * frame); c {
		case 'v':
			add(s.hear(at, voiced))
		case 'q':
			add(s.hear(at, unvoiced))
		case 's':
			add(s.hear(at, silent))
		}
	}
	add(s.cut())
	return cuts
}

func times(frames string, n int) (all string) {
	for range n {
		all += frames
	}
	return all
}

func TestUtterancesAreCutAtPauses(t *testing.T) {
	for name, c := range map[string]struct {
		frames string
		want   [][2]float64
	}{
		"nothing":             {times("s", 100), nil},
		"a cough":             {times("q", 20) + times("v", 5) + times("q", 60), nil},
		"one":                 {times("v", 50) + times("q", 60), [][2]float64{{0, 1_700}}},
		"lead-in is kept":     {times("q", 50) + times("v", 50), [][2]float64{{780, 2_000}}},
		"a breath joins":      {times("v", 20) + times("q", 20) + times("v", 20), [][2]float64{{0, 1_200}}},
		"two":                 {times("v", 20) + times("s", 60) + times("v", 20), [][2]float64{{0, 1_100}, {1_380, 2_000}}},
		"nothing sent":        {times("v", 20) + times("-", 100) + times("v", 20), [][2]float64{{0, 400}, {2_400, 2_800}}},
		"whoever never stops": {times("v", 2_100), [][2]float64{{0, 20_020}, {20_020, 40_040}, {40_040, 42_000}}},
	} {
		got := heardIn(&speech{}, c.frames)
		require.Equal(t, c.want, got, name)
	}
}

func TestAnUtteranceIsAFileOfItsOwn(t *testing.T) {
	s := &speech{folder: filepath.Join(t.TempDir(), manifest.SpeechFolder)}
	var packets []heard
	for i := range 50 {
		packets = append(packets, heard{1_000 + float64(i*frame), voiced})
	}
	name, err := s.write("a7", 5_000, 1_000, 2_000, packets)
	require.NoError(t, err)
	track, from, to, ok := manifest.ParseSpeechName(name)
	require.True(t, ok)
	require.Equal(t, "a7", track)
	require.Equal(t, [2]int64{6_000, 7_000}, [2]int64{from, to})
	f, err := os.Open(filepath.Join(s.folder, name))
	require.NoError(t, err)
	defer f.Close()
	whole, err := wholeOgg(f)
	require.NoError(t, err)
	info, err := f.Stat()
	require.NoError(t, err)
	require.Equal(t, info.Size(), whole)
	entries, err := os.ReadDir(s.folder)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	for _, bad := range []string{"", "../a1-0-1.ogg", "a1-5-1.ogg", "a1-1.ogg", "v1-0-1.ogg", "a1-0-1.ogg.part"} {
		_, _, _, ok := manifest.ParseSpeechName(bad)
		require.False(t, ok, bad)
	}
}
