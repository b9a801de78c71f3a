package config

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// Alliance is the exchange of hospitals that this node belongs to, and whom it lets in by its member list.
type Alliance struct {
	Enabled bool `yaml:"enabled"`
	// Charter is a file with the charter that the administrator trusts.
	Charter string `yaml:"charter"`
	// Mode is AllianceOpen, AllianceMembers or AllianceNamed.
	Mode string `yaml:"mode"`
	// Also are servers that take part in AllianceNamed besides the members, as patterns.
	Also []string `yaml:"also"`
	// Peers are servers that are asked for documents besides members.
	Peers []string `yaml:"peers"`
	// Poll is how often others are asked, Grace for how long after its end a list still holds, Warn how long before its end
	// the log says so.
	Poll  Duration `yaml:"poll"`
	Grace Duration `yaml:"grace"`
	Warn  Duration `yaml:"warn"`
	// Contacts says who may invite users here who chose nothing themselves: ContactsAnyone and so on. It holds without an
	// alliance, too, where nobody but this server is a member.
	Contacts string `yaml:"contacts"`
}

// Who may invite whom.
const (
	ContactsAnyone   = "anyone"   // whoever this node talks to
	ContactsAlliance = "alliance" // users of admitted members
	ContactsVerified = "verified" // of those, clinicians whom their hospital has verified
	ContactsListed   = "listed"   // only whom the user's own list allows
)

// Modes of an alliance.
const (
	AllianceOpen    = "open"    // everybody but suspended members
	AllianceMembers = "members" // members only
	AllianceNamed   = "named"   // members and the servers under also
)

func defaultAlliance() Alliance {
	const day = 24 * time.Hour
	return Alliance{Mode: AllianceMembers, Contacts: ContactsAnyone, Poll: Duration(5 * time.Minute), Grace: Duration(3 * day), Warn: Duration(14 * day)}
}

func (c *Config) validateAlliance(k *checker) {
	a := c.Alliance
	k.oneOf(a.Mode, []string{AllianceOpen, AllianceMembers, AllianceNamed}, "alliance.mode")
	k.oneOf(a.Contacts, []string{ContactsAnyone, ContactsAlliance, ContactsVerified, ContactsListed}, "alliance.contacts")
	k.check(len(a.Also) == 0 || a.Mode == AllianceNamed, "alliance.also", "is for mode %q; write that or remove the servers", AllianceNamed)
	for i, s := range a.Also {
		k.check(ValidServerName(strings.NewReplacer("*", "x", "?", "x").Replace(s)), fmt.Sprintf("alliance.also[%d]", i),
			"%q is not a server name; * and ? stand for any characters", s)
	}
	for i, s := range a.Peers {
		k.check(ValidServerName(s), fmt.Sprintf("alliance.peers[%d]", i), "%q is not a server name", s)
	}
	k.check(a.Poll.Std() >= time.Second && a.Poll.Std() <= 24*time.Hour, "alliance.poll", "must be between 1s and 24h; write for example 5m")
	k.check(a.Grace >= 0, "alliance.grace", "must not be less than 0; write for example 72h")
	k.check(a.Warn >= 0, "alliance.warn", "must not be less than 0; write for example 14d")
	if !a.Enabled {
		return
	}
	k.check(c.Federation.Enabled, "alliance.enabled", "needs federation.enabled")
	k.check(a.Charter != "", "alliance.charter", "must name the file with the charter of the alliance, which its coordinators give you")
	if a.Charter != "" {
		_, err := os.Stat(a.Charter)
		k.check(err == nil, "alliance.charter", "there is no file %s", a.Charter)
	}
}
