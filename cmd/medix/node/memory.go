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
	maxReleases     = 10
)

// giveBack returns memory to the system after a start and whenever a busy time has ended. The runtime by itself collects a
// quiet node every two minutes and keeps what the busiest moment took: a start and a morning's logins take several times
// what they leave behind. The database does the same for its own. What the start needed of the program's file goes back once, in
// the first quiet moment.
func (n *Node) giveBack(ctx context.Context) error {
	ticker := time.NewTicker(giveBackEvery)
	defer ticker.Stop()
	first := time.After(firstGiveBack)
	tries := 0 // to give the program back that are left
	if n.alone {
		tries = maxReleases
	}
	before := allocated()
	given := before
	for {
		due := false
		select {
		case <-ctx.Done():
			return nil
		case <-first:
			due = true
			runtime.GC() // what pools keep lives through one collection
		case <-ticker.C:
		}
		now := allocated()
		quiet := now-before < quietBytes
		before = now
		if !due && !(quiet && (tries > 0 || now-given > worthwhileBytes)) {
			continue
		}
		n.DB.GiveBack()
		debug.FreeOSMemory()
		if quiet && tries > 0 {
			if tries--; n.releaseStart() {
				tries = 0
			}
		}
		given = now
	}
}

// releaseStart reports whether there is nothing left to try: a file that was written a moment ago, by an update, can only be
// given back once the system has it on the disk.
func (n *Node) releaseStart() bool {
	released, err := releaseProgram()
	if err != nil {
		n.log.WithError(err).Debug("what the start needed of the program stays in memory")
	}
	return released || err != nil
}

// allocated is how many bytes the process has ever taken from its heap.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
