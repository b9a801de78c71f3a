package rooms

import (
	"context"

	lru "github.com/hashicorp/golang-lru/v2"
)

const keptSentAs = 16_384

// sentAs is who sent an event from where, and the transaction id that the request had. The zero value is an event that was
// not sent with one.
type sentAs struct{ userID, scope, txnID string }

// sentAsCache remembers how events were sent, also that they were not sent by a client of this node: every reading of the
// sender's own events asks. What an event was sent as never changes. Safe for concurrent use.
type sentAsCache struct{ known *lru.Cache[int64, sentAs] }

func newSentAsCache() *sentAsCache { return &sentAsCache{known: newLRU[int64, sentAs](keptSentAs)} }

// committed notes a stored event.
func (c *sentAsCache) committed(a *admission) {
	if a.txn != nil {
		c.known.Add(a.event.NID, sentAs{a.event.Sender, a.txn.Scope, a.txn.ID})
	}
}

// TxnsOf returns the transaction ids with which a device sent the events, by event nid, for unsigned.transaction_id.
func (r *Rooms) TxnsOf(ctx context.Context, userID, scope string, nids []int64) (map[int64]string, error) {
	if len(nids) == 0 || scope == "" {
		return nil, nil
	}
	var txns map[int64]string
	add := func(nid int64, s sentAs) {
		if s.userID != userID || s.scope != scope {
			return
		}
		if txns == nil {
			txns = make(map[int64]string)
		}
		txns[nid] = s.txnID
	}
	var unknown []int64
	for _, nid := range nids {
		if s, ok := r.read.sentAs.known.Get(nid); ok {
			add(nid, s)
		} else {
			unknown = append(unknown, nid)
		}
	}
	if len(unknown) == 0 {
		return txns, nil
	}
	found, err := r.selectSentAs(ctx, unknown)
	if err != nil {
		return nil, err
	}
	for _, nid := range unknown {
		r.read.sentAs.known.Add(nid, found[nid])
		add(nid, found[nid])
	}
	return txns, nil
}
