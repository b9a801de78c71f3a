package doors

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Type is the type of the events, Mark the key of their contents that says what the alliance did.
const (
	Type = "m.room.server_acl"
	Mark = "org.medixchange.alliance"
)

// mark says which servers an access list denies for the alliance's sake, and which it lets in again since the one before.
type mark struct {
	Closed []string `json:"closed"`
	Opened []string `json:"opened"`
}

// acl is an access list (Client-Server API, Server Access Control Lists for rooms). Keys that are not known stay.
type acl struct {
	fields map[string]json.RawMessage
	deny   []string
	mark   mark
}

// readACL reads the content of an event, nil for a room without one. A room without an access list lets everybody in.
func readACL(content []byte) (*acl, error) {
	a := &acl{fields: map[string]json.RawMessage{"allow": json.RawMessage(`["*"]`), "allow_ip_literals": json.RawMessage(`true`)}}
	if content == nil {
		return a, nil
	}
	a.fields = map[string]json.RawMessage{}
	if err := json.Unmarshal(content, &a.fields); err != nil {
		return nil, fmt.Errorf("reading an access list: %w", err)
	}
	if raw, there := a.fields["deny"]; there {
		if err := json.Unmarshal(raw, &a.deny); err != nil {
			return nil, fmt.Errorf("reading an access list: %w", err)
		}
	}
	if raw, there := a.fields[Mark]; there && json.Unmarshal(raw, &a.mark) != nil {
		a.mark = mark{}
	}
	return a, nil
}

// close denies a server.
func (a *acl) close(server string) {
	a.deny = append(a.deny, host(server))
	a.mark.Closed, a.mark.Opened = append(a.mark.Closed, server), nil
}

// open undoes close. It reports false if the list was not closed for the alliance's sake.
func (a *acl) open(server string) bool {
	at := slices.Index(a.mark.Closed, server)
	if at < 0 {
		return false
	}
	a.mark.Closed = slices.Delete(a.mark.Closed, at, at+1)
	a.mark.Opened = []string{server}
	if denied := slices.Index(a.deny, host(server)); denied >= 0 {
		a.deny = slices.Delete(a.deny, denied, denied+1)
	}
	return true
}

func (a *acl) content() (json.RawMessage, error) {
	if a.mark.Closed == nil {
		a.mark.Closed = []string{}
	}
	if a.mark.Opened == nil {
		a.mark.Opened = []string{}
	}
	if a.deny == nil {
		a.deny = []string{}
	}
	for key, value := range map[string]any{"deny": a.deny, Mark: a.mark} {
		raw, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("writing an access list: %w", err)
		}
		a.fields[key] = raw
	}
	raw, err := json.Marshal(a.fields)
	if err != nil {
		return nil, fmt.Errorf("writing an access list: %w", err)
	}
	return raw, nil
}

// host is a server name without its port, as access lists have it.
func host(server string) string {
	if at := strings.LastIndexByte(server, ':'); at > 0 && !strings.HasSuffix(server, "]") {
		return server[:at]
	}
	return server
}
