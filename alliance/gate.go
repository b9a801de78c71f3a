package alliance

import (
	"crypto/ed25519"
	"slices"
	"sync/atomic"
	"time"

	"medixchange/alliance/signed"
)

// Mode says who besides the members takes part.
type Mode string

// Modes.
const (
	// ModeOpen lets everybody take part but suspended members.
	ModeOpen Mode = "open"
	// ModeMembers lets admitted members take part and nobody else.
	ModeMembers Mode = "members"
	// ModeNamed lets admitted members take part and those servers that the administrator names.
	ModeNamed Mode = "named"
)

// Refusal says why a server may not take part; "" stands for one that may.
type Refusal string

// Refusals.
const (
	RefusedUnknown   Refusal = "unknown"   // not a member
	RefusedSuspended Refusal = "suspended" // a member that the coordinators cut off
	RefusedExpired   Refusal = "expired"   // the member list ended, and the time of grace after it
	RefusedNoList    Refusal = "no_list"   // no member list has been taken yet
)

// Refusals lists them all.
func Refusals() []Refusal {
	return []Refusal{RefusedUnknown, RefusedSuspended, RefusedExpired, RefusedNoList}
}

// GateOptions is what a Gate is built from.
type GateOptions struct {
	// Self is this server, which is never refused.
	Self string
	Mode Mode
	// Named reports whether the administrator names a server; used in ModeNamed. A suspended member is refused all the same.
	Named func(server string) bool
	// Grace is for how long after its end a list still holds.
	Grace time.Duration
	Now   func() time.Time
	// Refused is told of every refusal; optional. It must not block.
	Refused func(Refusal)
}

// Gate decides who may take part. Every road in and out asks it; it answers from memory, without a lock, in well under a
// microsecond. All methods are safe for concurrent use.
type Gate struct {
	o    GateOptions
	held atomic.Pointer[holding]
}

// holding is a list as the gate uses it.
type holding struct {
	members map[string]member
	closes  int64 // ms: when nobody is let in any more
}

type member struct {
	suspended bool
	keys      []string
}

// NewGate returns a gate without a list: it refuses everybody but in ModeOpen.
func NewGate(o GateOptions) *Gate { return &Gate{o: o} }

// Hold makes a verified list the one that counts. What is decided from here on is decided by it.
func (g *Gate) Hold(list *signed.MemberList) {
	held := &holding{members: make(map[string]member, len(list.Hospitals)), closes: list.Expires().Add(g.o.Grace).UnixMilli()}
	for _, h := range list.Hospitals {
		held.members[h.ServerName] = member{suspended: h.Status != signed.Admitted, keys: h.Keys}
	}
	g.held.Store(held)
}

// Allows reports whether a server may take part. Names are compared to the letter: one that only looks like a member's, by
// case, port or script, is not a member.
func (g *Gate) Allows(server string) bool {
	why := g.Decide(server)
	if why != "" && g.o.Refused != nil {
		g.o.Refused(why)
	}
	return why == ""
}

// Decide returns why a server may not take part, "" if it may.
func (g *Gate) Decide(server string) Refusal {
	if server == g.o.Self {
		return ""
	}
	held := g.held.Load()
	if held == nil {
		return g.unlisted(server, RefusedNoList)
	}
	found, ok := held.members[server]
	switch {
	case ok && found.suspended:
		return RefusedSuspended
	case !ok:
		return g.unlisted(server, RefusedUnknown)
	case g.o.Mode != ModeOpen && g.o.Now().UnixMilli() > held.closes:
		return g.unlisted(server, RefusedExpired)
	}
	return ""
}

// unlisted decides of a server for which no list speaks.
func (g *Gate) unlisted(server string, why Refusal) Refusal {
	if g.o.Mode == ModeOpen || g.o.Mode == ModeNamed && g.o.Named(server) {
		return ""
	}
	return why
}

// Member reports whether a server is an admitted member by a list that holds, whatever the mode.
func (g *Gate) Member(server string) bool {
	held := g.held.Load()
	if held == nil || g.o.Now().UnixMilli() > held.closes {
		return false
	}
	found, ok := held.members[server]
	return ok && !found.suspended
}

// AllowsKey reports whether a server may sign with a key: one that the member list names for it, or any if the list names
// none.
func (g *Gate) AllowsKey(server, keyID string, key ed25519.PublicKey) bool {
	held := g.held.Load()
	if held == nil {
		return true
	}
	keys := held.members[server].keys
	return len(keys) == 0 || slices.Contains(keys, signed.Fingerprint(keyID, key))
}
