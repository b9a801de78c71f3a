package record

import (
	"fmt"
	"math"
	"testing"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"

	"medixchange/conference/manifest"
)

// ntpOf is the NTP time of milliseconds, as sender reports have it.
func ntpOf(ms float64) uint64 {
	seconds, part := math.Modf(ms / 1000)
	return uint64(seconds)<<32 | uint64(part*(1<<32))
}

func TestReportsAboutAnotherTrackMoveNothing(t *testing.T) {
	const frames = 300
	shared := &clock{}
	var tracks [2]*track // of one participant, whose reports come in one packet
	for i := range tracks {
		tracks[i] = newTrack(&track{
			id: fmt.Sprintf("a%d", i), kind: "audio", ssrc: uint32(i), folder: t.TempDir(), say: func(manifest.Event) {},
			now: func() float64 { return frames * frame }, askKey: func() {},
		}, shared)
	}
	for n := range uint32(frames) {
		at := float64(n * frame)
		stamps := [2]uint32{n * frame * audioRate, 3_000_000_000 + n*frame*audioRate}
		for i, track := range tracks {
			packet := &rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(n), Timestamp: stamps[i], SSRC: uint32(i)}, Payload: spoken}
			require.NoError(t, track.packet(packet, at))
		}
		if n%50 != 10 {
			continue
		}
		for _, track := range tracks {
			for i, stamp := range stamps {
				track.control(&rtcp.SenderReport{SSRC: uint32(i), NTPTime: ntpOf(4e12 + at), RTPTime: stamp})
			}
		}
	}
	for _, track := range tracks {
		require.NoError(t, track.end())
		require.InDelta(t, 0, track.offset, 1)
		require.InDelta(t, frames*frame, track.audio.duration(), 2*frame)
	}
}
