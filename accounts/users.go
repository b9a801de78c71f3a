package accounts

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"medixchange/accounts/password"
	"medixchange/internal/sqldb"
	"medixchange/rooms"
)

// Register creates an account and, unless NoLogin, logs it in; all of it in one transaction. Errors:
// ErrInvalidUsername, ErrUserInUse, ErrExclusive, ErrWeakPassword, ErrForbidden for a registration token that is used up.
func (a *Accounts) Register(ctx context.Context, r Registration) (*Session, error) {
	userID, err := a.newUserID(r.Localpart)
	if err != nil {
		return nil, err
	}
	if a.o.Exclusive != nil && a.o.Exclusive(userID, r.AppserviceID) {
		return nil, ErrExclusive
	}
	hash := ""
	if r.Password != "" {
		if hash, err = a.hashNew(ctx, r.Password); err != nil {
			return nil, err
		}
	}
	name := r.DisplayName
	if name == "" {
		name = localpartOf(userID)
	}
	u := newUser{userID: userID, hash: hash, admin: r.Admin, appserviceID: r.AppserviceID, displayName: name, created: a.nowMS()}
	var session *Session
	err = a.db.Write(ctx, func(tx *sqldb.Tx) error {
		session = &Session{UserID: userID}
		if err := insertUser(tx, u); err != nil {
			return err
		}
		if err := useRegistrationToken(tx, r.Token, u.created); err != nil {
			return err
		}
		if r.NoLogin {
			return nil
		}
		session, err = a.login(tx, userID, loginDevice{id: r.DeviceID, name: r.DeviceName, refresh: r.Refresh})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("registering: %w", err)
	}
	return session, nil
}

func localpartOf(userID string) string {
	for i := 1; i < len(userID); i++ {
		if userID[i] == ':' {
			return userID[1:i]
		}
	}
	return userID
}

// CheckUsername reports whether Register would take the localpart now.
func (a *Accounts) CheckUsername(ctx context.Context, localpart, appserviceID string) error {
	if localpart == "" {
		return ErrInvalidUsername.says("The user name is empty")
	}
	userID, err := a.newUserID(localpart)
	if err != nil {
		return err
	}
	if a.o.Exclusive != nil && a.o.Exclusive(userID, appserviceID) {
		return ErrExclusive
	}
	_, err = a.User(ctx, userID)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err == nil {
		return ErrUserInUse
	}
	return err
}

// EnsureUser creates an account without a password unless it exists, for the node's own bots, and returns its id.
func (a *Accounts) EnsureUser(ctx context.Context, localpart, displayName string) (string, error) {
	userID := a.UserID(localpart)
	if _, err := a.User(ctx, userID); !errors.Is(err, ErrNotFound) {
		return userID, err
	}
	u := newUser{userID: userID, displayName: displayName, created: a.nowMS()}
	err := a.db.Write(ctx, func(tx *sqldb.Tx) error { return insertUser(tx, u) })
	if err != nil && !errors.Is(err, ErrUserInUse) {
		return "", fmt.Errorf("creating %s: %w", userID, err)
	}
	return userID, nil
}

// User returns a local account; ErrNotFound.
func (a *Accounts) User(ctx context.Context, userID string) (*User, error) {
	u, _, err := a.readUser(ctx, userID)
	return u, err
}

// Users lists accounts by id, after q.From; at most 1000 at a time.
func (a *Accounts) Users(ctx context.Context, q UserQuery) ([]*User, error) {
	if q.Limit <= 0 || q.Limit > 1000 {
		q.Limit = 1000
	}
	return a.readUsers(ctx, q)
}

// SetAdmin makes a user an administrator of the node, or no longer.
func (a *Accounts) SetAdmin(ctx context.Context, userID string, on bool) error {
	return a.setFlag(ctx, userID, "admin", on)
}

// SetLocked locks an account: its tokens stay but are refused with ErrLocked (Client-Server API, Account locking).
func (a *Accounts) SetLocked(ctx context.Context, userID string, on bool) error {
	return a.setFlag(ctx, userID, "locked", on)
}

// SetSuspended suspends an account: it may read and leave, not write (Client-Server API, Account suspension).
func (a *Accounts) SetSuspended(ctx context.Context, userID string, on bool) error {
	return a.setFlag(ctx, userID, "suspended", on)
}

func (a *Accounts) setFlag(ctx context.Context, userID, flag string, on bool) error {
	return a.db.Write(ctx, func(tx *sqldb.Tx) error {
		tx.OnCommit(func() {
			a.tokens.forget(userID)
			if on && flag != "admin" {
				a.departures.tell(userID, nil)
			}
		})
		return writeFlag(tx, userID, flag, on)
	})
}

// CheckPassword returns nil if the password is the user's: ErrWrongCredentials, ErrDeactivated. It takes as long for a
// user who does not exist.
func (a *Accounts) CheckPassword(ctx context.Context, userID, password string) error {
	user, hash, err := a.readUser(ctx, userID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	ok, err := a.hasher.Check(ctx, password, hash)
	if err != nil {
		return fmt.Errorf("checking a password: %w", err)
	}
	if user != nil && user.Deactivated {
		return ErrDeactivated
	}
	if !ok {
		return ErrWrongCredentials
	}
	return nil
}

// ChangePassword sets a new password; who may is the caller's to check. With logoutDevices all devices but keepDevice
// are deleted. A deactivated account is ErrDeactivated.
func (a *Accounts) ChangePassword(ctx context.Context, userID, password string, logoutDevices bool, keepDevice string) error {
	user, err := a.User(ctx, userID)
	if err != nil {
		return err
	}
	if user.Deactivated {
		return ErrDeactivated
	}
	hash, err := a.hashNew(ctx, password)
	if err != nil {
		return err
	}
	if err := a.db.Write(ctx, func(tx *sqldb.Tx) error { return writePassword(tx, userID, hash) }); err != nil {
		return fmt.Errorf("changing a password: %w", err)
	}
	if !logoutDevices {
		return nil
	}
	return a.deleteDevices(ctx, userID, nil, keepDevice)
}

func (a *Accounts) hashNew(ctx context.Context, clear string) (string, error) {
	if utf8.RuneCountInString(clear) < a.o.MinPasswordLength {
		return "", ErrWeakPassword.says("A password has at least %d characters", a.o.MinPasswordLength)
	}
	hash, err := a.hasher.Hash(ctx, clear)
	if errors.Is(err, password.ErrTooLong) {
		return "", ErrInvalidParam.says("The password is too long")
	}
	return hash, err
}

// Deactivate ends an account for good: no login, no devices, no profile, no account data; it leaves its rooms, in the
// background if that takes long. erase remembers that its messages are not to be shown to new members. A repetition
// goes on with what was not finished.
func (a *Accounts) Deactivate(ctx context.Context, userID string, erase bool) error {
	if _, err := a.User(ctx, userID); err != nil {
		return err
	}
	if err := a.deleteDevices(ctx, userID, nil, ""); err != nil {
		return err
	}
	err := a.db.Write(ctx, func(tx *sqldb.Tx) error {
		tx.OnCommit(func() {
			a.tokens.forget(userID)
			a.data.forget(userID)
			a.rules.forget(userID)
		})
		a.pushers.removed(tx, userID)
		return writeDeactivated(tx, userID, erase)
	})
	if err != nil {
		return fmt.Errorf("deactivating an account: %w", err)
	}
	return a.leaveAll(ctx, userID)
}

// leaveAll leaves every room, and declines every invite. One room that cannot be left does not keep the user in others.
func (a *Accounts) leaveAll(ctx context.Context, userID string) error {
	memberships, err := a.rooms.UserRooms(ctx, userID)
	if err != nil {
		return fmt.Errorf("reading the rooms to leave: %w", err)
	}
	outside, err := a.rooms.OutsideMemberships(ctx, userID)
	if err != nil {
		return fmt.Errorf("reading the invites to decline: %w", err)
	}
	var ids []string
	for _, m := range memberships {
		if m.Membership == "join" || m.Membership == "invite" || m.Membership == "knock" {
			ids = append(ids, m.RoomID)
		}
	}
	for _, m := range outside {
		if m.Membership != "leave" {
			ids = append(ids, m.RoomID)
		}
	}
	var failed error
	for _, id := range ids {
		_, err := a.rooms.SetMembership(ctx, rooms.MembershipRequest{RoomID: id, Sender: userID, Target: userID, Membership: "leave"})
		if err != nil && !errors.Is(err, rooms.ErrNotFound) {
			a.log.WithError(err).WithField("room", id).Warn("a deactivated user could not leave a room")
			failed = errors.Join(failed, fmt.Errorf("leaving %s: %w", id, err))
		}
	}
	return failed
}
