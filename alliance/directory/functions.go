package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"medixchange/accounts"
	"medixchange/internal/pattern"
	"medixchange/internal/web"
)

// Function is an account such as "ICU on call": whoever writes to it reaches whoever is on duty.
type Function struct {
	Localpart string `json:"localpart"`
	UserID    string `json:"user_id,omitempty"`
	Name      string `json:"name"`
	Specialty string `json:"specialty"`
	// Fallback is what those are told who find nobody on duty, such as a telephone number.
	Fallback string `json:"fallback"`
	// May are the users of this hospital who may be on duty.
	May []string `json:"may"`
	// OnDuty is one of them, "" nobody, since SinceTS (ms).
	OnDuty  string `json:"on_duty,omitempty"`
	SinceTS int64  `json:"since_ts,omitempty"`
}

const (
	// maxFunctions bounds the function accounts of a hospital, maxMay those who may be on duty for one.
	maxFunctions = 200
	maxMay       = 200
)

// localparts are those that a function account may have (Matrix specification, User Identifiers).
var localparts = pattern.Lazy(`^[a-z0-9._=/+-]{1,100}$`)

// Functions lists the function accounts of this hospital.
func (d *Directory) Functions(ctx context.Context) ([]Function, error) {
	stored, err := d.readFunctions(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]Function, 0, len(stored))
	for _, f := range stored {
		all = append(all, Function{
			Localpart: f.localpart, UserID: d.o.Accounts.UserID(f.localpart), Name: f.name, Specialty: f.specialty,
			Fallback: f.fallback, May: f.may, OnDuty: f.onDuty, SinceTS: f.sinceTS,
		})
	}
	return all, nil
}

// SetFunction makes a function account or changes it. Errors are *web.Error that say what is wrong with it.
func (d *Directory) SetFunction(ctx context.Context, f Function) error {
	e := Entry{Listed: true, Name: f.Name, Specialty: f.Specialty}
	switch {
	case !localparts().MatchString(f.Localpart):
		return web.InvalidParam("A user name has 1 to 100 small letters, digits and . _ = / + -")
	case e.check() != nil:
		return web.InvalidParam("A function account needs a name and a specialty: %v.", e.check())
	case !printable(f.Fallback) || f.Fallback == "":
		return web.InvalidParam("The fallback says in at most %d letters what to do when nobody is on duty.", maxName)
	case len(f.May) > maxMay:
		return web.InvalidParam("At most %d users may be on duty.", maxMay)
	}
	for _, userID := range f.May {
		if err := d.checkClinician(ctx, userID); err != nil {
			return err
		}
	}
	all, err := d.readFunctions(ctx)
	if err != nil {
		return err
	}
	known := slices.ContainsFunc(all, func(other function) bool { return other.localpart == f.Localpart })
	if !known {
		if err := d.makeAccount(ctx, f, len(all)); err != nil {
			return err
		}
	}
	defer d.forget()
	return d.storeFunction(ctx, function{localpart: f.Localpart, name: f.Name, specialty: f.Specialty, fallback: f.Fallback, may: f.May})
}

func (d *Directory) makeAccount(ctx context.Context, f Function, others int) error {
	if others >= maxFunctions {
		return web.InvalidParam("There may be at most %d function accounts.", maxFunctions)
	}
	userID := d.o.Accounts.UserID(f.Localpart)
	_, err := d.o.Accounts.User(ctx, userID)
	if err == nil {
		return web.InvalidParam("%s is somebody's account already.", userID)
	}
	if !errors.Is(err, accounts.ErrNotFound) {
		return err
	}
	_, err = d.o.Accounts.EnsureUser(ctx, f.Localpart, f.Name)
	return err
}

func (d *Directory) checkClinician(ctx context.Context, userID string) error {
	user, err := d.o.Accounts.User(ctx, userID)
	if errors.Is(err, accounts.ErrNotFound) || err == nil && user.Deactivated {
		return web.NotFound("There is no user %s here.", userID)
	}
	return err
}

// ErrNotNamed means that a user may not be on duty for a function.
var ErrNotNamed = errors.New("the user is not among those who may be on duty")

// SetShift changes who is on duty: userID, or nobody for "". ErrNotNamed for somebody who may not; accounts.ErrNotFound for a
// function that there is not. The rooms of the function are told.
func (d *Directory) SetShift(ctx context.Context, localpart, userID string) error {
	all, err := d.readFunctions(ctx)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(f function) bool { return f.localpart == localpart })
	switch {
	case at < 0:
		return fmt.Errorf("function account %q: %w", localpart, accounts.ErrNotFound)
	case userID != "" && !slices.Contains(all[at].may, userID):
		return fmt.Errorf("%s for %s: %w", userID, localpart, ErrNotNamed)
	}
	changed, err := d.storeShift(ctx, localpart, userID, d.o.Now().UnixMilli())
	if err != nil || !changed {
		return err
	}
	d.o.Log.WithField("function", localpart).WithField("on_duty", userID).Info("a shift has changed")
	d.forget()
	select {
	case d.wake <- struct{}{}:
	default:
	}
	return nil
}

// EndShift takes a user off duty; if somebody else is on duty by now, nothing changes.
func (d *Directory) EndShift(ctx context.Context, localpart, userID string) error {
	all, err := d.readFunctions(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(f function) bool { return f.localpart == localpart && f.onDuty == userID }) {
		return nil
	}
	return d.SetShift(ctx, localpart, "")
}

// IsFunction reports whether a name is that of a function account of this hospital.
func (d *Directory) IsFunction(ctx context.Context, localpart string) bool {
	all, err := d.functions(ctx)
	return err == nil && slices.ContainsFunc(all, func(f function) bool { return f.localpart == localpart })
}

func (f function) person(userID string) Person {
	return Person{UserID: userID, Name: f.name, Specialty: f.specialty, OnDuty: f.onDuty != "", Function: true}
}

func listOf(text string) ([]string, error) {
	var list []string
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("reading a list: %w", err)
	}
	return list, nil
}

func textOf(list []string) string {
	if list == nil {
		list = []string{}
	}
	encoded, err := json.Marshal(list)
	if err != nil {
		panic("texts are not encoded: " + err.Error())
	}
	return string(encoded)
}
