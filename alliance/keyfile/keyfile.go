// Package keyfile keeps coordinators' keys in files: under a passphrase, in the age format (age-encryption.org/v1, armored), or
// as the plain line that a server's signing key has. Whoever has lost this program opens the former with `age --decrypt`.
//
// May import: internal/signing. Used by the command line alone: no server holds such keys. Start reading at keyfile.go.
package keyfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"

	"medixchange/internal/signing"
)

// Errors that callers tell apart.
var (
	// ErrPassphrase means that the passphrase is wrong, or the file damaged.
	ErrPassphrase = errors.New("the passphrase is wrong")
	// ErrWeak means that a passphrase is too short to hold against somebody who has the file.
	ErrWeak = errors.New("a passphrase needs 12 characters at least; six words that nobody would guess are better")
	// ErrReadable means that others may read a key that is under no passphrase.
	ErrReadable = errors.New("the key can be read by others")
)

const (
	minPassphrase = 12
	// maxFile bounds what is read, in bytes.
	maxFile = 64 << 10
	// maxWork bounds the work of opening a file, as the logarithm of scrypt's N: a file from elsewhere must not keep the machine
	// busy for hours.
	maxWork = 22
)

// Seal returns the content of a key file under a passphrase. work is the logarithm of scrypt's N; 0 is age's own choice, about
// a second.
func Seal(key signing.Key, passphrase string, work int) ([]byte, error) {
	if len([]rune(passphrase)) < minPassphrase {
		return nil, ErrWeak
	}
	recipient, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, fmt.Errorf("sealing a key: %w", err)
	}
	if work != 0 {
		recipient.SetWorkFactor(work)
	}
	var file bytes.Buffer
	text := armor.NewWriter(&file)
	sealed, err := age.Encrypt(text, recipient)
	if err != nil {
		return nil, fmt.Errorf("sealing a key: %w", err)
	}
	_, err = io.WriteString(sealed, signing.FormatKey(key)+"\n")
	if err = errors.Join(err, sealed.Close(), text.Close()); err != nil {
		return nil, fmt.Errorf("sealing a key: %w", err)
	}
	return file.Bytes(), nil
}

// Open reads a key from a file. ask is called for the passphrase if the file is under one; others are read without, if nobody
// else may read them.
func Open(path string, ask func() (string, error)) (signing.Key, error) {
	content, mode, err := read(path)
	if err != nil {
		return signing.Key{}, err
	}
	if !Sealed(content) {
		if mode.Perm()&0o077 != 0 {
			return signing.Key{}, fmt.Errorf("%w: chmod 600 %s", ErrReadable, path)
		}
		return parse(path, content)
	}
	passphrase, err := ask()
	if err != nil {
		return signing.Key{}, err
	}
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return signing.Key{}, ErrPassphrase
	}
	identity.SetMaxWorkFactor(maxWork)
	plain, err := age.Decrypt(armor.NewReader(bytes.NewReader(content)), identity)
	if err != nil {
		return signing.Key{}, fmt.Errorf("%w: %s: %v", ErrPassphrase, path, err)
	}
	line, err := io.ReadAll(io.LimitReader(plain, maxFile))
	if err != nil {
		return signing.Key{}, fmt.Errorf("%w: %s", ErrPassphrase, path)
	}
	return parse(path, line)
}

// Sealed reports whether the content of a file is under a passphrase.
func Sealed(content []byte) bool {
	return strings.HasPrefix(strings.TrimSpace(string(content)), armor.Header)
}

func read(path string) ([]byte, os.FileMode, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, fmt.Errorf("reading the key: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, fmt.Errorf("reading the key: %w", err)
	}
	content, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, 0, fmt.Errorf("reading the key: %w", err)
	}
	return content, info.Mode(), nil
}

// parse reads the line of a key. Errors never contain the seed.
func parse(path string, line []byte) (signing.Key, error) {
	key, err := signing.ParseKey(strings.TrimSpace(string(line)))
	if err != nil {
		return signing.Key{}, fmt.Errorf("reading the key %s: %w", path, err)
	}
	return key, nil
}
