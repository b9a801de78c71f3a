package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/stretchr/testify/require"

	"medixchange/internal/config"
	"medixchange/internal/freeport"
	"medixchange/internal/testhospital"
)

// patience bounds what a test waits for; nothing that works takes so long.
const patience = 30 * time.Second

// pause is between two looks at whether something has happened.
const pause = 20 * time.Millisecond

// raceOfChildren spares the programs that the tests start the second that the race detector waits for nothing when a program ends.
const raceOfChildren = "atexit_sleep_ms=0"

// TestMain lets the test's own program be the media program that the hospitals start.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && programs[os.Args[1]] != nil {
		main()
		return
	}
	if len(os.Args) == 3 && os.Args[1] == nodeCommand {
		if err := runNode(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if err := silenceClient(); err != nil {
		panic(err)
	}
	if text, ok := os.LookupEnv(partEnv); ok {
		if err := perform(text); err != nil {
			panic(err)
		}
		return
	}
	if len(os.Args) == 4 && os.Args[1] == callerCommand {
		if err := runCaller(os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if err := os.Setenv("GORACE", raceOfChildren); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// hospitals starts n hospitals with an SFU each, on this machine alone.
func hospitals(t testing.TB, n int, options ...testhospital.Option) []*testhospital.Hospital {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	return testhospital.Alliance(t, n, append([]testhospital.Option{func(c *config.Config) {
		c.PublicBaseURL = "http://" + c.Listen.Client[0]
		s := &c.Conference.SFU
		s.PublicIP, s.Program = "127.0.0.1", self
		s.UDPPort, s.TCPPort = freePort(t), freePort(t)
	}}, options...)...)
}

// builtProgram has the hospitals use the program as it is installed, rather than this test's.
func builtProgram(t testing.TB) testhospital.Option {
	t.Helper()
	path := filepath.Join(t.TempDir(), "medix-media")
	out, err := exec.Command("go", "build", "-ldflags", "-s -w", "-o", path, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	require.NoError(t, file.Sync(), "the system takes no pages that are not on the disk yet")
	require.NoError(t, file.Close())
	return func(c *config.Config) { c.Conference.SFU.Program = path }
}

func freePort(t testing.TB) int {
	t.Helper()
	port, err := freeport.Take("127.0.0.1")
	require.NoError(t, err)
	return port
}

// sfuURL is what a hospital tells its own clients.
func sfuURL(t testing.TB, u *testhospital.User) string {
	t.Helper()
	list := u.Must(http.MethodGet, "/_matrix/client/v1/rtc/transports", nil).Get("transports").Array()
	require.NotEmpty(t, list)
	require.Equal(t, "m.livekit", list[0].Get("type").Str)
	return list[0].Get("url").Str
}

// askToken asks for a token for the SFU of a hospital.
func askToken(u *testhospital.User, at *testhospital.Hospital, url, room string) (status int, jwt, code string) {
	status, answer := u.Do(http.MethodPost, "/_matrix/client/v1/rtc/livekit/get_token", map[string]any{
		"server_name": at.Name, "url": url, "room_id": room, "slot_id": "m.call#ROOM", "member_id": "m-" + u.DeviceID,
	})
	return status, answer.Get("jwt").Str, answer.Get("errcode").Str
}

// stream counts what is received of somebody.
type stream struct {
	packets atomic.Int64
	missing atomic.Int64 // by sequence numbers: sent before the latest one, and not here yet
}

func (s *stream) read(track *webrtc.TrackRemote, ofItsSource *stream) {
	last, started := uint16(0), false
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		ahead := int64(int16(packet.SequenceNumber - last))
		if !started {
			started, ahead = true, 1
		}
		if ahead > 0 {
			last = packet.SequenceNumber
			s.missing.Add(ahead)
		}
		s.missing.Add(-1)
		s.packets.Add(1)
		ofItsSource.packets.Add(1)
	}
}

// caller is somebody's connection to one SFU.
type caller struct {
	t    testing.TB
	room *lksdk.Room

	url, token string

	heard   sync.Map                           // identity and kind → *stream
	seen    sync.Map                           // identity and source → *stream
	sent    atomic.Int64                       // packets of sound and pictures
	onData  func(topic string, payload []byte) // optional; set before anybody sends
	gone    chan struct{}
	onceOff sync.Once
	stop    context.CancelFunc
	ctx     context.Context
}

func connect(t testing.TB, url, token string) *caller {
	t.Helper()
	c, err := tryConnect(t, url, token)
	require.NoError(t, err)
	return c
}

func tryConnect(t testing.TB, url, token string, options ...lksdk.ConnectOption) (*caller, error) {
	t.Helper()
	c := &caller{t: t, url: url, token: token, gone: make(chan struct{})}
	c.ctx, c.stop = context.WithCancel(context.Background())
	callback := lksdk.NewRoomCallback()
	callback.OnDisconnected = func() { c.onceOff.Do(func() { close(c.gone) }) }
	callback.OnDataPacket = func(data lksdk.DataPacket, _ lksdk.DataReceiveParams) {
		if user, ok := data.(*lksdk.UserDataPacket); ok && c.onData != nil {
			c.onData(user.Topic, user.Payload)
		}
	}
	callback.OnTrackSubscribed = func(track *webrtc.TrackRemote, publication *lksdk.RemoteTrackPublication, p *lksdk.RemoteParticipant) {
		of, _ := c.heard.LoadOrStore(p.Identity()+" "+track.Kind().String(), new(stream))
		ofItsSource, _ := c.seen.LoadOrStore(p.Identity()+" "+publication.Source().String(), new(stream))
		go of.(*stream).read(track, ofItsSource.(*stream))
	}
	room, err := lksdk.ConnectToRoomWithToken(url, token, callback, append(options, lksdk.WithDisableRegionDiscovery())...)
	if err != nil {
		c.stop()
		return nil, err
	}
	c.room = room
	t.Cleanup(func() {
		c.stop()
		room.Disconnect()
	})
	return c, nil
}

func (c *caller) identity() string { return c.room.LocalParticipant.Identity() }

// talk publishes sound until the caller ends.
func (c *caller) talk() *lksdk.LocalTrackPublication {
	return c.publish(webrtc.MimeTypeOpus, livekit.TrackSource_MICROPHONE, 20*time.Millisecond)
}

// show publishes pictures (one byte pattern of a VP8 key frame again and again, which nobody decodes).
func (c *caller) show() *lksdk.LocalTrackPublication {
	return c.publish(webrtc.MimeTypeVP8, livekit.TrackSource_CAMERA, 100*time.Millisecond)
}

// triesToShow is show by somebody whom the SFU may refuse before anything is published.
func (c *caller) triesToShow() {
	c.t.Helper()
	if _, err := c.tryPublish(webrtc.MimeTypeVP8, livekit.TrackSource_CAMERA, 100*time.Millisecond); err != nil {
		c.t.Log("refused at once:", err)
	}
}

func (c *caller) publish(mime string, source livekit.TrackSource, every time.Duration) *lksdk.LocalTrackPublication {
	c.t.Helper()
	publication, err := c.tryPublish(mime, source, every)
	require.NoError(c.t, err)
	return publication
}

func (c *caller) tryPublish(mime string, source livekit.TrackSource, every time.Duration) (*lksdk.LocalTrackPublication, error) {
	c.t.Helper()
	rate := uint32(48000)
	if mime == webrtc.MimeTypeVP8 {
		rate = 90000
	}
	track, err := lksdk.NewLocalSampleTrack(webrtc.RTPCodecCapability{MimeType: mime, ClockRate: rate})
	require.NoError(c.t, err)
	publication, err := c.room.LocalParticipant.PublishTrack(track, &lksdk.TrackPublicationOptions{
		Name: source.String(), Source: source, VideoWidth: 320, VideoHeight: 240,
	})
	if err != nil {
		return nil, err
	}
	frame := []byte{0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00, 0, 0, 0, 0}
	go c.send(track, every, func(int) []byte { return frame })
	return publication, nil
}

// send writes what is due until the caller ends, however late it is asked.
func (c *caller) send(track *lksdk.LocalTrack, every time.Duration, frame func(n int) []byte) {
	began := time.Now()
	for n := 0; c.ctx.Err() == nil; n++ {
		time.Sleep(time.Until(began.Add(time.Duration(n) * every)))
		if track.WriteSample(media.Sample{Data: frame(n), Duration: every}, nil) == nil {
			c.sent.Add(1)
		}
	}
}

// hears waits until packets of a kind from somebody arrive.
func (c *caller) hears(identity, kind string) {
	c.t.Helper()
	require.Eventually(c.t, func() bool { return c.packets(identity, kind) > 5 }, patience, 20*time.Millisecond, "nothing is heard of "+identity)
}

// gets waits until packets of a source of somebody arrive.
func (c *caller) gets(identity string, source livekit.TrackSource) {
	c.t.Helper()
	require.Eventually(c.t, func() bool {
		of, ok := c.seen.Load(identity + " " + source.String())
		return ok && of.(*stream).packets.Load() > 5
	}, patience, pause, "nothing arrives of "+source.String())
}

func (c *caller) packets(identity, kind string) int64 {
	of, ok := c.heard.Load(identity + " " + kind)
	if !ok {
		return 0
	}
	return of.(*stream).packets.Load()
}

func (c *caller) packetsOfAll() (packets, missing int64) {
	c.heard.Range(func(_, of any) bool {
		packets += of.(*stream).packets.Load()
		missing += of.(*stream).missing.Load()
		return true
	})
	return packets, missing
}

// isGone waits until the SFU has ended the connection for good. The SFU's last word may be lost: LiveKit drops it when the client says
// something at that moment. Then the client tries for a minute to come back, and is gone when it is refused.
func (c *caller) isGone() {
	c.t.Helper()
	tooLate, look := time.After(patience), time.NewTicker(pause)
	defer look.Stop()
	for {
		select {
		case <-c.gone:
			return
		case <-look.C:
			if c.isRefused() {
				c.t.Log("gone without having been told")
				return
			}
		case <-tooLate:
			require.FailNow(c.t, "still connected")
		}
	}
}

// isRefused reports whether the client is out and does not get in again, by asking as LiveKit's clients do before they give up.
func (c *caller) isRefused() bool {
	if c.room.ConnectionState() != lksdk.ConnectionStateReconnecting {
		return false
	}
	req, err := http.NewRequestWithContext(c.ctx, http.MethodGet, "http"+strings.TrimPrefix(c.url, "ws")+"/rtc/validate", nil)
	require.NoError(c.t, err)
	req.Header.Set("Authorization", "Bearer "+c.token)
	resp, err := http.DefaultClient.Do(req)
	return err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusForbidden
}

func roomPath(room, more string) string {
	return "/_matrix/client/unstable/org.medixchange.conference/rooms/" + url.PathEscape(room) + more
}
