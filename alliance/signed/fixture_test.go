package signed

import (
	"crypto/ed25519"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/signing"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// committee is coordinators with their private keys.
type committee map[string]signing.Key

func newCommittee(t testing.TB, names ...string) committee {
	t.Helper()
	c := committee{}
	for _, name := range names {
		key, err := signing.GenerateKey()
		require.NoError(t, err)
		c[name] = key
	}
	return c
}

func (c committee) coordinator(name string) Coordinator {
	key := c[name]
	return Coordinator{ID: name, Name: "Dr. " + name, KeyID: key.ID, Key: signing.EncodeBase64(key.Public())}
}

func (c committee) sign(t testing.TB, raw []byte, names ...string) []byte {
	t.Helper()
	for _, name := range names {
		var err error
		raw, err = Sign(raw, name, c[name])
		require.NoError(t, err)
	}
	return raw
}

// charter makes the first charter of three coordinators, two of whom must agree.
func (c committee) charter(t testing.TB) *Charter {
	t.Helper()
	draft := &Charter{
		Alliance: "exchange.example", Version: 1, IssuedTS: epoch.UnixMilli(), Threshold: 2,
		Coordinators: []Coordinator{c.coordinator("ana"), c.coordinator("bo"), c.coordinator("chen")},
	}
	raw, err := draft.Draft()
	require.NoError(t, err)
	charter, err := ReadCharter(c.sign(t, raw, "ana", "bo"))
	require.NoError(t, err)
	require.NoError(t, charter.VerifyFirst())
	return charter
}

func hospital(name string) Hospital {
	return Hospital{
		ServerName: name, LegalName: "Hospital of " + name, Country: "ES", Kind: KindHospital, Status: Admitted,
		Languages: []string{"es", "ca"}, JoinedTS: epoch.UnixMilli(),
	}
}

// list makes the list after m with more hospitals.
func (c committee) list(t testing.TB, charter *Charter, m *MemberList, signers []string, more ...Hospital) *MemberList {
	t.Helper()
	next := m.Next(charter, epoch, 30*24*time.Hour)
	for _, h := range more {
		next.Put(h)
	}
	raw, err := next.Draft()
	require.NoError(t, err)
	read, err := ReadMembers(c.sign(t, raw, signers...))
	require.NoError(t, err)
	return read
}

// world makes 490 hospitals of 109 countries.
func world() []Hospital {
	countries := []string{}
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			h := hospital("h.example")
			h.Country = string(a) + string(b)
			if h.Check() == nil && len(countries) < 109 {
				countries = append(countries, h.Country)
			}
		}
	}
	hospitals := make([]Hospital, 490)
	for i := range hospitals {
		key := ed25519.NewKeyFromSeed(fmt.Appendf(nil, "%032d", i)).Public().(ed25519.PublicKey)
		hospitals[i] = hospital(fmt.Sprintf("matrix.hospital-%03d.example", i))
		hospitals[i].Country = countries[i%len(countries)]
		hospitals[i].Keys = []string{Fingerprint("ed25519:a", key)}
	}
	return hospitals
}
