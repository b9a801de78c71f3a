package netguard

import (
	"errors"
	"fmt"
	"net/netip"
)

// ErrBlocked is wrapped by every error that says: the policy does not let us call there.
var ErrBlocked = errors.New("the address is not allowed by the network policy")

// Policy says where this program may connect to. The zero value allows public addresses only.
type Policy struct {
	// Allow lists prefixes that are allowed though they are not public (a hospital's own network).
	Allow []netip.Prefix
	// Deny lists prefixes that are refused though they are public. It is stronger than Allow.
	Deny []netip.Prefix
}

// special holds what is not the public internet (IANA special-purpose address registries, RFC 6890 and updates).
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
)

var (
	globalV6 = netip.MustParsePrefix("2000::/3")
	// nat64 carries an IPv4 address in its last four bytes (RFC 6052); the local-use 64:ff9b:1::/48 is not in it.
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
)

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		out[i] = netip.MustParsePrefix(t)
	}
	return out
}

// Check returns nil if the policy allows connecting to addr, else an error that wraps ErrBlocked.
func (p Policy) Check(addr netip.Addr) error {
	if !addr.IsValid() {
		return fmt.Errorf("invalid address: %w", ErrBlocked)
	}
	plain := addr.WithZone("").Unmap()
	switch {
	case contains(p.Deny, plain):
		return fmt.Errorf("%s is denied: %w", addr, ErrBlocked)
	case contains(p.Allow, plain), isPublic(plain):
		return nil
	case nat64.Contains(plain):
		bytes := plain.As16()
		return p.Check(netip.AddrFrom4([4]byte(bytes[12:])))
	}
	return fmt.Errorf("%s is not a public address: %w", addr, ErrBlocked)
}

func isPublic(addr netip.Addr) bool {
	if addr.Is6() && !globalV6.Contains(addr) {
		return false
	}
	return !contains(special, addr)
}

func contains(list []netip.Prefix, addr netip.Addr) bool {
	for _, p := range list {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
