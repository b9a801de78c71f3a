package rooms

import (
	"hash/maphash"
	"math/bits"
)

// trie is a persistent map: set and delete return a new one that shares all but a few nodes with the old, which stays as
// it was. So a snapshot of a room with thousands of members costs nothing to publish and is never seen half changed.
// The zero value is empty. Reading is safe for concurrent use; so is deriving different tries from one.
type trie[K comparable, V any] struct {
	root *trieNode[K, V]
	size int
}

// owner marks the nodes that one builder made and may change in place.
type owner struct{ _ byte }

type trieNode[K comparable, V any] struct {
	owner  *owner
	bitmap uint32
	slots  []trieSlot[K, V]
}

type trieSlot[K comparable, V any] struct {
	sub   *trieNode[K, V] // nil: the slot holds an entry
	key   K
	value V
	next  *trieSlot[K, V] // entries whose hashes are all equal
}

const (
	trieBits  = 5
	trieLevel = 1<<trieBits - 1
	hashBits  = 64
)

var trieSeed = maphash.MakeSeed()

func (t trie[K, V]) len() int { return t.size }

func (t trie[K, V]) get(key K) (value V, ok bool) {
	hash := maphash.Comparable(trieSeed, key)
	for n := t.root; n != nil; hash >>= trieBits {
		bit := uint32(1) << (hash & trieLevel)
		if n.bitmap&bit == 0 {
			return value, false
		}
		slot := &n.slots[bits.OnesCount32(n.bitmap&(bit-1))]
		if slot.sub == nil {
			for ; slot != nil; slot = slot.next {
				if slot.key == key {
					return slot.value, true
				}
			}
			return value, false
		}
		n = slot.sub
	}
	return value, false
}

func (t trie[K, V]) set(key K, value V) trie[K, V] { return t.build(nil, key, value) }

// build is set for a series of changes: nodes made by the same owner are changed in place. Only the builder may see
// the tries in between.
func (t trie[K, V]) build(o *owner, key K, value V) trie[K, V] {
	root, added := t.root.with(o, maphash.Comparable(trieSeed, key), 0, key, value)
	if added {
		t.size++
	}
	t.root = root
	return t
}

func (n *trieNode[K, V]) with(o *owner, hash uint64, shift uint, key K, value V) (*trieNode[K, V], bool) {
	bit := uint32(1) << ((hash >> shift) & trieLevel)
	entry := trieSlot[K, V]{key: key, value: value}
	if n == nil {
		return &trieNode[K, V]{owner: o, bitmap: bit, slots: []trieSlot[K, V]{entry}}, true
	}
	at := bits.OnesCount32(n.bitmap & (bit - 1))
	if n.bitmap&bit == 0 {
		return n.insert(o, bit, at, entry), true
	}
	n = n.own(o)
	slot := &n.slots[at]
	added := false
	switch {
	case slot.sub != nil:
		slot.sub, added = slot.sub.with(o, hash, shift+trieBits, key, value)
	case slot.key == key && slot.next == nil:
		slot.value = value
	case shift+trieBits >= hashBits:
		added = slot.chain(entry)
	default:
		// Two entries meet here: both move one level down.
		old := *slot
		sub, _ := (*trieNode[K, V])(nil).with(o, maphash.Comparable(trieSeed, old.key), shift+trieBits, old.key, old.value)
		sub, added = sub.with(o, hash, shift+trieBits, key, value)
		*slot = trieSlot[K, V]{sub: sub}
	}
	return n, added
}

// chain puts entry among those with the same hash. The chain is copied: other tries may share it.
func (s *trieSlot[K, V]) chain(entry trieSlot[K, V]) (added bool) {
	added = true
	var rest *trieSlot[K, V]
	for old := s; old != nil; old = old.next {
		if old.key == entry.key {
			added = false
			continue
		}
		rest = &trieSlot[K, V]{key: old.key, value: old.value, next: rest}
	}
	entry.next = rest
	*s = entry
	return added
}

func (n *trieNode[K, V]) insert(o *owner, bit uint32, at int, entry trieSlot[K, V]) *trieNode[K, V] {
	slots := make([]trieSlot[K, V], len(n.slots)+1)
	copy(slots, n.slots[:at])
	slots[at] = entry
	copy(slots[at+1:], n.slots[at:])
	if o != nil && n.owner == o {
		n.bitmap |= bit
		n.slots = slots
		return n
	}
	return &trieNode[K, V]{owner: o, bitmap: n.bitmap | bit, slots: slots}
}

// own returns n if the owner may change it, else a copy.
func (n *trieNode[K, V]) own(o *owner) *trieNode[K, V] {
	if o != nil && n.owner == o {
		return n
	}
	return &trieNode[K, V]{owner: o, bitmap: n.bitmap, slots: append([]trieSlot[K, V](nil), n.slots...)}
}

func (t trie[K, V]) delete(key K) trie[K, V] {
	root, removed := t.root.without(maphash.Comparable(trieSeed, key), key)
	if removed {
		t.size--
		t.root = root
	}
	return t
}

func (n *trieNode[K, V]) without(hash uint64, key K) (*trieNode[K, V], bool) {
	if n == nil {
		return nil, false
	}
	bit := uint32(1) << (hash & trieLevel)
	if n.bitmap&bit == 0 {
		return n, false
	}
	at := bits.OnesCount32(n.bitmap & (bit - 1))
	slot := n.slots[at]
	switch {
	case slot.sub != nil:
		sub, removed := slot.sub.without(hash>>trieBits, key)
		if !removed {
			return n, false
		}
		if sub != nil {
			n = n.own(nil)
			n.slots[at].sub = sub
			return n, true
		}
	case slot.next != nil:
		return n.unchain(at, key)
	case slot.key != key:
		return n, false
	}
	if len(n.slots) == 1 {
		return nil, true
	}
	slots := make([]trieSlot[K, V], 0, len(n.slots)-1)
	slots = append(append(slots, n.slots[:at]...), n.slots[at+1:]...)
	return &trieNode[K, V]{bitmap: n.bitmap &^ bit, slots: slots}, true
}

// unchain removes key from the entries with the same hash; there are at least two.
func (n *trieNode[K, V]) unchain(at int, key K) (*trieNode[K, V], bool) {
	var kept *trieSlot[K, V]
	removed := false
	for old := &n.slots[at]; old != nil; old = old.next {
		if old.key == key {
			removed = true
			continue
		}
		kept = &trieSlot[K, V]{key: old.key, value: old.value, next: kept}
	}
	if !removed {
		return n, false
	}
	n = n.own(nil)
	n.slots[at] = *kept
	return n, true
}

// each calls fn for every entry, in no particular order, until it returns false.
func (t trie[K, V]) each(fn func(K, V) bool) {
	if t.root != nil {
		t.root.each(fn)
	}
}

func (n *trieNode[K, V]) each(fn func(K, V) bool) bool {
	for i := range n.slots {
		if sub := n.slots[i].sub; sub != nil {
			if !sub.each(fn) {
				return false
			}
			continue
		}
		for s := &n.slots[i]; s != nil; s = s.next {
			if !fn(s.key, s.value) {
				return false
			}
		}
	}
	return true
}
