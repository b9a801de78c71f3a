package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/conference/manifest"
	"medixchange/internal/testhospital"
)

// TestAfterKill9OfTheNodeTheConferenceRecoversAndTheRecordingGoesOn kills the whole node, whose SFU and recorder must end with it rather
// than stay behind with its ports, and starts it again as an administrator's service manager does.
func TestAfterKill9OfTheNodeTheConferenceRecoversAndTheRecordingGoesOn(t *testing.T) {
	p := newProcess(t)
	p.start()
	h := p.hospital()
	ana, bo := h.User("ana"), h.User("bo")
	room := ana.CreateRoom(testhospital.Room{Preset: "private_chat", Invite: []string{bo.ID}})
	bo.Join(room)
	m := &meeting{a: h, ana: ana, bo: bo, room: room, urlA: sfuURL(t, ana)}
	anaThere, boThere := m.joins(t, ana, h), m.joins(t, bo, h)
	anaThere.talk()
	boThere.hears(anaThere.identity(), "audio")
	status, answer := askRecording(ana, room, "start")
	require.Equal(t, http.StatusOK, status, answer.Raw)
	id := answer.Get("id").Str
	recordedIn(t, p.folder(id), 1)
	children := p.children()
	require.Len(t, children, 2, "an SFU and a recorder")

	killed := time.Now()
	p.kill()
	for what, pid := range children {
		within(t, what+" stays behind", func() bool { return hasEnded(pid) })
	}
	kept := soundIn(t, p.folder(id))
	p.start()
	heard := boThere.packets(anaThere.identity(), "audio")
	within(t, "they do not hear each other again", func() bool { return boThere.packets(anaThere.identity(), "audio") > heard+5 })
	t.Logf("they hear each other %v after the kill", time.Since(killed))
	recordedIn(t, p.folder(id), 2)

	status, answer = askRecording(ana, room, "stop")
	require.Equal(t, http.StatusOK, status, answer.Raw)
	noticed(ana, room, "org.medixchange.replay")
	found := manifestIn(t, p.folder(id))
	require.Equal(t, manifest.StateFinished, found.State)
	require.Len(t, found.Tracks, 2)
	first := found.Tracks[0]
	require.GreaterOrEqual(t, first.Duration, kept, "nothing is lost that was there after the kill")
	lost := killed.UnixMilli() - found.StartedTS - first.Offset - first.Duration
	t.Logf("%d ms are lost", lost)
	require.Less(t, lost, int64(2000), "at most a second is lost, and what a busy machine was late with")
	p.terminate()
}

// soundIn is how long the first track of a recording is on the disk, in milliseconds.
func soundIn(t *testing.T, folder string) int64 {
	t.Helper()
	m, err := manifest.FromFolder(folder)
	require.NoError(t, err)
	require.NotEmpty(t, m.Tracks)
	return m.Tracks[0].Duration
}
