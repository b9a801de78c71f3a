package signed

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Change is what differs for one server between two lists.
type Change struct {
	ServerName string `json:"server_name"`
	What       string `json:"what"` // admitted, suspended, readmitted, removed or changed: …
}

// Diff says what is different in b, by server name. Either may be nil, for a list without members.
func Diff(a, b *MemberList) []Change {
	before, after := byName(a), byName(b)
	changes := []Change{}
	for name, now := range after {
		then, there := before[name]
		switch {
		case !there:
			changes = append(changes, Change{name, string(now.Status)})
		case then.Status != now.Status && now.Status == Suspended:
			changes = append(changes, Change{name, "suspended"})
		case then.Status != now.Status:
			changes = append(changes, Change{name, "readmitted"})
		case !reflect.DeepEqual(then, now):
			changes = append(changes, Change{name, fmt.Sprintf("changed: %+v to %+v", then, now)})
		}
	}
	for name := range before {
		if _, there := after[name]; !there {
			changes = append(changes, Change{name, "removed"})
		}
	}
	slices.SortFunc(changes, func(x, y Change) int { return strings.Compare(x.ServerName, y.ServerName) })
	return changes
}

func byName(m *MemberList) map[string]Hospital {
	all := map[string]Hospital{}
	if m != nil {
		for _, h := range m.Hospitals {
			all[h.ServerName] = h
		}
	}
	return all
}
