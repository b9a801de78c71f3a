package accounts

import (
	"fmt"
	"sync"

	"medixchange/internal/sqldb"
)

// What may wait for the devices of this server from one other server, in messages and bytes. It is wide, since devices that
// nobody uses any more keep theirs, and only there so that no server can fill the disk.
const (
	maxOriginRows  = 500_000
	maxOriginBytes = 512 << 20
	// measureRows and measureBytes are what a server may store before what waits is measured again.
	measureRows  = 1_000
	measureBytes = 4 << 20
	// maxAllowances bounds the servers that are remembered.
	maxAllowances = 10_000
)

// allowances bound what waits for devices of each origin. Measuring asks the database, so it is done once for many
// messages. Safe for concurrent use.
type allowances struct {
	mu   sync.Mutex
	left map[string]allowance
	// rows and bytes are the bounds.
	rows, bytes int64
}

// allowance is what an origin may store before it is measured again.
type allowance struct{ rows, bytes int64 }

func newAllowances() *allowances {
	return &allowances{left: map[string]allowance{}, rows: maxOriginRows, bytes: maxOriginBytes}
}

// spend takes a message of size bytes from the allowance of origin. ErrFull: nothing is left. A write that fails
// afterwards has spent nothing but the time until the next measurement.
func (a *allowances) spend(tx *sqldb.Tx, origin string, size int) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	left := a.left[origin]
	if left.rows < 1 || left.bytes < int64(size) {
		rows, bytes, err := waitingOf(tx, origin)
		if err != nil {
			return err
		}
		left = allowance{min(a.rows-rows, measureRows), min(a.bytes-bytes, measureBytes+int64(size))}
		if left.rows < 1 || left.bytes < int64(size) {
			return fmt.Errorf("%d messages of %s wait for devices here: %w", rows, origin, ErrFull)
		}
		if len(a.left) >= maxAllowances {
			clear(a.left)
		}
	}
	a.left[origin] = allowance{left.rows - 1, left.bytes - int64(size)}
	return nil
}
