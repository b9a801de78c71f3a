package accounts

import (
	"context"
	"encoding/json"
	"slices"
	"time"
)

const (
	// remotePresenceLife is how long the presence of another server's user lasts without being told again, and
	// repeatPresence how often this server tells that of its users again while it stays the same.
	remotePresenceLife = 35 * time.Minute
	repeatPresence     = 15 * time.Minute
	// maxPresencePush bounds the users in one m.presence of another server.
	maxPresencePush = 1000
)

// PresenceChange says that the presence of a user of this server changed, or is told again, and to which servers.
type PresenceChange struct {
	UserID  string
	State   PresenceState
	Servers []string
}

// WatchPresence returns a channel of what other servers are to be told (Server-Server API, Presence). Changes are dropped
// when more than buffer of them wait. stop ends it.
func (a *Accounts) WatchPresence(buffer int) (changes <-chan PresenceChange, stop func()) {
	c := make(chan PresenceChange, buffer)
	p := a.presences
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watchers[c] = struct{}{}
	return c, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.watchers, c)
	}
}

// tell hands the presence of a local user to the watchers.
func (p *presences) tell(userID string, servers []string) {
	if len(servers) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.watchers) == 0 {
		return
	}
	state := p.users[userID]
	state.told = p.now().UnixMilli()
	p.users[userID] = state
	for c := range p.watchers {
		select {
		case c <- PresenceChange{UserID: userID, State: state, Servers: servers}:
		default: // it is told again
		}
	}
}

// repeatPresences tells again what was told long ago, since other servers forget it.
func (a *Accounts) repeatPresences(ctx context.Context) {
	for _, userID := range a.presences.toldBefore(a.now().Add(-repeatPresence).UnixMilli()) {
		to, err := a.audienceOf(ctx, userID)
		if err != nil {
			a.log.WithError(err).Warn("a presence could not be told again")
			return
		}
		a.presences.tell(userID, to.servers)
	}
}

func (p *presences) toldBefore(t int64) (users []string) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for userID, state := range p.users {
		if state.told > 0 && state.told < t && state.Presence != "offline" {
			users = append(users, userID)
		}
	}
	return users
}

// ReceivePresence takes an m.presence of origin. What is malformed, or of users who share no room with this server, is
// passed over.
func (a *Accounts) ReceivePresence(ctx context.Context, origin string, content json.RawMessage) error {
	if !a.o.Presence {
		return nil
	}
	var body struct {
		Push []struct {
			UserID        string `json:"user_id"`
			Presence      string `json:"presence"`
			StatusMsg     string `json:"status_msg"`
			LastActiveAgo int64  `json:"last_active_ago"`
		} `json:"push"`
	}
	if err := json.Unmarshal(content, &body); err != nil || len(body.Push) > maxPresencePush {
		return ErrBadJSON.says("Malformed presence")
	}
	for _, p := range body.Push {
		if serverOf(p.UserID) != origin || !slices.Contains(presenceValues, p.Presence) || len(p.StatusMsg) > maxStatusMessage || !storable(p.StatusMsg) {
			continue
		}
		to, err := a.audienceOf(ctx, p.UserID)
		if err != nil {
			return err
		}
		if len(to.rooms) == 0 {
			continue
		}
		err = a.setPresence(ctx, p.UserID, func(PresenceState) PresenceState {
			return PresenceState{Presence: p.Presence, StatusMsg: p.StatusMsg, LastActive: a.now().UnixMilli() - max(p.LastActiveAgo, 0)}
		})
		if err != nil {
			return err
		}
	}
	return nil
}
