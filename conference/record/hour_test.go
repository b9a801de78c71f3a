package record

import (
	"fmt"
	"math"
	"math/rand"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"

	"medixchange/conference/manifest"
	"medixchange/conference/record/flashbeep"
)

// Times of the simulated call, in milliseconds.
const (
	anHour     = 3_600_000
	aSecond    = 1_000
	flashes    = 100   // of each second
	reportEach = 5_000 // as clients send them
)

// far is one track of somebody far away, whose packets take their time and are lost now and then.
type far struct {
	kind    string
	track   *track
	make    func(on, was bool) []byte
	step    float64
	machine float64 // by how much of itself the clock that stamps the reports runs fast
	sampled float64 // and the one that stamps packets
	delay   func() float64
	loses   func() bool

	n     int
	was   bool
	seq   uint16
	truth []float64 // when flashes or beeps began
}

// event is something that arrives.
type event struct {
	at      float64
	deliver func(at float64) error
}

// stamp is the RTP time of a moment, by the clock of the samples.
func (f *far) stamp(at float64) uint32 {
	return uint32(int64(math.Round(at*(1+f.sampled)*f.track.line.rate)) + math.MaxUint32 - 100_000) // it wraps around within seconds
}

// until returns what is sent before a moment.
func (f *far) until(end float64) (sent []event) {
	for ; ; f.n++ {
		at := float64(f.n) * f.step / (1 + f.sampled)
		if at >= end {
			return sent
		}
		on := math.Mod(at, aSecond) < flashes
		payload := f.make(on, f.was)
		if on && !f.was {
			f.truth = append(f.truth, at)
		}
		f.was = on
		if f.kind == "video" {
			payload = append([]byte{0x10}, payload...) // RFC 7741, 4.2: the beginning of a picture
		}
		f.seq++
		p := &rtp.Packet{Header: rtp.Header{SequenceNumber: f.seq, Timestamp: f.stamp(at), SSRC: f.track.ssrc, Marker: true}, Payload: payload}
		if !f.loses() {
			sent = append(sent, event{at + f.delay(), func(at float64) error { return f.track.packet(p, at) }})
		}
		if math.Mod(at, reportEach) < f.step {
			report := &rtcp.SenderReport{SSRC: f.track.ssrc, NTPTime: ntpOf(4e12 + at*(1+f.machine)), RTPTime: f.stamp(at)}
			sent = append(sent, event{at + f.delay(), func(float64) error { f.track.control(report); return nil }})
		}
	}
}

// TestPicturesSoundsAndSpeakersStayTogetherForAnHour records what two speakers would have sent in an hour, whose clocks, and the
// microphone of one of them, run differently.
func TestPicturesSoundsAndSpeakersStayTogetherForAnHour(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	t.Parallel() // it takes no time of its own
	folder := t.TempDir()
	var all []*far
	speaker := func(machine, microphone, path, jitter, lost float64) {
		shared := &clock{}
		for _, f := range []*far{
			{kind: "audio", make: flashbeep.Noise, step: frame, sampled: microphone},
			{kind: "video", make: flashbeep.Look, step: 5 * frame, sampled: machine},
		} {
			f.machine = machine
			f.delay = func() float64 { return path + jitter*random.ExpFloat64() }
			f.loses = func() bool { return random.Float64() < lost }
			f.track = newTrack(&track{
				id: fmt.Sprintf("%s%d", f.kind, len(all)), kind: f.kind, ssrc: uint32(len(all)), folder: folder,
				say: func(manifest.Event) {}, now: func() float64 { return anHour }, askKey: func() {},
			}, shared)
			all = append(all, f)
		}
	}
	speaker(100e-6, 100e-6, 15, 5, 0)
	speaker(0, -60e-6, 45, 15, 0.005)
	play(t, all)

	late := map[string]series{}
	for i, f := range all {
		require.NoError(t, f.track.end())
		late[fmt.Sprint(i/2, f.kind)] = f.late(t)
	}
	for what, pair := range map[string][2]string{
		"picture and sound of one": {"0audio", "0video"}, "picture and sound of the other, with a slow microphone": {"1audio", "1video"},
	} {
		require.LessOrEqual(t, apart(t, what, late[pair[0]], late[pair[1]]), 35.0, what) // the goal is 40
	}
	require.LessOrEqual(t, apart(t, "speakers, by sound", late["0audio"], late["1audio"]), 80.0)
	require.LessOrEqual(t, apart(t, "speakers, by picture", late["0video"], late["1video"]), 80.0)
}

// play delivers an hour in the order of arrival.
func play(t *testing.T, all []*far) {
	t.Helper()
	var coming []event
	for end := 0.0; end < anHour; {
		end += aSecond
		for _, f := range all {
			coming = append(coming, f.until(end)...)
		}
		slices.SortStableFunc(coming, func(a, b event) int { return int(math.Copysign(1, a.at-b.at)) })
		due, _ := slices.BinarySearchFunc(coming, end, func(e event, end float64) int { return int(math.Copysign(1, e.at-end)) })
		for _, e := range coming[:due] {
			require.NoError(t, e.deliver(e.at))
		}
		coming = append([]event(nil), coming[due:]...)
	}
}

// series is by how many milliseconds flashes or beeps of a file are later than they were, by seconds.
type series map[int]float64

// late finds the flashes or beeps in the file of a track.
func (f *far) late(t *testing.T) series {
	t.Helper()
	find := flashbeep.Beeps
	if f.kind == "video" {
		find = flashbeep.Flashes
	}
	found, _, err := find(filepath.Join(f.track.folder, f.track.name()))
	require.NoError(t, err)
	late := series{}
	for _, at := range f.truth {
		i, _ := slices.BinarySearch(found, int64(at-f.track.offset)-aSecond/2)
		if i < len(found) {
			if is := float64(found[i]) + f.track.offset - at; math.Abs(is) < aSecond/2 {
				late[int(math.Round(at/aSecond))] = is
			}
		}
	}
	require.Greater(t, len(late), len(f.truth)*98/100, "what is not lost is found")
	return late
}

// apart returns by how much two series differ at most.
func apart(t *testing.T, what string, x, y series) (worst float64) {
	t.Helper()
	sum, n := 0.0, 0
	for second, at := range x {
		if other, ok := y[second]; ok {
			worst, sum, n = max(worst, math.Abs(at-other)), sum+at-other, n+1
		}
	}
	require.Greater(t, n, anHour/aSecond*95/100)
	t.Logf("%s: %.0f ms apart at most, %.1f on average, %d times", what, worst, sum/float64(n), n)
	return worst
}
