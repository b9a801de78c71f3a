package federation

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
	"golang.org/x/sync/errgroup"

	"medixchange/internal/signing"
	"medixchange/internal/strictjson"
	"medixchange/rooms"
)

// strictFrom is the first room version in which a key must have been valid when the event was sent.
const strictFrom = 5

// VerifyPDUs checks the signatures that each PDU needs (Server-Server API, Validating hashes and signatures on received
// events). The result has one entry a PDU, nil when good. The library's check is not used: it redacts third-party invites
// of room version 11 and later wrongly, and wants invites to be signed by the invited server, also where it need not.
func (c *Client) VerifyPDUs(ctx context.Context, version string, pdus [][]byte) []error {
	results := make([]error, len(pdus))
	checks := make([]*pduCheck, len(pdus))
	for i, pdu := range pdus {
		checks[i], results[i] = newPDUCheck(version, pdu)
	}
	c.keys.prefetch(ctx, checks)
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, check := range checks {
		if check == nil {
			continue
		}
		group.Go(func() error {
			results[i] = check.run(ctx, c.keys)
			return nil
		})
	}
	_ = group.Wait() // the functions return nil
	return results
}

// pduCheck is what has to be checked of one PDU.
type pduCheck struct {
	payload    []byte
	signatures gjson.Result
	servers    []string
	ts         int64
	strict     bool
}

func newPDUCheck(version string, pdu []byte) (*pduCheck, error) {
	canonical, err := signing.CanonicalJSON(pdu, signing.Limits{})
	if err != nil {
		return nil, fmt.Errorf("checking signatures: %w: %w", rooms.ErrBadEvent, err)
	}
	redacted, err := rooms.Redact(version, canonical)
	if err != nil {
		return nil, fmt.Errorf("checking signatures: %w", err)
	}
	number, err := strconv.Atoi(version)
	if err != nil {
		return nil, fmt.Errorf("checking signatures: version %q: %w", version, rooms.ErrUnsupportedRoom)
	}
	event := gjson.ParseBytes(canonical)
	c := &pduCheck{signatures: gjson.GetBytes(redacted, "signatures"), ts: event.Get("origin_server_ts").Int(), strict: number >= strictFrom}
	if c.servers, err = signers(event, number); err != nil {
		return nil, err
	}
	unsigned := []string{"signatures"}
	if number > 2 { // their events do not carry an id; one that was added on the way is not signed
		unsigned = append(unsigned, "event_id")
	}
	c.payload = strictjson.Without(redacted, unsigned...)
	return c, nil
}

// signers lists the servers whose signatures an event needs.
func signers(event gjson.Result, version int) ([]string, error) {
	var servers []string
	need := func(id string) error {
		_, server, ok := strings.Cut(id, ":")
		if !ok || !validServerName(server) {
			return fmt.Errorf("%.100q names no server: %w", id, rooms.ErrBadEvent)
		}
		if !slices.Contains(servers, server) {
			servers = append(servers, server)
		}
		return nil
	}
	content := event.Get("content")
	member := event.Get("type").Str == "m.room.member"
	if !member || content.Get("membership").Str != "invite" || !content.Get("third_party_invite").IsObject() {
		if err := need(event.Get("sender").Str); err != nil {
			return nil, err
		}
	}
	if version <= 2 {
		if err := need(event.Get("event_id").Str); err != nil {
			return nil, err
		}
	}
	authoriser := content.Get("join_authorised_via_users_server")
	if version >= 8 && member && content.Get("membership").Str == "join" && authoriser.Exists() {
		if err := need(authoriser.Str); err != nil {
			return nil, err
		}
	}
	return servers, nil
}

// run checks every signature that is needed.
func (c *pduCheck) run(ctx context.Context, keys *Keys) error {
	for _, server := range c.servers {
		if err := c.signedBy(ctx, keys, server); err != nil {
			return err
		}
	}
	return nil
}

// signedBy looks for one good signature of the server. Of several failures an unreachable key counts most, since the event
// may turn out good.
func (c *pduCheck) signedBy(ctx context.Context, keys *Keys, server string) error {
	var unreachable error
	failure := fmt.Errorf("not signed by %s: %w", server, signing.ErrSignature)
	tried := 0
	c.signaturesOf(server).ForEach(func(id, value gjson.Result) bool {
		tried++
		if tried > maxServerKeys {
			return false
		}
		err := c.verify(ctx, keys, server, id.Str, value.Str)
		switch {
		case err == nil:
			failure, unreachable = nil, nil
			return false
		case errors.Is(err, signing.ErrSignature):
			failure = err
		default:
			unreachable = err
		}
		return true
	})
	if unreachable != nil {
		return unreachable
	}
	return failure
}

func (c *pduCheck) signaturesOf(server string) gjson.Result {
	var found gjson.Result
	c.signatures.ForEach(func(name, value gjson.Result) bool {
		if name.Str == server && value.IsObject() {
			found = value
		}
		return found.Raw == ""
	})
	return found
}

func (c *pduCheck) verify(ctx context.Context, keys *Keys, server, keyID, text string) error {
	if !strings.HasPrefix(keyID, "ed25519:") {
		return fmt.Errorf("signature of %s with %.50q: %w", server, keyID, signing.ErrSignature)
	}
	signature, err := signing.DecodeBase64(text)
	if err != nil || len(signature) != ed25519.SignatureSize {
		return fmt.Errorf("malformed signature of %s: %w", server, signing.ErrSignature)
	}
	public, err := keys.Key(ctx, server, keyID, c.ts, c.strict)
	if err != nil {
		return err
	}
	if !ed25519.Verify(public, c.payload, signature) {
		return fmt.Errorf("wrong signature of %s: %w", server, signing.ErrSignature)
	}
	return nil
}

// prefetch gets what the checks need, all servers at the same time.
func (k *Keys) prefetch(ctx context.Context, checks []*pduCheck) {
	type need struct{ server, keyID string }
	seen := map[need]bool{}
	var group errgroup.Group
	group.SetLimit(prefetchAtOnce)
	for _, c := range checks {
		if c == nil {
			continue
		}
		for _, server := range c.servers {
			c.signaturesOf(server).ForEach(func(id, _ gjson.Result) bool {
				n := need{server, id.Str}
				if seen[n] || server == k.signer.ServerName || !strings.HasPrefix(id.Str, "ed25519:") {
					return true
				}
				seen[n] = true
				if keys, ok := k.ring.Get(server); ok {
					if key, ok := keys[id.Str]; ok && (!c.strict || key.validAt(c.ts)) {
						return true
					}
				}
				group.Go(func() error {
					_, _ = k.Key(ctx, server, id.Str, c.ts, c.strict) // the check itself will say what failed
					return nil
				})
				return len(seen) < maxPrefetch
			})
		}
	}
	_ = group.Wait()
}

const (
	prefetchAtOnce = 16
	maxPrefetch    = 1000
)
