package manifest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Sum returns the SHA-256 of the file at path, in hexadecimal.
func Sum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("opening a track: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("reading a track: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Verify compares every track in folder with the manifest's checksum and returns the files that differ, are missing, or have none.
func Verify(folder string, m *Manifest) []string {
	var wrong []string
	for _, t := range m.Tracks {
		sum := ""
		if ValidFile(t.File) {
			sum, _ = Sum(filepath.Join(folder, t.File))
		}
		if sum == "" || sum != t.SHA256 {
			wrong = append(wrong, t.File)
		}
	}
	return wrong
}
