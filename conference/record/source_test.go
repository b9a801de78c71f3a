package record_test

import (
	"context"
	"encoding/hex"
	"testing"
	"time"

	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/stretchr/testify/require"
)

// What Chromium's encoders made of black and white pictures of 64 by 64, and of a tone of 1 kHz.
var (
	blackKey = unhex("f002009d012a40004000000708858588998488012410003381e21300559107b980feffbaff40")
	black    = unhex("d1010000101400180018582ff400088e8000")
	whiteKey = unhex("f002009d012a4000400000470885858899848801a210003381e21300559107b980feffba8300")
	white    = unhex("d1010001100d1000c000c2c17fa000447400")
	silence  = unhex("f8fffe")
	tone     = unhex("78a28b48ccaf1beec67e30f30fab48115d7d24049e0848dd5254849ae29ae90b1e6e4fa9d8ede2ae5e3bc331368df2f86c64f78bdf1511755fd347737b04")
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

const (
	step  = 20 * time.Millisecond
	cycle = 50 // steps: a flash and a beep each second
	flash = 5  // steps that they last
)

// speaker is a participant who flashes and beeps each second.
type speaker struct {
	room  *lksdk.Room
	audio *lksdk.LocalTrackPublication
	stop  context.CancelFunc
	done  chan struct{}
}

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
		sp.perform(ctx, audio, video)
	}()
	return sp
}

// perform writes what is due by the clock, however late it is asked.
func (*speaker) perform(ctx context.Context, audio, video *lksdk.LocalTrack) {
	start := time.Now()
	for n := 0; ctx.Err() == nil; n++ {
		if wait := time.Until(start.Add(time.Duration(n) * step)); wait > 0 {
			time.Sleep(wait)
		}
		sound := silence
		if n%cycle < flash {
			sound = tone
		}
		_ = audio.WriteSample(media.Sample{Data: sound, Duration: step}, nil)
		if n%2 != 0 {
			continue
		}
		var picture []byte
		switch at := n % cycle; {
		case at == 0:
			picture = whiteKey
		case at < flash:
			picture = white
		case at == flash+1:
			picture = blackKey
		default:
			picture = black
		}
		_ = video.WriteSample(media.Sample{Data: picture, Duration: 2 * step}, nil)
	}
}
