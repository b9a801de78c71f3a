package desk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/time/rate"

	"medixchange/alliance"
	"medixchange/alliance/signed"
	"medixchange/internal/sqldb"
)

// Options is what a Desk is built from. Every field without "optional" must be set.
type Options struct {
	DB     *sqldb.DB
	Keeper *alliance.Keeper
	Prover *Prover
	Limits Limits
	// Coordinators are accounts of this server by user id, with the coordinator of the charter that each of them is. They come
	// before those that the charter itself names.
	Coordinators map[string]string
	Self         string // this server
	// Told is called with what changes an application in a way that its applicant should know of; optional. It may write what
	// is to be kept together with the change, and must not block.
	Told func(*sqldb.Tx, Application) error
	Now  func() time.Time
	Log  *logrus.Entry
}

// Limits bound what strangers can make this node keep.
type Limits struct {
	Open        int           // applications that are not decided
	OpenPerName int           // of them for one server name, none of which has proven its domain
	Papers      int           // for each application
	PaperBytes  int64         // of each paper
	AllPapers   int64         // bytes of the papers of all applications
	ProofWithin time.Duration // after which an application without proof lapses
	PapersKept  time.Duration // after the end of an application
	ListLasts   time.Duration // of drafted member lists
}

// DefaultLimits are those of a node whose configuration says nothing.
func DefaultLimits() Limits {
	const day = 24 * time.Hour
	return Limits{
		Open: 200, OpenPerName: 3, Papers: 4, PaperBytes: 2 << 20, AllPapers: 200 << 20,
		ProofWithin: 7 * day, PapersKept: 30 * day, ListLasts: 90 * day,
	}
}

// Desk takes applications and has them decided. All methods are safe for concurrent use.
type Desk struct {
	o        Options
	deciding sync.Mutex    // whoever changes the draft, or the state of an application
	logging  *rate.Limiter // of forms that were refused, so that strangers cannot fill the log
}

// refusalBurst and refusalEvery bound the refused forms in the log.
const (
	refusalBurst = 100
	refusalEvery = 10 * time.Minute
)

// New returns a desk. What was published while the node was down is noted.
func New(ctx context.Context, o Options) (*Desk, error) {
	d := &Desk{o: o, logging: rate.NewLimiter(rate.Every(refusalEvery), refusalBurst)}
	d.deciding.Lock()
	defer d.deciding.Unlock()
	if err := d.settle(ctx); err != nil {
		return nil, fmt.Errorf("opening the desk of the alliance: %w", err)
	}
	return d, nil
}

// Errors that callers tell apart.
var (
	ErrUnknown   = errors.New("there is no such application")
	ErrState     = errors.New("the application is not in a state for this")
	ErrUnproven  = errors.New("the control of the domain is not proven")
	ErrReason    = errors.New("a decision needs a reason of one line, 500 bytes at most")
	ErrSigned    = errors.New("the drafted member list has signatures already, which another decision would undo")
	ErrNoDraft   = errors.New("no member list waits for signatures")
	ErrOther     = errors.New("this is not the member list that waits for signatures")
	ErrUnsigned  = errors.New("there is no signature of a coordinator on it that was not there")
	ErrOvertaken = errors.New("another member list was published meanwhile: the decisions are to be drafted again")
	ErrPending   = errors.New("there is a decision about this server that waits for signatures")
	ErrFull      = errors.New("there is no room for more applications now")
	ErrTwice     = errors.New("there is an application for this server already, or it is a member")
	ErrLookAlike = errors.New("the server name looks like that of a member or applicant")
	ErrTooMany   = errors.New("too many proofs are being looked for at once")
	// ErrNotApplied means that a decision does not fit the member list.
	ErrNotApplied = errors.New("the decision does not fit the member list")
)

// Coordinator returns which coordinator of the charter an account of this server is.
func (d *Desk) Coordinator(userID string) (signed.Coordinator, bool) {
	charter := d.o.Keeper.Charter()
	if id, ok := d.o.Coordinators[userID]; ok {
		return charter.Coordinator(id)
	}
	for _, c := range charter.Coordinators {
		if c.UserID == userID && userID != "" {
			return c, true
		}
	}
	return signed.Coordinator{}, false
}

// Limits returns the bounds that applicants are told.
func (d *Desk) Limits() Limits { return d.o.Limits }

// entry begins a line of the alliance's log.
func (d *Desk) entry(actor, action, subject, detail string) alliance.AuditEntry {
	return alliance.AuditEntry{TS: d.o.Now().UnixMilli(), Actor: actor, Action: action, Subject: subject, Detail: detail}
}

// note writes a line of the log that belongs to no other change.
func (d *Desk) note(ctx context.Context, e alliance.AuditEntry) error {
	return d.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return alliance.Note(tx, e) })
}

// NoteRefused writes into the log that a form was refused and why, which must hold nothing of the form; too many in a short time
// are left out.
func (d *Desk) NoteRefused(ctx context.Context, from, why string) error {
	if !d.logging.AllowN(d.o.Now(), 1) {
		return nil
	}
	return d.note(ctx, d.entry(from, "application refused by its form", "", why))
}

func (d *Desk) told(tx *sqldb.Tx, a Application) error {
	if d.o.Told == nil {
		return nil
	}
	return d.o.Told(tx, a)
}

const sweepEvery = time.Hour

// Run puts away what has lapsed until ctx ends, whose error it returns.
func (d *Desk) Run(ctx context.Context) error {
	next := time.NewTicker(sweepEvery)
	defer next.Stop()
	for {
		if err := d.Sweep(ctx); err != nil && ctx.Err() == nil {
			d.o.Log.WithError(err).Warn("putting away old applications to the alliance")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-next.C:
		}
	}
}

// Sweep ends applications whose proof did not come in time, and erases the papers of those that have ended long ago.
func (d *Desk) Sweep(ctx context.Context) error {
	d.deciding.Lock()
	defer d.deciding.Unlock()
	now := d.o.Now()
	return d.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		lapsed, err := lapse(tx, now.Add(-d.o.Limits.ProofWithin).UnixMilli(), now.UnixMilli())
		if err != nil {
			return err
		}
		for _, server := range lapsed {
			if err := alliance.Note(tx, d.entry(d.o.Self, "application lapsed", server, "the domain was not proven in time")); err != nil {
				return err
			}
		}
		return erasePapers(tx, now.Add(-d.o.Limits.PapersKept).UnixMilli())
	})
}
