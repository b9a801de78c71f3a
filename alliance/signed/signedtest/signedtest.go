// Package signedtest makes committees of coordinators, charters and member lists for tests.
//
// May import: alliance/signed, internal/signing. Imported by tests only.
package signedtest

import (
	"crypto/ed25519"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/alliance/signed"
	"medixchange/internal/signing"
)

// Epoch is when these charters and lists are issued, unless a test says otherwise.
var Epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Committee is coordinators with their private keys.
type Committee map[string]signing.Key

// NewCommittee makes a key for each name.
func NewCommittee(t testing.TB, names ...string) Committee {
	t.Helper()
	c := Committee{}
	for _, name := range names {
		key, err := signing.GenerateKey()
		require.NoError(t, err)
		c[name] = key
	}
	return c
}

// Coordinator is one as a charter names them.
func (c Committee) Coordinator(name string) signed.Coordinator {
	key := c[name]
	return signed.Coordinator{ID: name, Name: "Dr. " + name, KeyID: key.ID, Key: signing.EncodeBase64(key.Public())}
}

// Sign adds the signatures of some.
func (c Committee) Sign(t testing.TB, raw []byte, names ...string) []byte {
	t.Helper()
	for _, name := range names {
		var err error
		raw, err = signed.Sign(raw, name, c[name])
		require.NoError(t, err)
	}
	return raw
}

// Charter makes the first charter of ana, bo and chen, two of whom must agree.
func (c Committee) Charter(t testing.TB, changes ...func(*signed.Charter)) *signed.Charter {
	t.Helper()
	draft := &signed.Charter{
		Alliance: "exchange.example", Version: 1, IssuedTS: Epoch.UnixMilli(), Threshold: 2,
		Coordinators: []signed.Coordinator{c.Coordinator("ana"), c.Coordinator("bo"), c.Coordinator("chen")},
	}
	for _, change := range changes {
		change(draft)
	}
	raw, err := draft.Draft()
	require.NoError(t, err)
	charter, err := signed.ReadCharter(c.Sign(t, raw, "ana", "bo"))
	require.NoError(t, err)
	require.NoError(t, charter.VerifyFirst())
	return charter
}

// Hospital is an admitted member.
func Hospital(name string) signed.Hospital {
	return signed.Hospital{
		ServerName: name, LegalName: "Hospital of " + name, Country: "ES", Kind: signed.KindHospital, Status: signed.Admitted,
		Languages: []string{"es", "ca"}, JoinedTS: Epoch.UnixMilli(),
	}
}

// List makes the list after m, which may be nil, with more hospitals. It holds for thirty days from Epoch on, unless a list is
// issued later.
func (c Committee) List(t testing.TB, charter *signed.Charter, m *signed.MemberList, signers []string, more ...signed.Hospital) *signed.MemberList {
	t.Helper()
	t.Helper()
	next := m.Next(charter, Epoch, 30*24*time.Hour)
	for _, h := range more {
		next.Put(h)
	}
	raw, err := next.Draft()
	require.NoError(t, err)
	read, err := signed.ReadMembers(c.Sign(t, raw, signers...))
	require.NoError(t, err)
	return read
}

// World makes 490 hospitals of 109 countries.
func World() []signed.Hospital {
	countries := []string{}
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			h := Hospital("h.example")
			h.Country = string(a) + string(b)
			if h.Check() == nil && len(countries) < 109 {
				countries = append(countries, h.Country)
			}
		}
	}
	hospitals := make([]signed.Hospital, 490)
	for i := range hospitals {
		key := ed25519.NewKeyFromSeed(fmt.Appendf(nil, "%032d", i)).Public().(ed25519.PublicKey)
		hospitals[i] = Hospital(fmt.Sprintf("matrix.hospital-%03d.example", i))
		hospitals[i].Country = countries[i%len(countries)]
		hospitals[i].Keys = []string{signed.Fingerprint("ed25519:a", key)}
	}
	return hospitals
}
