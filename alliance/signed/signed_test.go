package signed_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/sjson"

	"medixchange/alliance/signed"
	"medixchange/alliance/signed/signedtest"
)

func TestTwoCoordinatorsMakeAListAndOneDoesNot(t *testing.T) {
	c := signedtest.NewCommittee(t, "ana", "bo", "chen", "eve")
	charter := c.Charter(t)
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
			m := c.List(t, charter, nil, tc.signers, signedtest.Hospital("a.example"))
			err := charter.VerifyMembers(m)
			if tc.enough {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, signed.ErrSignatures)
		})
	}
}

func TestASignatureCountsForItsDocumentAlone(t *testing.T) {
	c := signedtest.NewCommittee(t, "ana", "bo", "chen")
	charter := c.Charter(t)
	m := c.List(t, charter, nil, []string{"ana", "bo"}, signedtest.Hospital("a.example"))

	changed, err := sjson.SetBytes(m.Raw(), "hospitals.0.server_name", "evil.example")
	require.NoError(t, err)
	forged, err := signed.ReadMembers(changed)
	require.NoError(t, err)
	require.ErrorIs(t, charter.VerifyMembers(forged), signed.ErrSignatures)

	borrowed, err := sjson.SetRawBytes(charter.Raw(), "signatures", []byte(`{}`))
	require.NoError(t, err)
	unsigned, err := signed.ReadCharter(borrowed)
	require.NoError(t, err)
	require.ErrorIs(t, unsigned.VerifyFirst(), signed.ErrSignatures)
	_, err = signed.ReadMembers(charter.Raw())
	require.ErrorIs(t, err, signed.ErrMalformed, "a charter is no member list")
}

func TestAStolenKeyIsRemovedByThoseWhoAreLeft(t *testing.T) {
	c := signedtest.NewCommittee(t, "ana", "bo", "chen", "dora")
	first := c.Charter(t)
	next := first.Next(signedtest.Epoch.Add(time.Hour))
	next.Coordinators = []signed.Coordinator{c.Coordinator("ana"), c.Coordinator("bo"), c.Coordinator("dora")}
	draft, err := next.Draft()
	require.NoError(t, err)

	for _, tc := range []struct {
		name    string
		signers []string
		want    error
	}{
		{"those who are left", []string{"ana", "bo"}, nil},
		{"the thief and the newcomer", []string{"chen", "dora"}, signed.ErrSignatures},
		{"one of the old and the newcomer", []string{"ana", "dora"}, signed.ErrSignatures},
		{"two of the old, one of whom goes", []string{"ana", "chen"}, signed.ErrSignatures},
		{"that and the newcomer", []string{"ana", "chen", "dora"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			signed, err := signed.ReadCharter(c.Sign(t, draft, tc.signers...))
			require.NoError(t, err)
			require.ErrorIs(t, first.VerifyNext(signed), tc.want)
		})
	}

	// What the stolen keys signed before, with whatever serial, gives way to a list by the next charter.
	second, err := signed.ReadCharter(c.Sign(t, draft, "ana", "bo"))
	require.NoError(t, err)
	thiefs := c.List(t, first, nil, []string{"bo", "chen"}, signedtest.Hospital("evil.example"))
	thiefs.Serial = 1 << 50
	honest := c.List(t, second, nil, []string{"ana", "dora"}, signedtest.Hospital("a.example"))
	require.NoError(t, thiefs.VerifyFollows(honest))
	require.ErrorIs(t, honest.VerifyFollows(thiefs), signed.ErrOlder)
	require.ErrorIs(t, second.VerifyMembers(thiefs), signed.ErrForeign)
}

func TestChartersFollowOneAnother(t *testing.T) {
	c := signedtest.NewCommittee(t, "ana", "bo", "chen")
	first := c.Charter(t)
	make := func(change func(*signed.Charter)) *signed.Charter {
		next := first.Next(signedtest.Epoch)
		change(next)
		raw, err := next.Draft()
		require.NoError(t, err)
		read, err := signed.ReadCharter(c.Sign(t, raw, "ana", "bo", "chen"))
		require.NoError(t, err)
		return read
	}
	require.NoError(t, first.VerifyNext(make(func(*signed.Charter) {})))
	require.ErrorIs(t, first.VerifyNext(first), signed.ErrOlder)
	require.ErrorIs(t, first.VerifyNext(make(func(n *signed.Charter) { n.Alliance = "other.example" })), signed.ErrForeign)
	require.ErrorIs(t, first.VerifyNext(make(func(n *signed.Charter) { n.Version = 3 })), signed.ErrMalformed)
	require.ErrorIs(t, first.VerifyNext(make(func(n *signed.Charter) { n.Previous = "another" })), signed.ErrFork)
	require.ErrorIs(t, first.VerifyNext(make(func(n *signed.Charter) { n.Version, n.Previous, n.Threshold = 1, "", 3 })), signed.ErrFork)
}

func TestOlderAndOtherListsAreNotTaken(t *testing.T) {
	c := signedtest.NewCommittee(t, "ana", "bo", "chen")
	charter := c.Charter(t)
	both := []string{"ana", "bo"}
	one := c.List(t, charter, nil, both, signedtest.Hospital("a.example"))
	two := c.List(t, charter, one, both, signedtest.Hospital("b.example"))
	other := c.List(t, charter, one, both, signedtest.Hospital("c.example"))
	three := c.List(t, charter, two, both)

	require.NoError(t, (*signed.MemberList)(nil).VerifyFollows(three), "the first that a node takes")
	require.NoError(t, one.VerifyFollows(two))
	require.NoError(t, one.VerifyFollows(three), "one that was away")
	require.NoError(t, two.VerifyFollows(two), "the same again")
	require.ErrorIs(t, two.VerifyFollows(one), signed.ErrOlder)
	require.ErrorIs(t, two.VerifyFollows(other), signed.ErrFork)
	require.ErrorIs(t, other.VerifyFollows(three), signed.ErrFork)
}

func TestSignaturesOfTwoCoordinatorsAreJoined(t *testing.T) {
	c := signedtest.NewCommittee(t, "ana", "bo", "chen")
	charter := c.Charter(t)
	raw, err := (*signed.MemberList)(nil).Next(charter, signedtest.Epoch, time.Hour).Draft()
	require.NoError(t, err)
	joined, err := signed.Join(c.Sign(t, raw, "ana"), c.Sign(t, raw, "bo"))
	require.NoError(t, err)
	require.Equal(t, []string{"ana", "bo"}, charter.SignedBy(joined))

	m := (*signed.MemberList)(nil).Next(charter, signedtest.Epoch, time.Hour)
	m.Put(signedtest.Hospital("a.example"))
	different, err := m.Draft()
	require.NoError(t, err)
	_, err = signed.Join(raw, different)
	require.ErrorIs(t, err, signed.ErrFork)
}

func TestWhatAListMayHold(t *testing.T) {
	charter := &signed.Charter{}
	for name, change := range map[string]func(*signed.Hospital){
		"capitals":          func(h *signed.Hospital) { h.ServerName = "A.example" },
		"port":              func(h *signed.Hospital) { h.ServerName = "a.example:8448" },
		"address":           func(h *signed.Hospital) { h.ServerName = "192.0.2.1" },
		"address in six":    func(h *signed.Hospital) { h.ServerName = "[2001:db8::1]" },
		"letters that look": func(h *signed.Hospital) { h.ServerName = "hоspital.example" }, // the first o is Cyrillic
		"bad punycode":      func(h *signed.Hospital) { h.ServerName = "xn--a.example" },
		"no dot":            func(h *signed.Hospital) { h.ServerName = "localhost" },
		"dot at the end":    func(h *signed.Hospital) { h.ServerName = "a.example." },
		"space":             func(h *signed.Hospital) { h.ServerName = "a .example" },
		"no name":           func(h *signed.Hospital) { h.LegalName = "" },
		"two lines":         func(h *signed.Hospital) { h.LegalName = "A\nB" },
		"turned text":       func(h *signed.Hospital) { h.LegalName = "A\u202eB" },
		"no country":        func(h *signed.Hospital) { h.Country = "" },
		"country unknown":   func(h *signed.Hospital) { h.Country = "ZX" },
		"small country":     func(h *signed.Hospital) { h.Country = "es" },
		"kind":              func(h *signed.Hospital) { h.Kind = "bakery" },
		"status":            func(h *signed.Hospital) { h.Status = "maybe" },
		"never joined":      func(h *signed.Hospital) { h.JoinedTS = 0 },
		"key":               func(h *signed.Hospital) { h.Keys = []string{"ed25519:a short"} },
		"language":          func(h *signed.Hospital) { h.Languages = []string{"not a language"} },
		"long reason":       func(h *signed.Hospital) { h.Reason = strings.Repeat("x", 501) },
	} {
		h := signedtest.Hospital("a.example")
		require.NoError(t, errors.Join(h.Check(), charter.CheckServerName(h.ServerName)))
		change(&h)
		require.ErrorIs(t, errors.Join(h.Check(), charter.CheckServerName(h.ServerName)), signed.ErrMalformed, name)
	}
}

func TestAddressesAreMembersOfARehearsalOnly(t *testing.T) {
	c := signedtest.NewCommittee(t, "ana", "bo", "chen")
	charter := c.Charter(t)
	m := c.List(t, charter, nil, []string{"ana", "bo"}, signedtest.Hospital("127.0.0.1:8448"))
	require.ErrorIs(t, charter.VerifyMembers(m), signed.ErrMalformed)
	next := charter.Next(signedtest.Epoch)
	next.Rehearsal = true
	raw, err := next.Draft()
	require.NoError(t, err)
	rehearsal, err := signed.ReadCharter(raw)
	require.NoError(t, err)
	require.NoError(t, rehearsal.VerifyMembers(c.List(t, rehearsal, nil, []string{"ana", "bo"}, signedtest.Hospital("127.0.0.1:8448"))))
}

func TestHospitalsStandOnceAndSorted(t *testing.T) {
	c := signedtest.NewCommittee(t, "ana", "bo", "chen")
	m := c.List(t, c.Charter(t), nil, []string{"ana", "bo"}, signedtest.Hospital("b.example"), signedtest.Hospital("a.example"))
	require.Equal(t, "a.example", m.Hospitals[0].ServerName)
	for _, swap := range []string{"b.example", "c.example"} {
		raw, err := sjson.SetBytes(m.Raw(), "hospitals.0.server_name", swap)
		require.NoError(t, err)
		_, err = signed.ReadMembers(raw)
		require.ErrorIs(t, err, signed.ErrMalformed)
	}
	found, ok := m.Find("b.example")
	require.True(t, ok)
	require.Equal(t, "Hospital of b.example", found.LegalName)
	_, ok = m.Find("B.example")
	require.False(t, ok)
}

func TestCoordinatorsAreManyAndDifferent(t *testing.T) {
	c := signedtest.NewCommittee(t, "ana", "bo")
	twice := c.Coordinator("ana")
	twice.ID = "ana2"
	for name, draft := range map[string]*signed.Charter{
		"alone decides": {Threshold: 1, Coordinators: []signed.Coordinator{c.Coordinator("ana"), c.Coordinator("bo")}},
		"too many":      {Threshold: 3, Coordinators: []signed.Coordinator{c.Coordinator("ana"), c.Coordinator("bo")}},
		"one key twice": {Threshold: 2, Coordinators: []signed.Coordinator{c.Coordinator("ana"), twice}},
		"one id twice":  {Threshold: 2, Coordinators: []signed.Coordinator{c.Coordinator("ana"), c.Coordinator("ana")}},
	} {
		draft.Alliance, draft.Version, draft.IssuedTS = "exchange.example", 1, signedtest.Epoch.UnixMilli()
		_, err := draft.Draft()
		require.ErrorIs(t, err, signed.ErrMalformed, name)
	}
}

func FuzzReadMembers(f *testing.F) {
	c := signedtest.NewCommittee(f, "ana", "bo", "chen")
	charter := c.Charter(f)
	f.Add(c.List(f, charter, nil, []string{"ana", "bo"}, signedtest.Hospital("a.example")).Raw())
	f.Add(charter.Raw())
	f.Add([]byte(`{"type":"org.medixchange.alliance.members","hospitals":[{}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if m, err := signed.ReadMembers(raw); err == nil {
			_ = charter.VerifyMembers(m)
			for _, h := range m.Hospitals {
				require.NoError(t, h.Check())
			}
		}
		if other, err := signed.ReadCharter(raw); err == nil {
			_ = charter.VerifyNext(other)
		}
	})
}

// BenchmarkVerify reads and verifies the list of 490 hospitals of 109 countries, signed by three coordinators.
func BenchmarkVerify(b *testing.B) {
	c := signedtest.NewCommittee(b, "ana", "bo", "chen")
	charter := c.Charter(b)
	raw := c.List(b, charter, nil, []string{"ana", "bo", "chen"}, signedtest.World()...).Raw()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		m, err := signed.ReadMembers(raw)
		if err != nil {
			b.Fatal(err)
		}
		if err := charter.VerifyMembers(m); err != nil {
			b.Fatal(err)
		}
	}
}
