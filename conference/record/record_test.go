package record_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/conference/manifest"
)

func TestPictureAndSoundStayTogether(t *testing.T) {
	s := startSFU(t)
	amy, bea := s.speak(t, "@amy:a"), s.speak(t, "@bea:a")
	r := record(t, s.job(t, t.TempDir()))
	r.recorded(t, 4, 6_000)
	amy.audio.SetMuted(true)
	r.await(t, 1, func(e manifest.Event) bool { return e.Type == manifest.EventMuted })
	bea.stop()
	r.await(t, 1, func(e manifest.Event) bool { return e.Type == manifest.EventLeft })
	m := r.end(t)
	used := r.cmd.ProcessState.UserTime() + r.cmd.ProcessState.SystemTime()
	t.Logf("%v of a core in a second for each of two participants with sound and picture, the start included", (used / time.Duration(max(2*m.Duration()/1000, 1))).Round(time.Millisecond))
	require.Equal(t, manifest.StateFinished, m.State)
	require.Equal(t, "stopped by @lead:a", m.Reason)
	require.Len(t, m.Tracks, 4)
	require.Len(t, m.Participants, 2)
	require.Empty(t, manifest.Verify(r.job.Folder, m))
	for _, userID := range []string{"@amy:a", "@bea:a"} {
		worst, pairs := apart(t, r.job.Folder, m, userID)
		t.Logf("%s: %d ms apart at most, %d times", userID, worst, pairs)
		require.GreaterOrEqual(t, pairs, 3)
		require.LessOrEqual(t, worst, int64(40))
	}
	for _, track := range m.Tracks {
		require.LessOrEqual(t, track.Offset+track.Duration, m.Duration()+1_000, "nothing is later than the end")
		if track.Kind == "audio" && track.UserID == "@amy:a" {
			require.Len(t, track.Mutes, 1)
		}
		if track.Kind == "video" {
			require.Equal(t, [2]int{64, 64}, [2]int{track.Width, track.Height})
			_, segment := pictures(t, filepath.Join(r.job.Folder, track.File))
			require.NotNil(t, segment.Cues, "players can seek")
			require.InDelta(t, track.Duration, segment.Info.Duration, 1)
		}
	}
}

func TestAKilledRecorderLosesASecondAtMostAndGoesOn(t *testing.T) {
	s := startSFU(t)
	s.speak(t, "@amy:a")
	job := s.job(t, t.TempDir())
	r := record(t, job)
	r.recorded(t, 2, 2_000)
	require.NoError(t, r.cmd.Process.Kill())
	_ = r.cmd.Wait()
	r.mu.Lock()
	said := r.events[len(r.events)-1].At // it lived at least until then
	r.mu.Unlock()

	m, err := manifest.FromFolder(job.Folder)
	require.NoError(t, err)
	require.Equal(t, manifest.StateInterrupted, m.State)
	again := record(t, job)
	again.await(t, 2, func(e manifest.Event) bool { return e.Type == manifest.EventTrack })
	again.recorded(t, 2, 1_000)
	m = again.end(t)
	require.Equal(t, manifest.StateFinished, m.State)
	require.Len(t, m.Tracks, 4)
	require.Empty(t, manifest.Verify(job.Folder, m))
	for _, track := range m.Tracks[:2] {
		path := filepath.Join(job.Folder, track.File)
		var end int64
		if track.Kind == "audio" {
			_, end = beeps(t, path)
		} else {
			_, end = flashes(t, path)
			_, segment := pictures(t, path)
			require.NotNil(t, segment.Cues)
			require.EqualValues(t, end, segment.Info.Duration)
		}
		require.GreaterOrEqual(t, track.Offset+end, said-1_000, "%s holds all but a second", track.File)
	}
	_, pairs := apart(t, job.Folder, m, "@amy:a")
	require.Positive(t, pairs)
}

func TestOnlyWhoSaidYesIsRecorded(t *testing.T) {
	s := startSFU(t)
	s.speak(t, "@amy:a")
	s.speak(t, "@bea:a")
	s.speak(t, "@foreigner:b") // whose hospital has an SFU of its own
	job := s.job(t, t.TempDir())
	job.Consent = manifest.ConsentExplicit
	r := record(t, job)
	r.await(t, 6, func(e manifest.Event) bool { return e.Type == manifest.EventSkipped })
	r.command(t, manifest.Command{Type: manifest.CommandConsent, UserID: "@bea:a", Answer: "yes", TS: 5})
	r.recorded(t, 2, 1_000)
	r.command(t, manifest.Command{Type: manifest.CommandConsent, UserID: "@bea:a", Answer: "no", TS: 6})
	r.await(t, 2, func(e manifest.Event) bool { return e.Type == manifest.EventTrackEnded })
	m := r.end(t)
	require.Len(t, m.Tracks, 2)
	for _, track := range m.Tracks {
		require.Equal(t, "@bea:a", track.UserID)
	}
	require.Len(t, m.Consents, 2)
	files, err := os.ReadDir(job.Folder)
	require.NoError(t, err)
	require.Len(t, files, 5, "two tracks, events, manifest, lock: %v", files)
}

func TestWhoSaysNoIsNotRecordedWhereEverybodyElseIs(t *testing.T) {
	s := startSFU(t)
	s.speak(t, "@amy:a")
	s.speak(t, "@bea:a")
	job := s.job(t, t.TempDir())
	job.Denied = []string{"@amy:a"}
	r := record(t, job)
	r.recorded(t, 2, 1_000)
	r.command(t, manifest.Command{Type: manifest.CommandConsent, UserID: "@bea:a", Answer: "no", TS: 6})
	r.await(t, 2, func(e manifest.Event) bool { return e.Type == manifest.EventTrackEnded })
	m := r.end(t)
	require.Len(t, m.Tracks, 2)
	for _, track := range m.Tracks {
		require.Equal(t, "@bea:a", track.UserID)
	}
}

func TestARecordingEndsByItself(t *testing.T) {
	s := startSFU(t)
	job := s.job(t, t.TempDir())
	job.Limits.Empty = 1
	r := record(t, job)
	require.NoError(t, r.cmd.Wait())
	m, err := manifest.Read(job.Folder)
	require.NoError(t, err)
	require.Equal(t, "everybody has left", m.Reason)
	require.Empty(t, m.Tracks)
}
