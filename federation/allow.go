package federation

import (
	"strings"

	"medixchange/internal/config"
)

// AllowServers returns a function that says whether a server may be talked to, by the configuration's lists: not if a
// pattern of deny_servers matches its name, and if there are allow_servers only if one of them does. A pattern is compared
// with the name without its port and with the whole name; * stands for any characters, ? for one.
func AllowServers(c config.Federation) func(server string) bool {
	if !c.Enabled {
		return func(string) bool { return false }
	}
	if len(c.AllowServers) == 0 && len(c.DenyServers) == 0 {
		return func(string) bool { return true }
	}
	return func(server string) bool {
		if matchesAny(c.DenyServers, server) {
			return false
		}
		return len(c.AllowServers) == 0 || matchesAny(c.AllowServers, server)
	}
}

func matchesAny(patterns []string, server string) bool {
	server = strings.ToLower(server)
	host, _ := splitPort(server)
	for _, p := range patterns {
		p = strings.ToLower(p)
		if matches(p, server) || matches(p, host) {
			return true
		}
	}
	return false
}

// matches compares in time bounded by the product of the lengths.
func matches(pattern, text string) bool {
	star, mark := -1, 0
	p, i := 0, 0
	for i < len(text) {
		switch {
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[i]):
			p, i = p+1, i+1
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
