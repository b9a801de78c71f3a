package rooms

import (
	"context"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
)

const keptRedactions = 65_536

// redactionCache remembers which events are redacted, by which redaction, and which are not (0). Safe for concurrent use.
type redactionCache struct {
	mu    sync.Mutex
	known *lru.Cache[string, int64]
	turn  int64 // counts the changes, so that an older reading is not kept after a newer change
}

func newRedactionCache() *redactionCache {
	return &redactionCache{known: newLRU[string, int64](keptRedactions)}
}

// get returns what is known of the ids, those that are not, and the turn to hand to keep.
func (c *redactionCache) get(ids []string) (redacted map[string]int64, unknown []string, turn int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	redacted = map[string]int64{}
	for _, id := range ids {
		nid, ok := c.known.Get(id)
		if !ok {
			unknown = append(unknown, id)
		} else if nid != 0 {
			redacted[id] = nid
		}
	}
	return redacted, unknown, c.turn
}

func (c *redactionCache) keep(ids []string, redacted map[string]int64, turn int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.turn != turn {
		return
	}
	for _, id := range ids {
		c.known.Add(id, redacted[id])
	}
}

// came notes that an event has just come, and with it the redactions that waited for it, which are forgotten afterwards.
func (c *redactionCache) came(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known.Add(id, 0)
}

// forget drops what is known of an event. Whoever commits a redaction calls it after the commit.
func (c *redactionCache) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn++
	c.known.Remove(id)
}

// Redacted returns, for each of the events that is redacted, the redaction in force: the first that took effect.
func (r *Rooms) Redacted(ctx context.Context, ids []string) (map[string]*Event, error) {
	redacted, unknown, turn := r.read.redactions.get(ids)
	if len(unknown) > 0 {
		found, err := r.redactionsOf(ctx, unknown)
		if err != nil {
			return nil, err
		}
		r.read.redactions.keep(unknown, found, turn)
		for id, nid := range found {
			redacted[id] = nid
		}
	}
	if len(redacted) == 0 {
		return nil, nil
	}
	nids := make([]int64, 0, len(redacted))
	for _, nid := range redacted {
		nids = append(nids, nid)
	}
	events, err := r.Events(ctx, nids)
	if err != nil {
		return nil, err
	}
	byTarget := make(map[string]*Event, len(redacted))
	for id, nid := range redacted {
		if ev := events[nid]; ev != nil {
			byTarget[id] = ev
		}
	}
	return byTarget, nil
}

// redactionCommitted is for whoever commits a redaction that takes effect, after the commit.
func (r *Rooms) redactionCommitted(targetID string) { r.read.redactions.forget(targetID) }
