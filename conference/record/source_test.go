package record_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/at-wat/ebml-go/webm"
	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/stretchr/testify/require"

	"medixchange/conference/manifest"
	"medixchange/conference/record/flashbeep"
)

// speaker is a participant who flashes and beeps each second.
type speaker struct {
	room  *lksdk.Room
	audio *lksdk.LocalTrackPublication
	stop  context.CancelFunc
	done  chan struct{}
}

type localTrack struct{ *lksdk.LocalTrack }

func (t localTrack) Write(sample media.Sample) error { return t.WriteSample(sample, nil) }

// speak joins the SFU's room as the user and speaks until the test ends or stop is called.
func (s *sfu) speak(t *testing.T, userID string) *speaker {
	t.Helper()
	room, err := lksdk.ConnectToRoomWithToken(s.url, s.token(t, userID, false), lksdk.NewRoomCallback(), lksdk.WithAutoSubscribe(false),
		lksdk.WithDisableRegionDiscovery(), lksdk.WithLogger(logger.GetDiscardLogger()))
	require.NoError(t, err)
	audio, err := lksdk.NewLocalTrack(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48_000, Channels: 2})
	require.NoError(t, err)
	video, err := lksdk.NewLocalTrack(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90_000})
	require.NoError(t, err)
	sp := &speaker{room: room, done: make(chan struct{})}
	sp.audio, err = room.LocalParticipant.PublishTrack(audio, &lksdk.TrackPublicationOptions{Name: "mic"})
	require.NoError(t, err)
	_, err = room.LocalParticipant.PublishTrack(video, &lksdk.TrackPublicationOptions{Name: "cam", VideoWidth: 64, VideoHeight: 64})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	sp.stop = func() {
		stop()
		<-sp.done
		room.Disconnect()
	}
	t.Cleanup(sp.stop)
	go func() {
		defer close(sp.done)
		(&flashbeep.Source{}).Perform(ctx, localTrack{audio}, localTrack{video}, func(flashbeep.Moment) {})
	}()
	return sp
}

func beeps(t *testing.T, path string) (at []int64, length int64) {
	t.Helper()
	at, length, err := flashbeep.Beeps(path)
	require.NoError(t, err)
	return at, length
}

func pictures(t *testing.T, path string) (all []flashbeep.Picture, info webm.Segment) {
	t.Helper()
	all, info, err := flashbeep.Pictures(path)
	require.NoError(t, err)
	return all, info
}

func flashes(t *testing.T, path string) (at []int64, last int64) {
	t.Helper()
	at, last, err := flashbeep.Flashes(path)
	require.NoError(t, err)
	return at, last
}

// apart returns the largest time between a flash and its beep, in milliseconds, over the recording of one user, and how many pairs there are.
func apart(t *testing.T, folder string, m *manifest.Manifest, userID string) (worst int64, pairs int) {
	t.Helper()
	var sounds, lights []int64
	for _, track := range m.Tracks {
		if track.UserID != userID {
			continue
		}
		path := filepath.Join(folder, track.File)
		if track.Kind == "audio" {
			at, _ := beeps(t, path)
			for _, ms := range at {
				sounds = append(sounds, track.Offset+ms)
			}
			continue
		}
		at, _ := flashes(t, path)
		for _, ms := range at {
			lights = append(lights, track.Offset+ms)
		}
	}
	for _, light := range lights {
		for _, sound := range sounds {
			if d := max(light-sound, sound-light); d < 400 {
				worst, pairs = max(worst, d), pairs+1
			}
		}
	}
	return worst, pairs
}
