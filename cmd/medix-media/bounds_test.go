package main

import (
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"

	"medixchange/conference/manifest"
	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// TestWhoPublishesTracksWithoutEndIsRemoved: each costs everybody who listens.
func TestWhoPublishesTracksWithoutEndIsRemoved(t *testing.T) {
	m := meet(t)
	eve := m.a.User("eve")
	eve.Join(m.room)
	ana, there := m.joins(t, m.ana, m.a), m.joins(t, eve, m.a)
	ana.talk()
	for range 40 {
		if _, err := there.tryPublish(webrtc.MimeTypeOpus, livekit.TrackSource_UNKNOWN, time.Second); err != nil {
			t.Log("refused:", err)
			break
		}
	}
	there.isGone()
	within(t, "nothing is logged", func() bool { return len(m.a.Logged("publishes too many tracks", eve.ID)) > 0 })
	status, _, _ := askToken(eve, m.a, m.urlA, m.room)
	require.Equal(t, http.StatusForbidden, status, "not for the next minute")
	require.Contains(t, people(m.ana, m.room), m.ana.ID, "the others stay")
}

// TestARecordingIsBoundInTracksAndSeconds: whatever a participant publishes.
func TestARecordingIsBoundInTracksAndSeconds(t *testing.T) {
	m := ward(t, func(c *config.Config) {
		c.Conference.Recording.MaxTracks, c.Conference.Recording.MaxDuration = 1, config.Duration(4*time.Second)
	})
	ana := m.joins(t, m.ana, m.a)
	ana.talk()
	ana.show()
	status, answer := askRecording(m.ana, m.room, "start")
	require.Equal(t, http.StatusOK, status, answer.Raw)
	id := answer.Get("id").Str
	noticed(m.ana, m.room, "org.medixchange.replay")
	found := manifestOf(t, m.a, id)
	require.Len(t, found.Tracks, 1)
	require.Equal(t, manifest.StateFinished, found.State)
	require.Equal(t, "the recording is as long as it may be", found.Reason)
	require.NotEmpty(t, m.a.Logged("something is not recorded", id, m.ana.ID, "tracks"))
	require.NotEmpty(t, m.a.Logged("a recording has ended", id, "as long as it may be"))
}

// TestTheRecorderGoesNowhereBecauseAnotherHospitalSaysSo: where an SFU is stands in events that others send.
func TestTheRecorderGoesNowhereBecauseAnotherHospitalSaysSo(t *testing.T) {
	victim, err := net.Listen("tcp", "127.0.0.3:0") // stays open
	require.NoError(t, err)
	t.Cleanup(func() { _ = victim.Close() })
	var reached atomic.Int32
	go func() {
		for {
			conn, err := victim.Accept()
			if err != nil {
				return
			}
			reached.Add(1)
			_ = conn.Close()
		}
	}()
	inside := netip.MustParsePrefix("127.0.0.3/32")
	a := hospitals(t, 1, recorded, func(c *config.Config) { c.Federation.DenyNetworks = []netip.Prefix{inside} })[0]
	b := hospitals(t, 1, func(c *config.Config) { c.PublicBaseURL = "http://" + victim.Addr().String() })[0]
	m := &meeting{a: a, b: b, ana: a.User("ana"), bo: b.User("bo")}
	m.room = m.ana.CreateRoom(testhospital.Room{Preset: "public_chat"})
	m.bo.Join(m.room, m.a.Name)
	m.urlA = sfuURL(t, m.ana)
	ana := m.joins(t, m.ana, m.a)
	ana.talk()
	event := m.bo.SetState(m.room, "org.matrix.msc3401.call.member", "_"+m.bo.ID+"_"+m.bo.DeviceID+"_m.call", map[string]any{
		"application": "m.call", "call_id": "", "device_id": m.bo.DeviceID,
		"foci_preferred": []any{map[string]any{"type": "livekit", "livekit_service_url": "http://" + victim.Addr().String() + "/livekit/jwt"}},
	})
	m.ana.WaitFor(m.room, event)
	status, answer := askRecording(m.ana, m.room, "start")
	require.Equal(t, http.StatusOK, status, answer.Raw)
	within(t, "the recorder's refusal is not logged", func() bool {
		return len(m.a.Logged(answer.Get("id").Str, "127.0.0.3 is denied")) > 0
	})
	require.Zero(t, reached.Load())
}
