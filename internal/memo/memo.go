// Package memo remembers what was found out last about words and about things with consecutive numbers, where finding it out again
// costs more than looking it up and forgetting it costs nothing else. A place holds what was asked for last: there is no lock, no
// list to keep in order, and what is kept is bounded by the number of places. It imports nothing of this module. Begin with
// [Last], [Words.Of] or [Numbered.Of].
package memo

import (
	"hash/maphash"
	"sync/atomic"
)

// Last is what was kept last by key. Safe for concurrent use.
type Last[K comparable, V any] struct {
	kept []atomic.Pointer[entry[K, V]]
}

type entry[K comparable, V any] struct {
	key K
	of  V
}

// NewLast returns one that keeps up to size things.
func NewLast[K comparable, V any](size int) *Last[K, V] {
	return &Last[K, V]{make([]atomic.Pointer[entry[K, V]], size)}
}

// Get returns what is kept of a key.
func (l *Last[K, V]) Get(key K) (of V, ok bool) {
	found := l.place(key).Load()
	if found == nil || found.key != key {
		return of, false
	}
	return found.of, true
}

// Put keeps something in the place of whatever was there.
func (l *Last[K, V]) Put(key K, of V) { l.place(key).Store(&entry[K, V]{key, of}) }

func (l *Last[K, V]) place(key K) *atomic.Pointer[entry[K, V]] {
	return &l.kept[maphash.Comparable(seed, key)%uint64(len(l.kept))]
}

// places is how many words are kept: more than people say most things with.
const places = 4096

// Words is what is known of the words that were read last. The zero value is ready. Safe for concurrent use.
type Words[T any] struct {
	kept [places]atomic.Pointer[entry[string, T]]
}

var seed = maphash.MakeSeed()

// Of returns what is known of a word, which find says if it is not kept. It depends on nothing but the word; several may ask find
// at the same time. What is returned is shared: it must not be changed.
func (w *Words[T]) Of(word []byte, find func(word string) T) *T {
	place := &w.kept[maphash.Bytes(seed, word)%places]
	found := place.Load()
	if found == nil || found.key != string(word) {
		own := string(word)
		found = &entry[string, T]{own, find(own)}
		place.Store(found)
	}
	return &found.of
}

// Numbered is what is known of things whose numbers are given one after another: the last ones are all kept. Safe for concurrent use.
type Numbered[T any] struct {
	kept []atomic.Pointer[entry[int64, T]]
}

// NewNumbered returns one that keeps up to size things.
func NewNumbered[T any](size int) *Numbered[T] {
	return &Numbered[T]{make([]atomic.Pointer[entry[int64, T]], size)}
}

// Of returns what is known of a number: nothing (the zero value) for one that is not kept, which is kept from now on. All who ask for
// a number share it until it is replaced, and lock what they change in it themselves.
func (n *Numbered[T]) Of(number int64) *T {
	place := &n.kept[uint64(number)%uint64(len(n.kept))]
	found := place.Load()
	for found == nil || found.key != number {
		fresh := &entry[int64, T]{key: number}
		if place.CompareAndSwap(found, fresh) {
			return &fresh.of
		}
		found = place.Load()
	}
	return &found.of
}
