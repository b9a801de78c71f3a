package view

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"medixchange/rooms"
)

// ForServer returns the events as another server may have them (Server-Server API, Backfilling): whole where the room's
// history visibility lets it see them, redacted copies of the others, so that the graph stays walkable. Events that this
// node did not accept are left out, and so are those whose state it would take to decide but is not known. It does not ask
// whether the server may read the room at all; rooms.ServerMayRead does.
func (v *View) ForServer(ctx context.Context, server string, events []*rooms.Event) ([]json.RawMessage, error) {
	ids := make([]string, 0, len(events))
	for _, ev := range events {
		ids = append(ids, ev.ID)
	}
	redacted, err := v.rooms.Redacted(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("reading redactions: %w", err)
	}
	out := make([]json.RawMessage, 0, len(events))
	for _, ev := range events {
		if ev.Outcome != rooms.Accepted && ev.Outcome != rooms.Outlier {
			continue
		}
		visible, err := v.serverMaySee(ctx, server, ev)
		if errors.Is(err, rooms.ErrNotFound) {
			continue // its state is not known
		}
		if err != nil {
			return nil, fmt.Errorf("reading the servers at an event: %w", err)
		}
		if visible && redacted[ev.ID] == nil {
			out = append(out, ev.JSON)
			continue
		}
		out = append(out, prunedPDU(ev))
	}
	return out, nil
}

// VisibleToServer reports whether ForServer gives the event whole, but for redaction.
func (v *View) VisibleToServer(ctx context.Context, server string, ev *rooms.Event) (bool, error) {
	if ev.Outcome != rooms.Accepted && ev.Outcome != rooms.Outlier {
		return false, nil
	}
	visible, err := v.serverMaySee(ctx, server, ev)
	if errors.Is(err, rooms.ErrNotFound) {
		return false, nil
	}
	return visible, err
}

func (v *View) serverMaySee(ctx context.Context, server string, ev *rooms.Event) (bool, error) {
	if ev.IsState() || domainOf(ev.Sender) == server {
		return true, nil // state is given to whoever is in the room, whatever its history visibility
	}
	if ev.Outcome == rooms.Outlier {
		return false, rooms.ErrNotFound // it has no place in history, and so no visibility
	}
	if ev.Visibility == rooms.VisibilityShared || ev.Visibility == rooms.VisibilityWorldReadable {
		return true, nil
	}
	return v.serverHadMember(ctx, server, ev)
}

// serverHadMember reports whether a user of the server was joined (or invited, where that is enough) at the event.
func (v *View) serverHadMember(ctx context.Context, server string, ev *rooms.Event) (bool, error) {
	if ev.StateBefore == 0 {
		return false, rooms.ErrNotFound
	}
	invitedToo := ev.Visibility == rooms.VisibilityInvited
	key := memberKey{who: server, state: ev.StateBefore, invited: invitedToo}
	if seen, ok := v.members.get(key); ok {
		return seen, nil
	}
	members, err := v.rooms.StateAt(ctx, ev.StateBefore, func(typ, stateKey string) bool {
		return typ == "m.room.member" && domainOf(stateKey) == server
	})
	if err != nil {
		return false, err
	}
	seen := false
	for _, m := range members {
		membership := m.Membership()
		seen = seen || membership == "join" || invitedToo && membership == "invite"
	}
	v.members.put(key, seen)
	return seen, nil
}

func domainOf(id string) string {
	_, domain, _ := strings.Cut(id, ":")
	return domain
}

// memberKey is a user or a server at a state.
type memberKey struct {
	who     string
	state   int64
	invited bool
}

// memberCache remembers who was a member, or had members, in a state; states never change. It forgets all when full.
type memberCache struct {
	mu   sync.Mutex
	seen map[memberKey]bool
}

const maxMemberCache = 10_000

func newMemberCache() *memberCache { return &memberCache{seen: make(map[memberKey]bool)} }

func (c *memberCache) get(k memberKey) (seen, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen, ok = c.seen[k]
	return seen, ok
}

func (c *memberCache) put(k memberKey, seen bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.seen) >= maxMemberCache {
		clear(c.seen)
	}
	c.seen[k] = seen
}
