package search

import (
	"encoding/binary"
	"errors"
	"slices"
)

// posting says that a document has a term.
type posting struct {
	doc   int64
	scope int64
	level uint8
}

// maxBlock is the size in bytes at which a block of postings is closed.
const maxBlock = 512

var errBadBlock = errors.New("a block of postings is damaged")

// appendPosting packs a posting behind the document before it: the distance, then scope and level.
func appendPosting(dst []byte, before int64, p posting) []byte {
	dst = binary.AppendUvarint(dst, uint64(p.doc-before))
	return binary.AppendUvarint(dst, uint64(p.scope)*levels+uint64(p.level))
}

func pack(all []posting) []byte {
	packed := make([]byte, 0, 4*len(all))
	before := int64(0)
	for _, p := range all {
		packed = appendPosting(packed, before, p)
		before = p.doc
	}
	return packed
}

// unpack appends the postings of a block.
func unpack(dst []posting, block []byte) ([]posting, error) {
	err := each(block, func(p posting) bool { dst = append(dst, p); return true })
	return dst, err
}

// each goes through the postings of a block until fn returns false.
func each(block []byte, fn func(posting) bool) error {
	var doc int64
	for len(block) > 0 {
		distance, n := binary.Uvarint(block)
		if n <= 0 {
			return errBadBlock
		}
		block = block[n:]
		said, n := binary.Uvarint(block)
		if n <= 0 {
			return errBadBlock
		}
		block = block[n:]
		doc += int64(distance)
		if !fn(posting{doc, int64(said / levels), uint8(said % levels)}) {
			return nil
		}
	}
	return nil
}

// place puts a posting where it belongs, in the stead of one of the same document.
func place(all []posting, p posting) []posting {
	at, found := slices.BinarySearchFunc(all, p.doc, func(a posting, doc int64) int { return compare(a.doc, doc) })
	if found {
		all[at] = p
		return all
	}
	return slices.Insert(all, at, p)
}

func without(all []posting, doc int64) []posting {
	at, found := slices.BinarySearchFunc(all, doc, func(a posting, doc int64) int { return compare(a.doc, doc) })
	if !found {
		return all
	}
	return slices.Delete(all, at, at+1)
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// packIDs packs ascending numbers.
func packIDs(ids []int64) []byte {
	packed := make([]byte, 0, 3*len(ids))
	before := int64(0)
	for _, id := range ids {
		packed = binary.AppendUvarint(packed, uint64(id-before))
		before = id
	}
	return packed
}

func unpackIDs(packed []byte) ([]int64, error) {
	var ids []int64
	var id int64
	for len(packed) > 0 {
		distance, n := binary.Uvarint(packed)
		if n <= 0 {
			return nil, errBadBlock
		}
		packed = packed[n:]
		id += int64(distance)
		ids = append(ids, id)
	}
	return ids, nil
}
