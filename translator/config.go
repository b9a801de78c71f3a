package translator

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"medixchange/translator/engine"
	"medixchange/translator/glossary"
	"medixchange/translator/language"
)

// Config is what the translator needs to know. Fields that are zero take the defaults named there.
type Config struct {
	Engines    []EngineConfig
	Deadline   time.Duration // of one translation over all engines; default 30 s
	CacheBytes int           // default 32 MiB
	MaxBytes   int           // longest message that is translated, text and HTML together; default 64 KiB
	// Glossary gives the glossary as it stands; optional. It is asked for every message and must not wait.
	Glossary func() *glossary.Set
	// Identifiers says what becomes of texts that seem to tell who a patient is; default IdentifiersHold.
	Identifiers Identifiers
	Log         *logrus.Entry // default: the standard logger of logrus
}

// EngineConfig puts one engine into the chain; the first that offers a pair is asked first.
type EngineConfig struct {
	Engine engine.Engine
	Limits engine.Limits
	Pairs  []Pair // only these; empty: all that the engine offers
	// External says that the engine sends texts to another machine.
	External bool
	// Outside says that this machine is not one of the hospital's own: it gets no text with patient identifiers.
	Outside bool
}

// Pair is a direction of translation. An empty side means every language.
type Pair struct{ From, To language.Code }

// Defaults of Config.
const (
	defaultDeadline   = 30 * time.Second
	defaultCacheBytes = 32 << 20
	defaultMaxBytes   = 64 << 10
)

// withDefaults fills in what the config leaves out and refuses what cannot work.
func (c Config) withDefaults() (Config, error) {
	if c.Deadline == 0 {
		c.Deadline = defaultDeadline
	}
	if c.CacheBytes == 0 {
		c.CacheBytes = defaultCacheBytes
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = defaultMaxBytes
	}
	if c.Log == nil {
		c.Log = logrus.NewEntry(logrus.StandardLogger())
	}
	if c.Identifiers == "" {
		c.Identifiers = IdentifiersHold
	}
	if err := c.Identifiers.validate(); err != nil {
		return c, err
	}
	if c.Deadline < 0 || c.CacheBytes < 0 || c.MaxBytes < 0 {
		return c, errors.New("translator: deadline, cache_bytes and max_bytes must not be negative")
	}
	for i, e := range c.Engines {
		if e.Engine == nil {
			return c, fmt.Errorf("translator: engine %d is missing", i+1)
		}
	}
	return c, nil
}

// link is an engine in the chain with its guard.
type link struct {
	*engine.Guard
	pairs    []Pair
	external bool
	outside  bool
	told     *told
}

// told is the state of an engine that was logged last, "" before the first time.
type told struct {
	mu    sync.Mutex
	state string
}

// Swap takes a state and returns the one before it.
func (t *told) Swap(state string) (before string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before, t.state = t.state, state
	return before
}

// takes reports whether the config lets the engine have this pair and the engine offers it.
func (l link) takes(from, to language.Code) bool {
	allowed := len(l.pairs) == 0
	for _, p := range l.pairs {
		allowed = allowed || (p.From == "" || p.From == from) && (p.To == "" || p.To == to)
	}
	return allowed && l.Offers(from, to)
}
