package record

import (
	"fmt"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4/pkg/media/oggwriter"
)

// Durations of audio in milliseconds.
const (
	frame        = 20  // what browsers send, and what is put in or left out to follow the clock
	early        = 30  // what sound may be ahead of its time before a frame of it is left out
	longSilence  = 120 // the longest packet there may be (RFC 6716, 3.2.5)
	concealed    = 60  // lost sound up to this is left to the decoder to conceal
	maxHole      = 6 * 60 * 60 * 1000
	audioRate    = 48 // samples a millisecond
	audioSSRC    = 1
	smallestReal = 3 // bytes; less is a frame that says that nothing is said (RFC 6716, 2.1.9)
)

var (
	silent     = []byte{0xF8, 0xFF, 0xFE} // 20 ms
	longSilent = []byte{0xFB, 0x06, 0xFF, 0xFE, 0xFF, 0xFE, 0xFF, 0xFE, 0xFF, 0xFE, 0xFF, 0xFE, 0xFF, 0xFE}
)

// audio writes Ogg/Opus (RFC 7845). Players count samples and know no time stamps, so that what was lost, muted or not sent is
// filled, and where the microphone's clock runs differently from ours a frame is put in or left out: the position in the file is
// always the time since its beginning, to 20 ms.
type audio struct {
	f     *file
	w     *oggwriter.Writer
	track *oggwriter.Track
	pos   float64 // of the file, in milliseconds
	toc   byte
}

func newAudio(f *file, stereo bool) (*audio, error) {
	channels := uint16(1)
	if stereo {
		channels = 2
	}
	w, err := oggwriter.NewWriter(f, oggwriter.WithChannelCount(channels), oggwriter.WithSeekableOutput(f))
	if err != nil {
		return nil, fmt.Errorf("beginning an Ogg file: %w", err)
	}
	track, err := w.NewTrack(audioSSRC)
	if err != nil {
		return nil, fmt.Errorf("beginning an Ogg file: %w", err)
	}
	return &audio{f: f, w: w, track: track}, nil
}

// write adds the packet that was sampled at milliseconds after the beginning of the file.
func (a *audio) write(at float64, packet []byte) error {
	length := opusDuration(packet)
	if length == 0 {
		return nil // not Opus
	}
	switch gap := at - a.pos; {
	case gap > maxHole:
		return fmt.Errorf("a hole of %.0f ms in the sound", gap)
	case gap >= frame:
		if err := a.fill(gap); err != nil {
			return err
		}
	case gap <= -early, gap <= -frame && len(packet) < smallestReal:
		return nil
	}
	a.toc = packet[0]
	return a.put(packet, length)
}

// fill writes as many whole frames as gap has.
func (a *audio) fill(gap float64) error {
	if gap <= concealed && a.toc != 0 {
		lost := []byte{a.toc &^ 3}
		length := opusDuration(lost)
		for ; gap >= length; gap -= length {
			if err := a.put(lost, length); err != nil {
				return err
			}
		}
		return nil
	}
	for ; gap >= longSilence; gap -= longSilence {
		if err := a.put(longSilent, longSilence); err != nil {
			return err
		}
	}
	for ; gap >= frame; gap -= frame {
		if err := a.put(silent, frame); err != nil {
			return err
		}
	}
	return nil
}

func (a *audio) put(packet []byte, length float64) error {
	if err := a.track.WriteRTP(&rtp.Packet{Header: rtp.Header{SSRC: audioSSRC}, Payload: packet}); err != nil {
		return fmt.Errorf("writing sound: %w", err)
	}
	a.pos += length
	return nil
}

func (a *audio) duration() float64 { return a.pos }

func (a *audio) close() error {
	if err := a.w.Close(); err != nil {
		return fmt.Errorf("ending an Ogg file: %w", err)
	}
	return nil
}

// opusDuration returns how long a packet sounds in milliseconds, 0 for what is no Opus packet (RFC 6716, 3.1 and 3.2).
func opusDuration(packet []byte) float64 {
	if len(packet) == 0 {
		return 0
	}
	config := packet[0] >> 3
	var one float64
	switch {
	case config < 12:
		one = [...]float64{10, 20, 40, 60}[config&3]
	case config < 16:
		one = [...]float64{10, 20}[config&1]
	default:
		one = [...]float64{2.5, 5, 10, 20}[config&3]
	}
	frames := 1
	switch packet[0] & 3 {
	case 1, 2:
		frames = 2
	case 3:
		if len(packet) < 2 {
			return 0
		}
		frames = int(packet[1] & 63)
	}
	if all := one * float64(frames); all <= longSilence {
		return all
	}
	return 0
}
