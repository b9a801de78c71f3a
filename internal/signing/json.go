package signing

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/matrix-org/gomatrixserverlib/spec"

	"medixchange/internal/strictjson"
)

// Limits is how strict CheckJSON and CanonicalJSON are.
type Limits = strictjson.Limits

// ErrSignature is wrapped by every error of VerifyJSON that means: not signed, or wrongly signed, by that key.
var ErrSignature = errors.New("signature does not verify")

// CheckJSON reports whether b is one strict JSON value: valid UTF-8, no duplicate keys, bounded in depth and size.
// The error is a *strictjson.Error.
func CheckJSON(b []byte, l Limits) error { return strictjson.Check(b, l) }

// CanonicalJSON returns b in canonical form after checking it. gomatrixserverlib's function of the same name is
// not used: it writes keys with quotes or backslashes unescaped and turns -0.5 into 0.5.
func CanonicalJSON(b []byte, l Limits) ([]byte, error) { return strictjson.Canonical(b, l) }

// EncodeBase64 encodes without padding in the standard alphabet, the form of keys, hashes and signatures.
func EncodeBase64(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }

// DecodeBase64 decodes unpadded base64; padding and the URL alphabet are accepted too, as other servers send both.
func DecodeBase64(s string) ([]byte, error) {
	var out spec.Base64Bytes
	if err := out.Decode(strings.TrimRight(s, "=")); err != nil {
		return nil, fmt.Errorf("decoding base64: %w", err)
	}
	return out, nil
}

// SignJSON returns obj, which must be a JSON object, in canonical form with a signature by name and key added under
// "signatures". Other signatures and "unsigned" are kept and not covered. Duplicate keys are an error.
func SignJSON(name string, key Key, obj []byte) ([]byte, error) {
	fields, payload, err := signable(obj)
	if err != nil {
		return nil, err
	}
	signatures := map[string]map[string]string{}
	if raw, there := fields["signatures"]; there {
		if err := json.Unmarshal(raw, &signatures); err != nil {
			return nil, fmt.Errorf("reading the signatures that are there: %w", err)
		}
	}
	own := maps.Clone(signatures[name])
	if own == nil {
		own = map[string]string{}
	}
	own[key.ID] = EncodeBase64(ed25519.Sign(key.Private, payload))
	signatures[name] = own
	raw, err := json.Marshal(signatures)
	if err != nil {
		return nil, fmt.Errorf("encoding signatures: %w", err)
	}
	fields["signatures"] = raw
	return canonicalObject(fields)
}

// VerifyJSON checks that name signed obj with the key keyID, whose public half is pub. The error wraps ErrSignature
// if it did not, and is a *strictjson.Error or says why if obj is not a strict JSON object.
func VerifyJSON(name, keyID string, pub ed25519.PublicKey, obj []byte) error {
	fields, payload, err := signable(obj)
	if err != nil {
		return err
	}
	var signatures map[string]map[string]string
	if err := json.Unmarshal(fields["signatures"], &signatures); err != nil {
		return fmt.Errorf("reading signatures of %s: %w", name, ErrSignature)
	}
	encoded, there := signatures[name][keyID]
	if !there {
		return fmt.Errorf("no signature by %s with %s: %w", name, keyID, ErrSignature)
	}
	signature, err := DecodeBase64(encoded)
	if err != nil || len(signature) != ed25519.SignatureSize || len(pub) != ed25519.PublicKeySize {
		return fmt.Errorf("malformed key or signature of %s with %s: %w", name, keyID, ErrSignature)
	}
	if !ed25519.Verify(pub, payload, signature) {
		return fmt.Errorf("wrong signature by %s with %s: %w", name, keyID, ErrSignature)
	}
	return nil
}

// ListKeyIDs returns the ids of the keys with which name signed obj, without checking the signatures.
func ListKeyIDs(name string, obj []byte) ([]string, error) {
	var signed struct {
		Signatures map[string]map[string]json.RawMessage `json:"signatures"`
	}
	if err := json.Unmarshal(obj, &signed); err != nil {
		return nil, fmt.Errorf("reading signatures: %w", err)
	}
	ids := make([]string, 0, len(signed.Signatures[name]))
	for id := range signed.Signatures[name] {
		ids = append(ids, id)
	}
	return ids, nil
}

// Covered returns the canonical bytes of obj that signatures cover: all of it but "signatures" and "unsigned".
func Covered(obj []byte) ([]byte, error) {
	_, payload, err := signable(obj)
	return payload, err
}

// signable splits obj into its members and returns the canonical bytes that signatures cover.
func signable(obj []byte) (fields map[string]json.RawMessage, payload []byte, err error) {
	if err := strictjson.Check(obj, Limits{}); err != nil {
		return nil, nil, fmt.Errorf("checking JSON to sign: %w", err)
	}
	if err := json.Unmarshal(obj, &fields); err != nil {
		return nil, nil, fmt.Errorf("reading JSON to sign: %w", err)
	}
	if fields == nil {
		return nil, nil, errors.New("reading JSON to sign: null is not an object")
	}
	covered := maps.Clone(fields)
	delete(covered, "signatures")
	delete(covered, "unsigned")
	payload, err = canonicalObject(covered)
	return fields, payload, err
}

func canonicalObject(fields map[string]json.RawMessage) ([]byte, error) {
	joined := []byte{'{'}
	for key, raw := range fields {
		if len(joined) > 1 {
			joined = append(joined, ',')
		}
		joined = strictjson.AppendString(joined, []byte(key))
		joined = append(joined, ':')
		joined = append(joined, raw...)
	}
	canonical, err := strictjson.Canonical(append(joined, '}'), Limits{})
	if err != nil {
		return nil, fmt.Errorf("writing canonical JSON: %w", err)
	}
	return canonical, nil
}
