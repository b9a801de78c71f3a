package signed

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"medixchange/internal/signing"
	"medixchange/internal/strictjson"
)

// Errors of this package wrap one of these, so that callers can tell what kind of document they were given.
var (
	// ErrMalformed means that a document breaks a rule of its form.
	ErrMalformed = errors.New("malformed document")
	// ErrSignatures means that too few coordinators have signed.
	ErrSignatures = errors.New("too few signatures")
	// ErrOlder means that a document is not newer than the one that is there.
	ErrOlder = errors.New("not newer")
	// ErrFork means that two different documents claim the same place: coordinators, or their keys, contradict each other.
	ErrFork = errors.New("two documents claim the same place")
	// ErrForeign means that a document belongs to another alliance or goes by an unknown charter.
	ErrForeign = errors.New("of another alliance")
)

// MaxBytes bounds a document.
const MaxBytes = 16 << 20

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
}

// Hash names a document by what its signatures cover: the unpadded base64 of a SHA-256. Documents that differ in their
// signatures alone have the same hash. The document must be a strict JSON object.
func Hash(raw []byte) (string, error) {
	covered, err := signing.Covered(raw)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	sum := sha256.Sum256(covered)
	return signing.EncodeBase64(sum[:]), nil
}

// Sign adds a coordinator's signature and returns the document in canonical form.
func Sign(raw []byte, coordinator string, key signing.Key) ([]byte, error) {
	signed, err := signing.SignJSON(coordinator, key, raw)
	if err != nil {
		return nil, fmt.Errorf("signing a document: %w", err)
	}
	return signed, nil
}

// Join puts the signatures of two copies of one document together. It is an error if they are not the same document.
func Join(a, b []byte) ([]byte, error) {
	hashA, err := Hash(a)
	if err != nil {
		return nil, err
	}
	hashB, err := Hash(b)
	if err != nil {
		return nil, err
	}
	if hashA != hashB {
		return nil, fmt.Errorf("%w: their contents differ", ErrFork)
	}
	all, more := signaturesOf(a), signaturesOf(b)
	for name, keys := range more {
		if all[name] == nil {
			all[name] = map[string]string{}
		}
		for id, signature := range keys {
			if all[name][id] == "" {
				all[name][id] = signature
			}
		}
	}
	return withSignatures(a, all)
}

func signaturesOf(raw []byte) map[string]map[string]string {
	var signed struct {
		Signatures map[string]map[string]string `json:"signatures"`
	}
	if json.Unmarshal(raw, &signed) != nil || signed.Signatures == nil {
		return map[string]map[string]string{}
	}
	return signed.Signatures
}

// SignedBy returns which of the coordinators have signed a document with their keys, by id in the charter's order.
// Signatures by others are ignored.
func (c *Charter) SignedBy(raw []byte) []string {
	covered, err := signing.Covered(raw)
	if err != nil {
		return nil
	}
	signatures := signaturesOf(raw)
	var by []string
	for _, coordinator := range c.Coordinators {
		signature, err := signing.DecodeBase64(signatures[coordinator.ID][coordinator.KeyID])
		if err != nil || len(signature) != ed25519.SignatureSize {
			continue
		}
		if ed25519.Verify(coordinator.public, covered, signature) {
			by = append(by, coordinator.ID)
		}
	}
	return by
}

// Trim returns a document with the signatures of the charter's coordinators that verify, and no others. It is for documents
// that strangers may have added to.
func (c *Charter) Trim(raw []byte) ([]byte, error) {
	signatures, kept := signaturesOf(raw), map[string]map[string]string{}
	for _, id := range c.SignedBy(raw) {
		coordinator, _ := c.Coordinator(id)
		kept[id] = map[string]string{coordinator.KeyID: signatures[id][coordinator.KeyID]}
	}
	return withSignatures(raw, kept)
}

// withSignatures replaces the signatures of a document.
func withSignatures(raw []byte, signatures map[string]map[string]string) ([]byte, error) {
	covered, err := signing.Covered(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(covered, &fields); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if fields["signatures"], err = json.Marshal(signatures); err != nil {
		return nil, fmt.Errorf("writing signatures: %w", err)
	}
	joined, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("writing a document: %w", err)
	}
	return strictjson.Canonical(joined, strictjson.Limits{MaxBytes: MaxBytes})
}

// enough checks that at least the threshold of coordinators have signed.
func (c *Charter) enough(raw []byte, what string) error {
	by := c.SignedBy(raw)
	if len(by) < c.Threshold {
		return fmt.Errorf("%w: %d of the %d coordinators that charter %d asks for have signed the %s", ErrSignatures, len(by), c.Threshold, c.Version, what)
	}
	return nil
}

// read decodes a document of one type into v. Keys that are not known are kept in the bytes and ignored.
func read(raw []byte, typ string, v any) error {
	if len(raw) > MaxBytes {
		return malformed("it is larger than %d bytes", MaxBytes)
	}
	if err := signing.CheckJSON(raw, signing.Limits{MaxBytes: MaxBytes}); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if head.Type != typ {
		return malformed("its type is %q, not %q", head.Type, typ)
	}
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(v); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}
