package record

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/pion/webrtc/v4/pkg/media/samplebuilder"

	"medixchange/conference/manifest"
)

const (
	audioLate   = 50  // packets that may be missing before one that came is written
	videoLate   = 400 // likewise; a picture has many
	maxWait     = time.Second
	keyInterval = 10_000 // a key frame is asked for so often, so that players can seek
	keyRetry    = 500    // while none came
)

// writer is what a track's packets go to.
type writer interface {
	duration() float64
	close() error
}

// track is one file that is being written. Its methods are safe for concurrent use.
type track struct {
	id, kind, source  string
	userID, device    string
	say               func(manifest.Event)
	now               func() float64
	askKey            func()
	folder            string
	stereo            bool
	ssrc              uint32
	mu                sync.Mutex
	builder           *samplebuilder.SampleBuilder
	line              timeline
	f                 *file // nil until there is something to write
	out               writer
	audio             *audio
	video             *video
	offset            float64
	asked             float64
	padding           uint16
	width, height     int
	closed            bool
	paused            bool
	speech            *speech // nil where nothing is written down
	written, reported int64
}

func newTrack(t *track, c *clock) *track {
	t.line = timeline{clock: c, rate: 90}
	var depacketizer rtp.Depacketizer = &codecs.VP8Packet{}
	late := uint16(videoLate)
	if t.kind == "audio" {
		depacketizer, late, t.line.rate = &codecs.OpusPacket{}, audioLate, audioRate
	}
	t.asked = -keyInterval
	t.builder = samplebuilder.New(late, depacketizer, uint32(t.line.rate*1000), samplebuilder.WithMaxTimeDelay(maxWait))
	return t
}

// name is that of the file.
func (t *track) name() string {
	if t.kind == "audio" {
		return t.id + ".ogg"
	}
	return t.id + ".webm"
}

// packet takes what came from the network. An error ends the track.
func (t *track) packet(p *rtp.Packet, arrival float64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return errors.New("the track has ended")
	}
	if len(p.Payload) == 0 {
		t.padding++
	} else {
		t.line.at(p.Timestamp, arrival)
	}
	t.builder.Push(p)
	return t.drain(arrival)
}

func (t *track) drain(arrival float64) error {
	for sample := t.builder.Pop(); sample != nil; sample = t.builder.Pop() {
		lost := sample.PrevDroppedPackets > t.padding
		t.padding = 0
		if t.paused || len(sample.Data) == 0 {
			continue
		}
		if err := t.sample(sample, t.line.sampled(sample.PacketTimestamp), arrival, lost); err != nil {
			return err
		}
	}
	return nil
}

func (t *track) sample(s *media.Sample, at, arrival float64, lost bool) error {
	if t.kind == "audio" {
		if opusDuration(s.Data) == 0 {
			return nil
		}
		if t.f == nil {
			if err := t.begin(at); err != nil {
				return err
			}
		}
		t.listenTo(at-t.offset, s.Data)
		return t.audio.write(at-t.offset, s.Data)
	}
	width, height, key := keyFrame(s.Data)
	t.wantKey(arrival, key, lost)
	if key && width <= blank && height <= blank {
		return nil
	}
	if t.f == nil {
		if !key {
			return nil
		}
		t.width, t.height = width, height
		if err := t.begin(at); err != nil {
			return err
		}
	}
	if key && (width > t.width || height > t.height) {
		t.width, t.height = max(width, t.width), max(height, t.height)
		t.say(manifest.Event{Type: manifest.EventSize, Track: t.id, Width: width, Height: height})
	}
	return t.video.write(at-t.offset, key, s.Data)
}

// wantKey asks for a key frame before the first one, after a loss, and from time to time.
func (t *track) wantKey(arrival float64, key, lost bool) {
	if key {
		t.asked = arrival
		return
	}
	wait := arrival - t.asked
	if wait > keyInterval || (t.f == nil || lost) && wait > keyRetry {
		t.asked = arrival
		t.askKey()
	}
}

// begin creates the file, with the first thing to write.
func (t *track) begin(at float64) error {
	f, err := create(filepath.Join(t.folder, t.name()))
	if err != nil {
		return err
	}
	if t.kind == "audio" {
		t.audio, err = newAudio(f, t.stereo)
		t.out = t.audio
	} else {
		t.video, err = newVideo(f, t.width, t.height)
		t.out = t.video
	}
	if err != nil {
		return errors.Join(err, f.done())
	}
	codec := "opus"
	if t.kind == "video" {
		codec = "vp8"
	}
	t.f, t.offset = f, at
	t.say(manifest.Event{
		Type: manifest.EventTrack, Track: t.id, UserID: t.userID, DeviceID: t.device, Kind: t.kind, Source: t.source, File: t.name(), Codec: codec,
		Offset: int64(math.Round(at)), Width: t.width, Height: t.height,
	})
	return nil
}

// control takes the sender reports. The first one says what the beginning of the file was; it moves the track, not what is written.
// SFUs send reports about several tracks as one packet, which each of these tracks is then handed as a whole.
func (t *track) control(p rtcp.Packet) {
	report, ok := p.(*rtcp.SenderReport)
	if !ok || report.SSRC != t.ssrc {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	ntp := float64(report.NTPTime>>32)*1000 + float64(report.NTPTime&math.MaxUint32)*1000/(1<<32)
	shift := t.line.report(report.RTPTime, ntp)
	if shift == 0 || t.f == nil {
		return
	}
	t.offset += shift
	t.say(manifest.Event{Type: manifest.EventOffset, Track: t.id, Offset: int64(math.Round(t.offset))})
}

func (t *track) pause(on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.paused = on
	if !on {
		t.asked = -keyInterval
	}
}

// flush hands what was written to the system.
func (t *track) flush() (bytes int64, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.f == nil || t.closed {
		return t.written, nil
	}
	if err := t.f.flush(); err != nil {
		return 0, fmt.Errorf("writing track %s: %w", t.id, err)
	}
	t.written = t.f.bytes()
	return t.written, nil
}

// sync makes what was flushed safe and says how much that is.
func (t *track) sync() error {
	t.mu.Lock()
	f, closed, bytes, duration := t.f, t.closed, t.written, 0.0
	if f != nil {
		duration = t.out.duration()
	}
	t.mu.Unlock()
	if f == nil || closed || bytes == t.reported {
		return nil
	}
	if err := f.f.Sync(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("syncing track %s: %w", t.id, err)
	}
	t.reported = bytes
	t.say(manifest.Event{Type: manifest.EventProgress, Track: t.id, Duration: int64(duration), Bytes: bytes})
	return nil
}

// end writes what is still held back and closes the file.
func (t *track) end() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil
	}
	t.builder.Flush()
	err := t.drain(t.now())
	t.closed = true
	if t.speech != nil && t.f != nil {
		t.spoken(t.speech.cut())
	}
	if t.f == nil {
		return err
	}
	err = errors.Join(err, t.out.close(), t.f.done())
	t.written = t.f.bytes()
	t.say(manifest.Event{Type: manifest.EventTrackEnded, Track: t.id, Duration: int64(t.out.duration()), Bytes: t.written})
	return err
}

func (t *track) isClosed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.closed
}
