package netguard

import (
	"crypto/x509"
	"fmt"
	"os"
)

// LoadRoots returns the system's certificate authorities and those in a PEM file; with an empty path only the former.
func LoadRoots(path string) (*x509.CertPool, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("reading the system's certificate authorities: %w", err)
	}
	if path == "" {
		return roots, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading certificate authorities: %w", err)
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("reading certificate authorities: %s holds no certificate in PEM form", path)
	}
	return roots, nil
}
