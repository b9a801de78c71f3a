package rooms

import (
	"context"
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"

	"medixchange/rooms/resolve"
)

// Bounds of the caches in bytes; an event counts with what it keeps alive.
const (
	eventCacheBytes = 48 << 20
	blobCacheBytes  = 16 << 20
	authCacheSize   = 16_384
)

// eventOverhead is what an Event costs beside its JSON: the struct, its strings, two map entries.
const eventOverhead = 700

func sizeOf(ev *Event) int { return eventOverhead + len(ev.JSON) + 8*len(ev.Auth) }

// eventCache keeps committed events by nid and by id. Safe for concurrent use.
type eventCache struct {
	*byteLRU[int64, *Event]
	nids map[string]int64 // by event id; guarded by the LRU's lock
}

func newEventCache(maxBytes int) *eventCache {
	c := &eventCache{byteLRU: newByteLRU[int64, *Event](maxBytes), nids: map[string]int64{}}
	c.dropped = func(_ int64, ev *Event) { delete(c.nids, ev.ID) }
	return c
}

// add puts the newest form of committed events; an event whose outcome or state changed replaces the old form.
func (c *eventCache) add(events ...*Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, ev := range events {
		c.nids[ev.ID] = ev.NID
		c.store(ev.NID, ev, sizeOf(ev))
	}
}

// fill adds events that were read, unless a newer form came in between.
func (c *eventCache) fill(events []*Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, ev := range events {
		if _, ok := c.items[ev.NID]; !ok {
			c.nids[ev.ID] = ev.NID
			c.store(ev.NID, ev, sizeOf(ev))
		}
	}
}

func (c *eventCache) byID(id string) (*Event, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	nid, ok := c.nids[id]
	if !ok {
		return nil, false
	}
	return c.lookup(nid)
}

// Event returns the event with this id, whatever its outcome. ErrNotFound if it is not known.
func (r *Rooms) Event(ctx context.Context, eventID string) (*Event, error) {
	found, err := r.EventsByID(ctx, []string{eventID})
	if err != nil {
		return nil, err
	}
	if ev := found[eventID]; ev != nil {
		return ev, nil
	}
	return nil, fmt.Errorf("event %s: %w", eventID, ErrNotFound)
}

// Events returns the events with these nids, from the cache where it has them. Unknown ones are missing in the result.
func (r *Rooms) Events(ctx context.Context, nids []int64) (map[int64]*Event, error) {
	out := make(map[int64]*Event, len(nids))
	var missing []int64
	for _, nid := range nids {
		if ev, ok := r.cache.get(nid); ok {
			out[nid] = ev
		} else {
			missing = append(missing, nid)
		}
	}
	if len(missing) == 0 {
		return out, nil
	}
	events, err := r.selectEvents(ctx, missing)
	if err != nil {
		return nil, err
	}
	r.cache.fill(events)
	for _, ev := range events {
		out[ev.NID] = ev
	}
	return out, nil
}

// EventsByID is Events by event id.
func (r *Rooms) EventsByID(ctx context.Context, ids []string) (map[string]*Event, error) {
	out := make(map[string]*Event, len(ids))
	var missing []string
	for _, id := range ids {
		if ev, ok := r.cache.byID(id); ok {
			out[id] = ev
		} else {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return out, nil
	}
	events, err := r.selectEventsByID(ctx, missing)
	if err != nil {
		return nil, err
	}
	r.cache.fill(events)
	for _, ev := range events {
		out[ev.ID] = ev
	}
	return out, nil
}

// authCache keeps state events as the authorisation rules see them, with their contents parsed. Safe for concurrent use.
type authCache struct {
	r     *Rooms
	known *lru.Cache[int64, *resolve.Event]
}

func newAuthCache(r *Rooms) *authCache {
	return &authCache{r: r, known: newLRU[int64, *resolve.Event](authCacheSize)}
}

// get returns the events with these nids; unknown ones are missing.
func (c *authCache) get(ctx context.Context, nids []int64) (map[int64]*resolve.Event, error) {
	out := make(map[int64]*resolve.Event, len(nids))
	var missing []int64
	for _, nid := range nids {
		if ev, ok := c.known.Get(nid); ok {
			out[nid] = ev
		} else {
			missing = append(missing, nid)
		}
	}
	if len(missing) == 0 {
		return out, nil
	}
	events, err := c.r.Events(ctx, missing)
	if err != nil {
		return nil, err
	}
	for nid, ev := range events {
		parsed, err := authEventOf(ev)
		if err != nil {
			return nil, err
		}
		c.known.Add(nid, parsed)
		out[nid] = parsed
	}
	return out, nil
}

// forget drops events whose outcome changed.
func (c *authCache) forget(nid int64) { c.known.Remove(nid) }

// authEventOf returns the event as the authorisation rules see it.
func authEventOf(ev *Event) (*resolve.Event, error) {
	parsed, err := resolve.ParseEvent(ev.ID, ev.JSON)
	if err != nil {
		return nil, err
	}
	parsed.NID, parsed.Key, parsed.Auth = ev.NID, ev.KeyNID, ev.Auth
	parsed.Rejected = ev.Outcome == Rejected
	return parsed, nil
}
