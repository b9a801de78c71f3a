package main

import (
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/testhospital"
)

// callerCommand lets the test's own program be a caller, who can be stopped in the middle.
const callerCommand = "caller"

// runCaller talks until its program ends.
func runCaller(url, token string) error {
	room, err := lksdk.ConnectToRoomWithToken(url, token, lksdk.NewRoomCallback(), lksdk.WithDisableRegionDiscovery())
	if err != nil {
		return err
	}
	track, err := lksdk.NewLocalSampleTrack(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000})
	if err != nil {
		return err
	}
	if _, err := room.LocalParticipant.PublishTrack(track, &lksdk.TrackPublicationOptions{Source: livekit.TrackSource_MICROPHONE}); err != nil {
		return err
	}
	for range time.Tick(20 * time.Millisecond) {
		_ = track.WriteSample(media.Sample{Data: []byte{0xf8, 0xff, 0xfe}, Duration: 20 * time.Millisecond}, nil)
	}
	return nil
}

// TestAPulledCableIsVisibleToOthersWithin20Seconds stops a caller's program: its connections stand, and nothing comes over them any
// more, as when a cable is pulled. LiveKit alone takes 20 seconds to see it.
func TestAPulledCableIsVisibleToOthersWithin20Seconds(t *testing.T) {
	m := meet(t)
	m.ana.SetState(m.room, "org.matrix.msc3401.call.member", "_"+m.ana.ID+"_"+m.ana.DeviceID, map[string]any{"application": "m.call"})
	status, answer := delegate(m.ana, m.urlA, m.room, delayedLeave(m.ana, m.room))
	require.Equal(t, 200, status, answer.Raw)
	_, token, _ := askToken(m.ana, m.a, m.urlA, m.room)
	self, err := os.Executable()
	require.NoError(t, err)
	ana := exec.Command(self, callerCommand, m.urlA, token)
	ana.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, ana.Start())
	t.Cleanup(func() {
		_ = ana.Process.Kill()
		_ = ana.Wait() // killed
	})
	bo := m.joins(t, m.bo, m.a)
	require.Eventually(t, func() bool {
		packets, _ := bo.packetsOfAll()
		return packets > 5
	}, patience, pause)

	require.NoError(t, ana.Process.Signal(syscall.SIGSTOP))
	pulled := time.Now()
	within(t, "bo still sees ana in the conference", func() bool { return len(bo.room.GetRemoteParticipants()) == 0 })
	t.Logf("gone from the conference %v after", time.Since(pulled))
	m.bo.WaitUntil("the leave", func(sync gjson.Result) bool {
		return slices.ContainsFunc(append(testhospital.Timeline(sync, m.room), testhospital.State(sync, m.room)...), func(ev gjson.Result) bool {
			return ev.Get("type").Str == "org.matrix.msc3401.call.member" && ev.Get("content").Raw == "{}"
		})
	})
	t.Logf("gone from the room's state %v after", time.Since(pulled))
	require.Less(t, time.Since(pulled), 20*time.Second)
}
