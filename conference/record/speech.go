package record

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"medixchange/conference/manifest"
)

// Bounds of an utterance, in milliseconds.
const (
	pauseEnds     = 700    // so long a pause ends one
	longestSpeech = 20_000 // what is said without a pause is cut then
	shortestVoice = 240    // less of a voice is a cough
	leadIn        = 200    // sound before the voice
	maxUtterances = 20_000 // of one track
)

// heard is a packet with its time in the file.
type heard struct {
	at   float64
	data []byte
}

// speech cuts what a microphone hears into utterances, by what the encoder says of each packet, and writes each into a file of its
// own, from which it is written down while the call goes on.
type speech struct {
	folder  string // manifest.SpeechFolder of the recording
	packets []heard
	before  []heard // of the lead-in
	voiced  float64 // ms of voice
	quiet   float64 // ms since the last voice
	floor   float64 // bytes a millisecond of packets without a voice
	count   int
	failed  bool
}

// hear takes the next packet and returns an utterance that ended with it, or before it.
func (s *speech) hear(at float64, data []byte) (from, to float64, packets []heard) {
	length := opusDuration(data)
	if last := len(s.packets) - 1; last >= 0 {
		s.quiet += max(at-s.packets[last].at-opusDuration(s.packets[last].data), 0) // what was not sent
		if s.quiet >= pauseEnds {
			from, to, packets = s.cut()
		}
	}
	s.add(heard{at, append([]byte(nil), data...)}, length)
	if len(s.packets) > 0 && (s.quiet >= pauseEnds || at-s.packets[0].at >= longestSpeech) {
		return s.cut()
	}
	return from, to, packets
}

// add puts a packet to the utterance that is being heard, or begins one with a voice.
func (s *speech) add(h heard, length float64) {
	voice := s.isVoice(h.data, length)
	if len(s.packets) == 0 {
		if !voice {
			s.before = append(s.before, h)
			for len(s.before) > 1 && h.at-s.before[0].at > leadIn {
				s.before = s.before[1:]
			}
			return
		}
		s.packets, s.before, s.voiced = s.before, nil, 0
	}
	s.packets = append(s.packets, h)
	if voice {
		s.voiced, s.quiet = s.voiced+length, 0
	} else {
		s.quiet += length
	}
}

// cut ends the utterance that is being heard, if there is a voice in it.
func (s *speech) cut() (from, to float64, packets []heard) {
	packets, voiced := s.packets, s.voiced
	s.packets, s.voiced, s.quiet = nil, 0, 0
	if len(packets) == 0 || voiced < shortestVoice {
		return 0, 0, nil
	}
	last := packets[len(packets)-1]
	return packets[0].at, last.at + opusDuration(last.data), packets
}

// isVoice reports whether somebody speaks in a packet. Packets for speech say so themselves (RFC 6716, 4.2.3); others are compared with
// how large packets are when nobody speaks.
func (s *speech) isVoice(data []byte, length float64) bool {
	if len(data) < smallestReal || length == 0 {
		return false
	}
	if data[0]>>3 < 16 && data[0]&3 == 0 {
		return data[1]&0x80 != 0
	}
	rate := float64(len(data)) / length
	if s.floor == 0 || rate < s.floor {
		s.floor = rate
	}
	s.floor += (rate - s.floor) * 0.002
	return len(data) > len(silent) && rate > s.floor*1.6+0.3
}

// write puts an utterance into a file, whole or not at all.
func (s *speech) write(trackID string, offset, from, to float64, packets []heard) (name string, err error) {
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return "", fmt.Errorf("making the folder of utterances: %w", err)
	}
	name = manifest.SpeechName(trackID, int64(math.Round(offset+from)), int64(math.Round(offset+to)))
	f, err := create(filepath.Join(s.folder, name+".part"))
	if err != nil {
		return "", err
	}
	a, err := newAudio(f, false)
	for _, h := range packets {
		if err == nil {
			err = a.write(h.at-from, h.data)
		}
	}
	if err == nil {
		err = a.close()
	}
	if err = errors.Join(err, f.done()); err == nil {
		err = os.Rename(filepath.Join(s.folder, name+".part"), filepath.Join(s.folder, name))
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(filepath.Join(s.folder, name+".part")))
	}
	return name, nil
}

// listenTo hands a packet to the cutter of a track and tells of an utterance that has ended.
func (t *track) listenTo(at float64, data []byte) {
	if t.speech == nil || t.speech.failed {
		return
	}
	from, to, packets := t.speech.hear(at, data)
	t.spoken(from, to, packets)
}

func (t *track) spoken(from, to float64, packets []heard) {
	if packets == nil || t.speech.count >= maxUtterances {
		return
	}
	t.speech.count++
	name, err := t.speech.write(t.id, t.offset, from, to, packets)
	if err != nil {
		t.speech.failed = true // captions are lost, not the recording
		fmt.Fprintf(os.Stderr, "record: an utterance cannot be written: %v\n", err)
		return
	}
	t.say(manifest.Event{
		Type: manifest.EventSpeech, Track: t.id, UserID: t.userID, File: name, Offset: int64(math.Round(t.offset + from)), Duration: int64(math.Round(to - from)),
	})
}
