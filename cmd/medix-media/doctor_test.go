package main

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/conference/rtc"
	"medixchange/conference/sfu"
	"medixchange/internal/config"
	"medixchange/internal/netguard"
)

// loopback lets the relay relay to the SFU of a test.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}

func examine(t *testing.T, m *meeting, peer string) map[string]rtc.Verdict {
	t.Helper()
	found := map[string]rtc.Verdict{}
	for _, v := range m.a.Node().Conferences.Doctor(t.Context(), peer).Verdicts {
		found[v.From+" "+v.Check] = v
	}
	return found
}

func TestTheDoctorTriesEveryWayFromHereAndFromAnotherHospital(t *testing.T) {
	m := meet(t, func(c *config.Config) {
		turn := &c.Conference.Turn
		turn.Listen, turn.PublicIP, turn.AllowPrivate = []string{"127.0.0.1:0"}, "127.0.0.1", loopback
	})
	found := examine(t, m, m.b.Name)
	for _, check := range []string{" discovery", " service", " token"} {
		require.True(t, found[check].OK, "%s: %s", check, found[check].Found)
	}
	for _, way := range sfu.Ways() {
		for _, from := range []string{"", m.b.Name} {
			v, tried := found[from+" "+way]
			require.True(t, tried, "%s from %q", way, from)
			require.True(t, v.OK, "%s from %q: %s", way, from, v.Found)
		}
	}
}

func TestTheDoctorSaysWhatIsMissing(t *testing.T) {
	m := meet(t, func(c *config.Config) { c.Conference.SFU.TCPPort = 0 })
	found := examine(t, m, "")
	require.True(t, found[" udp"].OK, found[" udp"].Found)
	for _, way := range []string{" tcp", " relay"} {
		require.False(t, found[way].OK, way)
		require.NotEmpty(t, found[way].Fix)
	}
}

func TestAnotherHospitalsSFUIsTriedOnlyWhereThisOneMayConnect(t *testing.T) {
	a := &attempt{policy: netguard.Policy{}}
	for line, want := range map[string]bool{
		"a=candidate:1 1 udp 2130706431 10.0.0.7 7882 typ host": false, "candidate:1 1 udp 2130706431 169.254.169.254 80 typ host": false,
		"candidate:1 1 udp 2130706431 9.9.9.9 7882 typ host": true, "candidate:1 1 udp 2130706431 printer.local 7882 typ host": false, "": false,
	} {
		require.Equal(t, want, a.allowed(line), line)
	}
}
