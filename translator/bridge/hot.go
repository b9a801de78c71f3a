package bridge

import (
	"container/list"
	"sync"

	"medixchange/rooms/view"
	"medixchange/translator/language"
)

// key names what is translated: an event for the readers of one language.
type key struct {
	nid      int64
	language language.Code
}

// hotCache keeps the placed renderings of events, also that there are none, up to a number of bytes; those longest
// unused are forgotten. Safe for concurrent use.
type hotCache struct {
	mu      sync.Mutex
	limit   int
	size    int
	turn    int64 // counts commits, so that what was read before one is not kept after it
	entries map[key]*list.Element
	order   *list.List // front is the most recent
}

// hotEntry holds all placed renderings of a key, ascending by position.
type hotEntry struct {
	key  key
	rows []*view.Rendering
	size int
}

func newHotCache(limit int) *hotCache {
	return &hotCache{limit: limit, entries: map[key]*list.Element{}, order: list.New()}
}

// get returns what is known of a key.
func (c *hotCache) get(k key) (rows []*view.Rendering, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.entries[k]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(element)
	return element.Value.(*hotEntry).rows, true
}

// now returns the turn to hand to fill.
func (c *hotCache) now() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.turn
}

// fill keeps what was read from the database since turn, unless something was committed meanwhile.
func (c *hotCache) fill(turn int64, read map[key][]*view.Rendering) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.turn != turn {
		return
	}
	for k, rows := range read {
		c.put(k, rows)
	}
}

// committed adds a placed rendering. first says that the key has no other.
func (c *hotCache) committed(k key, r *view.Rendering, first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn++
	if element, ok := c.entries[k]; ok {
		rows := element.Value.(*hotEntry).rows
		c.put(k, append(rows[:len(rows):len(rows)], r))
		return
	}
	if first {
		c.put(k, []*view.Rendering{r})
	}
}

// forget drops what is known of an event.
func (c *hotCache) forget(nid int64, languages []language.Code) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn++
	for _, code := range languages {
		if element, ok := c.entries[key{nid, code}]; ok {
			c.remove(element)
		}
	}
}

// sweep drops what has renderings up to a position.
func (c *hotCache) sweep(upto int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn++
	for _, element := range c.entries {
		rows := element.Value.(*hotEntry).rows
		if len(rows) > 0 && rows[0].Position <= upto {
			c.remove(element)
		}
	}
}

// clear drops everything.
func (c *hotCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn++
	c.size = 0
	clear(c.entries)
	c.order.Init()
}

// bytes is what it holds, roughly.
func (c *hotCache) bytes() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.size
}

func (c *hotCache) put(k key, rows []*view.Rendering) {
	if old, ok := c.entries[k]; ok {
		c.remove(old)
	}
	entry := &hotEntry{key: k, rows: rows, size: 200}
	for _, r := range rows {
		entry.size += sizeOf(r)
	}
	c.entries[k] = c.order.PushFront(entry)
	c.size += entry.size
	for c.size > c.limit && c.order.Len() > 1 {
		c.remove(c.order.Back())
	}
}

func (c *hotCache) remove(element *list.Element) {
	entry := element.Value.(*hotEntry)
	c.order.Remove(element)
	delete(c.entries, entry.key)
	c.size -= entry.size
}

// sizeOf is what a rendering takes in memory, roughly.
func sizeOf(r *view.Rendering) int { return 300 + len(r.Content) + len(r.LateContent) + len(r.Parts) }

// inForce returns the newest of rows at or before upto, nil without one.
func inForce(rows []*view.Rendering, upto int64) *view.Rendering {
	for i := len(rows) - 1; i >= 0; i-- {
		if rows[i].Position <= upto {
			return rows[i]
		}
	}
	return nil
}
