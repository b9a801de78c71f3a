package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"medixchange/internal/pattern"
	"medixchange/internal/spelling"
)

// CheapPasswordsEnv, set to 1, allows password hashing too cheap for anything but tests.
const CheapPasswordsEnv = "MEDIX_TEST_CHEAP_PASSWORDS"

// minArgonKiB is OWASP's weakest argon2id memory setting (with time 5).
const minArgonKiB = 7 * 1024

// checker collects problems.
type checker struct{ problems []Problem }

// check adds a problem if ok is false.
func (k *checker) check(ok bool, path, format string, args ...any) {
	if !ok {
		k.problems = append(k.problems, Problem{Path: path, Reason: fmt.Sprintf(format, args...)})
	}
}

func (k *checker) between(n, low, high int, path string) {
	k.check(n >= low && n <= high, path, "%d is out of range; write a number from %d to %d", n, low, high)
}

func (k *checker) oneOf(value string, allowed []string, path string) {
	hint := ""
	if better := spelling.Nearest(value, allowed); better != "" {
		hint = fmt.Sprintf("; did you mean %q?", better)
	}
	k.check(slices.Contains(allowed, value), path, "%q is not known; write one of %s%s", value, strings.Join(allowed, ", "), hint)
}

func (k *checker) httpURL(text, path string) {
	u, err := url.Parse(text)
	k.check(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil, path,
		"%q is not a web address; write for example https://matrix.example.org", text)
}

func (k *checker) address(text, path string) {
	_, port, err := net.SplitHostPort(text)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	k.check(err == nil, path, "%q is not an address to listen on; write for example 127.0.0.1:8008 or :8448", text)
}

// Validate returns what is wrong with c, nil if nothing is.
func (c *Config) Validate() []Problem {
	k := &checker{}
	c.validateServer(k)
	c.validateListen(k)
	c.validateAccounts(k)
	c.validateSSO(k)
	c.validateLimits(k)
	c.validateFederation(k)
	c.validateAlliance(k)
	c.validateHandbook(k)
	c.validateHandbookRoles(k)
	c.validateMedia(k)
	c.validateConference(k)
	c.validateTranslator(k)
	k.httpURL(c.Bridge.Homeserver, "bridge.homeserver")
	k.address(c.Bridge.Listen, "bridge.listen")
	k.check(c.Bridge.Registration != "", "bridge.registration", "must name a file")
	k.oneOf(c.Rooms.Encrypted, []string{EncryptedAuto, EncryptedYes, EncryptedNo, EncryptedUnsaid}, "rooms.encrypted")
	k.oneOf(c.Log.Level, []string{"error", "warn", "info", "debug", "trace"}, "log.level")
	k.oneOf(c.Log.Format, []string{"text", "json"}, "log.format")
	if c.Metrics.Listen != "" {
		k.address(c.Metrics.Listen, "metrics.listen")
	}
	return k.problems
}

var serverName = pattern.Lazy(`^(?:[0-9A-Za-z.-]{1,230}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$`)

// ValidServerName reports whether name follows the specification's grammar of server names (appendix "Server Name")
// and is short enough for ids.
func ValidServerName(name string) bool {
	if len(name) > 230 || !serverName().MatchString(name) {
		return false
	}
	if rest, ok := strings.CutPrefix(name, "["); ok {
		literal, _, _ := strings.Cut(rest, "]")
		addr, err := netip.ParseAddr(literal)
		return err == nil && addr.Is6()
	}
	return true
}

func (c *Config) validateServer(k *checker) {
	k.check(c.ServerName != "", "server_name", "is missing; write the name of this hospital's server, such as hospital-a.example (it can never change)")
	if c.ServerName != "" {
		k.check(ValidServerName(c.ServerName), "server_name",
			"%q is not a server name; write a host name such as hospital-a.example, without https:// and path", c.ServerName)
		k.check(strings.ToLower(c.ServerName) == c.ServerName, "server_name", "write it in small letters: %s", strings.ToLower(c.ServerName))
	}
	k.check(c.DataDir != "", "data_dir", "must name a folder")
	k.check(c.SigningKey != "", "signing_key", "must name a file")
	if c.PublicBaseURL != "" {
		k.httpURL(c.PublicBaseURL, "public_base_url")
	}
	path, sqlite := strings.CutPrefix(c.Database.URL, sqliteScheme)
	postgres := strings.HasPrefix(c.Database.URL, "postgres://") || strings.HasPrefix(c.Database.URL, "postgresql://")
	k.check(sqlite && path != "" || postgres, "database.url",
		"must begin with sqlite: or postgres://; write for example sqlite:medix.db or postgres://medix@localhost/medix")
	k.between(c.Database.MaxReaders, 1, 256, "database.max_readers")
	if c.WellKnown.Server != "" {
		k.check(ValidServerName(c.WellKnown.Server), "well_known.server", "%q is not a host with port; write for example matrix.hospital-a.example:443", c.WellKnown.Server)
	}
	if c.WellKnown.Client != "" {
		k.httpURL(c.WellKnown.Client, "well_known.client")
	}
}

func (c *Config) validateListen(k *checker) {
	k.check(len(c.Listen.Client) > 0, "listen.client", "needs at least one address, such as 127.0.0.1:8008")
	for i, a := range c.Listen.Client {
		k.address(a, fmt.Sprintf("listen.client[%d]", i))
	}
	for i, a := range c.Listen.Federation {
		k.address(a, fmt.Sprintf("listen.federation[%d]", i))
	}
	tls := c.Listen.TLS
	k.check((tls.Cert == "") == (tls.Key == ""), "listen.tls", "cert and key belong together; set both or none")
	k.check(!c.Listen.ClientTLS || tls.Cert != "", "listen.client_tls", "needs listen.tls.cert and listen.tls.key")
	for path, file := range map[string]string{"listen.tls.cert": tls.Cert, "listen.tls.key": tls.Key, "federation.trusted_ca": c.Federation.TrustedCA} {
		if file != "" {
			_, err := os.Stat(file)
			k.check(err == nil, path, "there is no file %s", file)
		}
	}
}

func (c *Config) validateAccounts(k *checker) {
	cheap := os.Getenv(CheapPasswordsEnv) == "1"
	k.check(cheap || c.Passwords.MemoryKiB >= minArgonKiB, "passwords.memory_kib",
		"%d is too cheap to protect passwords; write 19456 (19 MiB) or more", c.Passwords.MemoryKiB)
	k.check(cheap || c.Passwords.MemoryKiB >= 19*1024 || c.Passwords.Time >= 5, "passwords.time",
		"with less than 19456 KiB of memory write 5 or more")
	k.check(c.Passwords.MemoryKiB <= 4<<20, "passwords.memory_kib", "more than 4 GiB per login would stop this machine")
	k.between(int(c.Passwords.Time), 1, 100, "passwords.time")
	k.between(int(c.Passwords.Threads), 1, 64, "passwords.threads")
	k.between(c.Passwords.MinLength, 1, 128, "passwords.min_length")
	k.check(c.Sessions.AccessToken > 0, "sessions.access_token", "must be longer than 0; write for example 1h")
	k.check(c.Sessions.RefreshToken > c.Sessions.AccessToken, "sessions.refresh_token", "must be longer than sessions.access_token")
	k.check(c.Registration.SharedSecret == "" || len(c.Registration.SharedSecret) >= 8, "registration.shared_secret",
		"is too short; write at least 8 characters")
}

func (c *Config) validateLimits(k *checker) {
	r := c.Limits.Rates
	for name, rate := range map[string]Rate{"message": r.Message, "login": r.Login, "registration": r.Registration, "join": r.Join,
		"invite": r.Invite, "create_room": r.CreateRoom, "media": r.Media, "other": r.Other, "federation": r.Federation} {
		path := "limits.rates." + name
		k.check(rate.PerSecond > 0 && rate.PerSecond <= 1e6, path+".per_second",
			"must be more than 0; to switch all limits off write limits.rates_enabled: false")
		k.between(rate.Burst, 1, 1_000_000, path+".burst")
	}
	k.check(c.Limits.MaxBody >= 128<<10 && c.Limits.MaxBody <= 64<<20, "limits.max_body", "write a size from 128KB to 64MB")
	k.check(c.Sync.MaxTimeout > 0, "sync.max_timeout", "must be longer than 0; write for example 1m")
	k.between(c.Sync.TimelineLimit, 1, 1000, "sync.timeline_limit")
	k.oneOf(c.Rooms.DefaultVersion, []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"}, "rooms.default_version")
	k.check(c.Rooms.MaxEventDelay > 0, "rooms.max_event_delay", "must be longer than 0; write for example 24h")
	k.between(c.Rooms.MaxDelayedEvents, 0, 10_000, "rooms.max_delayed_events")
}

func (c *Config) validateFederation(k *checker) {
	f := c.Federation
	for i, n := range f.Notaries {
		k.check(ValidServerName(n), fmt.Sprintf("federation.notaries[%d]", i), "%q is not a server name", n)
	}
	for name, list := range map[string][]string{"allow_servers": f.AllowServers, "deny_servers": f.DenyServers} {
		for i, s := range list {
			k.check(ValidServerName(strings.NewReplacer("*", "x", "?", "x").Replace(s)), fmt.Sprintf("federation.%s[%d]", name, i),
				"%q is not a server name; * and ? stand for any characters", s)
		}
	}
	k.check(f.BackoffMax > 0, "federation.backoff_max", "must be longer than 0; write for example 1h")
	k.check(f.Timeout > 0, "federation.timeout", "must be longer than 0; write for example 1m")
	k.between(f.Destinations, 1, 10_000, "federation.destinations")
	k.check(f.MaxResponse >= 1<<20, "federation.max_response", "write 1MB or more; joining a large room needs about 100MB")
	if f.Proxy != "" {
		k.httpURL(f.Proxy, "federation.proxy")
	}
}

func (c *Config) validateMedia(k *checker) {
	m := c.Media
	k.check(m.Dir != "", "media.dir", "must name a folder")
	k.check(m.MaxUpload > 0, "media.max_upload", "must be more than 0; write for example 50MB")
	k.check(m.UserQuota == 0 || m.UserQuota >= m.MaxUpload, "media.user_quota", "is smaller than media.max_upload; 0 means no quota")
	k.between(m.MaxPixels, 1, 1_000_000_000, "media.max_pixels")
	k.between(m.MaxThumbnail, 1, 10_000, "media.max_thumbnail")
	for i, t := range m.Thumbnails {
		path := fmt.Sprintf("media.thumbnails[%d]", i)
		k.between(t.Width, 1, m.MaxThumbnail, path+".width")
		k.between(t.Height, 1, m.MaxThumbnail, path+".height")
		k.oneOf(t.Method, []string{"crop", "scale"}, path+".method")
	}
	k.check(m.RemoteMaxFile > 0, "media.remote_max_file", "must be more than 0; write for example 50MB")
	k.check(m.RemoteCache >= m.RemoteMaxFile, "media.remote_cache", "is smaller than media.remote_max_file")
	k.between(m.PendingPerUser, 1, 10_000, "media.pending_per_user")
	k.check(m.PendingLifetime > 0, "media.pending_lifetime", "must be longer than 0; write for example 24h")
}
