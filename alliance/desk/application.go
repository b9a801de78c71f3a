package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// State is how far an application is.
type State string

// States.
const (
	Received  State = "received"  // the proof of the domain is missing
	Proven    State = "proven"    // waits for coordinators
	Accepted  State = "accepted"  // in a member list that waits for signatures
	Admitted  State = "admitted"  // in the published member list
	Refused   State = "refused"   // by a coordinator
	Withdrawn State = "withdrawn" // by the applicant
	Lapsed    State = "lapsed"    // no proof in time, or somebody else proved that the domain is theirs
)

// Waiting are the states of applications that are not decided.
func Waiting() []State { return []State{Received, Proven, Accepted} }

// States lists them all.
func States() []State { return append(Waiting(), Admitted, Refused, Withdrawn, Lapsed) }

// Application is a hospital's request to become a member. It is immutable.
type Application struct {
	ID string `json:"id"`
	Form
	Language  string `json:"language"` // of the answers to the applicant
	Challenge string `json:"challenge"`
	State     State  `json:"state"`
	ProvenTS  int64  `json:"proven_ts,omitempty"` // ms
	ProvenBy  Method `json:"proven_by,omitempty"`
	Reason    string `json:"reason,omitempty"` // of the last decision
	CreatedTS int64  `json:"created_ts"`
	ChangedTS int64  `json:"changed_ts"`
}

// secretHash is what is stored of the secret of an applicant's link.
func secretHash(secret string) string {
	sum := sha256.Sum256([]byte("medixchange application " + secret))
	return hex.EncodeToString(sum[:])
}

// maxSecret bounds what is looked up as a secret, in bytes.
const maxSecret = 64

// BySecret returns the application to which an applicant's link leads. It returns ErrUnknown if there is none.
func (d *Desk) BySecret(ctx context.Context, secret string) (Application, error) {
	if secret == "" || len(secret) > maxSecret {
		return Application{}, ErrUnknown
	}
	return d.one(ctx, "secret = $1", secretHash(secret))
}

// Application returns one by id. It returns ErrUnknown if there is none.
func (d *Desk) Application(ctx context.Context, id string) (Application, error) {
	return d.one(ctx, "application_id = $1", id)
}

const maxListed = 500

// Applications returns those in some states, all if none is named; those that wait longest first, 500 at most.
func (d *Desk) Applications(ctx context.Context, states ...State) ([]Application, error) {
	if len(states) == 0 {
		states = States()
	}
	return d.list(ctx, states, maxListed)
}

// Withdraw ends an application in the applicant's name.
func (d *Desk) Withdraw(ctx context.Context, secret string) (Application, error) {
	d.deciding.Lock()
	defer d.deciding.Unlock()
	a, err := d.BySecret(ctx, secret)
	if err != nil {
		return a, err
	}
	if a.State != Received && a.State != Proven {
		return a, ErrState
	}
	return d.move(ctx, a, Withdrawn, "", d.entry("applicant", "application withdrawn", a.ServerName, a.ID))
}

// Refuse ends an application in a coordinator's name, with a reason that the applicant is told.
func (d *Desk) Refuse(ctx context.Context, id, reason, actor string) (Application, error) {
	if !goodReason(reason) {
		return Application{}, ErrReason
	}
	d.deciding.Lock()
	defer d.deciding.Unlock()
	a, err := d.Application(ctx, id)
	if err != nil {
		return a, err
	}
	if a.State != Received && a.State != Proven {
		return a, ErrState
	}
	return d.move(ctx, a, Refused, reason, d.entry(actor, "application refused", a.ServerName, a.ID+": "+reason))
}

const maxReason = 500

// goodReason reports whether a reason may stand in a log and in a member list.
func goodReason(reason string) bool {
	return reason != "" && len(reason) <= maxReason && plain(reason, false)
}

// waiting reports whether an application is not decided.
func (a Application) waiting() bool { return slices.Contains(Waiting(), a.State) }

// Ended reports whether nothing more happens to an application.
func (a Application) Ended() bool { return !a.waiting() }
