package accounts

import (
	"context"
	"encoding/json"
	"sync"

	"medixchange/rooms/view"
)

var _ view.Reader = (*Accounts)(nil)

// preferences are what the server itself reads of a user's account data and profile. They are immutable.
type preferences struct {
	ignored map[string]struct{}
	profile shownLanguage
	general language
	rooms   map[string]language
}

const (
	// maxPreferences bounds the users whose preferences are kept.
	maxPreferences = 50000
	// preferencesAtOnce bounds the users read with one statement.
	preferencesAtOnce = 500
)

// dataCache keeps preferences. What was read before a change is not kept.
type dataCache struct {
	mu    sync.RWMutex
	users map[string]*preferences
	epoch int64
}

func newDataCache() *dataCache { return &dataCache{users: map[string]*preferences{}} }

func (c *dataCache) forget(userID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	delete(c.users, userID)
}

// get returns the known ones of users and who is missing.
func (c *dataCache) get(users []string) (known map[string]*preferences, missing []string, epoch int64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	known = make(map[string]*preferences, len(users))
	for _, id := range users {
		if p := c.users[id]; p != nil {
			known[id] = p
		} else {
			missing = append(missing, id)
		}
	}
	return known, missing, c.epoch
}

func (c *dataCache) one(userID string) *preferences {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.users[userID]
}

func (c *dataCache) put(loaded map[string]*preferences, epoch int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch != epoch {
		return
	}
	if len(c.users)+len(loaded) > maxPreferences {
		clear(c.users)
	}
	for id, p := range loaded {
		c.users[id] = p
	}
}

func (a *Accounts) preferencesOf(ctx context.Context, users []string) (map[string]*preferences, error) {
	known, missing, epoch := a.data.get(users)
	for len(missing) > 0 {
		n := min(len(missing), preferencesAtOnce)
		loaded, err := a.loadPreferences(ctx, missing[:n])
		if err != nil {
			return nil, err
		}
		a.data.put(loaded, epoch)
		for id, p := range loaded {
			known[id] = p
		}
		missing = missing[n:]
	}
	return known, nil
}

// loadPreferences reads the preferences of users, at most preferencesAtOnce.
func (a *Accounts) loadPreferences(ctx context.Context, users []string) (map[string]*preferences, error) {
	data, err := a.readPreferences(ctx, users)
	if err != nil {
		return nil, err
	}
	shown, err := a.readProfileLanguages(ctx, users)
	if err != nil {
		return nil, err
	}
	loaded := make(map[string]*preferences, len(users))
	for _, id := range users {
		loaded[id] = &preferences{profile: shown[id]}
	}
	for _, d := range data {
		loaded[d.UserID].take(d)
	}
	return loaded, nil
}

// preferencesOfOne is preferencesOf without a map on the way that is taken mostly.
func (a *Accounts) preferencesOfOne(ctx context.Context, userID string) (*preferences, error) {
	if p := a.data.one(userID); p != nil {
		return p, nil
	}
	known, err := a.preferencesOf(ctx, []string{userID})
	return known[userID], err
}

// take reads one piece of account data; what is malformed counts as not said.
func (p *preferences) take(d *AccountDatum) {
	switch {
	case d.Type == typeIgnored && d.RoomID == "":
		var content struct {
			Users map[string]json.RawMessage `json:"ignored_users"`
		}
		if json.Unmarshal(d.Content, &content) != nil {
			return
		}
		p.ignored = make(map[string]struct{}, len(content.Users))
		for id := range content.Users {
			p.ignored[id] = struct{}{}
		}
		delete(p.ignored, d.UserID)
	case d.Type == typeLanguage:
		p.takeLanguage(d)
	}
}

// IgnoredUsers returns whom a user ignores (m.ignored_user_list). The map is shared and must not be changed.
func (a *Accounts) IgnoredUsers(ctx context.Context, userID string) (map[string]struct{}, error) {
	p, err := a.preferencesOfOne(ctx, userID)
	if err != nil {
		return nil, err
	}
	return p.ignored, nil
}

// Viewer implements view.Reader.
func (a *Accounts) Viewer(ctx context.Context, userID, deviceID string) (view.Viewer, error) {
	p, err := a.preferencesOfOne(ctx, userID)
	if err != nil {
		return view.Viewer{}, err
	}
	v := view.Viewer{UserID: userID, DeviceID: deviceID, Scope: deviceID}
	v.Language, v.Mode = a.languageIn(p, "")
	if len(p.ignored) > 0 {
		v.Ignored = func(sender string) bool {
			_, ignored := p.ignored[sender]
			return ignored
		}
	}
	return v, nil
}
