package desk

import (
	"context"
	"errors"
	"fmt"

	"medixchange/alliance"
	"medixchange/alliance/signed"
	"medixchange/internal/sqldb"
)

// Kind is what is decided of a hospital.
type Kind string

// Kinds of decisions.
const (
	Admit   Kind = "admit"
	Suspend Kind = "suspend"
	Readmit Kind = "readmit"
)

// Decision is what one coordinator wants, and the others sign or do not.
type Decision struct {
	ID          int64  `json:"id"`
	Kind        Kind   `json:"kind"`
	ServerName  string `json:"server_name"`
	Application string `json:"application,omitempty"` // of an admission
	Reason      string `json:"reason"`
	Actor       string `json:"actor"`
	TS          int64  `json:"ts"` // ms
}

// Draft is the member list that waits for signatures.
type Draft struct {
	ID        int64      `json:"id"`
	Document  []byte     `json:"-"`
	Hash      string     `json:"hash"`
	SignedBy  []string   `json:"signed_by"`
	Needs     int        `json:"needs"` // signatures
	Overtaken bool       `json:"overtaken,omitempty"`
	Decisions []Decision `json:"decisions"`
	// Changes are what the list differs in from the one that counts, from the documents themselves.
	Changes   []signed.Change `json:"changes"`
	CreatedTS int64           `json:"created_ts"`

	previous string
}

// Accept decides that an applicant is to be admitted. The proof of its domain is looked for again. restart undoes signatures
// that the draft has already; without it the error is ErrSigned then.
func (d *Desk) Accept(ctx context.Context, id, reason, actor string, restart bool) (Draft, error) {
	a, err := d.Application(ctx, id)
	if err != nil {
		return Draft{}, err
	}
	switch a.State {
	case Proven:
	case Received:
		return Draft{}, ErrUnproven
	default:
		return Draft{}, ErrState
	}
	if err := d.stillProven(ctx, a, actor); err != nil {
		return Draft{}, err
	}
	return d.decide(ctx, Decision{Kind: Admit, ServerName: a.ServerName, Application: a.ID, Reason: reason, Actor: actor}, restart)
}

// stillProven looks again whether an applicant's domain shows its challenge.
func (d *Desk) stillProven(ctx context.Context, a Application, actor string) error {
	_, err := d.o.Prover.Look(ctx, a.ServerName, a.Challenge)
	if errors.Is(err, ErrUnproven) {
		err = errors.Join(err, d.note(ctx, d.entry(actor, "domain no longer proven", a.ServerName, a.ID)))
	}
	return err
}

// DecideMember decides that a member is to be suspended, or admitted again; otherwise as Accept.
func (d *Desk) DecideMember(ctx context.Context, kind Kind, server, reason, actor string, restart bool) (Draft, error) {
	if kind != Suspend && kind != Readmit {
		return Draft{}, fmt.Errorf("%w: %q", ErrNotApplied, kind)
	}
	return d.decide(ctx, Decision{Kind: kind, ServerName: server, Reason: reason, Actor: actor}, restart)
}

func (d *Desk) decide(ctx context.Context, decision Decision, restart bool) (Draft, error) {
	if !goodReason(decision.Reason) {
		return Draft{}, ErrReason
	}
	d.deciding.Lock()
	defer d.deciding.Unlock()
	if err := d.settle(ctx); err != nil {
		return Draft{}, err
	}
	pending, err := d.pending(ctx)
	if err != nil {
		return Draft{}, err
	}
	for _, other := range pending {
		if d.looks(other.ServerName) == d.looks(decision.ServerName) {
			return Draft{}, fmt.Errorf("%w: %s %s", ErrPending, other.Kind, other.ServerName)
		}
	}
	open, err := d.open(ctx)
	if err != nil && !errors.Is(err, ErrNoDraft) {
		return Draft{}, err
	}
	if len(open.SignedBy) > 0 && !open.Overtaken && !restart {
		return Draft{}, ErrSigned
	}
	decision.TS = d.o.Now().UnixMilli()
	return d.redraft(ctx, append(pending, decision), func(tx *sqldb.Tx) error {
		if err := insertDecision(tx, decision); err != nil {
			return err
		}
		if err := d.setApplication(tx, decision, Accepted, decision.Reason); err != nil {
			return err
		}
		return alliance.Note(tx, d.entry(decision.Actor, "decision: "+string(decision.Kind), decision.ServerName, decision.Reason))
	})
}

// DropDecision takes back a decision that is not published. What others are pending is drafted anew, without signatures.
func (d *Desk) DropDecision(ctx context.Context, server, reason, actor string) (Draft, error) {
	if !goodReason(reason) {
		return Draft{}, ErrReason
	}
	d.deciding.Lock()
	defer d.deciding.Unlock()
	if err := d.settle(ctx); err != nil {
		return Draft{}, err
	}
	pending, err := d.pending(ctx)
	if err != nil {
		return Draft{}, err
	}
	for i, decision := range pending {
		if decision.ServerName == server {
			return d.redraft(ctx, append(pending[:i:i], pending[i+1:]...), func(tx *sqldb.Tx) error { return d.drop(tx, decision, reason, actor) })
		}
	}
	return Draft{}, fmt.Errorf("%w: nothing is pending for %s", ErrNoDraft, server)
}

func (d *Desk) drop(tx *sqldb.Tx, decision Decision, reason, actor string) error {
	if err := endDecision(tx, decision.ID, stateDropped); err != nil {
		return err
	}
	if err := d.setApplication(tx, decision, Proven, ""); err != nil {
		return err
	}
	return alliance.Note(tx, d.entry(actor, "decision dropped: "+string(decision.Kind), decision.ServerName, reason))
}

// Redraft drafts the pending decisions anew from the list that counts now.
func (d *Desk) Redraft(ctx context.Context, actor string) (Draft, error) {
	d.deciding.Lock()
	defer d.deciding.Unlock()
	if err := d.settle(ctx); err != nil {
		return Draft{}, err
	}
	pending, err := d.pending(ctx)
	if err != nil {
		return Draft{}, err
	}
	if len(pending) == 0 {
		return Draft{}, ErrNoDraft
	}
	return d.redraft(ctx, pending, func(tx *sqldb.Tx) error {
		return alliance.Note(tx, d.entry(actor, "member list drafted again", d.o.Keeper.Charter().Alliance, fmt.Sprintf("%d decisions", len(pending))))
	})
}

// redraft replaces the draft by one with these decisions, together with what else is to be stored.
func (d *Desk) redraft(ctx context.Context, decisions []Decision, also func(*sqldb.Tx) error) (Draft, error) {
	next := Draft{CreatedTS: d.o.Now().UnixMilli()}
	if len(decisions) > 0 {
		raw, err := d.compose(ctx, decisions)
		if err != nil {
			return Draft{}, err
		}
		next.Document = raw
		if next.Hash, err = signed.Hash(raw); err != nil {
			return Draft{}, err
		}
		if list := d.o.Keeper.Members(); list != nil {
			next.previous = list.Hash()
		}
	}
	err := d.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := endDrafts(tx, stateDropped, next.CreatedTS); err != nil {
			return err
		}
		if len(decisions) > 0 {
			if err := insertDraft(tx, next); err != nil {
				return err
			}
		}
		return also(tx)
	})
	if err != nil || len(decisions) == 0 {
		return Draft{}, err
	}
	return d.open(ctx)
}

// compose writes the next member list.
func (d *Desk) compose(ctx context.Context, decisions []Decision) ([]byte, error) {
	charter, now := d.o.Keeper.Charter(), d.o.Now()
	next := d.o.Keeper.Members().Next(charter, now, d.o.Limits.ListLasts)
	for _, decision := range decisions {
		if err := d.apply(ctx, next, decision, now.UnixMilli()); err != nil {
			return nil, err
		}
	}
	return next.Draft()
}

// apply changes a member list as a decision says.
func (d *Desk) apply(ctx context.Context, list *signed.MemberList, decision Decision, now int64) error {
	switch decision.Kind {
	case Admit:
		a, err := d.Application(ctx, decision.Application)
		if err != nil {
			return err
		}
		if other := d.member(a.ServerName); other != "" {
			return fmt.Errorf("%w: %w", ErrNotApplied, other.taken(a.ServerName))
		}
		list.Put(a.hospital(now))
		return nil
	case Suspend:
		return d.setStatus(list, decision, signed.Suspended, decision.Reason)
	case Readmit:
		return d.setStatus(list, decision, signed.Admitted, "")
	}
	return fmt.Errorf("%w: %q", ErrNotApplied, decision.Kind)
}

func (d *Desk) setStatus(list *signed.MemberList, decision Decision, to signed.Status, reason string) error {
	for _, h := range list.Hospitals {
		if h.ServerName == decision.ServerName && h.Status == to {
			return fmt.Errorf("%w: %s is %s", ErrNotApplied, h.ServerName, to)
		}
	}
	if err := list.SetStatus(decision.ServerName, to, reason); err != nil {
		return fmt.Errorf("%w: %w", ErrNotApplied, err)
	}
	return nil
}

// setApplication moves the application of an admission.
func (d *Desk) setApplication(tx *sqldb.Tx, decision Decision, to State, reason string) error {
	if decision.Application == "" {
		return nil
	}
	return setState(tx, decision.Application, to, reason, d.o.Now().UnixMilli())
}
