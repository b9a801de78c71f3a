package accounts

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"medixchange/internal/pace"
	"medixchange/rooms"
)

const (
	maxPresences     = 50000
	maxStatusMessage = 1024
	// presenceLife is how long a presence lasts without a request, and presenceSweep how often that is looked at. A long
	// poll ends within a minute.
	presenceLife  = 3 * time.Minute
	presenceSweep = 30 * time.Second
)

// presences are kept in memory only; a token from before a restart makes the server send them again (CORE 3).
type presences struct {
	now      func() time.Time
	mu       sync.RWMutex
	users    map[string]PresenceState
	watchers map[chan PresenceChange]struct{}
}

var presenceValues = []string{"online", "unavailable", "offline"}

func newPresences(now func() time.Time) *presences {
	return &presences{now: now, users: map[string]PresenceState{}, watchers: map[chan PresenceChange]struct{}{}}
}

// PresenceOn says whether presence is kept at all.
func (a *Accounts) PresenceOn() bool { return a.o.Presence }

// SetPresence sets a user's presence. Where presence is off it does nothing, as clients set it unasked. Errors:
// ErrInvalidParam for a value that the specification does not have.
func (a *Accounts) SetPresence(ctx context.Context, userID, presence, statusMsg string) error {
	if !slices.Contains(presenceValues, presence) {
		return ErrInvalidParam.says("presence is online, unavailable or offline")
	}
	if len(statusMsg) > maxStatusMessage {
		return ErrInvalidParam.says("A status message has at most %d bytes", maxStatusMessage)
	}
	if !a.o.Presence {
		return nil
	}
	return a.setPresence(ctx, userID, func(PresenceState) PresenceState {
		return PresenceState{Presence: presence, StatusMsg: statusMsg}
	})
}

// SyncPresence notes that a user syncs, with the set_presence of the request: "offline" leaves their presence as it is.
func (a *Accounts) SyncPresence(ctx context.Context, userID, presence string) error {
	if !a.o.Presence || presence == "offline" {
		return nil
	}
	return a.setPresence(ctx, userID, func(p PresenceState) PresenceState {
		p.Presence = presence
		return p
	})
}

// setPresence changes a presence and wakes those who share a room with the user, if there is anything to tell.
func (a *Accounts) setPresence(ctx context.Context, userID string, change func(PresenceState) PresenceState) error {
	if !a.presences.change(userID, change) {
		return nil
	}
	a.hub.Touch(rooms.UserTopic(userID), rooms.EphemeralPresence)
	to, err := a.audienceOf(ctx, userID)
	if err != nil {
		return fmt.Errorf("reading who is to see a presence: %w", err)
	}
	for _, roomID := range to.rooms {
		a.hub.Touch(rooms.RoomTopic(roomID), rooms.EphemeralPresence)
	}
	a.presences.tell(userID, to.servers)
	return nil
}

// change reports whether others see a difference.
func (p *presences) change(userID string, change func(PresenceState) PresenceState) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.users) >= maxPresences {
		clear(p.users)
	}
	old := p.users[userID]
	state := change(old)
	state.seen, state.told = p.now().UnixMilli(), old.told
	if state.Presence == "online" && state.LastActive <= old.LastActive {
		state.LastActive = state.seen
	}
	p.users[userID] = state
	return old.Presence != state.Presence || old.StatusMsg != state.StatusMsg
}

// expirePresences makes those offline who have not been heard of for a while.
func (a *Accounts) expirePresences(ctx context.Context) {
	if !a.o.Presence {
		return
	}
	pace.Every(ctx, presenceSweep, func() {
		for _, userID := range a.silentUsers() {
			err := a.setPresence(ctx, userID, func(p PresenceState) PresenceState {
				p.Presence = "offline"
				return p
			})
			if err != nil && ctx.Err() == nil {
				a.log.WithError(err).Warn("a presence could not be told")
			}
		}
		a.repeatPresences(ctx)
	})
}

// silentUsers returns those who have not been heard of for a while; other servers say so less often than clients do.
func (a *Accounts) silentUsers() []string {
	now := a.now()
	local, remote := now.Add(-presenceLife).UnixMilli(), now.Add(-remotePresenceLife).UnixMilli()
	return a.presences.silent(func(userID string) int64 {
		if a.IsLocal(userID) {
			return local
		}
		return remote
	})
}

// silent returns the users who were last heard of before the time that since gives for them.
func (p *presences) silent(since func(userID string) int64) []string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var users []string
	for userID, state := range p.users {
		if state.Presence != "offline" && state.seen < since(userID) {
			users = append(users, userID)
		}
	}
	return users
}

// PresenceNews returns the presences that a viewer is to be told: of users who share a room with them and changed after
// the ephemeral position since, of all members of the rooms newly seen, and of the newcomers in rooms known already.
func (a *Accounts) PresenceNews(ctx context.Context, viewer string, since int64, seen, newcomers []string) (map[string]PresenceState, error) {
	wanted := map[string]bool{}
	for _, roomID := range seen {
		view, err := a.room(ctx, roomID)
		if err != nil {
			return nil, err
		}
		if view == nil {
			continue
		}
		for _, userID := range a.presences.known() {
			if view.Membership(userID) == "join" {
				wanted[userID] = true
			}
		}
	}
	for _, userID := range append(a.changedPresences(since), newcomers...) {
		if _, decided := wanted[userID]; decided {
			continue
		}
		shares, err := a.sharesRoom(ctx, viewer, userID)
		if err != nil {
			return nil, err
		}
		wanted[userID] = shares
	}
	return a.presences.of(wanted, viewer), nil
}

// known returns the users of whom there is a presence.
func (p *presences) known() []string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return slices.Collect(maps.Keys(p.users))
}

// changedPresences returns the users whose presence changed after an ephemeral position.
func (a *Accounts) changedPresences(since int64) []string {
	if a.hub.EphemeralPosition() <= since {
		return nil
	}
	a.presences.mu.RLock()
	defer a.presences.mu.RUnlock()
	var changed []string
	for userID := range a.presences.users {
		if a.hub.EphemeralLast(rooms.UserTopic(userID), rooms.EphemeralPresence) > since {
			changed = append(changed, userID)
		}
	}
	return changed
}

// of returns what is known of the users that are wanted, but for the viewer.
func (p *presences) of(wanted map[string]bool, viewer string) map[string]PresenceState {
	p.mu.RLock()
	defer p.mu.RUnlock()
	found := map[string]PresenceState{}
	for userID, is := range wanted {
		if state, ok := p.users[userID]; ok && is && userID != viewer {
			found[userID] = state
		}
	}
	return found
}

// Presence returns a user's presence, offline where nothing is known. ErrForbidden unless viewer is the user or shares a
// room with them.
func (a *Accounts) Presence(ctx context.Context, viewer, userID string) (PresenceState, error) {
	shares, err := a.sharesRoom(ctx, viewer, userID)
	if err != nil {
		return PresenceState{}, err
	}
	if !shares {
		return PresenceState{}, ErrForbidden.says("You do not share a room with this user")
	}
	a.presences.mu.RLock()
	defer a.presences.mu.RUnlock()
	if state, ok := a.presences.users[userID]; ok {
		return state, nil
	}
	return PresenceState{Presence: "offline"}, nil
}
