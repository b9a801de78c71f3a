package engine

import (
	"context"
	"errors"
	"time"

	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// Errors that an engine answers with. Anything else counts as a failure of the engine.
var (
	// ErrNoMatch: the engine works, but has nothing for this text (the phrase memory's usual answer).
	ErrNoMatch = errors.New("no match")
	// ErrBusy: the queue is full, or the circuit is open, or the engine asked us to come back later.
	ErrBusy = errors.New("engine busy")
	// ErrRefused: the engine will never take this request (a pair that it has not, text too long for it).
	ErrRefused = errors.New("engine refused")
	// ErrKey: the service does not know our key, or does not allow it this. It is not asked again before the next start.
	ErrKey = errors.New("key refused")
	// ErrQuota: what may be translated for now, or what was paid for, is used up.
	ErrQuota = errors.New("quota used up")
)

// Engine translates. Implementations are safe for concurrent use and honour the context's deadline.
type Engine interface {
	// Name is short and stable ("phrases", "apertium", "deepl"): it is shown to tools and labels metrics.
	Name() string
	// Offers reports, without waiting, whether the engine can translate this pair now.
	Offers(from, to language.Code) bool
	// Translate answers with as many segments as it was asked for, in their order.
	Translate(ctx context.Context, request Request) (Answer, error)
}

// Request is one message for one language pair.
type Request struct {
	From, To language.Code
	Segments []protect.Segment
	// Terms are entries of the hospital's glossary for this pair. An engine that can heeds those that occur in the text;
	// whether it did is not told.
	Terms []Term
}

// Answer is an engine's translation. Segments are as the engine gave them: whether each protected
// part came back is for the caller to check (protect.Message.Restore).
type Answer struct {
	Segments   []protect.Segment
	Pivot      language.Code // the language in between, if there was one
	Unknown    []string      // words that the engine left as they were, or could not inflect
	Unreviewed bool          // from the phrase memory, not yet approved by a reviewer
}

// RetryAfter is an error that says when the engine wants to be asked again.
type RetryAfter struct {
	Wait time.Duration
	Err  error
}

// Error says what happened and how long to wait.
func (e *RetryAfter) Error() string { return e.Err.Error() + ", retry after " + e.Wait.String() }

// Unwrap gives the cause.
func (e *RetryAfter) Unwrap() error { return e.Err }
