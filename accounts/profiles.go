package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
	"unicode/utf8"

	"medixchange/internal/pattern"
	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/rooms"
)

const (
	maxProfile        = 64 << 10
	maxProfileKey     = 255
	maxDisplayName    = 256  // characters
	maxAvatarURL      = 1000 // bytes
	remoteProfileLife = 5 * time.Minute
	maxRemoteProfiles = 5000
	propagateRetry    = 30 * time.Second
	propagateAttempts = 10
)

// profileKey is the grammar of field names: the three that the specification defines, and namespaced ones.
var profileKey = pattern.Lazy(`^(displayname|avatar_url|m\.tz|[a-z][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)+)$`)

// Profile returns all of a user's profile, local or remote; remote ones are kept for some minutes. ErrNotFound for a
// user who does not exist.
func (a *Accounts) Profile(ctx context.Context, userID string) (Profile, error) {
	if a.IsLocal(userID) {
		return a.LocalProfile(ctx, userID)
	}
	return a.remoteProfile(ctx, userID)
}

// ProfileField returns one field of a user's profile; ErrNotFound.
func (a *Accounts) ProfileField(ctx context.Context, userID, field string) (json.RawMessage, error) {
	if len(field) > maxProfileKey {
		return nil, ErrKeyTooLarge
	}
	profile, err := a.Profile(ctx, userID)
	if err != nil {
		return nil, err
	}
	value, ok := profile[field]
	if !ok {
		return nil, ErrNotFound.says("The profile has no such field")
	}
	return value, nil
}

// LocalProfile returns the profile of a local user, as other servers may ask for it; ErrNotFound.
func (a *Accounts) LocalProfile(ctx context.Context, userID string) (Profile, error) {
	if !a.IsLocal(userID) {
		return nil, ErrNotFound.says("No such user here")
	}
	return a.readProfile(ctx, userID)
}

// MemberProfile returns what member events of a local user say of them.
func (a *Accounts) MemberProfile(ctx context.Context, userID string) (rooms.MemberProfile, error) {
	profile, err := a.readProfile(ctx, userID)
	if err != nil {
		return rooms.MemberProfile{}, err
	}
	return rooms.MemberProfile{DisplayName: profile.text("displayname"), AvatarURL: profile.text("avatar_url")}, nil
}

// text returns a field that is a string, else "".
func (p Profile) text(field string) string {
	var s string
	if json.Unmarshal(p[field], &s) != nil {
		return ""
	}
	return s
}

// SetProfileField sets one field of a local user's profile; a display name or avatar reaches the member events of the
// user's rooms soon after, also when the process dies in between. An empty one removes the field. Errors:
// ErrInvalidParam, ErrBadJSON, ErrKeyTooLarge, ErrProfileTooLarge, ErrNotFound for a user who does not exist.
func (a *Accounts) SetProfileField(ctx context.Context, userID, field string, value json.RawMessage) error {
	remove, err := checkProfileField(field, value)
	if err != nil {
		return err
	}
	if remove {
		return a.DeleteProfileField(ctx, userID, field)
	}
	if field == typeLanguage {
		if err := a.checkShownLanguage(value); err != nil {
			return err
		}
	}
	if value, err = cleanJSON(value); err != nil {
		return err
	}
	return a.changeProfile(ctx, userID, field, func(tx *sqldb.Tx) error {
		size, err := profileSize(tx, userID, field)
		if err != nil {
			return err
		}
		if size+len(field)+len(value)+4 > maxProfile {
			return ErrProfileTooLarge
		}
		return upsertProfileField(tx, userID, field, value)
	})
}

// DeleteProfileField removes a field, if it is there.
func (a *Accounts) DeleteProfileField(ctx context.Context, userID, field string) error {
	if _, err := checkProfileField(field, json.RawMessage(`""`)); err != nil {
		return err
	}
	return a.changeProfile(ctx, userID, field, func(tx *sqldb.Tx) error { return deleteProfileField(tx, userID, field) })
}

// checkProfileField checks a field and reports whether its value means that there is none.
func checkProfileField(field string, value json.RawMessage) (remove bool, err error) {
	if len(field) > maxProfileKey {
		return false, ErrKeyTooLarge
	}
	if !profileKey().MatchString(field) {
		return false, ErrInvalidParam.says("This is not the name of a profile field")
	}
	if len(value) > maxProfile {
		return false, ErrProfileTooLarge
	}
	if field != "displayname" && field != "avatar_url" && field != "m.tz" {
		return false, nil
	}
	if string(value) == "null" {
		return true, nil
	}
	var s string
	if err := json.Unmarshal(value, &s); err != nil {
		return false, ErrBadJSON.says("%s is a string", field)
	}
	switch {
	case field == "displayname" && utf8.RuneCountInString(s) > maxDisplayName:
		return false, ErrInvalidParam.says("A display name has at most %d characters", maxDisplayName)
	case field == "avatar_url" && len(s) > maxAvatarURL:
		return false, ErrInvalidParam.says("An avatar_url has at most %d bytes", maxAvatarURL)
	}
	return s == "", nil
}

func (a *Accounts) changeProfile(ctx context.Context, userID, field string, change func(tx *sqldb.Tx) error) error {
	if _, err := a.User(ctx, userID); err != nil {
		return err
	}
	err := a.db.Write(ctx, func(tx *sqldb.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		if field == "displayname" || field == "avatar_url" {
			if err := queueProfileUpdate(tx, userID, a.revisions.Next()); err != nil {
				return err
			}
			tx.OnCommit(a.kickProfiles)
		}
		c := &ProfileChange{UserID: userID, Field: field, Position: tx.NextPosition()}
		if field == typeLanguage {
			if err := upsertLanguageChange(tx, userID, c.Position); err != nil {
				return err
			}
		}
		tx.OnCommit(func() {
			if field == typeLanguage {
				a.data.forget(userID)
			}
			a.hub.Append(stream.Entry{Position: c.Position, Topic: rooms.UserTopic(userID), Kind: rooms.EntryProfile, Value: c, Size: 128})
		})
		return nil
	})
	if err != nil {
		return fmt.Errorf("changing a profile: %w", err)
	}
	return nil
}

func (a *Accounts) kickProfiles() {
	select {
	case a.profiles.kick <- struct{}{}:
	default:
	}
}

// propagateProfiles tells rooms of changed profiles: what is queued is a row, so that it goes on after a restart.
func (a *Accounts) propagateProfiles(ctx context.Context) {
	ticker := time.NewTicker(propagateRetry)
	defer ticker.Stop()
	attempts := map[string]int{}
	for {
		if err := a.propagateQueued(ctx, attempts); err != nil && ctx.Err() == nil {
			a.log.WithError(err).Warn("telling rooms of a changed profile")
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-a.profiles.kick:
		}
	}
}

func (a *Accounts) propagateQueued(ctx context.Context, attempts map[string]int) error {
	queued, err := a.queuedProfileUpdates(ctx)
	if err != nil {
		return err
	}
	var failed error
	for userID, revision := range queued {
		profile, err := a.MemberProfile(ctx, userID)
		if err == nil {
			err = a.rooms.UpdateProfile(ctx, userID, profile)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("user %s: %w", userID, err))
			if attempts[userID]++; attempts[userID] < propagateAttempts {
				continue
			}
		}
		delete(attempts, userID)
		err = a.db.Write(ctx, func(tx *sqldb.Tx) error { return dequeueProfileUpdate(tx, userID, revision) })
		if err != nil {
			return errors.Join(failed, err)
		}
	}
	return failed
}

// remoteProfiles keeps the profiles of remote users for a short time.
type remoteProfiles struct {
	now  func() time.Time
	kick chan struct{}
	mu   sync.Mutex
	kept map[string]keptProfile
}

type keptProfile struct {
	profile Profile
	err     error // ErrNotFound is kept as well
	until   time.Time
}

func newRemoteProfiles(now func() time.Time) *remoteProfiles {
	return &remoteProfiles{now: now, kick: make(chan struct{}, 1), kept: map[string]keptProfile{}}
}

func (r *remoteProfiles) get(userID string) (keptProfile, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept, ok := r.kept[userID]
	return kept, ok && r.now().Before(kept.until)
}

func (r *remoteProfiles) put(userID string, profile Profile, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.kept) >= maxRemoteProfiles {
		clear(r.kept)
	}
	r.kept[userID] = keptProfile{profile, err, r.now().Add(remoteProfileLife)}
}

func (a *Accounts) remoteProfile(ctx context.Context, userID string) (Profile, error) {
	server := serverOf(userID)
	if server == "" || len(userID) > maxUserID {
		return nil, ErrInvalidParam.says("This is not a user id")
	}
	if kept, ok := a.profiles.get(userID); ok {
		return kept.profile, kept.err
	}
	if !a.mayReach(server) {
		return nil, ErrNotFound.says("This server is not talked to")
	}
	fields, err := a.o.Remote.QueryProfile(ctx, server, userID, "")
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("asking %s for a profile: %w", server, err)
	}
	if err == nil && profileBytes(fields) > maxProfile {
		err = ErrNotFound.says("The other server's answer is too large")
	}
	a.profiles.put(userID, fields, err)
	return fields, err
}

func profileBytes(p map[string]json.RawMessage) int {
	n := 0
	for key, value := range p {
		n += len(key) + len(value)
	}
	return n
}
