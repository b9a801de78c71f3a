package rooms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"medixchange/internal/sqldb"
	"medixchange/rooms/resolve"
)

// nidSources gives the identities of what this package stores.
type nidSources struct {
	room, event, state, key, servers *sqldb.IDs
}

func newNIDSources(db *sqldb.DB) *nidSources {
	return &nidSources{
		room: db.IDs("room"), event: db.IDs("event"), state: db.IDs("state"),
		key: db.IDs("state_key"), servers: db.IDs("server_set"),
	}
}

// interned gives values of one kind a number that never changes. A new one gets its number at once and is stored by the
// transactions that use it, all of them until one was committed. Safe for concurrent use.
type interned[V comparable] struct {
	ids     *sqldb.IDs
	select1 func(ctx context.Context, value V) (int64, error) // ErrNoRows when not stored
	mu      sync.Mutex
	numbers *lru.Cache[V, int64]
	pending map[V]int64
}

func newInterned[V comparable](ids *sqldb.IDs, size int, find func(context.Context, V) (int64, error)) *interned[V] {
	return &interned[V]{ids: ids, select1: find, numbers: newLRU[V, int64](size), pending: map[V]int64{}}
}

// find returns the value's number, 0 if it has none.
func (i *interned[V]) find(ctx context.Context, value V) (int64, error) {
	if nid, ok := i.known(value); ok {
		return nid, nil
	}
	nid, err := i.select1(ctx, value)
	if errors.Is(err, sqldb.ErrNoRows) {
		return 0, nil
	}
	if err == nil {
		i.numbers.Add(value, nid)
	}
	return nid, err
}

func (i *interned[V]) known(value V) (int64, bool) {
	if nid, ok := i.numbers.Get(value); ok {
		return nid, true
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	nid, ok := i.pending[value]
	return nid, ok
}

// number returns the value's number, a new one if need be. unstored says that the transaction has to store it.
func (i *interned[V]) number(ctx context.Context, value V) (nid int64, unstored bool, err error) {
	if nid, err = i.find(ctx, value); err != nil {
		return 0, false, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if waiting, ok := i.pending[value]; ok {
		return waiting, true, nil
	}
	if nid != 0 {
		return nid, false, nil
	}
	if nid, ok := i.numbers.Get(value); ok { // stored since we looked
		return nid, false, nil
	}
	nid = i.ids.Next()
	i.pending[value] = nid
	return nid, true, nil
}

// prepare gives the values that neither have a number nor wait for one a number, after the caller looked for stored ones.
func (i *interned[V]) prepare(values []V, stored map[V]int64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, value := range values {
		if nid, ok := stored[value]; ok {
			i.numbers.Add(value, nid)
			continue
		}
		if _, ok := i.numbers.Get(value); ok {
			continue
		}
		if _, ok := i.pending[value]; !ok {
			i.pending[value] = i.ids.Next()
		}
	}
}

// settled says that a transaction with the value was committed with this number.
func (i *interned[V]) settled(value V, nid int64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.pending, value)
	i.numbers.Add(value, nid)
}

// stateKeys interns (type, state_key).
type stateKeys struct {
	*interned[resolve.StateKey]
	r     *Rooms
	byNID *lru.Cache[int64, resolve.StateKey]
}

// stateKeyCache is how many state keys are remembered, about 150 bytes each and direction.
const stateKeyCache = 50_000

func newStateKeys(r *Rooms) *stateKeys {
	return &stateKeys{
		interned: newInterned(r.nids.key, stateKeyCache, r.selectStateKey), r: r,
		byNID: newLRU[int64, resolve.StateKey](stateKeyCache),
	}
}

// expect looks up many keys at a time, so that number finds each of them in memory.
func (k *stateKeys) expect(ctx context.Context, keys []resolve.StateKey) error {
	var missing []resolve.StateKey
	for _, key := range keys {
		if _, ok := k.known(key); !ok {
			missing = append(missing, key)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	stored, err := k.r.selectStateKeys(ctx, missing)
	if err != nil {
		return err
	}
	k.prepare(missing, stored)
	return nil
}

// names returns the (type, state_key) of the numbers.
func (k *stateKeys) names(ctx context.Context, nids []int64) (map[int64]resolve.StateKey, error) {
	out := make(map[int64]resolve.StateKey, len(nids))
	var missing []int64
	for _, nid := range nids {
		if key, ok := k.byNID.Get(nid); ok {
			out[nid] = key
		} else {
			missing = append(missing, nid)
		}
	}
	if len(missing) == 0 {
		return out, nil
	}
	err := k.r.selectStateKeyNames(ctx, missing, func(nid int64, key resolve.StateKey) {
		out[nid] = key
		k.byNID.Add(nid, key)
	})
	return out, err
}

// serverSets interns sets of server names, as sorted JSON arrays.
type serverSets struct {
	*interned[string]
	r *Rooms
}

func newServerSets(r *Rooms) *serverSets {
	return &serverSets{interned: newInterned(r.nids.servers, 4096, r.selectServerSet), r: r}
}

// setName is the form in which a set of servers is stored. It sorts names in place.
func setName(names []string) string {
	slices.Sort(names)
	text, _ := json.Marshal(names) // strings always marshal
	return string(text)
}

// storeInterned inserts the values that the transaction needs and reports whether their numbers hold: another process may
// have given a value another number, and then the batch must be made anew. insert stores all of them and returns the
// numbers that they have now.
func storeInterned[V comparable](tx *sqldb.Tx, in *interned[V], values map[V]int64, insert func(*sqldb.Tx, map[V]int64) (map[V]int64, error)) error {
	if len(values) == 0 {
		return nil
	}
	stored, err := insert(tx, values)
	if err != nil {
		return err
	}
	for value, nid := range values {
		if stored[value] != nid {
			in.settled(value, stored[value])
			err = fmt.Errorf("interning: number %d was given as %d elsewhere: %w", nid, stored[value], errStale)
		}
	}
	return err
}

// errStale says that what the batch was built on is no longer what the database has: reload and try again.
var errStale = errors.New("the room changed elsewhere")
