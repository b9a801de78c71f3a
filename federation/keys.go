package federation

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"medixchange/internal/signing"
	"medixchange/internal/sqldb"
	"medixchange/rooms"
)

const (
	// maxValidity is how long a key counts at most after it was fetched, whatever its server says (Server-Server API,
	// Publishing Keys).
	maxValidity = 7 * 24 * time.Hour
	// A server whose keys could not be fetched is not asked again before a pause that doubles within these bounds.
	firstKeyPause = time.Second
	mostKeyPause  = 5 * time.Minute
	// freshKeys is the age below which a server that does not know a key is not asked again.
	freshKeys    = 10 * time.Second
	keyTimeout   = 20 * time.Second
	maxKeyring   = 10_000
	maxKeyAnswer = 256 << 10
	// maxServerKeys bounds the keys that are taken from one answer.
	maxServerKeys = 200
)

// errNoSuchKey says that a server does not publish the key with which something was signed in its name.
var errNoSuchKey = errors.New("the server has no such key")

// verifyKey is a key of another server.
type verifyKey struct {
	public     ed25519.PublicKey
	validUntil int64 // ms; when it went out of use if expired
	expired    bool
	fetched    int64 // ms
}

// validAt reports whether the key may have signed something at a time (ms).
func (k verifyKey) validAt(ts int64) bool {
	if k.expired {
		return ts < k.validUntil
	}
	return ts <= k.countsUntil()
}

// countsUntil is when a key in use has to be fetched again.
func (k verifyKey) countsUntil() int64 {
	return min(k.validUntil, k.fetched+maxValidity.Milliseconds())
}

// keyAnswer is a checked answer of /_matrix/key/v2/server.
type keyAnswer struct {
	server     string
	keys       map[string]verifyKey
	raw        []byte // as its server signed it
	validUntil int64
	fetched    int64
}

// keyFailure is why and until when a server is not asked for keys.
type keyFailure struct {
	until time.Time
	pause time.Duration
	err   error
}

// Keys is the key ring. It is safe for concurrent use.
type Keys struct {
	db        *sqldb.DB
	transport *transport
	signer    *signing.Signer
	notaries  []string
	now       func() time.Time

	flights  singleflight.Group
	ring     *lru.Cache[string, map[string]verifyKey] // the maps are never changed
	failures *lru.Cache[string, keyFailure]
	own      ownKeys
}

// ownKeys caches the answer that publishes our own keys.
type ownKeys struct {
	mu     sync.Mutex
	answer []byte
	until  time.Time
}

func newKeys(o ClientOptions, t *transport) (*Keys, error) {
	ring, err := lru.New[string, map[string]verifyKey](maxKeyring)
	if err != nil {
		return nil, fmt.Errorf("making the key ring: %w", err)
	}
	failures, err := lru.New[string, keyFailure](maxKeyring)
	if err != nil {
		return nil, fmt.Errorf("making the key ring: %w", err)
	}
	return &Keys{db: o.DB, transport: t, signer: o.Signer, notaries: o.Config.Notaries, now: o.Now, ring: ring, failures: failures}, nil
}

// Key returns the key with which server may have signed something at the time ts (ms); strict is whether the key must
// have been valid then, as room versions 5 and later and requests have it. It is fetched if it is not known or was not
// valid. The error wraps rooms.ErrKeysUnreachable if the key could not be fetched, and signing.ErrSignature if the server
// does not stand for it.
func (k *Keys) Key(ctx context.Context, server, keyID string, ts int64, strict bool) (ed25519.PublicKey, error) {
	if server == k.signer.ServerName {
		return k.ownKey(keyID, ts, strict)
	}
	known, err := k.known(ctx, server)
	if err != nil {
		return nil, err
	}
	key, there := known[keyID]
	if there && (!strict || key.validAt(ts)) {
		return key.public, nil
	}
	if there && key.expired {
		return nil, fmt.Errorf("key %s of %s was out of use by then: %w", keyID, server, signing.ErrSignature)
	}
	if known, err = k.refresh(ctx, server, keyID, ts); err != nil {
		return nil, err
	}
	key, there = known[keyID]
	switch {
	case !there:
		return nil, fmt.Errorf("key %s of %s: %w: %w", keyID, server, errNoSuchKey, signing.ErrSignature)
	case strict && !key.validAt(ts):
		return nil, fmt.Errorf("key %s of %s is not valid at that time: %w", keyID, server, signing.ErrSignature)
	}
	return key.public, nil
}

// cached returns a key that is in memory and valid at a time (ms).
func (k *Keys) cached(server, keyID string, ts int64) (ed25519.PublicKey, bool) {
	keys, ok := k.ring.Get(server)
	if !ok {
		return nil, false
	}
	key, ok := keys[keyID]
	return key.public, ok && key.validAt(ts)
}

// ownKey finds one of this server's keys, also earlier ones.
func (k *Keys) ownKey(keyID string, ts int64, strict bool) (ed25519.PublicKey, error) {
	if keyID == k.signer.KeyID() {
		return k.signer.Key.Public(), nil
	}
	for _, old := range k.signer.Old {
		if old.ID == keyID && (!strict || ts < old.ExpiredAt.UnixMilli()) {
			return old.Public, nil
		}
	}
	return nil, fmt.Errorf("this server has no key %s: %w", keyID, signing.ErrSignature)
}

// known returns the keys of a server that were fetched before.
func (k *Keys) known(ctx context.Context, server string) (map[string]verifyKey, error) {
	if keys, ok := k.ring.Get(server); ok {
		return keys, nil
	}
	keys, err := loadKeys(ctx, k.db, server)
	if err != nil {
		return nil, err
	}
	if other, there, _ := k.ring.PeekOrAdd(server, keys); there {
		return other, nil // fetched meanwhile
	}
	return keys, nil
}

// refresh fetches a server's keys, because keyID is not known or not known to be valid at ts. Several calls for a server
// share one fetch. What it has just answered is not asked for again.
func (k *Keys) refresh(ctx context.Context, server, keyID string, ts int64) (map[string]verifyKey, error) {
	if keys, ok := k.ring.Get(server); ok && k.answeredLately(keys) {
		return keys, nil
	}
	if f, ok := k.failures.Get(server); ok && k.now().Before(f.until) {
		return nil, fmt.Errorf("keys of %s: %w: %w", server, rooms.ErrKeysUnreachable, f.err)
	}
	result := k.flights.DoChan(server, func() (any, error) {
		shared, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*keyTimeout)
		defer cancel()
		return k.fetch(shared, server, keyID, ts)
	})
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("keys of %s: %w: %w", server, rooms.ErrKeysUnreachable, ctx.Err())
	case r := <-result:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(map[string]verifyKey), nil
	}
}

// answeredLately reports whether keys in use were fetched a moment ago.
func (k *Keys) answeredLately(keys map[string]verifyKey) bool {
	now := k.now().UnixMilli()
	for _, key := range keys {
		if !key.expired && now-key.fetched < freshKeys.Milliseconds() {
			return true
		}
	}
	return false
}

// heard says that a server is there, so that its keys may be asked for at once.
func (k *Keys) heard(server string) { k.failures.Remove(server) }

// take stores a checked answer and adds it to the ring.
func (k *Keys) take(ctx context.Context, a *keyAnswer) (map[string]verifyKey, error) {
	if err := saveKeys(ctx, k.db, a); err != nil {
		return nil, err
	}
	keys, err := loadKeys(ctx, k.db, a.server)
	if err != nil {
		return nil, err
	}
	k.ring.Add(a.server, keys)
	k.failures.Remove(a.server)
	return keys, nil
}

// failed remembers that a server's keys could not be fetched.
func (k *Keys) failed(server string, err error) error {
	f, _ := k.failures.Get(server)
	f.pause = min(max(2*f.pause, firstKeyPause), mostKeyPause)
	f.until, f.err = k.now().Add(f.pause), err
	k.failures.Add(server, f)
	return fmt.Errorf("keys of %s: %w: %w", server, rooms.ErrKeysUnreachable, err)
}
