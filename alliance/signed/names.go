package signed

import (
	"crypto/ed25519"
	"crypto/sha256"
	"net/netip"
	"strings"

	"golang.org/x/net/idna"

	"medixchange/internal/pattern"
	"medixchange/internal/signing"
)

var domainName = pattern.Lazy(`^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$`)

var serverName = pattern.Lazy(`^(?:[a-z0-9.-]{1,230}|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?$`)

// checkLetters lets every server name in that is written in small letters. A name is compared to the letter wherever it is
// used, so that nothing that only looks like a member's name passes for it.
func checkLetters(name string) error {
	if lower := strings.ToLower(name); lower != name {
		return malformed("the server name %q has capital letters; write %q", name, lower)
	}
	if !serverName().MatchString(name) {
		return malformed("%q is not a server name in ASCII letters", name)
	}
	return nil
}

// CheckServerName returns why a server cannot be a member; the error wraps ErrMalformed. A member has a domain name in small
// letters, without a port. Names of other scripts are written in their ASCII form (xn--…). In a rehearsal every server name
// may be one.
func (c *Charter) CheckServerName(name string) error {
	if err := checkLetters(name); err != nil || c.Rehearsal {
		return err
	}
	if strings.ContainsAny(name, ":[]") {
		return malformed("the server name %q has a port or is an address; a member is named by its domain alone", name)
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return malformed("the server name %q is an address; a member is named by its domain", name)
	}
	if !domainName().MatchString(name) {
		return malformed("the server name %q is not a domain name", name)
	}
	if _, err := idna.Lookup.ToUnicode(name); err != nil {
		return malformed("the server name %q is not a valid internationalised domain name", name)
	}
	return nil
}

// Fingerprint names a signing key of a server: its id and the unpadded base64 of the SHA-256 of its public half.
func Fingerprint(id string, key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return id + " " + signing.EncodeBase64(sum[:])
}
