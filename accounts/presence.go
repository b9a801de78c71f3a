package accounts

import (
	"context"
	"slices"
	"sync"
	"time"

	"medixchange/rooms"
)

const (
	maxPresences     = 50000
	maxStatusMessage = 1024
)

// presences are kept in memory only; a token from before a restart makes the server send them again (CORE 3).
type presences struct {
	now   func() time.Time
	mu    sync.RWMutex
	users map[string]PresenceState
}

func newPresences(now func() time.Time) *presences {
	return &presences{now: now, users: map[string]PresenceState{}}
}

// SetPresence sets a user's presence. Where presence is off it does nothing, as clients set it unasked. Errors:
// ErrInvalidParam for a value that the specification does not have.
func (a *Accounts) SetPresence(ctx context.Context, userID, presence, statusMsg string) error {
	if !slices.Contains([]string{"online", "unavailable", "offline"}, presence) {
		return ErrInvalidParam.says("presence is online, unavailable or offline")
	}
	if len(statusMsg) > maxStatusMessage {
		return ErrInvalidParam.says("A status message has at most %d bytes", maxStatusMessage)
	}
	if !a.o.Presence {
		return nil
	}
	a.presences.set(userID, presence, statusMsg)
	a.hub.Touch(rooms.UserTopic(userID), rooms.EphemeralPresence)
	return nil
}

func (p *presences) set(userID, presence, statusMsg string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.users) >= maxPresences {
		clear(p.users)
	}
	p.users[userID] = PresenceState{Presence: presence, StatusMsg: statusMsg, LastActive: p.now().UnixMilli()}
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
