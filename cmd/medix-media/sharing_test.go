package main

import (
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"

	"medixchange/internal/testhospital"
)

// shareScreen publishes a screen, with its sound.
func (c *caller) shareScreen() {
	c.t.Helper()
	c.publish(webrtc.MimeTypeVP8, livekit.TrackSource_SCREEN_SHARE, 100*time.Millisecond)
	c.publish(webrtc.MimeTypeOpus, livekit.TrackSource_SCREEN_SHARE_AUDIO, 20*time.Millisecond)
}

// sourcesOf lists what somebody publishes, as somebody else sees it.
func sourcesOf(by, of *testhospital.User, room string) []string {
	out := []string{}
	for _, track := range people(by, room)[of.ID].Get("tracks").Array() {
		out = append(out, track.Get("source").Str)
	}
	return out
}

// TestAScreenArrivesBesideTheCameraAtAnotherHospital: each with its source, by which clients place them; so do messages between clients.
func TestAScreenArrivesBesideTheCameraAtAnotherHospital(t *testing.T) {
	m := meet(t)
	ana, bo := m.joins(t, m.ana, m.a), m.joins(t, m.bo, m.a)
	said := make(chan string, 1)
	bo.onData = func(topic string, payload []byte) { said <- topic + " " + string(payload) }
	ana.talk()
	ana.show()
	ana.shareScreen()
	for _, source := range []livekit.TrackSource{
		livekit.TrackSource_MICROPHONE, livekit.TrackSource_CAMERA, livekit.TrackSource_SCREEN_SHARE, livekit.TrackSource_SCREEN_SHARE_AUDIO,
	} {
		bo.gets(ana.identity(), source)
	}
	packet := lksdk.UserData([]byte(`{"emoji":"👏"}`))
	packet.Topic = "reaction"
	require.NoError(t, ana.room.LocalParticipant.PublishDataPacket(packet, lksdk.WithDataPublishReliable(true)))
	select {
	case got := <-said:
		require.Equal(t, `reaction {"emoji":"👏"}`, got)
	case <-time.After(patience):
		require.FailNow(t, "the message did not arrive")
	}
	require.ElementsMatch(t, []string{"microphone", "camera", "screen_share", "screen_share_audio"}, sourcesOf(m.ana, m.ana, m.room))
	require.False(t, people(m.ana, m.room)[m.bo.ID].Get("publishes_here").Bool(), "bo publishes at their own hospital only")
}

// TestAScreenCountsAsAPicture: for the cap, once for who shows a camera, too; and audio-only ends both.
func TestAScreenCountsAsAPicture(t *testing.T) {
	m := meet(t)
	eve := m.a.User("eve")
	eve.Join(m.room)
	ana, other := m.joins(t, m.ana, m.a), m.joins(t, eve, m.a)
	ana.talk()
	ana.shareScreen()
	ana.show()
	require.Eventually(t, func() bool { return len(sourcesOf(m.ana, m.ana, m.room)) == 4 }, patience, pause, "she is first when her media are there")
	other.talk()
	other.shareScreen()
	require.Eventually(t, func() bool { return len(sourcesOf(m.ana, eve, m.room)) == 3 }, patience, pause)
	m.ana.SetState(m.room, policyType, "", map[string]any{"max_video": 1})
	soundAlone := func(of *testhospital.User) func() bool {
		return func() bool { s := sourcesOf(m.ana, of, m.room); return len(s) == 1 && s[0] == "microphone" }
	}
	require.Eventually(t, soundAlone(eve), patience, pause, "one picture is enough")
	require.Len(t, sourcesOf(m.ana, m.ana, m.room), 4, "one user may show both")

	m.ana.SetState(m.room, policyType, "", map[string]any{"audio_only": true})
	require.Eventually(t, soundAlone(m.ana), patience, pause)
}
