package resolve

import "sort"

// Entry is one entry of a state: the event that stands at an interned (type, state_key).
type Entry struct {
	Key int64
	NID int64
}

// State is a room state, sorted by key, each key once. It is read only once it is shared.
type State []Entry

// NewState sorts entries by key and returns them as a state. Of entries with the same key the last one counts.
func NewState(entries []Entry) State {
	sort.SliceStable(entries, func(i, j int) bool { return entries[i].Key < entries[j].Key })
	out := entries[:0]
	for _, e := range entries {
		if n := len(out); n > 0 && out[n-1].Key == e.Key {
			out[n-1] = e
			continue
		}
		out = append(out, e)
	}
	return State(out)
}

// Get returns the nid at key, 0 if the state has none.
func (s State) Get(key int64) int64 {
	lo, hi := 0, len(s)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if s[mid].Key < key {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(s) && s[lo].Key == key {
		return s[lo].NID
	}
	return 0
}
