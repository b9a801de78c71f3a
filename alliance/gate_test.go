package alliance_test

import (
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/alliance"
	"medixchange/alliance/signed"
	"medixchange/alliance/signed/signedtest"
)

// clock is a time that tests move.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

const grace = 72 * time.Hour

func newGate(mode alliance.Mode, c *clock) *alliance.Gate {
	return alliance.NewGate(alliance.GateOptions{
		Self: "self.example", Mode: mode, Grace: grace, Now: c.Now, Named: func(server string) bool { return server == "named.example" },
	})
}

// membersOf makes a list with an admitted and a suspended hospital.
func membersOf(t testing.TB) *signed.MemberList {
	t.Helper()
	c := signedtest.NewCommittee(t, "ana", "bo", "chen")
	out := signedtest.Hospital("out.example")
	out.Status = signed.Suspended
	return c.List(t, c.Charter(t), nil, []string{"ana", "bo"}, signedtest.Hospital("in.example"), out)
}

func TestWhoMayTakePart(t *testing.T) {
	const open, members, named = alliance.ModeOpen, alliance.ModeMembers, alliance.ModeNamed
	const unknown, suspended, expired, none = alliance.RefusedUnknown, alliance.RefusedSuspended, alliance.RefusedExpired, alliance.RefusedNoList
	for _, tc := range []struct {
		server               string
		when                 string
		open, members, named alliance.Refusal
	}{
		{"self.example", "before any list", "", "", ""},
		{"in.example", "before any list", "", none, none},
		{"named.example", "before any list", "", none, ""},
		{"self.example", "list", "", "", ""},
		{"in.example", "list", "", "", ""},
		{"out.example", "list", suspended, suspended, suspended},
		{"other.example", "list", "", unknown, unknown},
		{"named.example", "list", "", unknown, ""},
		{"IN.example", "list", "", unknown, unknown},
		{"in.example.", "list", "", unknown, unknown},
		{"in.example:8448", "list", "", unknown, unknown},
		{"іn.example", "list", "", unknown, unknown}, // its first letter is Cyrillic
		{"", "list", "", unknown, unknown},
		{"in.example", "grace", "", "", ""},
		{"out.example", "grace", suspended, suspended, suspended},
		{"self.example", "after grace", "", "", ""},
		{"in.example", "after grace", "", expired, expired},
		{"out.example", "after grace", suspended, suspended, suspended},
		{"other.example", "after grace", "", unknown, unknown},
		{"named.example", "after grace", "", unknown, ""},
	} {
		list := membersOf(t)
		for mode, want := range map[alliance.Mode]alliance.Refusal{open: tc.open, members: tc.members, named: tc.named} {
			c := &clock{signedtest.Epoch}
			g := newGate(mode, c)
			if tc.when != "before any list" {
				g.Hold(list)
			}
			switch tc.when {
			case "grace":
				c.now = list.Expires().Add(grace - time.Minute)
			case "after grace":
				c.now = list.Expires().Add(grace + time.Minute)
			}
			require.Equal(t, want, g.Decide(tc.server), "%q, %s, %s", tc.server, tc.when, mode)
			require.Equal(t, want == "", g.Allows(tc.server))
		}
	}
}

func TestAMemberSignsWithTheKeysThatTheListNames(t *testing.T) {
	c := signedtest.NewCommittee(t, "ana", "bo", "chen")
	key := c["ana"].Public()
	other := c["bo"].Public()
	with := signedtest.Hospital("with.example")
	with.Keys = []string{signed.Fingerprint("ed25519:a", key)}
	g := newGate(alliance.ModeMembers, &clock{signedtest.Epoch})
	require.True(t, g.AllowsKey("with.example", "ed25519:a", other), "no list says otherwise yet")
	g.Hold(c.List(t, c.Charter(t), nil, []string{"ana", "bo"}, with, signedtest.Hospital("without.example")))
	for _, tc := range []struct {
		server, id string
		key        ed25519.PublicKey
		want       bool
	}{
		{"with.example", "ed25519:a", key, true},
		{"with.example", "ed25519:a", other, false},
		{"with.example", "ed25519:b", key, false},
		{"without.example", "ed25519:b", other, true},
	} {
		require.Equal(t, tc.want, g.AllowsKey(tc.server, tc.id, tc.key), "%s %s", tc.server, tc.id)
	}
}

// BenchmarkAllows asks for members and others in turn, with 490 hospitals in the list.
func BenchmarkAllows(b *testing.B) {
	c := signedtest.NewCommittee(b, "ana", "bo", "chen")
	g := alliance.NewGate(alliance.GateOptions{Self: "self.example", Mode: alliance.ModeMembers, Grace: grace, Now: time.Now})
	list := c.List(b, c.Charter(b), nil, []string{"ana", "bo"}, signedtest.World()...)
	g.Hold(list)
	i := 0
	for b.Loop() {
		if i++; i == len(list.Hospitals) {
			i = 0
		}
		g.Allows(list.Hospitals[i].ServerName)
		g.Allows("matrix.unknown.example")
	}
}
