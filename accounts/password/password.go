package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/crypto/argon2"
)

// params are the cost of a hash; they are stored with it, so that they can be raised later.
type params struct {
	memory  uint32 // KiB
	time    uint32
	threads uint8
}

// Costs: OWASP's first choice for argon2id (19 MiB, two passes, one lane), and one for tests.
var (
	usual = params{memory: 19 << 10, time: 2, threads: 1}
	cheap = params{memory: 64, time: 1, threads: 1}
)

const (
	saltLength = 16
	keyLength  = 32
	// maxMemory and maxTime bound what a stored hash may cost, against rows that someone tampered with.
	maxMemory = 1 << 20 // KiB
	maxTime   = 64
	// maxLength bounds a password; the hash's cost does not depend on it, but bodies do.
	maxLength = 512
)

// ErrTooLong says that a password has more than 512 bytes.
var ErrTooLong = errors.New("password longer than 512 bytes")

// Options of a Hasher.
type Options struct {
	// Concurrent bounds the hashes computed at a time, each of which takes 19 MiB; 4 by default.
	Concurrent int
	// Cheap is for tests only.
	Cheap bool
}

// Hasher hashes passwords. It is safe for concurrent use.
type Hasher struct {
	cost  params
	slots chan struct{}
	dummy func() string
}

// New makes a Hasher.
func New(o Options) *Hasher {
	if o.Concurrent <= 0 {
		o.Concurrent = 4
	}
	h := &Hasher{cost: usual, slots: make(chan struct{}, o.Concurrent)}
	if o.Cheap {
		h.cost = cheap
	}
	h.dummy = sync.OnceValue(func() string { return encode(h.cost, make([]byte, saltLength), make([]byte, keyLength)) })
	return h
}

// Hash returns the hash of a password with its parameters and a random salt. It waits for a slot until ctx ends.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if len(password) > maxLength {
		return "", ErrTooLong
	}
	salt := make([]byte, saltLength)
	rand.Read(salt)
	key, err := h.derive(ctx, password, salt, h.cost, keyLength)
	if err != nil {
		return "", err
	}
	return encode(h.cost, salt, key), nil
}

// Check reports whether password is the one of hash. An empty hash (no such user, no password) takes as long and is
// false. It waits for a slot until ctx ends.
func (h *Hasher) Check(ctx context.Context, password, hash string) (bool, error) {
	possible := hash != "" && len(password) <= maxLength
	if !possible {
		hash, password = h.dummy(), ""
	}
	cost, salt, want, err := decode(hash)
	if err != nil {
		return false, err
	}
	key, err := h.derive(ctx, password, salt, cost, uint32(len(want)))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(key, want) == 1 && possible, nil
}

func (h *Hasher) derive(ctx context.Context, password string, salt []byte, cost params, length uint32) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting to hash a password: %w", ctx.Err())
	}
	defer func() { <-h.slots }()
	return argon2.IDKey([]byte(password), salt, cost.time, cost.memory, cost.threads, length), nil
}

// encode writes the usual form $argon2id$v=19$m=…,t=…,p=…$salt$key.
func encode(cost params, salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, cost.memory, cost.time, cost.threads,
		b64.EncodeToString(salt), b64.EncodeToString(key))
}

var errMalformed = errors.New("malformed password hash")

func decode(hash string) (cost params, salt, key []byte, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return cost, nil, nil, errMalformed
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &cost.memory, &cost.time, &cost.threads); err != nil {
		return cost, nil, nil, errMalformed
	}
	if cost.memory == 0 || cost.memory > maxMemory || cost.time == 0 || cost.time > maxTime || cost.threads == 0 {
		return cost, nil, nil, errMalformed
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	key, keyErr := base64.RawStdEncoding.DecodeString(parts[5])
	if saltErr != nil || keyErr != nil || len(salt) < 8 || len(key) < 16 || len(key) > 64 {
		return cost, nil, nil, errMalformed
	}
	return cost, salt, key, nil
}
