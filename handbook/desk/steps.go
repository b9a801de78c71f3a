package desk

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"medixchange/handbook"
)

// Action is a step that a working copy takes.
type Action string

// The actions. Begun and SetAside are taken by the desk itself: the first keeps what the edition had before anybody wrote, the
// second the words of somebody who wrote at the same time as another.
const (
	Begun     Action = "begun"
	SetAside  Action = "aside"
	ByMachine Action = "machine"
	Saved     Action = "save"
	Handed    Action = "hand"
	Returned  Action = "return"
	Accepted  Action = "review"
	Released  Action = "approve"
	Restored  Action = "restore"
	Published Action = "publish"
)

// rule says who may take a step from where, and where it leads.
type rule struct {
	from   []State
	role   Role
	to     State
	other  bool // only somebody who wrote none of it
	reason bool // must be given
}

var anyState = []State{Missing, Machine, Draft, Waiting, Reviewed, Approved}

var rules = map[Action]rule{
	ByMachine: {from: []State{Missing, Machine, Draft, Reviewed, Approved}, role: Editor, to: Machine},
	Saved:     {from: anyState, role: Editor, to: Draft},
	Handed:    {from: []State{Draft}, role: Editor, to: Waiting},
	Returned:  {from: []State{Waiting, Reviewed}, role: Reviewer, to: Draft, reason: true},
	Accepted:  {from: []State{Waiting}, role: Reviewer, to: Reviewed, other: true},
	Released:  {from: []State{Reviewed}, role: Publisher, to: Approved, other: true},
	Restored:  {from: anyState, role: Editor, to: Draft, reason: true},
}

// Errors of steps that cannot be taken.
var (
	ErrNotAllowed = errors.New("you have no such role in this language")
	ErrOwnWords   = errors.New("whoever wrote a text does not review or approve it")
	ErrWrongState = errors.New("this step does not follow from the state of the text")
	ErrNoReason   = errors.New("a reason must be given")
	ErrReason     = errors.New("a reason has at most 1000 letters")
)

const maxReason = 1000 // runes

// May reports why a person cannot take a step now, nil where they can. A reason is not looked at.
func (c *Copy) May(action Action, who Person) error {
	r, ok := rules[action]
	switch {
	case !ok:
		return fmt.Errorf("%w: %q", ErrWrongState, action)
	case !who.May(r.role, c.Language):
		return ErrNotAllowed
	case !slices.Contains(r.from, c.State) || action == ByMachine && c.Original:
		return ErrWrongState
	case r.other && slices.Contains(c.Hands, who.ID):
		return ErrOwnWords
	}
	return nil
}

// step takes a step, without the words that it may bring.
func (c *Copy) step(action Action, who Person, reason string) error {
	if err := c.May(action, who); err != nil {
		return err
	}
	switch {
	case rules[action].reason && strings.TrimSpace(reason) == "":
		return ErrNoReason
	case utf8.RuneCountInString(reason) > maxReason:
		return ErrReason
	}
	c.State = rules[action].to
	switch action {
	case Accepted:
		c.Reviewer = c.otherName(who)
	case Released: // the reviewer stays
	default:
		c.Reviewer = ""
	}
	return nil
}

// otherName names a reviewer so that nobody takes them for the translator who is called the same.
func (c *Copy) otherName(who Person) string {
	if strings.EqualFold(who.Name, c.Maker) {
		return who.ID
	}
	return who.Name
}

// wrote notes whose words a text has now.
func (c *Copy) wrote(who Person, before State) {
	if before == Reviewed || before == Approved {
		c.Hands = nil // what was there has been read by a second person
	}
	if !slices.Contains(c.Hands, who.ID) {
		c.Hands = append(slices.Clone(c.Hands), who.ID)
	}
	if before == Machine || before == Missing || c.Maker == "" {
		c.Maker = who.Name
		return
	}
	makers := strings.Split(c.Maker, nameSeparator)
	if !slices.Contains(makers, who.Name) {
		makers = append(makers, who.Name)
	}
	c.Maker = strings.Join(makers[max(0, len(makers)-maxMakers):], nameSeparator)
}

const (
	nameSeparator = ", "
	maxMakers     = 5 // names of makers in an edition; the history has all
)

// publishable reports whether an edition may get a copy: what a second person has read, and less only where the edition has
// nothing better.
func (c *Copy) publishable(published *Copy) bool {
	rank := func(s State) int { return slices.Index(handbook.Statuses(), s.Status()) }
	switch {
	case c.State == Missing:
		return false
	case c.State == Reviewed || c.State == Approved:
		return true
	}
	return rank(c.State) >= rank(published.State)
}
