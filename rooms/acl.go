package rooms

import (
	"context"
	"net/netip"
	"strings"

	"github.com/tidwall/gjson"
)

// serverACL is an m.room.server_acl (Client-Server API, Server Access Control Lists for rooms).
type serverACL struct {
	literals    bool // servers named by an IP address may take part
	allow, deny []string
}

// maxACL bounds the patterns of each list, which the size of an event bounds anyway.
const maxACL = 10_000

// ServerACLAllows reports whether the room's access list lets the server take part. A room without one, or that is not
// known here, lets everybody in. This node is always let in.
func (r *Rooms) ServerACLAllows(ctx context.Context, server, roomID string) (bool, error) {
	if server == r.server {
		return true, nil
	}
	snap, err := r.Snapshot(ctx, roomID)
	if notFound(err) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	nid, ok := snap.StateNIDOf("m.room.server_acl", "")
	if !ok {
		return true, nil
	}
	acl, ok := r.read.acls.Get(nid)
	if !ok {
		ev, err := r.eventByNID(ctx, nid)
		if err != nil || ev == nil {
			return false, err
		}
		acl = parseACL(ev.Content())
		r.read.acls.Add(nid, acl)
	}
	return acl.allows(server), nil
}

func parseACL(content gjson.Result) *serverACL {
	literals := content.Get("allow_ip_literals")
	return &serverACL{
		literals: literals.Type != gjson.False,
		allow:    patterns(content.Get("allow")),
		deny:     patterns(content.Get("deny")),
	}
}

func patterns(list gjson.Result) []string {
	var out []string
	for _, pattern := range list.Array() {
		if pattern.Type == gjson.String && len(out) < maxACL {
			out = append(out, strings.ToLower(pattern.Str))
		}
	}
	return out
}

func (a *serverACL) allows(server string) bool {
	host := strings.ToLower(hostOf(server))
	if !a.literals && isLiteral(host) {
		return false
	}
	return !matchesAny(a.deny, host) && matchesAny(a.allow, host)
}

// hostOf returns a server name without its port.
func hostOf(server string) string {
	end := strings.LastIndexByte(server, ':')
	if end < 0 || strings.HasSuffix(server, "]") {
		return server
	}
	return server[:end]
}

func isLiteral(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}

func matchesAny(patterns []string, host string) bool {
	for _, pattern := range patterns {
		if globMatches(pattern, host) {
			return true
		}
	}
	return false
}

// globMatches matches * (any run of bytes) and ? (one byte) in time proportional to len(pattern) · len(text) at most.
func globMatches(pattern, text string) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p, t = p+1, t+1
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
