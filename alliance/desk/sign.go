package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"medixchange/alliance"
	"medixchange/alliance/signed"
	"medixchange/internal/sqldb"
)

// Open returns the member list that waits for signatures; ErrNoDraft if there is none.
func (d *Desk) Open(ctx context.Context) (Draft, error) {
	d.deciding.Lock()
	defer d.deciding.Unlock()
	if err := d.settle(ctx); err != nil {
		return Draft{}, err
	}
	return d.open(ctx)
}

// open reads the draft and says how it stands.
func (d *Desk) open(ctx context.Context) (Draft, error) {
	draft, err := d.storedDraft(ctx)
	if err != nil {
		return draft, err
	}
	if draft.Decisions, err = d.pending(ctx); err != nil {
		return draft, err
	}
	charter, list := d.o.Keeper.Charter(), d.o.Keeper.Members()
	drafted, err := signed.ReadMembers(draft.Document)
	if err != nil {
		return draft, fmt.Errorf("reading the drafted member list: %w", err)
	}
	draft.Needs, draft.SignedBy = charter.Threshold, append([]string{}, charter.SignedBy(draft.Document)...)
	draft.Changes = signed.Diff(list, drafted)
	draft.Overtaken = drafted.Charter != charter.Version || list != nil && list.Hash() != draft.previous || !d.o.Now().Before(drafted.Expires())
	return draft, nil
}

// Outcome is what handing in a signed copy came to.
type Outcome struct {
	Draft     Draft    `json:"draft"`
	Added     []string `json:"added"` // coordinators whose signatures are new
	Published bool     `json:"published"`
}

// HandIn takes a copy of the draft with signatures, and publishes the list when there are enough. What else stands on the copy
// is ignored.
func (d *Desk) HandIn(ctx context.Context, raw []byte, actor string) (Outcome, error) {
	d.deciding.Lock()
	defer d.deciding.Unlock()
	if err := d.settle(ctx); err != nil {
		return Outcome{}, err
	}
	draft, err := d.open(ctx)
	if err != nil {
		return Outcome{}, err
	}
	added, err := d.merge(&draft, raw)
	if err != nil {
		return Outcome{}, errors.Join(err, d.note(ctx, d.entry(actor, "signed copy refused", d.o.Keeper.Charter().Alliance, err.Error())))
	}
	err = d.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := updateDraft(tx, draft, d.o.Now().UnixMilli()); err != nil {
			return err
		}
		return alliance.Note(tx, d.entry(actor, "signature taken", d.o.Keeper.Charter().Alliance, strings.Join(added, ", ")+" on "+draft.Hash))
	})
	if err != nil {
		return Outcome{}, err
	}
	outcome := Outcome{Added: added}
	if len(draft.SignedBy) >= draft.Needs {
		if err := d.publish(ctx, draft, actor); err != nil {
			outcome.Draft = draft
			return outcome, err
		}
		outcome.Published = true
	}
	outcome.Draft = draft
	return outcome, nil
}

// merge adds the signatures of a copy to the draft and returns whose are new.
func (d *Desk) merge(draft *Draft, raw []byte) ([]string, error) {
	if draft.Overtaken {
		return nil, ErrOvertaken
	}
	if len(raw) > signed.MaxBytes {
		return nil, fmt.Errorf("%w: it is too large", ErrOther)
	}
	if hash, err := signed.Hash(raw); err != nil || hash != draft.Hash {
		return nil, errors.Join(ErrOther, err)
	}
	charter := d.o.Keeper.Charter()
	before := map[string]bool{}
	for _, id := range draft.SignedBy {
		before[id] = true
	}
	joined, err := signed.Join(draft.Document, raw)
	if err != nil {
		return nil, err
	}
	// A forged signature in the place of one that is still to come must not keep the good one out.
	fresh, err := charter.Trim(raw)
	if err != nil {
		return nil, err
	}
	if joined, err = signed.Join(fresh, joined); err != nil {
		return nil, err
	}
	if draft.Document, err = charter.Trim(joined); err != nil {
		return nil, err
	}
	draft.SignedBy = charter.SignedBy(draft.Document)
	var added []string
	for _, id := range draft.SignedBy {
		if !before[id] {
			added = append(added, id)
		}
	}
	if len(added) == 0 {
		return nil, ErrUnsigned
	}
	return added, nil
}

// Publish publishes a draft that has enough signatures, whose publication failed when the last of them came.
func (d *Desk) Publish(ctx context.Context, actor string) error {
	d.deciding.Lock()
	defer d.deciding.Unlock()
	if err := d.settle(ctx); err != nil {
		return err
	}
	draft, err := d.open(ctx)
	if err != nil {
		return err
	}
	if len(draft.SignedBy) < draft.Needs {
		return fmt.Errorf("%w: %d of %d", signed.ErrSignatures, len(draft.SignedBy), draft.Needs)
	}
	return d.publish(ctx, draft, actor)
}

// publish looks for the proofs of all applicants again, gives the list to the keeper, and tells the other members.
func (d *Desk) publish(ctx context.Context, draft Draft, actor string) error {
	if draft.Overtaken {
		return ErrOvertaken
	}
	for _, decision := range draft.Decisions {
		if decision.Kind != Admit {
			continue
		}
		a, err := d.Application(ctx, decision.Application)
		if err != nil {
			return err
		}
		if err := d.stillProven(ctx, a, actor); err != nil {
			return fmt.Errorf("%s: %w", a.ServerName, err)
		}
	}
	if _, err := d.o.Keeper.TakeMembers(ctx, draft.Document, ""); err != nil {
		return fmt.Errorf("publishing the member list: %w", err)
	}
	if err := d.settle(ctx); err != nil {
		return err
	}
	telling := context.WithoutCancel(ctx) // the request may end before the members are told
	go d.o.Keeper.Tell(telling)
	return nil
}

// settle notes that the draft is the list that counts now, whoever published it.
func (d *Desk) settle(ctx context.Context) error {
	draft, err := d.storedDraft(ctx)
	if errors.Is(err, ErrNoDraft) {
		return nil
	}
	list := d.o.Keeper.Members()
	if err != nil || list == nil || list.Hash() != draft.Hash {
		return err
	}
	decisions, err := d.pending(ctx)
	if err != nil {
		return err
	}
	applicants, err := d.applicants(ctx, decisions)
	if err != nil {
		return err
	}
	now := d.o.Now().UnixMilli()
	return d.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := endDrafts(tx, statePublished, now); err != nil {
			return err
		}
		for _, decision := range decisions {
			if err := d.published(tx, decision, list.Serial); err != nil {
				return err
			}
		}
		for _, a := range applicants {
			if err := d.told(tx, a); err != nil {
				return err
			}
		}
		return nil
	})
}

// published notes that a decision is in the list that counts.
func (d *Desk) published(tx *sqldb.Tx, decision Decision, serial int64) error {
	if err := endDecision(tx, decision.ID, statePublished); err != nil {
		return err
	}
	if err := d.setApplication(tx, decision, Admitted, decision.Reason); err != nil {
		return err
	}
	return alliance.Note(tx, d.entry(d.o.Self, "decision published: "+string(decision.Kind), decision.ServerName, fmt.Sprintf("member list %d", serial)))
}

// applicants are the applications that decisions admit, as they are when that is published.
func (d *Desk) applicants(ctx context.Context, decisions []Decision) ([]Application, error) {
	var all []Application
	for _, decision := range decisions {
		if decision.Application == "" {
			continue
		}
		a, err := d.Application(ctx, decision.Application)
		if err != nil {
			return nil, err
		}
		a.State, a.Reason = Admitted, decision.Reason
		all = append(all, a)
	}
	return all, nil
}
