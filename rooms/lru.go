package rooms

import (
	"container/list"
	"sync"
)

// byteLRU is a cache bounded in bytes that forgets what was used longest ago. Safe for concurrent use.
type byteLRU[K comparable, V any] struct {
	mu      sync.Mutex
	max     int
	used    int
	order   *list.List // of lruItem, newest first
	items   map[K]*list.Element
	dropped func(K, V) // called with mu held
}

type lruItem[K comparable, V any] struct {
	key   K
	value V
	size  int
}

func newByteLRU[K comparable, V any](maxBytes int) *byteLRU[K, V] {
	return &byteLRU[K, V]{max: maxBytes, order: list.New(), items: map[K]*list.Element{}}
}

func (c *byteLRU[K, V]) get(key K) (value V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lookup(key)
}

func (c *byteLRU[K, V]) lookup(key K) (value V, ok bool) {
	element, ok := c.items[key]
	if !ok {
		return value, false
	}
	c.order.MoveToFront(element)
	return element.Value.(lruItem[K, V]).value, true
}

// put replaces what is there for the key. size is what the value keeps alive, in bytes.
func (c *byteLRU[K, V]) put(key K, value V, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.store(key, value, size)
}

func (c *byteLRU[K, V]) store(key K, value V, size int) {
	item := lruItem[K, V]{key, value, size}
	if element, ok := c.items[key]; ok {
		c.used += size - element.Value.(lruItem[K, V]).size
		element.Value = item
		c.order.MoveToFront(element)
	} else {
		c.items[key] = c.order.PushFront(item)
		c.used += size
	}
	for c.used > c.max && c.order.Len() > 1 {
		c.drop(c.order.Back())
	}
}

func (c *byteLRU[K, V]) drop(element *list.Element) {
	item := element.Value.(lruItem[K, V])
	c.order.Remove(element)
	delete(c.items, item.key)
	c.used -= item.size
	if c.dropped != nil {
		c.dropped(item.key, item.value)
	}
}
