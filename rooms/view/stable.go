package view

import (
	"sync"

	"github.com/tidwall/gjson"

	"medixchange/rooms"
)

// stable is what of an encoded event is the same for every viewer: all but unsigned and room_id.
type stable struct {
	open    []byte // the object without its closing brace
	content []byte // the content within open
}

// stableKey names one such encoding: the event, the redaction in force, the rendering.
type stableKey struct {
	nid, redaction     int64
	rendering, version int64
	language, state    string
	missing            string
	mode               string
}

func keyOf(ev, redaction *rooms.Event, r *Rendering) stableKey {
	k := stableKey{nid: ev.NID}
	if redaction != nil {
		k.redaction = redaction.NID
		return k
	}
	if r != nil && len(r.Content) > 0 {
		k.rendering, k.version, k.language, k.state = r.Position, r.Version, r.Language, r.State
		k.mode, k.missing = r.mode, r.Missing
	}
	return k
}

// encoded returns the stable bytes of ev, from the cache where they are there.
func (v *View) encoded(ev, redaction *rooms.Event, r *Rendering) *stable {
	key := keyOf(ev, redaction, r)
	if s, ok := v.stable.get(key); ok {
		return s
	}
	s := encode(ev, contentFor(ev, redaction, r), redaction != nil)
	v.stable.put(key, s)
	return s
}

func contentFor(ev, redaction *rooms.Event, r *Rendering) []byte {
	if redaction != nil {
		return prunedContent(ev.Version, ev.Type, ev.Content())
	}
	if r != nil && len(r.Content) > 0 {
		return r.Content
	}
	content := withoutForged(objectOr(ev.Content()))
	if ev.Type == "m.room.redaction" && ev.Redacts != "" && !gjson.GetBytes(content, "redacts").Exists() {
		content = appendStringKey(append([]byte(nil), content[:len(content)-1]...), "redacts", ev.Redacts)
		content = append(content, '}')
	}
	return content
}

// encode writes ev with content in the place of its own; a redacted event is not sticky (MSC4354).
func encode(ev *rooms.Event, content []byte, redacted bool) *stable {
	out := make([]byte, 0, len(content)+len(ev.ID)+len(ev.Sender)+len(ev.Type)+120)
	out = appendKey(append(out, '{'), "content")
	start := len(out)
	out = append(out, content...)
	end := len(out)
	out = appendStringKey(out, "event_id", ev.ID)
	if ev.Sticky > 0 && !redacted {
		out = append(appendIntKey(append(appendKey(out, rooms.StickyKey), '{'), "duration_ms", ev.Sticky), '}')
	}
	out = appendIntKey(out, "origin_server_ts", ev.OriginServerTS)
	if ev.Type == "m.room.redaction" && ev.Redacts != "" {
		out = appendStringKey(out, "redacts", ev.Redacts)
	}
	out = appendStringKey(out, "sender", ev.Sender)
	if ev.StateKey != nil {
		out = appendStringKey(out, "state_key", *ev.StateKey)
	}
	out = appendStringKey(out, "type", ev.Type)
	return &stable{open: out, content: out[start:end:end]}
}

// stableCache keeps encodings in two generations: when the young one is full it becomes the old one, and what is asked
// for comes back from there. That bounds the bytes without a list to maintain on each read.
type stableCache struct {
	mu         sync.RWMutex
	young, old map[stableKey]*stable
	size, max  int64 // bytes of the young generation, and when it is full
}

// stableOverhead is what an entry takes beside its bytes: key, pointers, map slots.
const stableOverhead = 200

func newStableCache(maxBytes int64) *stableCache {
	return &stableCache{young: make(map[stableKey]*stable), max: maxBytes / 2}
}

func (c *stableCache) get(k stableKey) (*stable, bool) {
	c.mu.RLock()
	s, ok := c.young[k]
	if ok {
		c.mu.RUnlock()
		return s, true
	}
	s, ok = c.old[k]
	c.mu.RUnlock()
	if ok {
		c.put(k, s)
	}
	return s, ok
}

func (c *stableCache) put(k stableKey, s *stable) {
	size := int64(len(s.open) + stableOverhead)
	if size > c.max {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.young[k]; ok {
		return
	}
	if c.size+size > c.max {
		c.old, c.young, c.size = c.young, make(map[stableKey]*stable), 0
	}
	c.young[k] = s
	c.size += size
}
