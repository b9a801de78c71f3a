package netguard

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPolicy(t *testing.T) {
	for addr, allowed := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "::ffff:8.8.8.8": true, "64:ff9b::808:808": true,
		"127.0.0.1": false, "127.255.1.2": false, "0.0.0.0": false, "10.1.2.3": false, "172.16.0.1": false,
		"172.31.255.255": false, "172.32.0.1": true, "192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false,
		"100.128.0.1": true, "192.0.0.8": false, "192.0.2.1": false, "198.18.0.1": false, "198.51.100.1": false, "203.0.113.1": false,
		"224.0.0.1": false, "239.255.255.250": false, "240.0.0.1": false, "255.255.255.255": false, "192.88.99.1": false,
		"::": false, "::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::127.0.0.1": false, "::8.8.8.8": false,
		"fe80::1": false, "fe80::1%eth0": false, "fec0::1": false, "fc00::1": false, "fd12:3456::1": false, "ff02::1": false,
		"64:ff9b::7f00:1": false, "64:ff9b::a00:1": false, "64:ff9b:1::808:808": false, "100::1": false,
		"2001::1": false, "2001:db8::1": false, "2002:7f00:1::": false, "2002:808:808::": false, "3fff::1": false, "5f00::1": false,
	} {
		err := Policy{}.Check(netip.MustParseAddr(addr))
		if allowed {
			require.NoError(t, err, addr)
		} else {
			require.ErrorIs(t, err, ErrBlocked, addr)
		}
	}
	require.ErrorIs(t, Policy{}.Check(netip.Addr{}), ErrBlocked)
}

func TestPolicyLists(t *testing.T) {
	p := Policy{Allow: prefixes("10.20.0.0/16", "::1/128", "127.0.0.1/32"), Deny: prefixes("10.20.30.0/24", "8.8.8.0/24")}
	for addr, allowed := range map[string]bool{
		"10.20.1.1": true, "::ffff:10.20.1.1": true, "10.21.1.1": false, "::1": true, "127.0.0.1": true, "127.0.0.2": false,
		"10.20.30.1": false, "8.8.8.8": false, "::ffff:8.8.8.8": false, "64:ff9b::808:808": false, "64:ff9b::a14:101": true,
	} {
		require.Equal(t, allowed, p.Check(netip.MustParseAddr(addr)) == nil, addr)
	}
}

// FuzzPolicy compares with what the standard library knows about addresses: nothing that it calls local may pass,
// however it is written.
func FuzzPolicy(f *testing.F) {
	for _, s := range []string{"\x7f\x00\x00\x01", "\x08\x08\x08\x08", "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x7f\x00\x00\x01",
		"\x00\x64\xff\x9b\x00\x00\x00\x00\x00\x00\x00\x00\x0a\x00\x00\x01"} {
		f.Add([]byte(s))
	}
	local := func(a netip.Addr) bool {
		return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() ||
			a.IsInterfaceLocalMulticast() || !a.IsGlobalUnicast()
	}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		addr, ok := netip.AddrFromSlice(bytes)
		if !ok {
			return
		}
		passes := Policy{}.Check(addr) == nil
		if passes && local(addr.Unmap()) {
			t.Fatalf("%s passes", addr)
		}
		if passes != (Policy{}.Check(addr.Unmap()) == nil) {
			t.Fatalf("%s and its IPv4 form are judged differently", addr)
		}
		if passes && nat64.Contains(addr) && local(netip.AddrFrom4([4]byte(bytes[12:]))) {
			t.Fatalf("%s passes through NAT64", addr)
		}
		if (Policy{Deny: prefixes("0.0.0.0/0", "::/0"), Allow: prefixes("0.0.0.0/0", "::/0")}).Check(addr) == nil {
			t.Fatalf("%s passes though it is denied", addr)
		}
	})
}
