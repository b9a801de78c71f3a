package signing

import (
	"crypto/ed25519"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/matrix-org/gomatrixserverlib"
	"github.com/stretchr/testify/require"
)

// The key and examples of the specification's appendix "Cryptographic Test Vectors" (the last character as encoders write it).
const specKey = "ed25519 1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA0"

func TestSpecificationVectors(t *testing.T) {
	key, err := ParseKey(specKey)
	require.NoError(t, err)
	for in, want := range map[string]string{
		`{}`:                       `{"signatures":{"domain":{"ed25519:1":"K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ"}}}`,
		`{"one": 1, "two": "Two"}`: `{"one":1,"signatures":{"domain":{"ed25519:1":"KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw"}},"two":"Two"}`,
	} {
		got, err := SignJSON("domain", key, []byte(in))
		require.NoError(t, err)
		require.Equal(t, want, string(got))
		require.NoError(t, VerifyJSON("domain", "ed25519:1", key.Public(), got))
	}
}

func newSigner(t testing.TB, name string) *Signer {
	key, err := GenerateKey()
	require.NoError(t, err)
	return &Signer{ServerName: name, Key: key}
}

func TestSignaturesOfSeveralServersStay(t *testing.T) {
	a, b := newSigner(t, "a.example"), newSigner(t, "b.example")
	obj := []byte(`{"x":{"\"quoted\"":[1,2]},"unsigned":{"age":1},"signatures":{"c.example":{"ed25519:z":"abc"}}}`)
	for _, s := range []*Signer{a, b} {
		var err error
		obj, err = s.SignJSON(obj)
		require.NoError(t, err)
	}
	for _, s := range []*Signer{a, b} {
		require.NoError(t, VerifyJSON(s.ServerName, s.KeyID(), s.Key.Public(), obj))
	}
	changed := strings.Replace(string(obj), `"age":1`, `"age":2`, 1)
	require.NoError(t, VerifyJSON("a.example", a.KeyID(), a.Key.Public(), []byte(changed)), "unsigned is not covered")
	require.Contains(t, string(obj), `"c.example":{"ed25519:z":"abc"}`)

	ids, err := ListKeyIDs("b.example", obj)
	require.NoError(t, err)
	require.Equal(t, []string{b.KeyID()}, ids)
}

func TestTheLibraryVerifiesWhatWeSign(t *testing.T) {
	s := newSigner(t, "a.example")
	signed, err := s.SignJSON([]byte(`{"method":"PUT","uri":"/x?y=<1>&z","content":{"b":1,"a":"é\u0001"}}`))
	require.NoError(t, err)
	require.NoError(t, gomatrixserverlib.VerifyJSON("a.example", s.LibraryKeyID(), s.Key.Public(), signed))
	theirs, err := gomatrixserverlib.SignJSON("a.example", s.LibraryKeyID(), s.Key.Private, []byte(`{"b":"<é>","a":{}}`))
	require.NoError(t, err)
	require.NoError(t, VerifyJSON("a.example", s.KeyID(), s.Key.Public(), theirs))
}

func TestForgeriesAreRefused(t *testing.T) {
	s, other := newSigner(t, "a.example"), newSigner(t, "a.example")
	signed, err := s.SignJSON([]byte(`{"body":"0.5 mg"}`))
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		server, keyID string
		pub           ed25519.PublicKey
		obj           string
	}{
		"changed":           {"a.example", s.KeyID(), s.Key.Public(), strings.Replace(string(signed), "0.5", "5.0", 1)},
		"added":             {"a.example", s.KeyID(), s.Key.Public(), `{"x":1,` + string(signed[1:])},
		"other key":         {"a.example", s.KeyID(), other.Key.Public(), string(signed)},
		"other server":      {"b.example", s.KeyID(), s.Key.Public(), string(signed)},
		"other key id":      {"a.example", "ed25519:x", s.Key.Public(), string(signed)},
		"no signature":      {"a.example", s.KeyID(), s.Key.Public(), `{"body":"0.5 mg"}`},
		"short signature":   {"a.example", s.KeyID(), s.Key.Public(), `{"signatures":{"a.example":{"` + s.KeyID() + `":"YWJj"}}}`},
		"signatures a list": {"a.example", s.KeyID(), s.Key.Public(), `{"signatures":[]}`},
		"no key":            {"a.example", s.KeyID(), nil, string(signed)},
	} {
		require.ErrorIs(t, VerifyJSON(tc.server, tc.keyID, tc.pub, []byte(tc.obj)), ErrSignature, name)
	}
	for _, text := range []string{`[]`, `null`, `{"a":1,"a":2}`, `{`, `"x"`} {
		_, err := s.SignJSON([]byte(text))
		require.Error(t, err, text)
		require.Error(t, VerifyJSON("a.example", s.KeyID(), s.Key.Public(), []byte(text)), text)
	}
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "signing.key")
	keys := make([]Key, 8)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			key, err := LoadOrCreateKey(path)
			if err == nil {
				keys[i] = key
			}
		})
	}
	wg.Wait()
	for _, k := range keys {
		require.Equal(t, keys[0], k, "all who start together get the same key")
	}
	require.Regexp(t, `^ed25519:a_[A-Z0-9]{6}$`, keys[0].ID)

	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".signing-key-*"))
	require.NoError(t, err)
	require.Empty(t, left)

	require.ErrorIs(t, StoreKey(path, keys[0]), os.ErrExist)
	require.NoError(t, os.Chmod(path, 0o640))
	_, err = LoadKey(path)
	require.ErrorContains(t, err, "chmod 600")
}

func TestParseKey(t *testing.T) {
	key, err := ParseKey(specKey)
	require.NoError(t, err)
	require.Equal(t, specKey, FormatKey(key))
	for _, line := range []string{"", "ed25519 1", "rsa 1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1", "ed25519 a:b YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1",
		"ed25519 1 YJDBA9", "ed25519 1 !!!!"} {
		_, err := ParseKey(line)
		require.Error(t, err, line)
	}
	_, err = ParseKey("ed25519 1 c2VjcmV0c2VlZA")
	require.NotContains(t, err.Error(), "c2VjcmV0")
}

func TestBase64(t *testing.T) {
	require.Equal(t, "+/8", EncodeBase64([]byte{0xfb, 0xff}))
	for _, text := range []string{"+/8", "+/8=", "-_8"} {
		got, err := DecodeBase64(text)
		require.NoError(t, err, text)
		require.Equal(t, []byte{0xfb, 0xff}, got)
	}
}

// TestLibraryCanonicalJSON keeps an eye on the fault for which CanonicalJSON is our own. If this fails the library is mended.
func TestLibraryCanonicalJSON(t *testing.T) {
	got, err := gomatrixserverlib.CanonicalJSON([]byte(`{"a\":1,\"b":2}`))
	require.NoError(t, err)
	require.Equal(t, `{"a":1,"b":2}`, string(got))
}

func FuzzVerifyJSON(f *testing.F) {
	s := newSigner(f, "a.example")
	f.Add([]byte(`{"signatures":{"a.example":{"ed25519:a":"abc"}},"x":1}`))
	f.Fuzz(func(t *testing.T, obj []byte) {
		require.Error(t, VerifyJSON("a.example", s.KeyID(), s.Key.Public(), obj))
		signed, err := s.SignJSON(obj)
		if err != nil {
			return
		}
		require.NoError(t, VerifyJSON("a.example", s.KeyID(), s.Key.Public(), signed))
		if fields, _, err := signable(obj); err == nil && fields["signatures"] == nil {
			require.NoError(t, gomatrixserverlibVerifies(s, signed))
		}
	})
}

// gomatrixserverlibVerifies asks the library too, where its canonical form is right.
func gomatrixserverlibVerifies(s *Signer, signed []byte) error {
	if strings.Contains(string(signed), "-0") || CheckJSON(signed, Limits{PlainKeys: true}) != nil {
		return nil
	}
	return gomatrixserverlib.VerifyJSON(s.ServerName, s.LibraryKeyID(), s.Key.Public(), signed)
}

func BenchmarkSignJSON(b *testing.B) {
	s := newSigner(b, "a.example")
	obj := []byte(`{"method":"PUT","uri":"/_matrix/federation/v1/send/1","origin":"a.example","destination":"b.example","content":{"pdus":[],"edus":[]}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.SignJSON(obj); err != nil {
			b.Fatal(err)
		}
	}
}
