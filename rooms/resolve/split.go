package resolve

import "slices"

// split are states that meet: what they agree on and where they differ.
type split struct {
	states []State
	keys   []int64 // the keys where they differ, sorted
}

// splitStates finds the keys that do not have the same event in every state. States are compared side by side, so equal
// ones cost one pass.
func splitStates(states []State) *split {
	s := &split{states: states}
	for _, other := range states[1:] {
		s.keys = differences(s.keys, states[0], other)
	}
	slices.Sort(s.keys)
	s.keys = slices.Compact(s.keys)
	return s
}

// differences appends the keys at which a and b differ.
func differences(keys []int64, a, b State) []int64 {
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			i++
			j++
		case a[i].Key < b[j].Key:
			keys = append(keys, a[i].Key)
			i++
		case a[i].Key > b[j].Key:
			keys = append(keys, b[j].Key)
			j++
		default:
			keys = append(keys, a[i].Key)
			i++
			j++
		}
	}
	for ; i < len(a); i++ {
		keys = append(keys, a[i].Key)
	}
	for ; j < len(b); j++ {
		keys = append(keys, b[j].Key)
	}
	return keys
}

func (s *split) conflicted(key int64) bool {
	_, ok := slices.BinarySearch(s.keys, key)
	return ok
}

// unconflicted returns the event that every state has at key, 0 if they have none or differ.
func (s *split) unconflicted(key int64) int64 {
	if key == 0 || s.conflicted(key) {
		return 0
	}
	return s.states[0].Get(key)
}

// eachUnconflicted calls f for every entry that all states agree on, by key.
func (s *split) eachUnconflicted(f func(Entry)) {
	i := 0
	for _, e := range s.states[0] {
		for i < len(s.keys) && s.keys[i] < e.Key {
			i++
		}
		if i < len(s.keys) && s.keys[i] == e.Key {
			continue
		}
		f(e)
	}
}

// merge returns what the states agree on, together with resolved where they do not: an unconflicted entry always stays.
func (s *split) merge(resolved map[int64]int64) State {
	extra := make([]Entry, 0, len(resolved))
	for key, nid := range resolved {
		extra = append(extra, Entry{key, nid})
	}
	added := NewState(extra)
	out := make(State, 0, len(s.states[0])+len(added))
	i := 0
	s.eachUnconflicted(func(e Entry) {
		for i < len(added) && added[i].Key < e.Key {
			out = append(out, added[i])
			i++
		}
		if i < len(added) && added[i].Key == e.Key {
			i++
		}
		out = append(out, e)
	})
	return append(out, added[i:]...)
}
