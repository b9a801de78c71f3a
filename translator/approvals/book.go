package approvals

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"medixchange/internal/sqldb"
	"medixchange/translator/language"
	"medixchange/translator/phrases"
)

// Options is what a Book is built from.
type Options struct {
	DB      *sqldb.DB
	Now     func() time.Time // optional: time.Now
	Changed func()           // called after each change: what was translated before says something else now; optional
}

// Book knows what is approved. All methods are safe for concurrent use.
type Book struct {
	o Options

	mu     sync.RWMutex
	newest map[wording]Entry
}

// wording is a phrase in a language as some words have it.
type wording struct{ phrase, language, hash string }

// Actions of reviewers.
const (
	ActionApprove  = "approve"
	ActionWithdraw = "withdraw"
)

// Entry is a line of the history.
type Entry struct {
	Seq      int64  `json:"seq"`
	Phrase   string `json:"phrase"`
	Language string `json:"language"`
	Hash     string `json:"hash"`
	Action   string `json:"action"`
	Reviewer string `json:"reviewer"`
	Note     string `json:"note,omitempty"`
	TS       int64  `json:"ts"` // ms
}

func (e Entry) wording() wording { return wording{e.Phrase, e.Language, e.Hash} }

// New reads the book. ctx bounds only the reading.
func New(ctx context.Context, o Options) (*Book, error) {
	if o.DB == nil {
		return nil, errors.New("the book of approvals needs a database")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	b := &Book{o: o, newest: map[wording]Entry{}}
	entries, err := b.selectNewest(ctx)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		b.newest[e.wording()] = e
	}
	return b, nil
}

// Approved implements [phrases.Approved].
func (b *Book) Approved(id string, code language.Code, hash string) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.newest[wording{id, string(code), hash}].Action == ActionApprove
}

// Subject is a phrase in a language that a reviewer speaks of. Hash, if it is set, must be that of the words as they are: then
// what is approved is what was read.
type Subject struct {
	Phrase   string `json:"phrase"`
	Language string `json:"language"`
	Hash     string `json:"hash,omitempty"`
}

// Statement is what a reviewer says.
type Statement struct {
	Reviewer string    `json:"reviewer"`
	Note     string    `json:"note,omitempty"`
	Subjects []Subject `json:"subjects"`
}

// Bounds of what reviewers say.
const (
	maxReviewer = 200  // bytes
	maxNote     = 2000 // bytes
	maxSubjects = 2000
)

// ErrBadStatement is wrapped by the error of a statement that cannot be taken.
var ErrBadStatement = errors.New("not taken")

func (s Statement) validate() error {
	switch {
	case strings.TrimSpace(s.Reviewer) == "":
		return fmt.Errorf("%w: the reviewer is not named", ErrBadStatement)
	case len(s.Reviewer) > maxReviewer, len(s.Note) > maxNote, !isLine(s.Reviewer), !utf8.ValidString(s.Note):
		return fmt.Errorf("%w: a reviewer has one line of at most %d bytes, a note at most %d", ErrBadStatement, maxReviewer, maxNote)
	case len(s.Subjects) == 0:
		return fmt.Errorf("%w: no phrase is named", ErrBadStatement)
	case len(s.Subjects) > maxSubjects:
		return fmt.Errorf("%w: more than %d phrases at once", ErrBadStatement, maxSubjects)
	}
	return nil
}

func isLine(text string) bool {
	return utf8.ValidString(text) && strings.IndexFunc(text, unicode.IsControl) < 0
}

// Say takes a statement: all of it or nothing. Approving again adds another reviewer to the history; withdrawing needs an
// approval that is in force.
func (b *Book) Say(ctx context.Context, action string, s Statement) ([]Entry, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	memory, err := phrases.Embedded()
	if err != nil {
		return nil, fmt.Errorf("reading the phrases: %w", err)
	}
	said := make([]Entry, 0, len(s.Subjects))
	for _, subject := range s.Subjects {
		e, err := b.entryOf(memory, action, subject)
		if err != nil {
			return nil, err
		}
		e.Reviewer, e.Note, e.TS = strings.TrimSpace(s.Reviewer), s.Note, b.o.Now().UnixMilli()
		said = append(said, e)
	}
	return said, b.store(ctx, said)
}

// entryOf finds the words that a subject is about.
func (b *Book) entryOf(memory *phrases.Memory, action string, s Subject) (Entry, error) {
	code, err := columnOf(s.Language)
	if err != nil {
		return Entry{}, err
	}
	hash := memory.Hash(s.Phrase, code)
	switch {
	case hash == "":
		return Entry{}, fmt.Errorf("%w: there is no phrase %q in %s", ErrBadStatement, s.Phrase, code)
	case s.Hash != "" && s.Hash != hash:
		return Entry{}, fmt.Errorf("%w: the words of %s in %s are not those that were reviewed", ErrBadStatement, s.Phrase, code)
	case action == ActionWithdraw && !b.Approved(s.Phrase, code, hash):
		return Entry{}, fmt.Errorf("%w: %s is not approved in %s", ErrBadStatement, s.Phrase, code)
	}
	return Entry{Phrase: s.Phrase, Language: string(code), Hash: hash, Action: action}, nil
}

// columnOf reads a language that has phrases of its own: both alphabets of Serbian are one.
func columnOf(tag string) (language.Code, error) {
	code, err := language.Parse(tag)
	if err == nil && code == "sr-Latn" {
		code = "sr"
	}
	if err != nil || !code.Known() {
		return "", fmt.Errorf("%w: there are no phrases in %q", ErrBadStatement, tag)
	}
	return code, nil
}

func (b *Book) store(ctx context.Context, said []Entry) error {
	err := b.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := insert(tx, said); err != nil {
			return err
		}
		tx.OnCommit(func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			for _, e := range said {
				b.newest[e.wording()] = e
			}
		})
		return nil
	})
	if err != nil {
		return fmt.Errorf("storing what reviewers say: %w", err)
	}
	b.o.Changed()
	return nil
}

// States of a phrase in a language.
const (
	StateUnreviewed = "unreviewed"
	StateApproved   = "approved"
	StateWithdrawn  = "withdrawn"
	StateChanged    = "changed" // other words were approved than it has now
)

// States are all of them.
var States = []string{StateUnreviewed, StateApproved, StateWithdrawn, StateChanged}

// Phrase is a phrase in a language with what reviewers say of it.
type Phrase struct {
	Phrase   string   `json:"phrase"`
	Language string   `json:"language"`
	Hash     string   `json:"hash"`
	State    string   `json:"state"`
	Reviewer string   `json:"reviewer,omitempty"` // who spoke last, of these words or, if they changed, of others
	TS       int64    `json:"ts,omitempty"`       // ms
	Words    []string `json:"words"`              // the first is what readers see
	English  string   `json:"english"`
}

// List returns the phrases of a language in the order of the program, those of a state if one is named.
func (b *Book) List(tag, state string) ([]Phrase, error) {
	code, err := columnOf(tag)
	if err != nil {
		return nil, err
	}
	memory, err := phrases.Embedded()
	if err != nil {
		return nil, fmt.Errorf("reading the phrases: %w", err)
	}
	before := b.spokenOf(string(code))
	list := []Phrase{}
	for _, id := range memory.IDs() {
		p := Phrase{Phrase: id, Language: string(code), Hash: memory.Hash(id, code), State: StateUnreviewed, Words: memory.Forms(id, code)}
		if english := memory.Forms(id, "en"); len(english) > 0 {
			p.English = english[0]
		}
		p.judge(before[id])
		if p.Hash != "" && (state == "" || state == p.State) {
			list = append(list, p)
		}
	}
	return list, nil
}

// spokenOf returns what is in force of a language, by phrase.
func (b *Book) spokenOf(tag string) map[string][]Entry {
	b.mu.RLock()
	defer b.mu.RUnlock()
	spoken := map[string][]Entry{}
	for of, e := range b.newest {
		if of.language == tag {
			spoken[of.phrase] = append(spoken[of.phrase], e)
		}
	}
	return spoken
}

// judge sets the state of a phrase: what was said of its words as they are, else of others.
func (p *Phrase) judge(spoken []Entry) {
	for _, e := range spoken {
		switch {
		case e.Hash == p.Hash && e.Action == ActionApprove:
			p.State, p.Reviewer, p.TS = StateApproved, e.Reviewer, e.TS
			return
		case e.Hash == p.Hash:
			p.State, p.Reviewer, p.TS = StateWithdrawn, e.Reviewer, e.TS
			return
		case e.Action == ActionApprove && e.TS >= p.TS:
			p.State, p.Reviewer, p.TS = StateChanged, e.Reviewer, e.TS
		}
	}
}
