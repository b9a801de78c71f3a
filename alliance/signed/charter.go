package signed

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"time"

	"medixchange/internal/pattern"
	"medixchange/internal/signing"
	"medixchange/internal/strictjson"
)

// TypeCharter is the type of a charter. It is covered by the signatures, so that none of them counts for another document.
const TypeCharter = "org.medixchange.alliance.charter"

// Charter says who coordinates an alliance.
type Charter struct {
	// Alliance is its name, in the form of a domain name; it never changes.
	Alliance string `json:"alliance"`
	// Version counts from 1.
	Version int64 `json:"version"`
	// Previous is the hash of the version before; "" in the first.
	Previous string `json:"previous"`
	// IssuedTS is in milliseconds since 1970.
	IssuedTS int64 `json:"issued_ts"`
	// Threshold is how many coordinators must sign.
	Threshold    int           `json:"threshold"`
	Coordinators []Coordinator `json:"coordinators"`
	// Rehearsal lets members have names that are addresses or have ports, for trying an alliance out on one machine.
	Rehearsal bool `json:"rehearsal,omitempty"`

	raw  []byte
	hash string
}

// Coordinator is somebody who admits and suspends hospitals, with the key that stands for them.
type Coordinator struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	KeyID  string `json:"key_id"` // such as "ed25519:a_Xy1z"
	Key    string `json:"key"`    // public, unpadded base64
	UserID string `json:"user_id,omitempty"`

	public ed25519.PublicKey
}

const (
	maxCoordinators = 64
	maxName         = 200
)

var (
	coordinatorID = pattern.Lazy(`^[a-z0-9][a-z0-9._-]{0,63}$`)
	keyID         = pattern.Lazy(`^ed25519:[A-Za-z0-9_]{1,64}$`)
	allianceName  = pattern.Lazy(`^[a-z0-9]([a-z0-9.-]{0,253}[a-z0-9])?$`)
)

// Raw returns the document with its signatures. It must not be changed.
func (c *Charter) Raw() []byte { return c.raw }

// Hash names the charter; see the function Hash.
func (c *Charter) Hash() string { return c.hash }

// Coordinator returns one by id.
func (c *Charter) Coordinator(id string) (Coordinator, bool) {
	for _, coordinator := range c.Coordinators {
		if coordinator.ID == id {
			return coordinator, true
		}
	}
	return Coordinator{}, false
}

// Draft returns the unsigned document of a charter in canonical form, after checking its rules.
func (c *Charter) Draft() ([]byte, error) {
	draft := struct {
		Type string `json:"type"`
		*Charter
	}{TypeCharter, c}
	raw, err := json.Marshal(draft)
	if err != nil {
		return nil, fmt.Errorf("writing a charter: %w", err)
	}
	if raw, err = strictjson.Canonical(raw, strictjson.Limits{MaxBytes: MaxBytes}); err != nil {
		return nil, fmt.Errorf("writing a charter: %w", err)
	}
	if _, err := ReadCharter(raw); err != nil {
		return nil, err
	}
	return raw, nil
}

// ReadCharter reads a charter and checks its form, not its signatures: see [Charter.VerifyFirst] and [Charter.VerifyNext].
func ReadCharter(raw []byte) (*Charter, error) {
	c := &Charter{raw: raw}
	if err := read(raw, TypeCharter, c); err != nil {
		return nil, fmt.Errorf("reading a charter: %w", err)
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("reading a charter: %w", err)
	}
	var err error
	if c.hash, err = Hash(raw); err != nil {
		return nil, fmt.Errorf("reading a charter: %w", err)
	}
	return c, nil
}

func (c *Charter) check() error {
	switch {
	case !allianceName().MatchString(c.Alliance):
		return malformed("the alliance's name %q is not like a domain name in small letters", c.Alliance)
	case c.Version < 1, (c.Version == 1) != (c.Previous == ""):
		return malformed("version %d and previous %q do not fit: the first version is 1 and has none before", c.Version, c.Previous)
	case c.IssuedTS <= 0:
		return malformed("issued_ts is missing")
	case len(c.Coordinators) > maxCoordinators:
		return malformed("there are more than %d coordinators", maxCoordinators)
	case c.Threshold < 2 || c.Threshold > len(c.Coordinators):
		return malformed("the threshold %d must be at least 2 and at most the number of coordinators, %d", c.Threshold, len(c.Coordinators))
	}
	ids, keys := map[string]bool{}, map[string]bool{}
	for i := range c.Coordinators {
		coordinator := &c.Coordinators[i]
		if err := coordinator.check(); err != nil {
			return err
		}
		if ids[coordinator.ID] || keys[string(coordinator.public)] {
			return malformed("the coordinator %s or their key stands there twice", coordinator.ID)
		}
		ids[coordinator.ID], keys[string(coordinator.public)] = true, true
	}
	return nil
}

func (c *Coordinator) check() error {
	if !coordinatorID().MatchString(c.ID) {
		return malformed("the coordinator's id %q is not made of small letters, digits and . _ -", c.ID)
	}
	if c.Name == "" || len(c.Name) > maxName || !printable(c.Name) {
		return malformed("the name of coordinator %s is empty, too long or not plain text", c.ID)
	}
	if !keyID().MatchString(c.KeyID) {
		return malformed("the key id %q of coordinator %s is not like ed25519:NAME", c.KeyID, c.ID)
	}
	public, err := signing.DecodeBase64(c.Key)
	if err != nil || len(public) != ed25519.PublicKeySize {
		return malformed("the key of coordinator %s is not the base64 of an ed25519 public key", c.ID)
	}
	c.public = public
	return nil
}

// VerifyFirst checks a charter that is to be pinned: enough of its own coordinators have signed it. That proves only that
// they have their keys: that it is the right charter must be known from elsewhere, by its hash.
func (c *Charter) VerifyFirst() error { return c.enough(c.raw, "charter") }

// VerifyNext checks that next follows c: it is of the same alliance, names c's hash, and enough coordinators of both have
// signed it.
func (c *Charter) VerifyNext(next *Charter) error {
	switch {
	case next.Alliance != c.Alliance:
		return fmt.Errorf("%w: charter of %s, not of %s", ErrForeign, next.Alliance, c.Alliance)
	case next.Version == c.Version && next.hash != c.hash:
		return fmt.Errorf("%w: charter %d", ErrFork, c.Version)
	case next.Version <= c.Version:
		return fmt.Errorf("%w: charter %d, and %d is there", ErrOlder, next.Version, c.Version)
	case next.Version != c.Version+1:
		return malformed("charter %d does not follow charter %d: those between are missing", next.Version, c.Version)
	case next.Previous != c.hash:
		return fmt.Errorf("%w: charter %d names another one as the one before it", ErrFork, next.Version)
	}
	if err := c.enough(next.raw, "next charter"); err != nil {
		return err
	}
	return next.enough(next.raw, "charter itself")
}

// Next returns the beginning of the charter after c, for changing and signing.
func (c *Charter) Next(now time.Time) *Charter {
	return &Charter{
		Alliance: c.Alliance, Version: c.Version + 1, Previous: c.hash, IssuedTS: now.UnixMilli(), Threshold: c.Threshold,
		Rehearsal: c.Rehearsal, Coordinators: append([]Coordinator(nil), c.Coordinators...),
	}
}
