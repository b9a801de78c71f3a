package resident

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
	// quietBytes is what a process may allocate in giveBackEvery and still count as quiet; worthwhileBytes is what it must have
	// allocated since memory was last given back.
	quietBytes      = 32 << 20
	worthwhileBytes = 8 << 20
	maxReleases     = 10
)

// Keeper gives memory back. Its fields are not changed while it runs.
type Keeper struct {
	// Program has the pages of the program's own file given back, once; only a process that is the only one of its program
	// should.
	Program bool
	// Idle, if set, reports whether nobody would notice that the program's pages have to be read anew.
	Idle func() bool
	// Also, if set, is called whenever memory is given back, to do the same for what the runtime does not know of.
	Also func()
	// Failed, if set, is told why the program's pages stay.
	Failed func(error)
}

// Run returns memory to the system after a start and whenever a busy time has ended, until ctx ends. The runtime by itself
// collects a quiet process every two minutes and keeps what the busiest moment took. What the start needed of the program's file
// goes back once, in the first quiet moment.
func (k Keeper) Run(ctx context.Context) error {
	ticker := time.NewTicker(giveBackEvery)
	defer ticker.Stop()
	first := time.After(firstGiveBack)
	tries := 0 // to give the program back that are left
	if k.Program {
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
		idle := quiet && tries > 0 && (k.Idle == nil || k.Idle())
		if !due && !idle && !(quiet && now-given > worthwhileBytes) {
			continue
		}
		if k.Also != nil {
			k.Also()
		}
		debug.FreeOSMemory()
		if idle {
			if tries--; k.releaseStart() {
				tries = 0
			}
		}
		given = now
	}
}

// releaseStart reports whether there is nothing left to try: a file that was written a moment ago, by an update, can only be
// given back once the system has it on the disk.
func (k Keeper) releaseStart() bool {
	released, err := releaseProgram()
	if err != nil && k.Failed != nil {
		k.Failed(err)
	}
	return released || err != nil
}

// allocated is how many bytes the process has ever taken from its heap.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
