package record_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/at-wat/ebml-go"
	"github.com/at-wat/ebml-go/webm"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"
	"github.com/stretchr/testify/require"

	"medixchange/conference/manifest"
)

// beeps returns when tones begin in an Ogg file, in milliseconds of the file, and how long it is by its own account.
func beeps(t *testing.T, path string) (at []int64, length int64) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	r, _, err := oggreader.NewWith(f)
	require.NoError(t, err)
	before := false
	for {
		packet, page, err := r.ParseNextPage()
		if errors.Is(err, io.EOF) {
			return at, length
		}
		require.NoError(t, err)
		if bytes.HasPrefix(packet, []byte("OpusTags")) {
			continue
		}
		is := bytes.Equal(packet, tone)
		if is && !before {
			at = append(at, length)
		}
		before = is
		length = int64(page.GranulePosition) / 48
	}
}

// picture is a frame of a WebM file.
type picture struct {
	at   int64
	key  bool
	data []byte
}

// pictures reads a WebM file by the library's own parser. It must be whole.
func pictures(t *testing.T, path string) (all []picture, info webm.Segment) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	var c struct {
		Header  webm.EBMLHeader `ebml:"EBML"`
		Segment webm.Segment    `ebml:"Segment"`
	}
	if err := ebml.Unmarshal(f, &c); !errors.Is(err, io.EOF) {
		require.NoError(t, err)
	}
	for _, cluster := range c.Segment.Cluster {
		for _, b := range cluster.SimpleBlock {
			all = append(all, picture{int64(cluster.Timecode) + int64(b.Timecode), b.Keyframe, b.Data[0]})
		}
	}
	return all, c.Segment
}

// flashes returns when pictures turn white.
func flashes(t *testing.T, path string) (at []int64, last int64) {
	t.Helper()
	all, _ := pictures(t, path)
	require.NotEmpty(t, all)
	require.True(t, all[0].key, "the first picture can be decoded")
	for _, p := range all {
		if bytes.Equal(p.data, whiteKey) {
			at = append(at, p.at)
		}
		require.GreaterOrEqual(t, p.at, last)
		last = p.at
	}
	return at, last
}

// apart returns the largest time between a flash and its beep, in milliseconds, over the recording of one user, and how many pairs there are.
func apart(t *testing.T, folder string, m *manifest.Manifest, userID string) (worst int64, pairs int) {
	t.Helper()
	var sounds, lights []int64
	for _, track := range m.Tracks {
		if track.UserID != userID {
			continue
		}
		path := filepath.Join(folder, track.File)
		if track.Kind == "audio" {
			at, _ := beeps(t, path)
			for _, ms := range at {
				sounds = append(sounds, track.Offset+ms)
			}
			continue
		}
		at, _ := flashes(t, path)
		for _, ms := range at {
			lights = append(lights, track.Offset+ms)
		}
	}
	for _, light := range lights {
		for _, sound := range sounds {
			if d := max(light-sound, sound-light); d < 400 {
				worst, pairs = max(worst, d), pairs+1
			}
		}
	}
	return worst, pairs
}
