package search

import (
	"encoding/binary"
	"hash/fnv"

	"medixchange/internal/sqldb"
)

// Options of an Engine.
type Options struct {
	DB *sqldb.DB
	// Simplify returns the simplified form of a traditional Chinese character, and every other letter as it is; nil leaves all.
	// Changing it takes new indexes.
	Simplify func(rune) rune
}

// Engine keeps and asks indexes. It is safe for concurrent use and holds nothing in memory.
type Engine struct {
	db       *sqldb.DB
	simplify func(rune) rune
}

// New makes an Engine.
func New(o Options) *Engine {
	if o.Simplify == nil {
		o.Simplify = func(r rune) rune { return r }
	}
	return &Engine{db: o.DB, simplify: o.Simplify}
}

// hashOf names a term of an index in the database. Should two terms ever share a number of 64 bits, they would be found
// together; nothing is lost.
func hashOf(index int64, term string) int64 {
	h := fnv.New64a()
	var number [8]byte
	binary.LittleEndian.PutUint64(number[:], uint64(index))
	_, _ = h.Write(number[:])
	_, _ = h.Write([]byte(term))
	return int64(mix(h.Sum64()))
}

// mix spreads the bits of a hash, of which FNV's highest depend on too little.
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

const prefixBytes = 8

// prefixOf is the beginning of a term as a number, in the order of the terms' bytes. It is never negative, since UTF-8
// begins with no byte above 0xF4 and the number keeps 63 bits; the last bit that is lost is of the eighth byte.
func prefixOf(term string) int64 {
	var key [prefixBytes]byte
	copy(key[:], term)
	return int64(binary.BigEndian.Uint64(key[:]) >> 1)
}

// prefixRange returns the numbers between which the terms lie that begin with a text.
func prefixRange(text string) (from, to int64) {
	var last [prefixBytes]byte
	for i := copy(last[:], text); i < prefixBytes; i++ {
		last[i] = 0xFF
	}
	return prefixOf(text), int64(binary.BigEndian.Uint64(last[:]) >> 1)
}
