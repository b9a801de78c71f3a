package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"
)

// What BenchmarkRecorder records: pictures of 500 kbit/s.
const (
	filmed       = 4 // participants
	pictureEach  = 40 * time.Millisecond
	pictureBytes = 2500
	keyEach      = 250 // pictures
	recordFor    = 30 * time.Second
)

// film publishes pictures of the size that a camera's have, which nobody decodes.
func (c *caller) film() {
	c.t.Helper()
	track, err := lksdk.NewLocalSampleTrack(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90_000})
	require.NoError(c.t, err)
	_, err = c.room.LocalParticipant.PublishTrack(track, &lksdk.TrackPublicationOptions{
		Source: livekit.TrackSource_CAMERA, VideoWidth: 320, VideoHeight: 240,
	})
	require.NoError(c.t, err)
	key := make([]byte, 4*pictureBytes)
	copy(key, []byte{0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00})
	later := make([]byte, pictureBytes)
	later[0] = 0x11
	go c.send(track, pictureEach, func(n int) []byte {
		if n%keyEach == 0 {
			return key
		}
		return later
	})
}

// BenchmarkRecorder: participants with sound and picture are recorded: what the recorder takes of a core for each, after its start,
// and how long after the end members are told where to replay it.
func BenchmarkRecorder(b *testing.B) {
	m := meet(b, recorded, builtProgram(b))
	for i := range filmed {
		u := m.a.User("u" + strconv.Itoa(i))
		u.Join(m.room)
		c := m.joins(b, u, m.a)
		c.talk()
		c.film()
	}
	for b.Loop() {
		status, answer := askRecording(m.ana, m.room, "start")
		require.Equal(b, http.StatusOK, status, answer.Raw)
		id := answer.Get("id").Str
		recordedOf(b, m.a, id, 2*filmed)
		recorder := childRunning(b, "record")
		began, cpu := time.Now(), cpuOf(b, recorder)
		time.Sleep(recordFor)
		b.ReportMetric(100*(cpuOf(b, recorder)-cpu).Seconds()/time.Since(began).Seconds()/filmed, "%core/participant")
		b.ReportMetric(rssOf(b, recorder), "recorder-MB")
		stopped := time.Now()
		status, answer = askRecording(m.ana, m.room, "stop")
		require.Equal(b, http.StatusOK, status, answer.Raw)
		noticed(m.ana, m.room, "org.medixchange.replay")
		b.ReportMetric(time.Since(stopped).Seconds(), "replayable-s")
		found := manifestOf(b, m.a, id)
		b.ReportMetric(time.Since(stopped).Seconds(), "checksums-s")
		written := int64(0)
		for _, track := range found.Tracks {
			written += track.Bytes
		}
		b.ReportMetric(float64(written)/(1<<20), "written-MB")
	}
}

// childRunning is the child that was started for what.
func childRunning(b *testing.B, what string) int {
	b.Helper()
	for _, pid := range childPIDs(b) {
		line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		if err == nil && bytes.HasSuffix(bytes.TrimRight(line, "\x00"), []byte("\x00"+what)) {
			return pid
		}
	}
	b.Fatalf("no child runs for %s", what)
	return 0
}
