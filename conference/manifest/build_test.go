package manifest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func lines(t *testing.T, events ...Event) string {
	t.Helper()
	var b strings.Builder
	for _, e := range events {
		line, err := json.Marshal(e)
		require.NoError(t, err)
		b.Write(append(line, '\n'))
	}
	return b.String()
}

var beginning = []Event{
	{Type: EventStarted, ID: "abcdefgh", RoomID: "!r", UserID: "@lead:a", Consent: ConsentNotice, TS: 1_000},
	{At: 10, Type: EventJoined, UserID: "@amy:a", DeviceID: "D", Name: "Amy", Server: "a"},
	{At: 20, Type: EventTrack, Track: "a1", UserID: "@amy:a", DeviceID: "D", Kind: "audio", Source: "microphone", File: "a1.ogg", Codec: "opus", Offset: 15},
	{At: 30, Type: EventMuted, Track: "a1"},
	{At: 35, Type: EventOffset, Track: "a1", Offset: 17},
}

func TestAManifestIsMadeOfEvents(t *testing.T) {
	m, err := Build(strings.NewReader(lines(t, append(beginning,
		Event{At: 40, Type: EventUnmuted, Track: "a1"},
		Event{At: 1_000, Type: EventTrackEnded, Track: "a1", Duration: 900, Bytes: 5},
		Event{At: 1_001, Type: EventLeft, UserID: "@amy:a", DeviceID: "D"},
		Event{At: 1_100, Type: EventEnded, State: StateFinished, Reason: "stopped", TS: 2_100})...)))
	require.NoError(t, err)
	require.Equal(t, StateFinished, m.State)
	require.EqualValues(t, 1_100, m.Duration())
	require.Equal(t, []Span{{30, 40}}, m.Tracks[0].Mutes)
	require.EqualValues(t, 17, m.Tracks[0].Offset)
	require.Equal(t, []Span{{10, 1_001}}, m.Participants[0].Spans)
}

func TestEventsOfARecorderThatWasKilledMakeAManifest(t *testing.T) {
	m, err := Build(strings.NewReader(lines(t, append(beginning, Event{At: 500, Type: EventProgress, Track: "a1", Duration: 480, Bytes: 5})...) + `{"at":600,"type":"pro`))
	require.NoError(t, err)
	require.Equal(t, StateInterrupted, m.State)
	require.EqualValues(t, 1_500, m.EndedTS)
	require.EqualValues(t, 480, m.Tracks[0].Duration)
	require.Equal(t, []Span{{30, 500}}, m.Tracks[0].Mutes)
}

func TestARecordingThatGoesOnHasNobodyInTheGap(t *testing.T) {
	m, err := Build(strings.NewReader(lines(t, append(beginning,
		Event{At: 5_000, Type: EventStarted, ID: "abcdefgh"},
		Event{At: 5_100, Type: EventJoined, UserID: "@amy:a", DeviceID: "D"},
		Event{At: 6_000, Type: EventEnded, State: StateFinished, TS: 7_000})...)))
	require.NoError(t, err)
	require.Equal(t, []Span{{10, 35}, {5_100, 6_000}}, m.Participants[0].Spans)
	require.EqualValues(t, 1_000, m.StartedTS)
}

func TestTracksWhoseFilesLieElsewhereAreLeftOut(t *testing.T) {
	folder := t.TempDir()
	events := lines(t, beginning...)
	for i, name := range []string{"../a2.ogg", "a3.ogg", "/etc/passwd", "manifest.json"} {
		events += lines(t, Event{At: 50, Type: EventTrack, Track: "x" + string(rune('0'+i)), File: name})
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, EventsFile), []byte(events), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "a1.ogg"), []byte("sound"), 0o600))
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(folder, "a3.ogg")))
	m, err := FromFolder(folder)
	require.NoError(t, err)
	require.Len(t, m.Tracks, 1)
	require.EqualValues(t, 5, m.Tracks[0].Bytes)
	require.NoError(t, Write(folder, m))
	again, err := Read(folder)
	require.NoError(t, err)
	require.Equal(t, m, again)
}

func TestNamesFromOutside(t *testing.T) {
	for name, valid := range map[string]bool{
		"a1.ogg": true, "v9999.webm": true, "": false, "a1.ogg/": false, "../a1.ogg": false, "a1.ogg\x00": false, "a1.ogg\n": false, "A1.ogg": false, "events.jsonl": false, "a.ogg": false,
	} {
		require.Equal(t, valid, ValidFile(name), "%q", name)
	}
	for id, valid := range map[string]bool{"abcdefgh12": true, "..": false, "abc/defgh": false, "abcdefgh\n": false, "ABCDEFGHIJ": false, "": false} {
		require.Equal(t, valid, ValidID(id), "%q", id)
	}
}

func FuzzBuild(f *testing.F) {
	f.Add(`{"type":"started","id":"abcdefgh"}` + "\n" + `{"at":5,"type":"track","track":"a1"}` + "\n" + `{"at":9,"type":"muted","track":"a1"}`)
	f.Fuzz(func(t *testing.T, events string) {
		m, err := Build(strings.NewReader(events))
		if err != nil {
			return
		}
		for _, track := range m.Tracks {
			for _, s := range track.Mutes {
				require.LessOrEqual(t, s[0], s[1])
			}
		}
	})
}
