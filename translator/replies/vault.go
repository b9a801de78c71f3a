package replies

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"time"

	"medixchange/internal/pace"
	"medixchange/internal/sqldb"
)

// Kind is what a record of the vault is. The numbers are stored and never change.
type Kind int16

// Kinds of the desks, from Options.Kinds on. Those from 100 on belong to others who keep records in a vault.
const (
	kindWork    Kind = 1 // owner room, name event
	kindReplies Kind = 2 // owner room, name event
	kindReaders Kind = 3 // owner room
	kindEdits   Kind = 4 // owner room, name message: the edits of it that changed its replies

	kindHold     Kind = 5 // owner room, name message
	kindWarned   Kind = 6 // owner chat, name warning
	kindWarnings Kind = 7 // name user: when they were warned
)

// Record is one entry of a vault.
type Record struct {
	Owner, Name string
	Value       []byte
}

// read reads what [Vault.Write] wrote.
func (r Record) read(into any) error {
	if err := json.Unmarshal(r.Value, into); err != nil {
		return fmt.Errorf("reading a record of the vault: %w", err)
	}
	return nil
}

// Vault keeps records that are encrypted in the database (AES-256-GCM, bound to their place). Puts and deletes are seen at
// once by who reads the vault, and reach the disk together with [Vault.Commit]: either all of them or none. All methods
// are safe for concurrent use.
type Vault struct {
	db   *sqldb.DB
	aead cipher.AEAD
	now  func() time.Time

	mu       sync.Mutex
	changed  map[place]*change
	commits  sync.Mutex
	together sync.Mutex
}

type place struct {
	kind        Kind
	owner, name string
}

// change is what a place holds from the next commit on.
type change struct {
	value   []byte
	deleted bool
}

// KeyBytes is the length of a vault's secret.
const KeyBytes = 32

// NewVault opens the vault in a database. The same secret of KeyBytes bytes must be given each time.
func NewVault(db *sqldb.DB, secret []byte, now func() time.Time) (*Vault, error) {
	if len(secret) != KeyBytes {
		return nil, fmt.Errorf("the vault's secret has %d bytes instead of %d", len(secret), KeyBytes)
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "medixchange translator vault", 32)
	if err != nil {
		return nil, fmt.Errorf("deriving the vault's key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("deriving the vault's key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("deriving the vault's key: %w", err)
	}
	return &Vault{db: db, aead: aead, now: now, changed: map[place]*change{}}, nil
}

// bound is the associated data that keeps a value in its place.
func (p place) bound() []byte {
	return fmt.Appendf(nil, "%d %d %s %s", p.kind, len(p.owner), p.owner, p.name)
}

func (v *Vault) seal(p place, value []byte) []byte {
	nonce := make([]byte, v.aead.NonceSize())
	rand.Read(nonce)
	return v.aead.Seal(nonce, nonce, value, p.bound())
}

var errWrongKey = errors.New("a record of the translator's vault does not open: the key is another one, or the record was changed")

func (v *Vault) open(p place, sealed []byte) ([]byte, error) {
	if len(sealed) < v.aead.NonceSize() {
		return nil, errWrongKey
	}
	value, err := v.aead.Open(nil, sealed[:v.aead.NonceSize()], sealed[v.aead.NonceSize():], p.bound())
	if err != nil {
		return nil, errWrongKey
	}
	return value, nil
}

// Get returns a record's value; nil without one.
func (v *Vault) Get(ctx context.Context, kind Kind, owner, name string) ([]byte, error) {
	p := place{kind, owner, name}
	v.mu.Lock()
	c := v.changed[p]
	v.mu.Unlock()
	if c != nil {
		return c.value, nil
	}
	sealed, err := v.selectValue(ctx, p)
	if err != nil || sealed == nil {
		return nil, err
	}
	return v.open(p, sealed)
}

// Read reads a record that [Vault.Write] wrote; false without one.
func (v *Vault) Read(ctx context.Context, kind Kind, owner, name string, into any) (bool, error) {
	value, err := v.Get(ctx, kind, owner, name)
	if err != nil || value == nil {
		return false, err
	}
	return true, Record{owner, name, value}.read(into)
}

// List returns the records of an owner, in no particular order.
func (v *Vault) List(ctx context.Context, kind Kind, owner string) ([]Record, error) {
	return v.list(ctx, kind, &owner)
}

// All returns the records of a kind, whosever they are.
func (v *Vault) All(ctx context.Context, kind Kind) ([]Record, error) {
	return v.list(ctx, kind, nil)
}

func (v *Vault) list(ctx context.Context, kind Kind, owner *string) ([]Record, error) {
	v.mu.Lock()
	changed := map[place]*change{}
	for p, c := range v.changed {
		if p.kind == kind && (owner == nil || p.owner == *owner) {
			changed[p] = c
		}
	}
	v.mu.Unlock()
	stored, err := v.selectAll(ctx, kind, owner)
	if err != nil {
		return nil, err
	}
	var found []Record
	for p, sealed := range stored {
		if changed[p] != nil {
			continue
		}
		value, err := v.open(p, sealed)
		if err != nil {
			return nil, err
		}
		found = append(found, Record{Owner: p.owner, Name: p.name, Value: value})
	}
	for p, c := range changed {
		if !c.deleted {
			found = append(found, Record{Owner: p.owner, Name: p.name, Value: c.value})
		}
	}
	return found, nil
}

// Put sets a record. The value must not be changed afterwards.
func (v *Vault) Put(kind Kind, owner, name string, value []byte) {
	v.change(place{kind, owner, name}, &change{value: value})
}

// Write sets a record to the JSON of value.
func (v *Vault) Write(kind Kind, owner, name string, value any) error {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("writing a record of the vault: %w", err)
	}
	v.Put(kind, owner, name, encoded)
	return nil
}

// Delete removes a record.
func (v *Vault) Delete(kind Kind, owner, name string) {
	v.change(place{kind, owner, name}, &change{deleted: true})
}

func (v *Vault) change(p place, c *change) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.changed[p] = c
}

// Commit stores everything that was put and deleted before it, in one transaction. After an error it is still to be stored.
// It is for the function that [Vault.Together] runs: others would commit half of what that one does.
func (v *Vault) Commit(ctx context.Context) error {
	v.commits.Lock()
	defer v.commits.Unlock()
	v.mu.Lock()
	taken := make(map[place]*change, len(v.changed))
	for p, c := range v.changed {
		taken[p] = c
	}
	v.mu.Unlock()
	if len(taken) == 0 {
		return nil
	}
	if err := v.store(ctx, taken); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for p, c := range taken {
		if v.changed[p] == c {
			delete(v.changed, p)
		}
	}
	return nil
}

// Forget removes the stored records of a kind that were not written since a time.
func (v *Vault) Forget(ctx context.Context, kind Kind, before time.Time) error {
	return v.deleteOlder(ctx, kind, before.UnixMilli())
}

// Count returns how many records of a kind an owner has at most: what is not stored yet counts once more where it replaces
// something.
func (v *Vault) Count(ctx context.Context, kind Kind, owner string) (int, error) {
	count, err := v.countOwner(ctx, kind, owner)
	if err != nil {
		return 0, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for p, c := range v.changed {
		if p.kind == kind && p.owner == owner && !c.deleted {
			count++
		}
	}
	return count, nil
}

// ForgetOwner removes the records of a kind and an owner, at once.
func (v *Vault) ForgetOwner(ctx context.Context, kind Kind, owner string) error {
	v.commits.Lock() // nothing that is being stored comes back after it
	defer v.commits.Unlock()
	v.mu.Lock()
	maps.DeleteFunc(v.changed, func(p place, _ *change) bool { return p.kind == kind && p.owner == owner })
	v.mu.Unlock()
	return v.deleteOwner(ctx, kind, owner)
}

// Older returns the records of a kind that were stored before a time, at most 500 of them.
func (v *Vault) Older(ctx context.Context, kind Kind, before time.Time) ([]Record, error) {
	stored, err := v.selectOlder(ctx, kind, before.UnixMilli())
	if err != nil {
		return nil, err
	}
	var found []Record
	for p, sealed := range stored {
		v.mu.Lock()
		changed := v.changed[p] != nil
		v.mu.Unlock()
		if changed {
			continue
		}
		value, err := v.open(p, sealed)
		if err != nil {
			return nil, err
		}
		found = append(found, Record{Owner: p.owner, Name: p.name, Value: value})
	}
	return found, nil
}

// Opens reports whether the vault's secret is the one that its records were written with; true while there are none.
func (v *Vault) Opens(ctx context.Context) (bool, error) {
	p, sealed, err := v.selectAny(ctx)
	if err != nil || sealed == nil {
		return true, err
	}
	_, err = v.open(p, sealed)
	return err == nil, nil
}

// Clear removes every record: of those that do not open nothing is of use to anybody.
func (v *Vault) Clear(ctx context.Context) error { return v.deleteAll(ctx) }

// Derived returns a key of 32 bytes for another purpose, from the same secret.
func Derived(secret []byte, purpose string) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "medixchange "+strconv.Quote(purpose), 32)
	if err != nil {
		return nil, fmt.Errorf("deriving a key: %w", err)
	}
	return key, nil
}

// Together runs fn while nobody else changes the vault this way, and commits what it and others have changed. What fn has
// changed before an error is committed too; a commit is tried again until ctx ends.
func (v *Vault) Together(ctx context.Context, fn func() error) error {
	v.together.Lock()
	defer v.together.Unlock()
	failed := fn()
	for {
		err := v.Commit(ctx)
		if err == nil || ctx.Err() != nil {
			return errors.Join(failed, err)
		}
		if !pace.Pause(ctx, commitPause) {
			return errors.Join(failed, err)
		}
	}
}

// commitPause is the wait before a commit that failed is tried again.
const commitPause = time.Second
