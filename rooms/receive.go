package rooms

import (
	"context"
	"encoding/json"
	"fmt"
)

// Receive takes the PDUs of a transaction of another server, which the caller has authenticated as origin. The results are
// in the order of pdus. The error is for what concerns none of them alone, a database that fails or an inbox that is full
// (ErrBusy): then the whole transaction is to be sent again (503).
func (r *Rooms) Receive(ctx context.Context, origin string, pdus []json.RawMessage) ([]ReceivedPDU, error) {
	return nil, fmt.Errorf("receiving %d PDUs: %w", len(pdus), ErrBusy)
}
