package accounts

import (
	"context"
	"fmt"
	"sync"
	"time"

	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/rooms"
)

// kickResync wakes resyncStale.
func (a *Accounts) kickResync() {
	select {
	case a.resyncs.kick <- struct{}{}:
	default:
	}
}

// resyncStale fetches stale lists in the background, with pauses that grow with each failure.
func (a *Accounts) resyncStale(ctx context.Context) {
	ticker := time.NewTicker(resyncInterval)
	defer ticker.Stop()
	for {
		if err := a.resyncDue(ctx); err != nil && ctx.Err() == nil {
			a.log.WithError(err).Warn("fetching stale device lists")
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-a.resyncs.kick:
		}
	}
}

func (a *Accounts) resyncDue(ctx context.Context) error {
	due, err := a.staleLists(ctx, a.nowMS(), resyncBatch)
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	slots := make(chan struct{}, fetchesAtOnce)
	for _, userID := range due {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if err := a.ensureFresh(ctx, userID); err != nil && ctx.Err() == nil {
				a.log.WithError(err).WithField("user", userID).Debug("a device list stays stale")
			}
		})
	}
	group.Wait()
	return nil
}

// followMemberships tells servers of the devices of those who come to share a first room with them, and forgets the device
// lists of remote users once the last room shared with them is gone: from then on this server does not hear of changes.
func (a *Accounts) followMemberships(ctx context.Context) {
	err := a.hub.Follow(ctx, "accounts.devicelists", stream.FollowOptions{SaveEvery: time.Minute}, a.membershipsMoved)
	if err != nil && ctx.Err() == nil {
		a.log.WithError(err).Error("following memberships ended")
	}
}

func (a *Accounts) membershipsMoved(ctx context.Context, from, upto int64) error {
	deltas, err := a.rooms.MembershipDeltas(ctx, from, upto)
	if err != nil {
		return fmt.Errorf("reading changes of membership: %w", err)
	}
	for _, d := range deltas {
		if d.From != "join" && d.To == "join" && a.IsLocal(d.UserID) {
			if err := a.introduce(ctx, d.UserID, d.RoomID); err != nil {
				return fmt.Errorf("telling servers of the devices of one who joined: %w", err)
			}
		}
	}
	return a.forgetLeft(ctx, deltas)
}

func (a *Accounts) forgetLeft(ctx context.Context, deltas []rooms.MembershipDelta) error {
	gone := map[string]bool{}
	for _, d := range deltas {
		if d.From != "join" || d.To == "join" {
			continue
		}
		if !a.IsLocal(d.UserID) {
			gone[d.UserID] = true
			continue
		}
		view, err := a.room(ctx, d.RoomID)
		if err != nil {
			return err
		}
		if view == nil || len(view.LocalMembers()) > 0 {
			continue
		}
		view.EachMember(func(userID, membership string, _ int64) bool {
			if membership == "join" && !a.IsLocal(userID) {
				gone[userID] = true
			}
			return true
		})
	}
	for userID := range gone {
		shared, err := a.rooms.JoinedRooms(ctx, userID)
		if err != nil {
			return fmt.Errorf("reading shared rooms: %w", err)
		}
		if len(shared) > 0 {
			continue
		}
		if err := a.db.Write(ctx, func(tx *sqldb.Tx) error { return forgetRemoteList(tx, userID) }); err != nil {
			return err
		}
	}
	return nil
}
