package record

import (
	"fmt"
	"math"

	"github.com/at-wat/ebml-go/mkvcore"
	"github.com/at-wat/ebml-go/webm"
)

const (
	// cuesReserved is the room for the index in the beginning of a file: a thousand places to seek to. Longer files have fewer a minute.
	cuesReserved = 24 << 10
	// A cluster begins with a key frame, if one comes in time.
	minCluster = 1_000
	maxCluster = 0x7FFE
	// blank is the size of the pictures that an SFU sends for nobody: before the first key frame and when a camera is covered.
	blank = 16
)

// video writes WebM/VP8 with the time stamps of the sampling.
type video struct {
	f    *file
	w    webm.BlockWriteCloser
	last int64
}

func newVideo(f *file, width, height int) (*video, error) {
	v := &video{f: f, last: -1}
	ws, err := webm.NewSimpleBlockWriter(f, []webm.TrackEntry{{
		Name: "Video", TrackNumber: 1, TrackUID: 1, CodecID: "V_VP8", TrackType: 1,
		Video: &webm.Video{PixelWidth: uint64(width), PixelHeight: uint64(height)},
	}},
		mkvcore.WithSegmentInfo(&webm.Info{TimecodeScale: 1_000_000, MuxingApp: "MediXchange", WritingApp: "MediXchange"}),
		mkvcore.WithBlockInterceptor(nil), mkvcore.WithSeekHead(true), mkvcore.WithCues(cuesReserved),
		mkvcore.WithMinMaxClusterDuration(1, minCluster, maxCluster),
		mkvcore.WithOnFatalHandler(v.f.fail))
	if err != nil {
		return nil, fmt.Errorf("beginning a WebM file: %w", err)
	}
	v.w = ws[0]
	return v, nil
}

// write adds the frame that was sampled at milliseconds after the beginning of the file.
func (v *video) write(at float64, key bool, data []byte) error {
	if err := v.f.failure(); err != nil {
		return fmt.Errorf("writing a picture: %w", err)
	}
	stamp := max(int64(math.Round(at)), v.last+1)
	if _, err := v.w.Write(key, stamp, data); err != nil {
		return fmt.Errorf("writing a picture: %w", err)
	}
	v.last = stamp
	return nil
}

func (v *video) duration() float64 { return float64(max(v.last, 0)) }

func (v *video) close() error {
	if err := v.w.Close(); err != nil {
		return fmt.Errorf("ending a WebM file: %w", err)
	}
	if err := v.f.failure(); err != nil {
		return fmt.Errorf("ending a WebM file: %w", err)
	}
	return nil
}

// keyFrame returns the size of the picture if a VP8 frame is a key frame (RFC 6386, 9.1).
func keyFrame(data []byte) (width, height int, ok bool) {
	if len(data) < 10 || data[0]&1 != 0 || data[3] != 0x9d || data[4] != 0x01 || data[5] != 0x2a {
		return 0, 0, false
	}
	return int(data[6]) | int(data[7]&0x3f)<<8, int(data[8]) | int(data[9]&0x3f)<<8, true
}
