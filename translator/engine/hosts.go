package engine

import (
	"fmt"
	"net/netip"
	"strings"
)

// allowHost refuses hosts outside of the hospital that the config does not name. Only addresses that
// cannot leave it count as inside: loopback, private and link-local ones. A name proves nothing about
// where it leads, so a name must be listed.
func allowHost(host string, allowed []string) error {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return nil
	}
	if address, err := netip.ParseAddr(host); err == nil && (address.IsLoopback() || address.IsPrivate() || address.IsLinkLocalUnicast()) {
		return nil
	}
	for _, name := range allowed {
		if strings.EqualFold(strings.TrimSuffix(name, "."), host) {
			return nil
		}
	}
	return fmt.Errorf("host %q is not known to be inside the hospital; text may only be sent there if translator.allow_external lists it", host)
}
