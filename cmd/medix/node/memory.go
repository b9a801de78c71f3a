package node

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// firstGiveBack is when everything that a start reads in the background has been read.
	firstGiveBack = 3 * time.Second
	giveBackEvery = 15 * time.Second
	// quietBytes is what a node may allocate in giveBackEvery and still count as quiet; worthwhileBytes is what it must have
	// allocated since memory was last given back.
	quietBytes      = 32 << 20
	worthwhileBytes = 8 << 20
)

// giveBack returns memory to the system after a start and whenever a busy time has ended. The runtime by itself collects a
// quiet node every two minutes and keeps what the busiest moment took: a start and a morning's logins take several times
// what they leave behind. The database does the same for its own.
func (n *Node) giveBack(ctx context.Context) error {
	ticker := time.NewTicker(giveBackEvery)
	defer ticker.Stop()
	first := time.After(firstGiveBack)
	var given, before uint64
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-first:
			n.DB.GiveBack()
			runtime.GC() // what pools keep lives through one collection
			debug.FreeOSMemory()
			given = allocated()
		case <-ticker.C:
			now := allocated()
			if now-before < quietBytes && now-given > worthwhileBytes {
				n.DB.GiveBack()
				debug.FreeOSMemory()
				given = now
			}
			before = now
		}
	}
}

// allocated is how many bytes the process has ever taken from its heap.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
