package flashbeep

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/at-wat/ebml-go"
	"github.com/at-wat/ebml-go/webm"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"
)

// Beeps returns when tones begin in an Ogg file, in milliseconds of the file, and how long it is by its own account.
func Beeps(path string) (at []int64, length int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, fmt.Errorf("opening a recording's sound: %w", err)
	}
	defer f.Close()
	r, _, err := oggreader.NewWith(f)
	if err != nil {
		return nil, 0, fmt.Errorf("reading a recording's sound: %w", err)
	}
	before := false
	for {
		packet, page, err := r.ParseNextPage()
		if errors.Is(err, io.EOF) {
			return at, length, nil
		}
		if err != nil {
			return nil, 0, fmt.Errorf("reading a recording's sound: %w", err)
		}
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

// Picture is a frame of a WebM file, At milliseconds from its beginning.
type Picture struct {
	At   int64
	Key  bool
	data []byte
}

// Pictures reads a WebM file by the library's own parser. It must be whole.
func Pictures(path string) (all []Picture, info webm.Segment, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, info, fmt.Errorf("opening a recording's pictures: %w", err)
	}
	defer f.Close()
	var c struct {
		Header  webm.EBMLHeader `ebml:"EBML"`
		Segment webm.Segment    `ebml:"Segment"`
	}
	if err := ebml.Unmarshal(f, &c); err != nil && !errors.Is(err, io.EOF) {
		return nil, info, fmt.Errorf("reading a recording's pictures: %w", err)
	}
	for _, cluster := range c.Segment.Cluster {
		for _, b := range cluster.SimpleBlock {
			all = append(all, Picture{int64(cluster.Timecode) + int64(b.Timecode), b.Keyframe, b.Data[0]})
		}
	}
	return all, c.Segment, nil
}

// Flashes returns when pictures turn white in a WebM file, and when its last picture is. The first one must be a key frame, and time must not
// go back.
func Flashes(path string) (at []int64, last int64, err error) {
	all, _, err := Pictures(path)
	if err != nil {
		return nil, 0, err
	}
	if len(all) == 0 || !all[0].Key {
		return nil, 0, errors.New("the first picture cannot be decoded")
	}
	for _, p := range all {
		if p.At < last {
			return nil, 0, fmt.Errorf("a picture of %d ms follows one of %d ms", p.At, last)
		}
		if bytes.Equal(p.data, whiteKey) {
			at = append(at, p.At)
		}
		last = p.At
	}
	return at, last, nil
}
