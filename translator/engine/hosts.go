package engine

import (
	"fmt"

	"medixchange/internal/config"
)

// allowHost refuses hosts outside of this machine that the configuration does not name, by the one rule for all engines:
// config.Translator.HostAllowed. A name proves nothing about where it leads, so a name must be listed.
func allowHost(host string, allowed []string) error {
	if (config.Translator{AllowExternal: allowed}).HostAllowed(host) {
		return nil
	}
	return fmt.Errorf("host %q is not this machine; text may only be sent there if translator.allow_external lists it", host)
}
