package web

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// writePair writes a new self-signed certificate with the serial number and its key.
func writePair(t *testing.T, certFile, keyFile string, serial int64, modified time.Time) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"a.example"}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	require.NoError(t, err)
	key, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: cert}, keyFile: {Type: "PRIVATE KEY", Bytes: key}} {
		require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(block), 0o600))
		require.NoError(t, os.Chtimes(file, modified, modified))
	}
}

func TestRenewedCertificatesAreUsed(t *testing.T) {
	certFile, keyFile := filepath.Join(t.TempDir(), "cert"), filepath.Join(t.TempDir(), "key")
	start := time.Now().Add(-time.Hour)
	writePair(t, certFile, keyFile, 1, start)
	c := &certificate{certFile: certFile, keyFile: keyFile}
	require.NoError(t, c.load())
	serial := func() int64 {
		c.checked = time.Time{}
		pair, err := c.get(nil)
		require.NoError(t, err)
		return pair.Leaf.SerialNumber.Int64()
	}
	require.EqualValues(t, 1, serial())
	writePair(t, certFile, keyFile, 2, start.Add(time.Minute))
	require.EqualValues(t, 2, serial())
	require.NoError(t, os.WriteFile(keyFile, []byte("half a file"), 0o600))
	require.EqualValues(t, 2, serial(), "a broken renewal changes nothing")
	writePair(t, certFile, keyFile, 3, start.Add(2*time.Minute))
	require.EqualValues(t, 3, serial())

	_, err := LoadTLS(certFile, filepath.Join(t.TempDir(), "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
