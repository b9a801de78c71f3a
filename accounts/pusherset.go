package accounts

import (
	"context"
	"sync"

	"medixchange/internal/sqldb"
)

// pusherSet knows which users have pushers, and the pushers themselves once someone has asked.
type pusherSet struct {
	mu      sync.RWMutex
	users   map[string]*pushersOf
	version uint64
}

// pushersOf are one user's; a change puts a new one in its place.
type pushersOf struct{ list []*Pusher } // nil: not read yet

// PusherUsers returns how many users have pushers. The version changes whenever other users have them.
func (a *Accounts) PusherUsers() (n int, version uint64) {
	a.pushers.mu.RLock()
	defer a.pushers.mu.RUnlock()
	return len(a.pushers.users), a.pushers.version
}

// HasPushers reports whether a user has pushers, from memory.
func (a *Accounts) HasPushers(userID string) bool {
	a.pushers.mu.RLock()
	defer a.pushers.mu.RUnlock()
	return a.pushers.users[userID] != nil
}

// WithPushers returns those users who have pushers and for whom keep returns true, in no order. keep must be short and
// must not ask for pushers.
func (a *Accounts) WithPushers(keep func(userID string) bool) []string {
	a.pushers.mu.RLock()
	defer a.pushers.mu.RUnlock()
	var users []string
	for userID := range a.pushers.users {
		if keep(userID) {
			users = append(users, userID)
		}
	}
	return users
}

// Pushers lists a user's pushers, the oldest first. They are shared and must not be changed.
func (a *Accounts) Pushers(ctx context.Context, userID string) ([]*Pusher, error) {
	a.pushers.mu.RLock()
	of := a.pushers.users[userID]
	a.pushers.mu.RUnlock()
	if of == nil {
		return []*Pusher{}, nil
	}
	if of.list != nil {
		return of.list, nil
	}
	list, err := a.readPushers(ctx, userID)
	if err != nil {
		return nil, err
	}
	a.pushers.fill(userID, of, list)
	return list, nil
}

// fill keeps what was read, unless something has changed meanwhile.
func (s *pusherSet) fill(userID string, of *pushersOf, list []*Pusher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users[userID] != of {
		return
	}
	if len(list) == 0 {
		delete(s.users, userID)
		s.version++
		return
	}
	s.users[userID] = &pushersOf{list: list}
}

// added says, after the commit of tx, that a user has a pusher.
func (s *pusherSet) added(tx *sqldb.Tx, userID string) {
	tx.OnCommit(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.users[userID] == nil {
			s.version++
		}
		s.users[userID] = &pushersOf{}
	})
}

// removed forgets, after the commit of tx, what is known of the pushers of users, who may have none any more.
func (s *pusherSet) removed(tx *sqldb.Tx, users ...string) {
	tx.OnCommit(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, userID := range users {
			if s.users[userID] != nil {
				s.users[userID] = &pushersOf{}
			}
		}
	})
}

func (a *Accounts) loadPushers(ctx context.Context) error {
	users, err := a.readPusherUsers(ctx)
	if err != nil {
		return err
	}
	a.pushers.users = make(map[string]*pushersOf, len(users))
	for _, userID := range users {
		a.pushers.users[userID] = &pushersOf{}
	}
	return nil
}
