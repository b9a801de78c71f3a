package rooms

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"medixchange/rooms/resolve"
)

// A state is stored as an immutable blob: whole, or the entries in which it differs from another, its base. Step i after
// a whole blob has as base step i with its lowest set bit cleared and carries what changed since then. So a state is
// read in at most log2(steps) pieces, an entry is written log2(steps)/2 times on average however large the room is, and
// a whole blob follows once as many steps were made as the state has entries.

// minSteps keeps small states from being written whole at every other change.
const minSteps = 16

// segment is one blob on the way from a whole one to a state.
type segment struct {
	nid     int64
	step    int64         // steps since the whole blob; 0 for the whole one
	entries resolve.State // of a delta; NID 0 removes the key. The whole one's are not kept.
}

// stateRef names a state and the blobs that make it, whole one first. It is immutable.
type stateRef struct {
	nid  int64
	segs []segment
}

// blobRow is a blob to be stored.
type blobRow struct {
	nid, base, depth, size int64
	entries                []byte
}

// derive returns the state that follows s by the changes (NID 0 removes), named nid, with the row to store. size is how
// many entries the new state has; whole gives them all, sorted, and is called only when a whole blob is due.
func (s stateRef) derive(nid int64, changes resolve.State, size int, whole func() resolve.State) (stateRef, blobRow) {
	var step int64
	if len(s.segs) > 0 {
		step = s.segs[len(s.segs)-1].step + 1
	}
	if step == 0 || step > int64(max(minSteps, size)) {
		entries := whole()
		row := blobRow{nid: nid, size: int64(len(entries)), entries: packState(entries)}
		return stateRef{nid: nid, segs: []segment{{nid: nid}}}, row
	}
	base := step & (step - 1)
	keep := len(s.segs)
	for keep > 1 && s.segs[keep-1].step > base {
		keep--
	}
	merged := changes
	for i := len(s.segs) - 1; i >= keep; i-- {
		merged = overlay(s.segs[i].entries, merged)
	}
	segs := make([]segment, keep, keep+1)
	copy(segs, s.segs[:keep])
	segs = append(segs, segment{nid: nid, step: step, entries: merged})
	row := blobRow{nid: nid, base: segs[keep-1].nid, depth: step, size: int64(size), entries: packState(merged)}
	return stateRef{nid: nid, segs: segs}, row
}

// overlay lays newer over older; both are sorted. Removals stay as entries with NID 0.
func overlay(older, newer resolve.State) resolve.State {
	if len(older) == 0 {
		return newer
	}
	out := make(resolve.State, 0, len(older)+len(newer))
	i, j := 0, 0
	for i < len(older) && j < len(newer) {
		switch {
		case older[i].Key < newer[j].Key:
			out = append(out, older[i])
			i++
		case older[i].Key > newer[j].Key:
			out = append(out, newer[j])
			j++
		default:
			out = append(out, newer[j])
			i++
			j++
		}
	}
	out = append(out, older[i:]...)
	return append(out, newer[j:]...)
}

// present drops the removals.
func present(s resolve.State) resolve.State {
	for i := range s {
		if s[i].NID == 0 {
			out := append(resolve.State(nil), s[:i]...)
			for _, e := range s[i:] {
				if e.NID != 0 {
					out = append(out, e)
				}
			}
			return out
		}
	}
	return s
}

// diff returns the changes that lead from a to b, sorted; removals have NID 0.
func diff(a, b resolve.State) resolve.State {
	var out resolve.State
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case j == len(b) || i < len(a) && a[i].Key < b[j].Key:
			out = append(out, resolve.Entry{Key: a[i].Key})
			i++
		case i == len(a) || a[i].Key > b[j].Key:
			out = append(out, b[j])
			j++
		default:
			if a[i].NID != b[j].NID {
				out = append(out, b[j])
			}
			i++
			j++
		}
	}
	return out
}

var errBlob = errors.New("malformed state blob")

// packState writes sorted entries as pairs of varints: distance of the key to the one before, event nid.
func packState(s resolve.State) []byte {
	out := make([]byte, 0, 5*len(s))
	last := int64(0)
	for _, e := range s {
		out = binary.AppendUvarint(out, uint64(e.Key-last))
		out = binary.AppendUvarint(out, uint64(e.NID))
		last = e.Key
	}
	return out
}

func unpackState(b []byte) (resolve.State, error) {
	s := make(resolve.State, 0, len(b)/4+1)
	last := int64(0)
	for len(b) > 0 {
		key, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, fmt.Errorf("reading a key: %w", errBlob)
		}
		nid, m := binary.Uvarint(b[n:])
		if m <= 0 || key == 0 && last > 0 {
			return nil, fmt.Errorf("reading an event: %w", errBlob)
		}
		b = b[n+m:]
		last += int64(key)
		s = append(s, resolve.Entry{Key: last, NID: int64(nid)})
	}
	return s, nil
}

// packNIDs writes a list of nids as varints, in its order.
func packNIDs(nids []int64) []byte {
	out := make([]byte, 0, 4*len(nids))
	for _, n := range nids {
		out = binary.AppendUvarint(out, uint64(n))
	}
	return out
}

func unpackNIDs(b []byte) ([]int64, error) {
	out := make([]int64, 0, len(b)/2)
	for len(b) > 0 {
		n, size := binary.Uvarint(b)
		if size <= 0 {
			return nil, fmt.Errorf("reading a list of nids: %w", errBlob)
		}
		out = append(out, int64(n))
		b = b[size:]
	}
	return out, nil
}

// changed returns what the deltas of the state say of a key; ok false leaves it to the whole blob.
func (s stateRef) changed(key int64) (nid int64, ok bool) {
	for i := len(s.segs) - 1; i > 0; i-- {
		at, found := slices.BinarySearchFunc(s.segs[i].entries, key, func(e resolve.Entry, key int64) int {
			return cmp.Compare(e.Key, key)
		})
		if found {
			return s.segs[i].entries[at].NID, true
		}
	}
	return 0, false
}

// over returns the state, given its whole blob.
func (s stateRef) over(whole resolve.State) resolve.State {
	state := whole
	for _, seg := range s.segs[1:] {
		state = overlay(state, seg.entries)
	}
	return present(state)
}

// blobCache keeps what states are made of. Safe for concurrent use.
type blobCache struct {
	refs   *byteLRU[int64, stateRef]
	wholes *byteLRU[int64, resolve.State]
}

func newBlobCache(maxBytes int) *blobCache {
	return &blobCache{newByteLRU[int64, stateRef](maxBytes / 2), newByteLRU[int64, resolve.State](maxBytes / 2)}
}

func (c *blobCache) add(ref stateRef) {
	size := 200
	for _, seg := range ref.segs {
		size += 48 + 16*len(seg.entries)
	}
	c.refs.put(ref.nid, ref, size)
}

func (c *blobCache) addWhole(nid int64, whole resolve.State) {
	c.wholes.put(nid, whole, 200+16*len(whole))
}

// stateRef returns the blobs of a stored state.
func (r *Rooms) stateRef(ctx context.Context, nid int64) (stateRef, error) {
	if ref, ok := r.blobs.refs.get(nid); ok {
		return ref, nil
	}
	rows, err := r.selectBlobs(ctx, nid)
	if err != nil {
		return stateRef{}, err
	}
	ref := stateRef{nid: nid}
	for i := len(rows) - 1; i >= 0; i-- {
		entries, err := unpackState(rows[i].entries)
		if err != nil {
			return stateRef{}, fmt.Errorf("state %d: %w", rows[i].nid, err)
		}
		seg := segment{nid: rows[i].nid, step: rows[i].depth, entries: entries}
		if rows[i].base == 0 {
			r.blobs.addWhole(seg.nid, entries)
			seg.entries = nil
		}
		ref.segs = append(ref.segs, seg)
	}
	if len(rows) == 0 || rows[len(rows)-1].base != 0 {
		return stateRef{}, fmt.Errorf("state %d: %w", nid, ErrNotFound)
	}
	r.blobs.add(ref)
	return ref, nil
}

// wholeState returns the entries of a whole blob.
func (r *Rooms) wholeState(ctx context.Context, nid int64) (resolve.State, error) {
	if whole, ok := r.blobs.wholes.get(nid); ok {
		return whole, nil
	}
	rows, err := r.selectBlobs(ctx, nid)
	if err != nil {
		return nil, err
	}
	if len(rows) != 1 {
		return nil, fmt.Errorf("state %d is not a whole one: %w", nid, errBlob)
	}
	whole, err := unpackState(rows[0].entries)
	if err != nil {
		return nil, fmt.Errorf("state %d: %w", nid, err)
	}
	r.blobs.addWhole(nid, whole)
	return whole, nil
}

// fullState returns all entries of a stored state.
func (r *Rooms) fullState(ctx context.Context, nid int64) (resolve.State, error) {
	if nid == 0 {
		return nil, nil
	}
	ref, err := r.stateRef(ctx, nid)
	if err != nil {
		return nil, err
	}
	whole, err := r.wholeState(ctx, ref.segs[0].nid)
	if err != nil {
		return nil, err
	}
	return ref.over(whole), nil
}
