package config

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Conference is calls and conferences.
type Conference struct {
	Turn Turn `yaml:"turn"`
	SFU  SFU  `yaml:"sfu"`
}

// Turn is the relay for calls between clients that cannot reach each other directly: this node's own, if Listen names
// addresses, or another one with which it shares a secret.
type Turn struct {
	// URIs are what clients are told, such as turn:turn.hospital.example:3478?transport=udp; made from PublicIP and Listen for
	// the node's own relay where there are none.
	URIs             []string `yaml:"uris"`
	SharedSecret     string   `yaml:"shared_secret" secret:"all"`
	SharedSecretFile string   `yaml:"shared_secret_file"`
	// Lifetime is how long credentials are good.
	Lifetime Duration `yaml:"lifetime"`
	Listen   []string `yaml:"listen"`
	// PublicIP is this machine's address as others see it.
	PublicIP string `yaml:"public_ip"`
	MinPort  int    `yaml:"min_port"`
	MaxPort  int    `yaml:"max_port"`
	// AllowPrivate lists networks that are not public and are relayed to all the same.
	AllowPrivate []netip.Prefix `yaml:"allow_private"`
	PerUser      int            `yaml:"per_user"`
	Total        int            `yaml:"total"`
}

func defaultConference() Conference {
	return Conference{Turn: Turn{Lifetime: Duration(time.Hour), MinPort: 50_000, MaxPort: 55_000, PerUser: 20, Total: 1000}, SFU: defaultSFU()}
}

func (c *Config) validateConference(k *checker) {
	t := c.Conference.Turn
	for i, uri := range t.URIs {
		k.check(strings.HasPrefix(uri, "turn:") || strings.HasPrefix(uri, "turns:"), fmt.Sprintf("conference.turn.uris[%d]", i),
			"%q is no relay's address; write for example turn:turn.hospital.example:3478?transport=udp", uri)
	}
	own := len(t.Listen) > 0
	k.check(own || len(t.URIs) == 0 || t.SharedSecret != "", "conference.turn.shared_secret",
		"is needed for the relay under uris: the same as its static-auth-secret")
	k.check(t.Lifetime.Std() >= time.Minute && t.Lifetime.Std() <= 24*time.Hour, "conference.turn.lifetime", "must be between 1m and 24h; write for example 1h")
	for i, a := range t.Listen {
		k.address(a, fmt.Sprintf("conference.turn.listen[%d]", i))
	}
	if own {
		ip, err := netip.ParseAddr(t.PublicIP)
		k.check(err == nil && !ip.IsUnspecified(), "conference.turn.public_ip", "%q is no address; write that of this machine as others see it", t.PublicIP)
	}
	k.between(t.MinPort, 1024, 65_535, "conference.turn.min_port")
	k.between(t.MaxPort, t.MinPort, 65_535, "conference.turn.max_port")
	k.between(t.PerUser, 1, 10_000, "conference.turn.per_user")
	k.between(t.Total, 1, 60_000, "conference.turn.total")
	c.validateSFU(k)
}
