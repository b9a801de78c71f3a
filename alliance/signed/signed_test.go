package signed

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/sjson"
)

func TestTwoCoordinatorsMakeAListAndOneDoesNot(t *testing.T) {
	c := newCommittee(t, "ana", "bo", "chen", "eve")
	charter := c.charter(t)
	for _, tc := range []struct {
		name    string
		signers []string
		enough  bool
	}{
		{"two", []string{"ana", "chen"}, true},
		{"three", []string{"ana", "bo", "chen"}, true},
		{"one", []string{"ana"}, false},
		{"nobody", nil, false},
		{"one twice", []string{"ana", "ana"}, false},
		{"one and a stranger", []string{"ana", "eve"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := c.list(t, charter, nil, tc.signers, hospital("a.example"))
			err := charter.VerifyMembers(m)
			if tc.enough {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrSignatures)
		})
	}
}

func TestASignatureCountsForItsDocumentAlone(t *testing.T) {
	c := newCommittee(t, "ana", "bo", "chen")
	charter := c.charter(t)
	m := c.list(t, charter, nil, []string{"ana", "bo"}, hospital("a.example"))

	changed, err := sjson.SetBytes(m.Raw(), "hospitals.0.server_name", "evil.example")
	require.NoError(t, err)
	forged, err := ReadMembers(changed)
	require.NoError(t, err)
	require.ErrorIs(t, charter.VerifyMembers(forged), ErrSignatures)

	borrowed, err := sjson.SetRawBytes(charter.Raw(), "signatures", []byte(`{}`))
	require.NoError(t, err)
	unsigned, err := ReadCharter(borrowed)
	require.NoError(t, err)
	require.ErrorIs(t, unsigned.VerifyFirst(), ErrSignatures)
	_, err = ReadMembers(charter.Raw())
	require.ErrorIs(t, err, ErrMalformed, "a charter is no member list")
}

func TestAStolenKeyIsRemovedByThoseWhoAreLeft(t *testing.T) {
	c := newCommittee(t, "ana", "bo", "chen", "dora")
	first := c.charter(t)
	next := first.Next(epoch.Add(time.Hour))
	next.Coordinators = []Coordinator{c.coordinator("ana"), c.coordinator("bo"), c.coordinator("dora")}
	draft, err := next.Draft()
	require.NoError(t, err)

	for _, tc := range []struct {
		name    string
		signers []string
		want    error
	}{
		{"those who are left", []string{"ana", "bo"}, nil},
		{"the thief and the newcomer", []string{"chen", "dora"}, ErrSignatures},
		{"one of the old and the newcomer", []string{"ana", "dora"}, ErrSignatures},
		{"two of the old, one of whom goes", []string{"ana", "chen"}, ErrSignatures},
		{"that and the newcomer", []string{"ana", "chen", "dora"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			signed, err := ReadCharter(c.sign(t, draft, tc.signers...))
			require.NoError(t, err)
			require.ErrorIs(t, first.VerifyNext(signed), tc.want)
		})
	}

	// What the stolen keys signed before, with whatever serial, gives way to a list by the next charter.
	second, err := ReadCharter(c.sign(t, draft, "ana", "bo"))
	require.NoError(t, err)
	thiefs := c.list(t, first, nil, []string{"bo", "chen"}, hospital("evil.example"))
	thiefs.Serial = 1 << 50
	honest := c.list(t, second, nil, []string{"ana", "dora"}, hospital("a.example"))
	require.NoError(t, thiefs.VerifyFollows(honest))
	require.ErrorIs(t, honest.VerifyFollows(thiefs), ErrOlder)
	require.ErrorIs(t, second.VerifyMembers(thiefs), ErrForeign)
}

func TestChartersFollowOneAnother(t *testing.T) {
	c := newCommittee(t, "ana", "bo", "chen")
	first := c.charter(t)
	make := func(change func(*Charter)) *Charter {
		next := first.Next(epoch)
		change(next)
		raw, err := next.Draft()
		require.NoError(t, err)
		read, err := ReadCharter(c.sign(t, raw, "ana", "bo", "chen"))
		require.NoError(t, err)
		return read
	}
	require.NoError(t, first.VerifyNext(make(func(*Charter) {})))
	require.ErrorIs(t, first.VerifyNext(first), ErrOlder)
	require.ErrorIs(t, first.VerifyNext(make(func(n *Charter) { n.Alliance = "other.example" })), ErrForeign)
	require.ErrorIs(t, first.VerifyNext(make(func(n *Charter) { n.Version = 3 })), ErrMalformed)
	require.ErrorIs(t, first.VerifyNext(make(func(n *Charter) { n.Previous = "another" })), ErrFork)
	require.ErrorIs(t, first.VerifyNext(make(func(n *Charter) { n.Version, n.Previous, n.Threshold = 1, "", 3 })), ErrFork)
}

func TestOlderAndOtherListsAreNotTaken(t *testing.T) {
	c := newCommittee(t, "ana", "bo", "chen")
	charter := c.charter(t)
	both := []string{"ana", "bo"}
	one := c.list(t, charter, nil, both, hospital("a.example"))
	two := c.list(t, charter, one, both, hospital("b.example"))
	other := c.list(t, charter, one, both, hospital("c.example"))
	three := c.list(t, charter, two, both)

	require.NoError(t, (*MemberList)(nil).VerifyFollows(three), "the first that a node takes")
	require.NoError(t, one.VerifyFollows(two))
	require.NoError(t, one.VerifyFollows(three), "one that was away")
	require.NoError(t, two.VerifyFollows(two), "the same again")
	require.ErrorIs(t, two.VerifyFollows(one), ErrOlder)
	require.ErrorIs(t, two.VerifyFollows(other), ErrFork)
	require.ErrorIs(t, other.VerifyFollows(three), ErrFork)
}

func TestSignaturesOfTwoCoordinatorsAreJoined(t *testing.T) {
	c := newCommittee(t, "ana", "bo", "chen")
	charter := c.charter(t)
	raw, err := (*MemberList)(nil).Next(charter, epoch, time.Hour).Draft()
	require.NoError(t, err)
	joined, err := Join(c.sign(t, raw, "ana"), c.sign(t, raw, "bo"))
	require.NoError(t, err)
	require.Equal(t, []string{"ana", "bo"}, charter.SignedBy(joined))

	m := (*MemberList)(nil).Next(charter, epoch, time.Hour)
	m.Put(hospital("a.example"))
	different, err := m.Draft()
	require.NoError(t, err)
	_, err = Join(raw, different)
	require.ErrorIs(t, err, ErrFork)
}

func TestWhatAListMayHold(t *testing.T) {
	for name, change := range map[string]func(*Hospital){
		"capitals":          func(h *Hospital) { h.ServerName = "A.example" },
		"port":              func(h *Hospital) { h.ServerName = "a.example:8448" },
		"address":           func(h *Hospital) { h.ServerName = "192.0.2.1" },
		"address in six":    func(h *Hospital) { h.ServerName = "[2001:db8::1]" },
		"letters that look": func(h *Hospital) { h.ServerName = "hоspital.example" }, // the first o is Cyrillic
		"bad punycode":      func(h *Hospital) { h.ServerName = "xn--a.example" },
		"no dot":            func(h *Hospital) { h.ServerName = "localhost" },
		"dot at the end":    func(h *Hospital) { h.ServerName = "a.example." },
		"space":             func(h *Hospital) { h.ServerName = "a .example" },
		"no name":           func(h *Hospital) { h.LegalName = "" },
		"two lines":         func(h *Hospital) { h.LegalName = "A\nB" },
		"turned text":       func(h *Hospital) { h.LegalName = "A\u202eB" },
		"no country":        func(h *Hospital) { h.Country = "" },
		"country unknown":   func(h *Hospital) { h.Country = "ZX" },
		"small country":     func(h *Hospital) { h.Country = "es" },
		"kind":              func(h *Hospital) { h.Kind = "bakery" },
		"status":            func(h *Hospital) { h.Status = "maybe" },
		"never joined":      func(h *Hospital) { h.JoinedTS = 0 },
		"key":               func(h *Hospital) { h.Keys = []string{"ed25519:a short"} },
		"language":          func(h *Hospital) { h.Languages = []string{"not a language"} },
		"long reason":       func(h *Hospital) { h.Reason = strings.Repeat("x", maxReason+1) },
	} {
		h := hospital("a.example")
		require.NoError(t, h.Check())
		change(&h)
		require.ErrorIs(t, h.Check(), ErrMalformed, name)
	}
}

func TestHospitalsStandOnceAndSorted(t *testing.T) {
	c := newCommittee(t, "ana", "bo", "chen")
	m := c.list(t, c.charter(t), nil, []string{"ana", "bo"}, hospital("b.example"), hospital("a.example"))
	require.Equal(t, "a.example", m.Hospitals[0].ServerName)
	for _, swap := range []string{"b.example", "c.example"} {
		raw, err := sjson.SetBytes(m.Raw(), "hospitals.0.server_name", swap)
		require.NoError(t, err)
		_, err = ReadMembers(raw)
		require.ErrorIs(t, err, ErrMalformed)
	}
	found, ok := m.Find("b.example")
	require.True(t, ok)
	require.Equal(t, "Hospital of b.example", found.LegalName)
	_, ok = m.Find("B.example")
	require.False(t, ok)
}

func TestCoordinatorsAreManyAndDifferent(t *testing.T) {
	c := newCommittee(t, "ana", "bo")
	twice := c.coordinator("ana")
	twice.ID = "ana2"
	for name, draft := range map[string]*Charter{
		"alone decides": {Threshold: 1, Coordinators: []Coordinator{c.coordinator("ana"), c.coordinator("bo")}},
		"too many":      {Threshold: 3, Coordinators: []Coordinator{c.coordinator("ana"), c.coordinator("bo")}},
		"one key twice": {Threshold: 2, Coordinators: []Coordinator{c.coordinator("ana"), twice}},
		"one id twice":  {Threshold: 2, Coordinators: []Coordinator{c.coordinator("ana"), c.coordinator("ana")}},
	} {
		draft.Alliance, draft.Version, draft.IssuedTS = "exchange.example", 1, epoch.UnixMilli()
		_, err := draft.Draft()
		require.ErrorIs(t, err, ErrMalformed, name)
	}
}

func FuzzReadMembers(f *testing.F) {
	c := newCommittee(f, "ana", "bo", "chen")
	charter := c.charter(f)
	f.Add(c.list(f, charter, nil, []string{"ana", "bo"}, hospital("a.example")).Raw())
	f.Add(charter.Raw())
	f.Add([]byte(`{"type":"org.medixchange.alliance.members","hospitals":[{}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if m, err := ReadMembers(raw); err == nil {
			_ = charter.VerifyMembers(m)
			for _, h := range m.Hospitals {
				require.NoError(t, h.Check())
			}
		}
		if other, err := ReadCharter(raw); err == nil {
			_ = charter.VerifyNext(other)
		}
	})
}

// BenchmarkVerify reads and verifies the list of 490 hospitals of 109 countries, signed by three coordinators.
func BenchmarkVerify(b *testing.B) {
	c := newCommittee(b, "ana", "bo", "chen")
	charter := c.charter(b)
	raw := c.list(b, charter, nil, []string{"ana", "bo", "chen"}, world()...).Raw()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		m, err := ReadMembers(raw)
		if err != nil {
			b.Fatal(err)
		}
		if err := charter.VerifyMembers(m); err != nil {
			b.Fatal(err)
		}
	}
}
