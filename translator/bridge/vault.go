package bridge

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
)

// vault seals texts that are kept apart from their messages (reports, the reading log) with AES-256-GCM, so that a copy of
// the tables says nothing without the node's secret.
type vault struct{ aead cipher.AEAD }

func newVault(secret []byte) (*vault, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "medixchange retained texts", 32)
	if err != nil {
		return nil, fmt.Errorf("deriving the key of retained texts: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("deriving the key of retained texts: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("deriving the key of retained texts: %w", err)
	}
	return &vault{aead}, nil
}

// seal encrypts a text. place says where it is kept: it opens nowhere else.
func (v *vault) seal(text, place string) []byte {
	nonce := make([]byte, v.aead.NonceSize(), v.aead.NonceSize()+len(text)+v.aead.Overhead())
	rand.Read(nonce)
	return v.aead.Seal(nonce, nonce, []byte(text), []byte(place))
}

// open decrypts what seal made; an erased text (no bytes) is "".
func (v *vault) open(sealed []byte, place string) (string, error) {
	if len(sealed) == 0 {
		return "", nil
	}
	if len(sealed) < v.aead.NonceSize() {
		return "", fmt.Errorf("a retained text of %d bytes is none", len(sealed))
	}
	nonce, rest := sealed[:v.aead.NonceSize()], sealed[v.aead.NonceSize():]
	text, err := v.aead.Open(nil, nonce, rest, []byte(place))
	if err != nil {
		return "", fmt.Errorf("opening a retained text: %w", err)
	}
	return string(text), nil
}
