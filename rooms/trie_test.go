package rooms

import (
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func contents[K comparable, V any](t trie[K, V]) map[K]V {
	out := map[K]V{}
	t.each(func(k K, v V) bool {
		out[k] = v
		return true
	})
	return out
}

// TestTrieIsAPersistentMap compares with Go's map over random changes and checks that earlier tries stay as they were.
func TestTrieIsAPersistentMap(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var now trie[int64, int]
	model := map[int64]int{}
	type kept struct {
		trie  trie[int64, int]
		model map[int64]int
	}
	var history []kept
	for i := range 20_000 {
		key := random.Int64N(2000)
		if random.IntN(3) == 0 {
			now = now.delete(key)
			delete(model, key)
		} else {
			now = now.set(key, i)
			model[key] = i
		}
		if i%1000 == 0 {
			history = append(history, kept{now, maps.Clone(model)})
		}
		require.Equal(t, len(model), now.len())
	}
	history = append(history, kept{now, model})
	for _, h := range history {
		require.Equal(t, h.model, contents(h.trie))
		for key := int64(0); key < 2000; key++ {
			want, there := h.model[key]
			got, ok := h.trie.get(key)
			require.Equal(t, there, ok)
			require.Equal(t, want, got)
		}
	}
}

func TestTrieBuilderLeavesTheOriginal(t *testing.T) {
	var base trie[string, int]
	o := &owner{}
	for i, key := range []string{"a", "b", "c", "d"} {
		base = base.build(o, key, i)
	}
	want := contents(base)
	changed := base
	other := &owner{}
	for i := range 500 {
		changed = changed.build(other, string(rune('a'+i)), -i)
	}
	require.Equal(t, want, contents(base))
	require.Equal(t, 500, changed.len())
}

// Entries whose hashes are equal to the last bit share a slot.
func TestTrieChainsEqualHashes(t *testing.T) {
	node := &trieNode[string, int]{bitmap: 1, slots: []trieSlot[string, int]{{key: "a", value: 1}}}
	one, added := node.with(nil, 0, hashBits-trieBits+1, "b", 2)
	require.True(t, added)
	two, added := one.with(nil, 0, hashBits-trieBits+1, "a", 3)
	require.False(t, added)
	require.Equal(t, map[string]int{"a": 1, "b": 2}, contents(trie[string, int]{root: one}))
	require.Equal(t, map[string]int{"a": 3, "b": 2}, contents(trie[string, int]{root: two}))
	three, removed := two.unchain(0, "b")
	require.True(t, removed)
	require.Equal(t, map[string]int{"a": 3}, contents(trie[string, int]{root: three}))
	_, removed = two.unchain(0, "z")
	require.False(t, removed)
}
