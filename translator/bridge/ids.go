package bridge

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"

	"medixchange/rooms"
	"medixchange/rooms/view"
)

// sealer makes ids that only this node can read: deterministic authenticated encryption in the manner of AES-SIV
// (RFC 5297), with HMAC-SHA-256 as its pseudo-random function. The viewer is associated data, so an id says nothing to
// anybody else. An id is "$" and 43 base64url characters, as those of room versions 4 and later.
type sealer struct {
	mac   []byte
	block cipher.Block
}

const (
	tagBytes     = 16
	payloadBytes = 16 // event nid, fingerprint of the rendering
)

func newSealer(secret []byte) (*sealer, error) {
	keys, err := hkdf.Key(sha256.New, secret, nil, "medixchange viewer-only event ids", 64)
	if err != nil {
		return nil, fmt.Errorf("deriving the keys of event ids: %w", err)
	}
	block, err := aes.NewCipher(keys[32:])
	if err != nil {
		return nil, fmt.Errorf("deriving the keys of event ids: %w", err)
	}
	return &sealer{mac: keys[:32], block: block}, nil
}

func (s *sealer) tag(userID string, payload []byte) []byte {
	h := hmac.New(sha256.New, s.mac)
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(userID)))
	h.Write(length[:])
	h.Write([]byte(userID))
	h.Write(payload)
	return h.Sum(nil)[:tagBytes]
}

func (s *sealer) seal(userID string, payload [payloadBytes]byte) string {
	sealed := make([]byte, tagBytes+payloadBytes)
	copy(sealed, s.tag(userID, payload[:]))
	cipher.NewCTR(s.block, sealed[:tagBytes]).XORKeyStream(sealed[tagBytes:], payload[:])
	return "$" + base64.RawURLEncoding.EncodeToString(sealed)
}

// open returns what seal was given; false for every other id or user.
func (s *sealer) open(userID, id string) (payload [payloadBytes]byte, ok bool) {
	if len(id) != 44 || id[0] != '$' {
		return payload, false
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(id[1:])
	if err != nil || len(sealed) != tagBytes+payloadBytes {
		return payload, false
	}
	cipher.NewCTR(s.block, sealed[:tagBytes]).XORKeyStream(payload[:], sealed[tagBytes:])
	return payload, hmac.Equal(s.tag(userID, payload[:]), sealed[:tagBytes])
}

// payloadOf names a late edit: the version that it shows, and by a fingerprint its language, place in time, kind, and the
// message where it shows the version of another event.
func payloadOf(r *view.Rendering) (payload [payloadBytes]byte) {
	binary.BigEndian.PutUint64(payload[:8], uint64(r.Version))
	h := sha256.New()
	fmt.Fprintf(h, "%d %d %t %s", r.Version, r.VersionTS, r.Redaction, r.Language)
	if r.EventNID != r.Version {
		fmt.Fprintf(h, " %d", r.EventNID)
	}
	copy(payload[8:], h.Sum(nil))
	return payload
}

// SyntheticID implements view.Renderer.
func (b *Bridge) SyntheticID(r *view.Rendering, userID string) string {
	return b.sealer.seal(userID, payloadOf(r))
}

// RealID implements view.Renderer.
func (b *Bridge) RealID(ctx context.Context, id, userID string) (eventID string, synthetic bool, err error) {
	payload, ok := b.sealer.open(userID, id)
	if !ok {
		return id, false, nil
	}
	version, err := b.versionIn(ctx, payload)
	if err != nil || version == nil {
		return id, false, err
	}
	message, err := b.messageOf(ctx, version)
	if err != nil || message.NID == version.NID {
		return version.ID, true, err
	}
	redacted, err := b.o.Rooms.Redacted(ctx, []string{message.ID})
	if err != nil {
		return id, false, fmt.Errorf("reading what an id stands for: %w", err)
	}
	if redacted[message.ID] != nil {
		return message.ID, true, nil // its edits are taken back with it, though they stand themselves
	}
	return version.ID, true, nil
}

// versionIn returns the event that a payload names, nil for none.
func (b *Bridge) versionIn(ctx context.Context, payload [payloadBytes]byte) (*rooms.Event, error) {
	nid := int64(binary.BigEndian.Uint64(payload[:8]) &^ noticeMark)
	events, err := b.o.Rooms.Events(ctx, []int64{nid})
	if err != nil {
		return nil, fmt.Errorf("reading what an id stands for: %w", err)
	}
	return events[nid], nil
}

// Place implements view.Renderer.
func (b *Bridge) Place(ctx context.Context, id, userID string) (int64, error) {
	payload, ok := b.sealer.open(userID, id)
	if !ok {
		return 0, nil
	}
	version, err := b.versionIn(ctx, payload)
	if err != nil || version == nil {
		return 0, err
	}
	message, err := b.messageOf(ctx, version)
	if err != nil {
		return 0, err
	}
	told, err := b.selectNames(ctx, message.NID)
	if err != nil {
		return 0, err
	}
	for _, r := range told {
		if payloadOf(r) == payload {
			return r.Position, nil
		}
	}
	return 0, nil
}
