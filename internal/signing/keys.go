package signing

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/matrix-org/gomatrixserverlib"

	"medixchange/internal/pattern"
)

// Key is an ed25519 key pair with its id, for example "ed25519:a_Xy1z". It is immutable.
type Key struct {
	ID      string
	Private ed25519.PrivateKey
}

// Public returns the public half.
func (k Key) Public() ed25519.PublicKey { return k.Private.Public().(ed25519.PublicKey) }

// OldKey is a key that this server signed with earlier; others may still verify old events with it.
type OldKey struct {
	ID        string
	Public    ed25519.PublicKey
	ExpiredAt time.Time
}

// Signer signs in the name of one server. It is immutable and safe for concurrent use.
type Signer struct {
	ServerName string
	Key        Key
	// Old lists the keys that were used before Key, for publishing under old_verify_keys.
	Old []OldKey
}

// KeyID returns the id of the current key.
func (s *Signer) KeyID() string { return s.Key.ID }

// LibraryKeyID returns the id of the current key as gomatrixserverlib's type.
func (s *Signer) LibraryKeyID() gomatrixserverlib.KeyID { return gomatrixserverlib.KeyID(s.Key.ID) }

// SignJSON adds this server's signature to obj; see the function SignJSON.
func (s *Signer) SignJSON(obj []byte) ([]byte, error) { return SignJSON(s.ServerName, s.Key, obj) }

var keyVersion = pattern.Lazy(`^[a-zA-Z0-9_]+$`)

// GenerateKey makes a new key with a random version "a_…".
func GenerateKey() (Key, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Key{}, fmt.Errorf("generating a signing key: %w", err)
	}
	return Key{ID: "ed25519:a_" + rand.Text()[:6], Private: private}, nil
}

// FormatKey returns the line of a key file: algorithm, version and the seed in unpadded base64, as Synapse writes it.
func FormatKey(k Key) string {
	algorithm, version, _ := strings.Cut(k.ID, ":")
	return algorithm + " " + version + " " + EncodeBase64(k.Private.Seed())
}

// ParseKey reads the line that FormatKey writes. Errors never contain the seed.
func ParseKey(line string) (Key, error) {
	parts := strings.Fields(line)
	if len(parts) != 3 || parts[0] != "ed25519" {
		return Key{}, errors.New("a signing key reads: ed25519 VERSION SEED")
	}
	if !keyVersion().MatchString(parts[1]) {
		return Key{}, errors.New("the version of a signing key consists of letters, digits and underscores")
	}
	seed, err := DecodeBase64(parts[2])
	if err != nil || len(seed) != ed25519.SeedSize {
		return Key{}, fmt.Errorf("the seed of a signing key is %d bytes in unpadded base64", ed25519.SeedSize)
	}
	return Key{ID: "ed25519:" + parts[1], Private: ed25519.NewKeyFromSeed(seed)}, nil
}

// LoadKey reads the first key of the file at path. It refuses a file that others may read or write.
func LoadKey(path string) (Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Key{}, fmt.Errorf("reading the signing key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Key{}, fmt.Errorf("the signing key %s can be read by others: chmod 600 %s", path, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Key{}, fmt.Errorf("reading the signing key: %w", err)
	}
	line, _, _ := bytes.Cut(bytes.TrimSpace(text), []byte{'\n'})
	key, err := ParseKey(string(line))
	if err != nil {
		return Key{}, fmt.Errorf("reading the signing key %s: %w", path, err)
	}
	return key, nil
}

// LoadOrCreateKey loads the key at path or, if there is no such file, makes one and stores it.
func LoadOrCreateKey(path string) (Key, error) {
	key, err := LoadKey(path)
	if !errors.Is(err, os.ErrNotExist) {
		return key, err
	}
	if key, err = GenerateKey(); err != nil {
		return Key{}, err
	}
	err = StoreKey(path, key)
	if errors.Is(err, os.ErrExist) { // someone else was faster; theirs is the key
		return LoadKey(path)
	}
	return key, err
}

// StoreKey writes key to a new file at path, readable by the owner only. The file appears whole and durable or not
// at all; one that exists is never overwritten (the error then wraps os.ErrExist).
func StoreKey(path string, key Key) (err error) {
	dir := filepath.Dir(path)
	temp, err := os.CreateTemp(dir, ".signing-key-*")
	if err != nil {
		return fmt.Errorf("storing the signing key: %w", err)
	}
	defer func() {
		temp.Close()
		os.Remove(temp.Name())
		if err != nil {
			err = fmt.Errorf("storing the signing key: %w", err)
		}
	}()
	if _, err := temp.WriteString(FormatKey(key) + "\n"); err != nil {
		return err
	}
	if err := temp.Sync(); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
