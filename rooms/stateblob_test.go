package rooms

import (
	"maps"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/rooms/resolve"
)

func stateOfMap(m map[int64]int64) resolve.State {
	var entries []resolve.Entry
	for _, key := range slices.Sorted(maps.Keys(m)) {
		entries = append(entries, resolve.Entry{Key: key, NID: m[key]})
	}
	return resolve.State(entries)
}

// TestStateBlobsGiveEveryStateAgain changes states at random, forks among them, stores the blobs and reads every state
// from the rows alone.
func TestStateBlobsGiveEveryStateAgain(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	type version struct {
		ref   stateRef
		model map[int64]int64
	}
	rows := map[int64]blobRow{}
	versions := []version{{model: map[int64]int64{}}}
	for nid := int64(1); nid <= 3000; nid++ {
		from := versions[len(versions)-1]
		if random.IntN(10) == 0 {
			from = versions[random.IntN(len(versions))]
		}
		model := maps.Clone(from.model)
		changes := map[int64]int64{}
		for range 1 + random.IntN(3) {
			key := 1 + random.Int64N(200)
			if _, there := model[key]; there && random.IntN(5) == 0 {
				delete(model, key)
				changes[key] = 0
			} else {
				model[key] = nid
				changes[key] = nid
			}
		}
		ref, row := from.ref.derive(nid, stateOfMap(changes), len(model), func() resolve.State { return stateOfMap(model) })
		rows[nid] = row
		versions = append(versions, version{ref, model})
	}
	for _, v := range versions[1:] {
		require.Equal(t, stateOfMap(v.model), readRows(t, rows, v.ref.nid))
	}
}

func readRows(t *testing.T, rows map[int64]blobRow, nid int64) resolve.State {
	var chain []blobRow
	for at := nid; ; at = rows[at].base {
		chain = append(chain, rows[at])
		if rows[at].base == 0 {
			break
		}
	}
	require.LessOrEqual(t, len(chain), 1+bits.Len(3000))
	var state resolve.State
	for _, row := range slices.Backward(chain) {
		entries, err := unpackState(row.entries)
		require.NoError(t, err)
		state = overlay(state, entries)
	}
	return present(state)
}

// TestCostOfAStateChangeDoesNotGrowWithTheRoom counts the bytes that joins write.
func TestCostOfAStateChangeDoesNotGrowWithTheRoom(t *testing.T) {
	perJoin := func(members int64) float64 {
		var ref stateRef
		model := map[int64]int64{}
		written, deepest := 0, 0
		for nid := int64(1); nid <= members; nid++ {
			model[nid] = nid
			var row blobRow
			ref, row = ref.derive(nid, resolve.State{{Key: nid, NID: nid}}, len(model), func() resolve.State { return stateOfMap(model) })
			written += len(row.entries)
			deepest = max(deepest, len(ref.segs))
		}
		require.LessOrEqual(t, deepest, 2+bits.Len(uint(members)))
		return float64(written) / float64(members)
	}
	small, large := perJoin(500), perJoin(8000)
	t.Logf("bytes of state for each join: %.0f up to 500 members, %.0f up to 8000", small, large)
	require.Less(t, large, 3*small, "16 times the members")
}

func FuzzUnpackState(f *testing.F) {
	f.Add(packState(resolve.State{{Key: 1, NID: 2}, {Key: 300, NID: 70000}}))
	f.Add([]byte{0x80})
	f.Fuzz(func(t *testing.T, packed []byte) {
		state, err := unpackState(packed)
		if err != nil {
			return
		}
		again, err := unpackState(packState(state))
		require.NoError(t, err)
		require.Equal(t, state, again)
		_, _ = unpackNIDs(packed)
	})
}
