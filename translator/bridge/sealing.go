package bridge

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"medixchange/internal/sqldb"
)

// Names of what the node keeps about sealing.
const (
	secretKeyMark  = "mark of the key of sealed texts"
	secretSealing  = "renderings are sealed"
	secretRetained = "retained texts" // the key of reports and the reading log when it was in the database
)

// openVault makes the vault, and sees to what was sealed otherwise: with another key, with a key in the database, or not at
// all. What is done is done again after a crash until it is noted.
func (b *Bridge) openVault(ctx context.Context) (err error) {
	if b.vault, err = newVault(b.o.SealKey); err != nil {
		return err
	}
	mark, err := markOf(b.o.SealKey)
	if err != nil {
		return err
	}
	if err := b.settleKey(ctx, mark); err != nil {
		return err
	}
	if err := b.settleSealing(ctx); err != nil {
		return err
	}
	return b.resealRetained(ctx)
}

// settleKey discards what a lost key had sealed.
func (b *Bridge) settleKey(ctx context.Context, mark []byte) error {
	known, err := b.secretOf(ctx, secretKeyMark, mark)
	if err != nil || bytes.Equal(known, mark) {
		return err
	}
	n, err := b.discardRenderings(ctx)
	if err != nil {
		return err
	}
	b.o.Log.WithField("renderings", n).Error("the key of sealed texts (translator.seal.key_file) is not the one that was used before: " +
		"kept translations are discarded and made anew when they are read; the texts of earlier reports and readings cannot be read " +
		"without the old key")
	return b.setSecret(ctx, secretKeyMark, mark)
}

// settleSealing discards renderings that an earlier version of the program left unsealed.
func (b *Bridge) settleSealing(ctx context.Context) error {
	areSealed := []byte{1}
	known, err := b.secretOf(ctx, secretSealing, []byte{0})
	if err != nil || bytes.Equal(known, areSealed) {
		return err
	}
	n, err := b.discardRenderings(ctx)
	if err != nil {
		return err
	}
	if n > 0 {
		b.o.Log.WithField("renderings", n).Info("translations that were kept without being sealed are discarded and made anew when they are read")
	}
	return b.setSecret(ctx, secretSealing, areSealed)
}

func (b *Bridge) discardRenderings(ctx context.Context) (int64, error) {
	swept, err := b.sweepUpto(ctx, newest)
	if err != nil {
		return swept.Entries, err
	}
	return swept.Entries, b.o.DB.Write(ctx, eraseSealed)
}

// resealStep is how many texts are sealed anew in one transaction.
const resealStep = 200

// resealRetained seals reports and the reading log, whose key was in the database, with the key that is outside of it.
func (b *Bridge) resealRetained(ctx context.Context) error {
	secret, err := b.oldSecret(ctx, secretRetained)
	if err != nil || secret == nil {
		return err
	}
	old, err := newOldVault(secret)
	if err != nil {
		return err
	}
	reseal := func(sealed []byte, place string) []byte {
		if len(sealed) == 0 {
			return []byte{}
		}
		if _, err := b.vault.open(sealed, place); err == nil {
			return sealed // before a crash
		}
		text, err := old.open(sealed, place)
		if err != nil {
			return sealed
		}
		return b.vault.seal(text, place)
	}
	for _, step := range []func(tx *sqldb.Tx, after int64, limit int, reseal func([]byte, string) []byte) (int64, error){resealReports, resealReadTexts} {
		for after, last := int64(0), int64(1); last != 0; {
			err := b.o.DB.Write(ctx, func(tx *sqldb.Tx) (err error) {
				last, err = step(tx, after, resealStep, reseal)
				return err
			})
			if err != nil {
				return fmt.Errorf("sealing reports and readings anew: %w", err)
			}
			after = last
		}
	}
	return b.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return dropSecret(tx, secretRetained) })
}

// oldVault opens what was sealed with a key in the database (AES-256-GCM).
type oldVault struct{ aead cipher.AEAD }

func newOldVault(secret []byte) (*oldVault, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "medixchange retained texts", 32)
	if err != nil {
		return nil, fmt.Errorf("deriving the old key of retained texts: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("deriving the old key of retained texts: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("deriving the old key of retained texts: %w", err)
	}
	return &oldVault{aead}, nil
}

func (v *oldVault) open(sealed []byte, place string) (string, error) {
	size := v.aead.NonceSize()
	if len(sealed) < size {
		return "", errNotSealed
	}
	text, err := v.aead.Open(nil, sealed[:size], sealed[size:], []byte(place))
	if err != nil {
		return "", errNotSealed
	}
	return string(text), nil
}
