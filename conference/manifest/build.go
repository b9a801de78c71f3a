package manifest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Bounds of what is built: events beyond them are left out.
const (
	maxLine         = 64 << 10
	maxEvents       = 2_000_000
	maxTracks       = 10_000
	maxParticipants = 10_000
)

// FromFolder makes the manifest of a recording from the events in its folder, also when the recorder was killed: the last
// line may be cut. Files that are not there are left out; sizes are those of the files.
func FromFolder(folder string) (*Manifest, error) {
	f, err := os.Open(filepath.Join(folder, EventsFile))
	if err != nil {
		return nil, fmt.Errorf("opening the events of a recording: %w", err)
	}
	defer f.Close()
	m, err := Build(f)
	if err != nil {
		return nil, err
	}
	kept := m.Tracks[:0]
	for _, t := range m.Tracks {
		if !ValidFile(t.File) {
			continue
		}
		info, err := os.Lstat(filepath.Join(folder, t.File))
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("looking at a track: %w", err)
		}
		t.Bytes = info.Size()
		kept = append(kept, t)
	}
	m.Tracks = kept
	return m, nil
}

// Build makes a manifest of events. It takes what can be read: lines that are cut or are no event are left out. An error says
// that there is no beginning.
func Build(events io.Reader) (*Manifest, error) {
	b := builder{tracks: map[string]int{}, people: map[[2]string]int{}}
	lines := bufio.NewScanner(events)
	lines.Buffer(make([]byte, 0, 4096), maxLine)
	for n := 0; n < maxEvents && lines.Scan(); n++ {
		var e Event
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.At >= 0 {
			b.take(e)
		}
	}
	if err := lines.Err(); err != nil && !errors.Is(err, bufio.ErrTooLong) {
		return nil, fmt.Errorf("reading the events of a recording: %w", err)
	}
	if b.m.ID == "" {
		return nil, errors.New("the events of the recording have no beginning")
	}
	b.end()
	return &b.m, nil
}

type builder struct {
	m      Manifest
	last   int64
	tracks map[string]int
	people map[[2]string]int
	paused bool
}

// open marks a span that has no end yet.
const open = -1

func (b *builder) take(e Event) {
	if e.Type == EventStarted {
		b.started(e)
	}
	b.last = max(b.last, e.At)
	switch e.Type {
	case EventJoined:
		b.joined(e)
	case EventLeft:
		if i, ok := b.people[[2]string{e.UserID, e.DeviceID}]; ok {
			closeSpan(b.m.Participants[i].Spans, e.At)
		}
	case EventTrack:
		b.track(e)
	case EventConsent:
		if len(b.m.Consents) < maxParticipants {
			b.m.Consents = append(b.m.Consents, Consent{UserID: e.UserID, TS: e.TS, Answer: e.Answer})
		}
	case EventChapter:
		if len(b.m.Chapters) < maxParticipants {
			b.m.Chapters = append(b.m.Chapters, Chapter{At: e.At, Title: e.Title})
		}
	case EventPaused:
		if !b.paused && len(b.m.Pauses) < maxParticipants {
			b.paused, b.m.Pauses = true, append(b.m.Pauses, Span{e.At, open})
		}
	case EventResumed:
		b.paused = false
		closeSpan(b.m.Pauses, e.At)
	case EventEnded:
		b.m.State, b.m.Reason, b.m.EndedTS = e.State, e.Reason, e.TS
	default:
		b.ofTrack(e)
	}
}

// started begins the recording, or goes on with it after an interruption: what was open ended then.
func (b *builder) started(e Event) {
	if b.m.ID != "" {
		b.closeAll()
		b.paused, b.m.State, b.m.Reason, b.m.EndedTS = false, StateRecording, "", 0
		return
	}
	b.m = Manifest{
		Format: Format, ID: e.ID, RoomID: e.RoomID, SlotID: e.SlotID, Title: e.Title, By: e.UserID, StartedTS: e.TS, State: StateRecording, Consent: e.Consent,
		Consents: []Consent{}, Participants: []Participant{}, Tracks: []Track{}, Chapters: []Chapter{},
	}
}

func (b *builder) joined(e Event) {
	key := [2]string{e.UserID, e.DeviceID}
	i, ok := b.people[key]
	if !ok {
		if len(b.m.Participants) == maxParticipants {
			return
		}
		i = len(b.m.Participants)
		b.people[key] = i
		b.m.Participants = append(b.m.Participants, Participant{UserID: e.UserID, DeviceID: e.DeviceID, Server: e.Server})
	}
	p := &b.m.Participants[i]
	if e.Name != "" {
		p.Name = e.Name
	}
	p.Spans = openSpan(p.Spans, e.At)
}

func (b *builder) track(e Event) {
	if _, known := b.tracks[e.Track]; known || len(b.m.Tracks) == maxTracks {
		return
	}
	b.tracks[e.Track] = len(b.m.Tracks)
	b.m.Tracks = append(b.m.Tracks, Track{
		ID: e.Track, UserID: e.UserID, DeviceID: e.DeviceID, Kind: e.Kind, Source: e.Source, File: e.File, Codec: e.Codec, Offset: e.Offset,
		Width: e.Width, Height: e.Height, Mutes: []Span{},
	})
}

func (b *builder) ofTrack(e Event) {
	i, ok := b.tracks[e.Track]
	if !ok {
		return
	}
	t := &b.m.Tracks[i]
	switch e.Type {
	case EventOffset:
		t.Offset = e.Offset
	case EventSize:
		t.Width, t.Height = max(t.Width, e.Width), max(t.Height, e.Height)
	case EventMuted:
		t.Mutes = openSpan(t.Mutes, e.At)
	case EventUnmuted:
		closeSpan(t.Mutes, e.At)
	case EventProgress, EventTrackEnded:
		t.Duration, t.Bytes = max(t.Duration, e.Duration), e.Bytes
		if e.Type == EventTrackEnded {
			closeSpan(t.Mutes, e.At)
		}
	}
}

// end closes what is open. A recording that nobody ended was interrupted.
func (b *builder) end() {
	b.closeAll()
	if b.m.EndedTS == 0 {
		b.m.State, b.m.EndedTS = StateInterrupted, b.m.StartedTS+b.last
	}
}

// closeAll closes what is open at the last moment that is known.
func (b *builder) closeAll() {
	for _, t := range b.m.Tracks {
		b.last = max(b.last, t.Offset+t.Duration)
		closeSpan(t.Mutes, b.last)
	}
	for _, p := range b.m.Participants {
		closeSpan(p.Spans, b.last)
	}
	closeSpan(b.m.Pauses, b.last)
}

func openSpan(spans []Span, at int64) []Span {
	if n := len(spans); n > 0 && spans[n-1][1] == open || n >= maxParticipants {
		return spans
	}
	return append(spans, Span{at, open})
}

func closeSpan(spans []Span, at int64) {
	if n := len(spans); n > 0 && spans[n-1][1] == open {
		spans[n-1][1] = max(at, spans[n-1][0])
	}
}
