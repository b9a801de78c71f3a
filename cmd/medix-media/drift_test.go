package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/stretchr/testify/require"

	"medixchange/conference/manifest"
	"medixchange/conference/record/flashbeep"
	"medixchange/internal/testhospital"
)

var driftFor = flag.Duration("drift", time.Minute, "how long BenchmarkDrift records")

// part is what a speaker of BenchmarkDrift does, in a process of its own.
type part struct {
	URL     string  `json:"url"`
	Token   string  `json:"token"`
	Machine float64 `json:"machine"` // millionths that the clocks run fast
	Sound   float64 `json:"sound"`
	Log     string  `json:"log"` // where the moments of flashes and beeps go
}

// partEnv names the part of a process that this test has started.
const partEnv = "MEDIX_MEDIA_TEST_PART"

type localTrack struct{ *lksdk.LocalTrack }

func (t localTrack) Write(sample media.Sample) error { return t.WriteSample(sample, nil) }

// perform plays a part until its standard input ends.
func perform(text string) error {
	var p part
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return err
	}
	source := &flashbeep.Source{Machine: p.Machine, Sound: p.Sound}
	interceptors, err := source.Interceptors()
	if err != nil {
		return err
	}
	room, err := lksdk.ConnectToRoomWithToken(p.URL, p.Token, lksdk.NewRoomCallback(), lksdk.WithAutoSubscribe(false),
		lksdk.WithDisableRegionDiscovery(), lksdk.WithInterceptors(interceptors))
	if err != nil {
		return err
	}
	defer room.Disconnect()
	audio, err := publish(room, webrtc.MimeTypeOpus, 48_000, livekit.TrackSource_MICROPHONE)
	if err != nil {
		return err
	}
	video, err := publish(room, webrtc.MimeTypeVP8, 90_000, livekit.TrackSource_CAMERA)
	if err != nil {
		return err
	}
	log, err := os.Create(p.Log)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		cancel()
	}()
	moments := make(chan flashbeep.Moment, 100)
	go func() {
		source.Perform(ctx, audio, video, func(m flashbeep.Moment) { moments <- m })
		close(moments)
	}()
	to := json.NewEncoder(log)
	for m := range moments {
		if err := to.Encode(m); err != nil {
			return err
		}
	}
	return log.Close()
}

func publish(room *lksdk.Room, mime string, rate uint32, from livekit.TrackSource) (localTrack, error) {
	track, err := lksdk.NewLocalTrack(webrtc.RTPCodecCapability{MimeType: mime, ClockRate: rate})
	if err != nil {
		return localTrack{}, err
	}
	_, err = room.LocalParticipant.PublishTrack(track, &lksdk.TrackPublicationOptions{Source: from, VideoWidth: 64, VideoHeight: 64})
	return localTrack{track}, err
}

// startPart runs a part in a process of its own.
func startPart(b *testing.B, p part) (stop func()) {
	b.Helper()
	self, err := os.Executable()
	require.NoError(b, err)
	text, err := json.Marshal(p)
	require.NoError(b, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), partEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	b.Cleanup(func() { _ = cmd.Process.Kill() })
	return func() {
		require.NoError(b, in.Close())
		require.NoError(b, cmd.Wait())
	}
}

// BenchmarkDrift: two speakers whose clocks run apart are recorded through node, SFU and recorder in real time, for as long as -drift says. What
// is reported is how far what belongs together lies apart in the files, against when it really was.
func BenchmarkDrift(b *testing.B) {
	for b.Loop() {
		drift(b)
	}
}

func drift(b *testing.B) {
	m := meet(b, recorded, builtProgram(b))
	cy := m.a.User("cy")
	cy.Join(m.room)
	speakers := []struct {
		user *testhospital.User
		part part
	}{
		{m.ana, part{Machine: 100, Sound: 100}}, // all of the machine runs fast
		{cy, part{Sound: -60}},                  // the microphone alone runs slow
	}
	var stops []func()
	for i := range speakers {
		s := &speakers[i]
		status, jwt, code := askToken(s.user, m.a, m.urlA, m.room)
		require.Equal(b, http.StatusOK, status, code)
		s.part.URL, s.part.Token, s.part.Log = m.urlA, jwt, filepath.Join(b.TempDir(), strconv.Itoa(i))
		stops = append(stops, startPart(b, s.part))
	}
	status, answer := askRecording(m.ana, m.room, "start")
	require.Equal(b, http.StatusOK, status, answer.Raw)
	id := answer.Get("id").Str
	folder := filepath.Join(m.a.Config.DataDir, "recordings", id)
	b.Logf("recording into %s", folder)
	time.Sleep(*driftFor)
	status, answer = askRecording(m.ana, m.room, "stop")
	require.Equal(b, http.StatusOK, status, answer.Raw)
	stopped := time.Now()
	found := manifestOf(b, m.a, id)
	b.ReportMetric(time.Since(stopped).Seconds(), "checksums-s")
	var errs []map[string]series
	for i, s := range speakers {
		stops[i]()
		errs = append(errs, errorsOf(b, folder, found, s.user.ID, s.part.Log))
	}
	for i, name := range []string{"fast", "slowsound"} {
		b.ReportMetric(apart(b, name+": picture and sound", errs[i]["audio"], errs[i]["video"]), name+"-av-ms")
	}
	b.ReportMetric(apart(b, "speakers, by sound", errs[0]["audio"], errs[1]["audio"]), "speakers-audio-ms")
	b.ReportMetric(apart(b, "speakers, by picture", errs[0]["video"], errs[1]["video"]), "speakers-video-ms")
}

// series is by how many milliseconds the file is later than the truth, by seconds of true time.
type series map[int64]float64

// errorsOf finds each moment that a speaker's process told in the files of the recording.
func errorsOf(b *testing.B, folder string, m *manifest.Manifest, userID, log string) map[string]series {
	b.Helper()
	f, err := os.Open(log)
	require.NoError(b, err)
	defer f.Close()
	told := map[string]map[int64]float64{"audio": {}, "video": {}}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var moment flashbeep.Moment
		require.NoError(b, json.Unmarshal(lines.Bytes(), &moment))
		told[moment.Kind][int64(math.Round(moment.At/1000))] = moment.At
	}
	errs := map[string]series{"audio": {}, "video": {}}
	for _, track := range m.Tracks {
		if track.UserID != userID {
			continue
		}
		find := flashbeep.Beeps
		if track.Kind == "video" {
			find = flashbeep.Flashes
		}
		at, _, err := find(filepath.Join(folder, track.File))
		require.NoError(b, err)
		for _, ms := range at {
			is := float64(m.StartedTS + track.Offset + ms)
			second, when := nearest(told[track.Kind], is)
			if math.Abs(is-when) < 500 {
				errs[track.Kind][second] = is - when
			}
		}
		b.Logf("%s %s: %d of %d found, %d in the file", userID, track.Kind, len(errs[track.Kind]), len(told[track.Kind]), len(at))
	}
	return errs
}

func nearest(told map[int64]float64, is float64) (second int64, when float64) {
	when = math.Inf(1)
	for s := int64(is/1000) - 2; s <= int64(is/1000)+2; s++ {
		if at, ok := told[s]; ok && math.Abs(at-is) < math.Abs(when-is) {
			second, when = s, at
		}
	}
	return second, when
}

// apart returns by how much two series differ at most, and logs it for each tenth of the time.
func apart(b *testing.B, what string, x, y series) (worst float64) {
	b.Helper()
	first, last := int64(math.MaxInt64), int64(0)
	for s := range x {
		first, last = min(first, s), max(last, s)
	}
	var tenths [10]struct{ worst, sum, n float64 }
	for s, at := range x {
		other, ok := nearby(y, s)
		if !ok {
			continue
		}
		tenth := &tenths[min((s-first)*10/max(last-first, 1), 9)]
		d := at - other
		if math.Abs(d) > math.Abs(tenth.worst) {
			tenth.worst = d
		}
		tenth.sum, tenth.n = tenth.sum+d, tenth.n+1
		worst = max(worst, math.Abs(d))
	}
	text := ""
	for _, t := range tenths {
		text += fmt.Sprintf(" %.0f/%.0f(%.0f)", t.worst, t.sum/max(t.n, 1), t.n)
	}
	b.Logf("%s, ms apart at most/on average (moments) by tenths:%s", what, text)
	return worst
}

// nearby is the value of the same second, or of one beside it: moments of two speakers may be rounded differently.
func nearby(s series, second int64) (float64, bool) {
	for _, at := range []int64{second, second + 1, second - 1} {
		if v, ok := s[at]; ok {
			return v, true
		}
	}
	return 0, false
}
