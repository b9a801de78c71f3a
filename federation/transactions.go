package federation

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/tidwall/gjson"

	"medixchange/accounts"
	"medixchange/internal/web"
	"medixchange/rooms"
)

// Bounds of a transaction (Server-Server API, Transactions).
const (
	maxPDUs = 50
	maxEDUs = 100
	// transactionsAtOnce bounds the transactions of one origin that are worked on at the same time; the specification has
	// servers send one after the other.
	transactionsAtOnce = 4
	// transactionsWaiting bounds those that wait for their turn, each with its body in memory.
	transactionsWaiting = 8
	// rememberedTransactions bounds the answers that are kept for transactions that come again.
	rememberedTransactions = 4096
	// transactionTime bounds the work on one transaction, which goes on when its sender has hung up.
	transactionTime = time.Minute
)

// transaction is the body of /send.
type transaction struct {
	PDUs []json.RawMessage `json:"pdus"`
	EDUs []edu             `json:"edus"`
}

type edu struct {
	Type    string          `json:"edu_type"`
	Content json.RawMessage `json:"content"`
}

// transactions make the repetition of a transaction cheap. It would do no harm without: events and device messages are
// known by their ids.
type transactions struct {
	gates *gates
	mu    sync.Mutex
	done  *lru.Cache[[2]string, *answered]
}

// answered is a transaction that is worked on or was answered.
type answered struct {
	ready chan struct{}
	body  any
	err   error
}

func newTransactions() *transactions {
	done, err := lru.New[[2]string, *answered](rememberedTransactions)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	gates := newGates(transactionsAtOnce)
	gates.waiting = transactionsWaiting
	return &transactions{gates: gates, done: done}
}

// begin returns the answer to wait for, or a new one that the caller has to give.
func (t *transactions) begin(origin, id string) (a *answered, mine bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := [2]string{origin, id}
	if a, ok := t.done.Get(key); ok {
		return a, false
	}
	a = &answered{ready: make(chan struct{})}
	t.done.Add(key, a)
	return a, true
}

// finish gives the answer to all who wait. A failure is not kept: the next try works on the transaction again.
func (t *transactions) finish(origin, id string, a *answered, body any, err error) {
	a.body, a.err = body, err
	if err != nil {
		t.mu.Lock()
		t.done.Remove([2]string{origin, id})
		t.mu.Unlock()
	}
	close(a.ready)
}

// send answers PUT /send.
func (s *Server) send(r *request) (any, error) {
	var txn transaction
	if err := web.Unmarshal(r.body, &txn); err != nil {
		return nil, err
	}
	if len(txn.PDUs) > maxPDUs || len(txn.EDUs) > maxEDUs {
		return nil, web.BadJSON("A transaction holds at most %d events and %d EDUs", maxPDUs, maxEDUs)
	}
	id := r.variable("txnID")
	a, mine := s.transactions.begin(r.origin, id)
	if mine {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), transactionTime)
		go func() {
			defer cancel()
			body, err := s.work(ctx, r.origin, txn)
			s.transactions.finish(r.origin, id, a, body, err)
		}()
	}
	select {
	case <-a.ready:
		return a.body, a.err
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// work takes the device EDUs first, since an encrypted event is of no use before its key, then the events, then what is
// said about events.
func (s *Server) work(ctx context.Context, origin string, txn transaction) (body any, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.o.Log.WithField("origin", origin).WithField("panic", p).Error("working on a transaction panicked")
			err = web.Unknown(nil)
		}
	}()
	leave, err := s.transactions.gates.enter(ctx, origin)
	if err != nil {
		return nil, web.LimitExceeded(time.Second).Because(err)
	}
	defer leave()
	if err := s.takeEDUs(ctx, origin, txn.EDUs, s.deviceEDU); err != nil {
		return nil, err
	}
	results := map[string]any{}
	if len(txn.PDUs) > 0 {
		received, err := s.o.Rooms.Receive(ctx, origin, txn.PDUs)
		if errors.Is(err, rooms.ErrBusy) {
			return nil, web.NewError(http.StatusServiceUnavailable, "M_UNKNOWN", "The inbox is full: try again later").Because(err)
		}
		if err != nil {
			return nil, err
		}
		results = resultsOf(received)
	}
	if err := s.takeEDUs(ctx, origin, txn.EDUs, s.roomEDU); err != nil {
		return nil, err
	}
	return map[string]any{"pdus": results}, nil
}

// resultsOf writes the results by event id; an event that has none was too malformed to be named.
func resultsOf(received []rooms.ReceivedPDU) map[string]any {
	results := make(map[string]any, len(received))
	for _, p := range received {
		if p.EventID == "" {
			continue
		}
		result := map[string]string{}
		if p.Err != nil {
			result["error"] = p.Err.Error()
		}
		results[p.EventID] = result
	}
	return results
}

// takeEDUs gives each EDU to take. One that is refused is passed over; the error is one of the storage, after which the
// origin has to send all again.
func (s *Server) takeEDUs(ctx context.Context, origin string, edus []edu, take func(context.Context, string, edu) error) error {
	for _, e := range edus {
		err := take(ctx, origin, e)
		if err == nil {
			continue
		}
		if !refused(err) {
			return err
		}
		s.o.Log.WithError(err).WithFields(map[string]any{"origin": origin, "type": truncate(e.Type, 64)}).Debug("an EDU was refused")
	}
	return nil
}

// refused reports whether an error is about the EDU itself.
func refused(err error) bool {
	var of *accounts.Error
	if errors.As(err, &of) {
		return of.Status < 500 && of.Status != http.StatusTooManyRequests
	}
	for _, kind := range []error{rooms.ErrForbidden, rooms.ErrNotFound, rooms.ErrBadEvent, rooms.ErrInvalidParam, rooms.ErrTooLarge} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

func (s *Server) deviceEDU(ctx context.Context, origin string, e edu) error {
	switch e.Type {
	case "m.direct_to_device":
		return s.o.Accounts.ReceiveDirectToDevice(ctx, origin, e.Content)
	case "m.device_list_update":
		return s.o.Accounts.ReceiveDeviceListUpdate(ctx, origin, e.Content)
	case "m.signing_key_update":
		return s.o.Accounts.ReceiveSigningKeyUpdate(ctx, origin, e.Content)
	}
	return nil
}

// roomEDU takes what is said in rooms and of those in them. Unknown kinds are ignored.
func (s *Server) roomEDU(ctx context.Context, origin string, e edu) error {
	switch e.Type {
	case "m.receipt":
		return s.o.Rooms.ReceiveReceipts(ctx, origin, e.Content)
	case "m.presence":
		return s.o.Accounts.ReceivePresence(ctx, origin, e.Content)
	case "m.typing":
		content := gjson.ParseBytes(e.Content)
		return s.o.Rooms.ReceiveTyping(ctx, origin, content.Get("room_id").Str, content.Get("user_id").Str, content.Get("typing").Bool())
	}
	return nil
}
