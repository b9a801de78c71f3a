package record

import (
	"math"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"
)

// simulated is a participant whose clock runs fast, and whose packets take their time.
type simulated struct {
	skew  float64 // of its clock, and of its sampling
	epoch float64
	delay func() float64
}

func (s simulated) ntp(at float64) float64 { return s.epoch + at*(1+s.skew) }

func TestTwoSpeakersStayTogetherForAnHour(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	one := simulated{skew: 80e-6, epoch: 4e12, delay: func() float64 { return 10 + 40*random.Float64() }}
	two := simulated{skew: -80e-6, epoch: 3.9e12 + 12_345, delay: func() float64 { return 50 + 200*random.ExpFloat64()*0.1 }}
	worst := 0.0
	var shown [2]float64
	lines := [2]timeline{{clock: &clock{}, rate: 48}, {clock: &clock{}, rate: 90}}
	for at := 0.0; at < 3_600_000; at += 20 {
		for i, s := range []simulated{one, two} {
			rtp := uint32(int64(math.Round((at*(1+s.skew))*lines[i].rate)) + 4_294_900_000)
			shown[i] = lines[i].at(rtp, at+s.delay())
			if math.Mod(at, 3_000) == 0 {
				lines[i].report(rtp, s.ntp(at))
			}
		}
		if at > 60_000 {
			worst = max(worst, math.Abs(shown[0]-shown[1]))
		}
	}
	t.Logf("%.1f ms apart at most", worst)
	require.Less(t, worst, 60.0, "the paths differ by 40 ms, which nobody can know")
}

func TestTheFirstReportMovesTheTrackNotWhatIsWritten(t *testing.T) {
	l := timeline{clock: &clock{}, rate: 48}
	late := l.at(1_000, 300) // the first packet waited for 250 ms
	require.InDelta(t, 300, late, 0.1)
	l.at(1_000+48*20, 70)
	before := l.sampled(1_000)
	shift := l.report(1_000+48*20, 5_000)
	require.InDelta(t, before+shift, l.sampled(1_000), 0.01)
	require.InDelta(t, 50, l.sampled(1_000), 0.1)
}

// TestAReportThatLeapsAloneMovesNothing: one that the next confirms does, and one that says that all began anew does at once.
func TestAReportThatLeapsAloneMovesNothing(t *testing.T) {
	for _, c := range []struct {
		name  string
		leaps []float64 // of the reports, against the track's
		moved float64
	}{
		{"drift", []float64{5, 10, 15, 20, 25}, 25},
		{"one alone", []float64{0, 110, 0}, 0},
		{"the last alone", []float64{0, 110}, 0},
		{"two apart", []float64{110, 0, 110}, 0},
		{"two that differ", []float64{110, -110}, 0},
		{"two that agree", []float64{110, 112}, 112},
		{"there and back", []float64{110, 110, 0, 0}, 0},
		{"anew", []float64{900}, 900},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := timeline{clock: &clock{}, rate: 48}
			l.at(0, 50)
			l.report(0, 1_000_000)
			for i, leap := range c.leaps {
				at := float64(i+1) * 3_000
				l.report(uint32(at*48), 1_000_000+at+leap)
			}
			require.InDelta(t, 50+c.moved, l.sampled(0), 0.1)
		})
	}
}

func TestATrackThatBeginsAnewIsTakenAsItComes(t *testing.T) {
	l := timeline{clock: &clock{}, rate: 48}
	l.at(1_000, 10)
	l.report(1_000, 77_000)
	require.InDelta(t, 60_000, l.at(48*1_000*1_000, 60_000), 1)
	require.InDelta(t, 60_020, l.at(48*1_000*1_000+48*20, 60_020), 1)
}

func TestClocksThatWereSet(t *testing.T) {
	c := &clock{}
	require.InDelta(t, 100, c.observe(0, 100), 0)
	require.InDelta(t, 100, c.observe(10, 150), 0)
	require.InDelta(t, -999_900, c.observe(1_000_000, 100), 0)
}
