package config

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strings"

	tags "golang.org/x/text/language"

	"medixchange/internal/pattern"
)

// Handbook says which edition of the clinical handbook is shown at /handbook/, and to whom.
type Handbook struct {
	Enabled bool `yaml:"enabled"`
	// Folder holds the edition; empty for the one that comes with the program.
	Folder string `yaml:"folder"`
	// Local holds sections of the hospital's own, which are shown with whatever edition is; empty for none.
	Local string `yaml:"local"`
	// Languages are those that are shown; empty for all that an edition has. Its source's language is always shown.
	Languages []string `yaml:"languages"`
	// Public shows it without login; otherwise readers log in with an account of this node.
	Public bool `yaml:"public"`
	// Who works on it at /handbook/edit/, besides administrators.
	Editors    []HandbookRole  `yaml:"editors"`
	Reviewers  []HandbookRole  `yaml:"reviewers"`
	Publishers []HandbookRole  `yaml:"publishers"`
	Updates    HandbookUpdates `yaml:"updates"`
}

// HandbookUpdates says whose editions are taken, and where those of this node are announced.
type HandbookUpdates struct {
	// Mode is HandbookStage or HandbookApply.
	Mode string `yaml:"mode"`
	// Room is the room where publishers announce their editions, by its id; empty for none.
	Room string `yaml:"room"`
	// AnnounceAs is a user of this node who may write the announcement there; empty announces nothing.
	AnnounceAs string              `yaml:"announce_as"`
	Trusted    []HandbookPublisher `yaml:"trusted"`
}

// HandbookPublisher is a server whose editions are taken.
type HandbookPublisher struct {
	Server string `yaml:"server"`
	// Keys are those of its editors, as "ed25519:ID BASE64": one of them must have signed. Empty: the server's own key.
	Keys []string `yaml:"keys"`
}

// Modes of updates.
const (
	HandbookStage = "stage"
	HandbookApply = "apply"
)

const maxHandbookPublishers = 100

func defaultHandbook() Handbook {
	return Handbook{Enabled: true, Public: true, Updates: HandbookUpdates{Mode: HandbookStage}}
}

func (c *Config) validateHandbook(k *checker) {
	for i, tag := range c.Handbook.Languages {
		_, err := tags.Parse(tag)
		k.check(err == nil, fmt.Sprintf("handbook.languages[%d]", i), "%q is not a language tag, such as en or zh", tag)
	}
	u := c.Handbook.Updates
	k.oneOf(u.Mode, []string{HandbookStage, HandbookApply}, "handbook.updates.mode")
	k.check(u.Room == "" || strings.HasPrefix(u.Room, "!"), "handbook.updates.room", "%q is not the id of a room, which begins with !", u.Room)
	k.check(u.AnnounceAs == "" || strings.HasPrefix(u.AnnounceAs, "@") && strings.HasSuffix(u.AnnounceAs, ":"+c.ServerName),
		"handbook.updates.announce_as", "%q is not a user of this server, such as @handbook:%s", u.AnnounceAs, c.ServerName)
	k.check(u.AnnounceAs == "" || u.Room != "", "handbook.updates.room", "must name the room in which %s announces editions", u.AnnounceAs)
	k.check(len(u.Trusted) <= maxHandbookPublishers, "handbook.updates.trusted", "must not have more than %d servers", maxHandbookPublishers)
	k.check(len(u.Trusted) == 0 || c.Federation.Enabled, "handbook.updates.trusted", "needs federation.enabled")
	seen := map[string]bool{}
	for i, p := range u.Trusted {
		path := fmt.Sprintf("handbook.updates.trusted[%d]", i)
		k.check(ValidServerName(p.Server), path+".server", "%q is not a server name", p.Server)
		k.check(!seen[p.Server], path+".server", "%q is here twice", p.Server)
		seen[p.Server] = true
		for n, key := range p.Keys {
			_, _, err := ParsePublicKey(key)
			k.check(err == nil, fmt.Sprintf("%s.keys[%d]", path, n), "%v", err)
		}
	}
}

var keyIDForm = pattern.Lazy(`^ed25519:[a-zA-Z0-9_]+$`)

// ParsePublicKey reads "ed25519:ID BASE64".
func ParsePublicKey(text string) (id string, key ed25519.PublicKey, err error) {
	id, encoded, _ := strings.Cut(strings.TrimSpace(text), " ")
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.TrimSpace(encoded), "="))
	if err != nil || len(raw) != ed25519.PublicKeySize || !keyIDForm().MatchString(id) {
		return "", nil, fmt.Errorf("%q is not a public key: write ed25519:ID and its 32 bytes in base64", text)
	}
	return id, raw, nil
}
