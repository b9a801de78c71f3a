package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"medixchange/internal/pace"
	"medixchange/internal/sqldb"
)

// newToken makes an opaque token with 256 bits of chance.
func newToken(prefix string) string { return prefix + rand.Text() + rand.Text() }

// newDeviceID makes a device id of 10 capitals and digits, as clients show it.
func newDeviceID() string { return rand.Text()[:10] }

func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// maxCachedTokens bounds the memory of known tokens (about 400 bytes each).
const maxCachedTokens = 50000

// tokenCache keeps the devices of tokens that were used. It only holds what is committed: a read that began before a
// change of the user's tokens is not kept.
type tokenCache struct {
	mu     sync.RWMutex
	byHash map[[sha256.Size]byte]*cachedToken
	byUser map[string]map[[sha256.Size]byte]struct{}
	epoch  int64 // counts changes
}

type cachedToken struct {
	device  *Device
	expires int64 // ms; 0 never
}

func newTokenCache() *tokenCache {
	return &tokenCache{byHash: map[[sha256.Size]byte]*cachedToken{}, byUser: map[string]map[[sha256.Size]byte]struct{}{}}
}

func (c *tokenCache) get(hash [sha256.Size]byte) (t *cachedToken, epoch int64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.byHash[hash], c.epoch
}

// put keeps a token that was read at epoch.
func (c *tokenCache) put(hash [sha256.Size]byte, t *cachedToken, epoch int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch != epoch {
		return
	}
	if len(c.byHash) >= maxCachedTokens {
		c.evict()
	}
	c.byHash[hash] = t
	own := c.byUser[t.device.UserID]
	if own == nil {
		own = map[[sha256.Size]byte]struct{}{}
		c.byUser[t.device.UserID] = own
	}
	own[hash] = struct{}{}
}

// evict drops an arbitrary tenth.
func (c *tokenCache) evict() {
	drop := maxCachedTokens / 10
	for _, t := range maps.Clone(c.byHash) {
		if drop <= 0 {
			return
		}
		drop -= len(c.byUser[t.device.UserID])
		c.forgetLocked(t.device.UserID)
	}
}

// forget drops what is known of a user's tokens.
func (c *tokenCache) forget(userID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	c.forgetLocked(userID)
}

func (c *tokenCache) forgetLocked(userID string) {
	for hash := range c.byUser[userID] {
		delete(c.byHash, hash)
	}
	delete(c.byUser, userID)
}

// Authenticate returns the device of an access token, from memory if it was used before. Errors: *UnknownToken (with
// SoftLogout when the token has expired); ErrLocked together with the device, which may then only log out.
func (a *Accounts) Authenticate(ctx context.Context, token string) (*Device, error) {
	hash := sha256.Sum256([]byte(token))
	cached, epoch := a.tokens.get(hash)
	if cached == nil {
		var err error
		if cached, err = a.firstUse(ctx, hash, epoch); err != nil {
			return nil, err
		}
	}
	if cached.expires != 0 && cached.expires <= a.nowMS() {
		return nil, &UnknownToken{SoftLogout: true}
	}
	if cached.device.Locked {
		return cached.device, ErrLocked
	}
	return cached.device, nil
}

// firstUse reads a token. If it came from a refresh, the tokens before it end now.
func (a *Accounts) firstUse(ctx context.Context, hash [sha256.Size]byte, epoch int64) (*cachedToken, error) {
	row, device, err := a.readAccessToken(ctx, hash[:])
	if err != nil {
		return nil, err
	}
	if row.replaces != nil && (row.expires == 0 || row.expires > a.nowMS()) {
		err := a.db.Write(ctx, func(tx *sqldb.Tx) error {
			tx.OnCommit(func() { a.tokens.forget(row.userID) })
			return supersede(tx, row)
		})
		if err != nil {
			return nil, fmt.Errorf("ending the tokens before a refresh: %w", err)
		}
		return &cachedToken{device, row.expires}, nil
	}
	cached := &cachedToken{device, row.expires}
	a.tokens.put(hash, cached, epoch)
	return cached, nil
}

const (
	seenInterval = time.Minute
	// maxSeen bounds the sightings that wait to be written.
	maxSeen = 20000
)

// lastSeen collects when and from where devices were seen, to write them seldom.
type lastSeen struct {
	mu      sync.Mutex
	waiting map[[2]string]sighting
}

type sighting struct {
	ts            int64
	ip, userAgent string
}

func newLastSeen() *lastSeen { return &lastSeen{waiting: map[[2]string]sighting{}} }

// Seen notes that a device was seen. It costs nothing most of the time and never writes at once.
func (a *Accounts) Seen(d *Device, ip, userAgent string) {
	now := a.nowMS()
	last := atomic.LoadInt64(&d.noted)
	if now-last < seenInterval.Milliseconds() || !atomic.CompareAndSwapInt64(&d.noted, last, now) || d.DeviceID == "" {
		return
	}
	a.seen.mu.Lock()
	defer a.seen.mu.Unlock()
	if len(a.seen.waiting) < maxSeen {
		a.seen.waiting[[2]string{d.UserID, d.DeviceID}] = sighting{now, truncate(ip, 64), printable(truncate(userAgent, 512))}
	}
}

// printable makes a header storable.
func printable(s string) string { return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "") }

func (l *lastSeen) take() map[[2]string]sighting {
	l.mu.Lock()
	defer l.mu.Unlock()
	waiting := l.waiting
	l.waiting = map[[2]string]sighting{}
	return waiting
}

// look returns a sighting that is not written yet.
func (l *lastSeen) look(userID, deviceID string) (sighting, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.waiting[[2]string{userID, deviceID}]
	return s, ok
}

func (a *Accounts) flushSeenLoop(ctx context.Context) {
	pace.Every(ctx, seenInterval, func() {
		if err := a.flushSeen(ctx); err != nil && !errors.Is(err, context.Canceled) {
			a.log.WithError(err).Warn("storing when devices were last seen")
		}
	})
}

func (a *Accounts) flushSeen(ctx context.Context) error {
	waiting := a.seen.take()
	if len(waiting) == 0 {
		return nil
	}
	return a.db.Write(ctx, func(tx *sqldb.Tx) error { return writeSeen(tx, waiting) })
}

// sweepExpired removes what has expired, each hour.
func (a *Accounts) sweepExpired(ctx context.Context) {
	pace.Every(ctx, time.Hour, func() {
		err := a.db.Write(ctx, func(tx *sqldb.Tx) error { return deleteExpired(tx, a.nowMS()) })
		if err != nil && !errors.Is(err, context.Canceled) {
			a.log.WithError(err).Warn("removing what has expired")
		}
	})
}
