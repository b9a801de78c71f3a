package bridge

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// SealKeyBytes is the length of Options.SealKey.
const SealKeyBytes = 32

// vault seals texts in the database with XChaCha20-Poly1305 (its nonces are long enough to be drawn at random for as many
// renderings as a hospital makes) and a key that is not in the database, so that a copy of that alone says nothing.
type vault struct{ aead cipher.AEAD }

func newVault(key []byte) (*vault, error) {
	if len(key) != SealKeyBytes {
		return nil, fmt.Errorf("the key of sealed texts has %d bytes instead of %d", len(key), SealKeyBytes)
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "medixchange sealed texts", chacha20poly1305.KeySize)
	if err != nil {
		return nil, fmt.Errorf("deriving the key of sealed texts: %w", err)
	}
	aead, err := chacha20poly1305.NewX(derived)
	if err != nil {
		return nil, fmt.Errorf("deriving the key of sealed texts: %w", err)
	}
	return &vault{aead}, nil
}

// markOf is a name of the key that says nothing of it, to find out whether a database was sealed with it.
func markOf(key []byte) ([]byte, error) {
	mark, err := hkdf.Key(sha256.New, key, nil, "medixchange name of the key of sealed texts", 16)
	if err != nil {
		return nil, fmt.Errorf("naming the key of sealed texts: %w", err)
	}
	return mark, nil
}

// sealedMark begins what is sealed: JSON, which stands there otherwise, never begins so.
const sealedMark = 0x01

var errNotSealed = errors.New("a sealed text is none, or was changed, or the key is another one")

// seal encrypts a text. place says where it is kept: it opens nowhere else.
func (v *vault) seal(text, place string) []byte { return v.sealBytes([]byte(text), []byte(place)) }

func (v *vault) sealBytes(text, place []byte) []byte {
	out := make([]byte, 1+chacha20poly1305.NonceSizeX, 1+chacha20poly1305.NonceSizeX+len(text)+v.aead.Overhead())
	out[0] = sealedMark
	nonce := out[1:]
	rand.Read(nonce)
	return v.aead.Seal(out, nonce, text, place)
}

// open decrypts what seal made; an erased text (no bytes) is "".
func (v *vault) open(sealed []byte, place string) (string, error) {
	if len(sealed) == 0 {
		return "", nil
	}
	text, err := v.openBytes(sealed, []byte(place))
	return string(text), err
}

func (v *vault) openBytes(sealed, place []byte) ([]byte, error) {
	const head = 1 + chacha20poly1305.NonceSizeX
	if len(sealed) < head || sealed[0] != sealedMark {
		return nil, errNotSealed
	}
	text, err := v.aead.Open(nil, sealed[1:head], sealed[head:], place)
	if err != nil {
		return nil, errNotSealed
	}
	return text, nil
}

// columns of a rendering, as part of the place of what is sealed in them.
const (
	columnContent = "content"
	columnLate    = "late"
	columnParts   = "parts"
)

func renderingPlace(position int64, column string) []byte {
	return append(strconv.AppendInt([]byte("rendering "), position, 10), " "+column...)
}

// kept is what the database holds of a column of a rendering.
func (b *Bridge) kept(content []byte, position int64, column string) []byte {
	if len(content) == 0 {
		return []byte{}
	}
	return b.vault.sealBytes(content, renderingPlace(position, column))
}

// unsealed is what a column of a rendering says.
func (b *Bridge) unsealed(stored []byte, position int64, column string) ([]byte, error) {
	if len(stored) == 0 {
		return stored, nil
	}
	return b.vault.openBytes(stored, renderingPlace(position, column))
}

// sealedText begins a text that is sealed where others stand as they are.
const sealedText = "sealed:"

func noticePlace(position int64) string { return "notice " + strconv.FormatInt(position, 10) }

// SealText returns what the database may hold of a text: sealed. place says where it is kept: it opens nowhere else.
func (b *Bridge) SealText(text, place string) string {
	if text == "" {
		return text
	}
	return sealedText + base64.RawStdEncoding.EncodeToString(b.vault.seal(text, place))
}

// OpenText returns the text of which SealText made stored; what is not sealed, as what was erased, is as it stands. It fails for what was
// sealed with another key or for another place.
func (b *Bridge) OpenText(stored, place string) (string, error) {
	encoded, sealed := strings.CutPrefix(stored, sealedText)
	if !sealed {
		return stored, nil
	}
	bytes, err := base64.RawStdEncoding.DecodeString(encoded)
	if err != nil {
		return "", errNotSealed
	}
	return b.vault.open(bytes, place)
}
