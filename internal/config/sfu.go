package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Where the SFU of conferences is.
const (
	SFUAuto     = "auto"     // SFUEmbedded where public_ip is set, else SFUOff
	SFUEmbedded = "embedded" // this node runs one
	SFUExternal = "external" // a LiveKit elsewhere
	SFUOff      = "off"
)

// SFU is what forwards pictures and sound between those who take part in a conference.
type SFU struct {
	Mode string `yaml:"mode"`
	// PublicIP is the address at which participants reach the media of this machine.
	PublicIP string `yaml:"public_ip"`
	// ListenIPs are the addresses of this machine that media come in at; PublicIP where there are none.
	ListenIPs []string `yaml:"listen_ips"`
	UDPPort   int      `yaml:"udp_port"`
	// TCPPort is for those whose network lets no UDP out; 0: none.
	TCPPort int `yaml:"tcp_port"`
	// STUN are servers (host:port) by which participants learn their own address; none: the node's relay, if it has one.
	STUN []string `yaml:"stun"`
	// IdleStop is how long after the last conference the embedded one stops; 0: never.
	IdleStop Duration `yaml:"idle_stop"`
	// MaxParticipants bounds those in one conference, MaxConnections those in all.
	MaxParticipants int `yaml:"max_participants"`
	MaxConnections  int `yaml:"max_connections"`
	// Program is the path of medix-media where it is neither inside medix nor beside it.
	Program string `yaml:"program"`

	// URL, Key and Secret are those of the external one.
	URL          string         `yaml:"url"`
	Key          string         `yaml:"key"`
	Secret       string         `yaml:"secret" secret:"all"`
	SecretFile   string         `yaml:"secret_file"`
	AllowPrivate []netip.Prefix `yaml:"allow_private"`
}

func defaultSFU() SFU {
	return SFU{Mode: SFUAuto, UDPPort: 7882, TCPPort: 7881, IdleStop: Duration(30 * time.Minute), MaxParticipants: 300, MaxConnections: 1000}
}

// Kind returns where the SFU is, SFUAuto resolved.
func (s SFU) Kind() string {
	if s.Mode != SFUAuto {
		return s.Mode
	}
	if s.PublicIP == "" {
		return SFUOff
	}
	return SFUEmbedded
}

func (c *Config) validateSFU(k *checker) {
	s := c.Conference.SFU
	k.oneOf(s.Mode, []string{SFUAuto, SFUEmbedded, SFUExternal, SFUOff}, "conference.sfu.mode")
	k.between(s.MaxParticipants, 2, 10_000, "conference.sfu.max_participants")
	k.between(s.MaxConnections, 2, 100_000, "conference.sfu.max_connections")
	if s.Kind() != SFUEmbedded && s.Kind() != SFUExternal {
		return
	}
	k.check(c.ClientURL() != "", "public_base_url", "is needed for conferences: the address at which clients reach this node, such as https://matrix.hospital-a.example")
	if s.Kind() == SFUExternal {
		s.validateExternal(k)
		return
	}
	s.validateEmbedded(k)
}

func (s SFU) validateEmbedded(k *checker) {
	ip, err := netip.ParseAddr(s.PublicIP)
	k.check(err == nil && !ip.IsUnspecified(), "conference.sfu.public_ip", "%q is no address; write that of this machine as participants see it", s.PublicIP)
	for i, text := range s.ListenIPs {
		ip, err := netip.ParseAddr(text)
		k.check(err == nil && !ip.IsUnspecified(), fmt.Sprintf("conference.sfu.listen_ips[%d]", i), "%q is no address of this machine; write for example 10.0.0.5", text)
	}
	k.between(s.UDPPort, 1, 65_535, "conference.sfu.udp_port")
	k.between(s.TCPPort, 0, 65_535, "conference.sfu.tcp_port")
	for i, at := range s.STUN {
		host, _, found := strings.Cut(at, ":")
		k.check(found && host != "", fmt.Sprintf("conference.sfu.stun[%d]", i), "%q is no server; write for example stun.hospital.example:3478", at)
	}
	idle := s.IdleStop.Std()
	k.check(idle == 0 || idle >= 20*time.Minute, "conference.sfu.idle_stop", "must be 0 (never) or at least 20m, since tokens are good for 15 minutes")
}

func (s SFU) validateExternal(k *checker) {
	u, err := url.Parse(s.URL)
	k.check(err == nil && (u.Scheme == "wss" || u.Scheme == "ws") && u.Host != "", "conference.sfu.url",
		"%q is not where a LiveKit answers; write for example wss://livekit.hospital.example", s.URL)
	k.check(s.Key != "", "conference.sfu.key", "is needed for an external SFU: a name under keys of its configuration")
	k.check(len(s.Secret) >= 32, "conference.sfu.secret", "is needed for an external SFU, at least 32 characters: the secret that its configuration has for that key")
}

// ClientURL is where clients find this node, without a slash at its end; "" if nothing says so.
func (c *Config) ClientURL() string {
	if c.PublicBaseURL != "" {
		return strings.TrimRight(c.PublicBaseURL, "/")
	}
	return strings.TrimRight(c.WellKnown.Client, "/")
}
