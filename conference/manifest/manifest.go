package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// Format names this version of the manifest.
const Format = "org.medixchange.recording.v1"

// File is the manifest's name in the folder of a recording, EventsFile that of the events.
const (
	File       = "manifest.json"
	EventsFile = "events.jsonl"
)

// OwnSlot is the slot of a room's own call (MSC4143).
const OwnSlot = "m.call#ROOM"

// States of a recording.
const (
	StateRecording   = "recording"
	StateFinished    = "finished"
	StateInterrupted = "interrupted" // ended by a crash; what is there is whole
	StateDeleted     = "deleted"     // a tombstone
)

// Kinds of consent.
const (
	ConsentNotice   = "notice"   // everybody is told, whoever stays is recorded
	ConsentExplicit = "explicit" // only those who said yes are recorded
)

// Manifest says what a recording holds. Times are milliseconds; offsets and spans count from StartedTS.
type Manifest struct {
	Format       string        `json:"format"`
	ID           string        `json:"id"`
	RoomID       string        `json:"room_id"`
	SlotID       string        `json:"slot_id,omitempty"` // of MatrixRTC; "" in recordings from before there were several: OwnSlot
	Title        string        `json:"title,omitempty"`
	By           string        `json:"by"`
	StartedTS    int64         `json:"started_ts"`
	EndedTS      int64         `json:"ended_ts,omitempty"`
	State        string        `json:"state"`
	Reason       string        `json:"reason,omitempty"`
	Consent      string        `json:"consent"`
	Consents     []Consent     `json:"consents"`
	Participants []Participant `json:"participants"`
	Tracks       []Track       `json:"tracks"`
	Chapters     []Chapter     `json:"chapters"`
	Pauses       []Span        `json:"pauses,omitempty"`
}

// Span is a time from, to in milliseconds of the recording.
type Span [2]int64

// Consent is one answer. The last one of a user counts.
type Consent struct {
	UserID string `json:"user_id"`
	TS     int64  `json:"ts"`
	Answer string `json:"answer"` // yes or no
}

// Participant is one device of a user in the call.
type Participant struct {
	UserID   string `json:"user_id"`
	DeviceID string `json:"device_id,omitempty"`
	Name     string `json:"name,omitempty"`
	Server   string `json:"server,omitempty"`
	Spans    []Span `json:"spans"`
}

// Track is one file of a recording.
type Track struct {
	ID       string `json:"id"`
	UserID   string `json:"user_id"`
	DeviceID string `json:"device_id,omitempty"`
	Kind     string `json:"kind"`   // audio or video
	Source   string `json:"source"` // microphone, camera, screen_share, screen_share_audio
	File     string `json:"file"`
	Codec    string `json:"codec"` // opus or vp8
	Offset   int64  `json:"offset"`
	Duration int64  `json:"duration"`
	Bytes    int64  `json:"bytes"`
	SHA256   string `json:"sha256,omitempty"`
	Width    int    `json:"width,omitempty"`
	Height   int    `json:"height,omitempty"`
	Mutes    []Span `json:"mutes"`
}

// Chapter is a named moment.
type Chapter struct {
	At    int64  `json:"at"`
	Title string `json:"title"`
}

// Duration is the length of the whole recording in milliseconds.
func (m *Manifest) Duration() int64 {
	if m.EndedTS > m.StartedTS {
		return m.EndedTS - m.StartedTS
	}
	var end int64
	for _, t := range m.Tracks {
		end = max(end, t.Offset+t.Duration)
	}
	return end
}

// TrackByFile returns the track whose file has that name.
func (m *Manifest) TrackByFile(name string) (Track, bool) {
	for _, t := range m.Tracks {
		if t.File == name && ValidFile(name) {
			return t, true
		}
	}
	return Track{}, false
}

var (
	validID   = regexp.MustCompile(`^[0-9a-z]{8,40}$`)
	validFile = regexp.MustCompile(`^[av][0-9]{1,4}\.(ogg|webm)$`)
)

// ValidID reports whether id can be that of a recording, and so the name of its folder.
func ValidID(id string) bool { return validID.MatchString(id) }

// ValidFile reports whether name can be that of a track's file. Nothing else is ever opened by a name from outside.
func ValidFile(name string) bool { return validFile.MatchString(name) }

// maxManifest bounds a manifest that is read.
const maxManifest = 16 << 20

// Read reads the manifest in folder.
func Read(folder string) (*Manifest, error) {
	info, err := os.Stat(filepath.Join(folder, File))
	if err != nil {
		return nil, fmt.Errorf("reading a manifest: %w", err)
	}
	if info.Size() > maxManifest {
		return nil, errors.New("the manifest is larger than any manifest may be")
	}
	data, err := os.ReadFile(filepath.Join(folder, File))
	if err != nil {
		return nil, fmt.Errorf("reading a manifest: %w", err)
	}
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("reading a manifest: %w", err)
	}
	return &m, nil
}

// Write puts the manifest into folder, whole or not at all.
func Write(folder string, m *Manifest) error {
	data, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return fmt.Errorf("encoding a manifest: %w", err)
	}
	return WriteFile(filepath.Join(folder, File), append(data, '\n'))
}

// WriteFile puts data into the file at path, whole or not at all, and safe from a power loss.
func WriteFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", filepath.Base(path), err), os.Remove(f.Name()))
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}
