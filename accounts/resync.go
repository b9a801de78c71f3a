package accounts

import (
	"context"
	"fmt"
	"slices"
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
	if !slices.ContainsFunc(deltas, hasLeft) {
		return nil
	}
	joins, err := a.joinsSince(ctx, deltas[0].Position-1)
	if err != nil {
		return err
	}
	gone := map[string]int64{} // since when: the first time in this range
	note := func(userID string, position int64) {
		if _, noted := gone[userID]; !noted {
			gone[userID] = position
		}
	}
	for _, d := range deltas {
		if !hasLeft(d) {
			continue
		}
		if !a.IsLocal(d.UserID) {
			note(d.UserID, d.Position)
			continue
		}
		view, err := a.room(ctx, d.RoomID)
		if err != nil {
			return err
		}
		if view == nil || joins.localSince(d.RoomID, view, d.Position) {
			continue
		}
		view.EachMember(func(userID, membership string, _ int64) bool {
			if membership == "join" && !a.IsLocal(userID) {
				note(userID, d.Position)
			}
			return true
		})
	}
	for userID, since := range gone {
		heard, err := a.heardSince(ctx, userID, since, joins)
		if err != nil {
			return err
		}
		if heard {
			continue
		}
		if err := a.db.Write(ctx, func(tx *sqldb.Tx) error { return forgetRemoteList(tx, userID) }); err != nil {
			return err
		}
	}
	return nil
}

func hasLeft(d rooms.MembershipDelta) bool { return d.From == "join" && d.To != "join" }

// joinPositions are the last joins after some position, by room and user.
type joinPositions map[[2]string]int64

func (a *Accounts) joinsSince(ctx context.Context, since int64) (joinPositions, error) {
	deltas, err := a.rooms.MembershipDeltas(ctx, since, a.hub.Position())
	if err != nil {
		return nil, fmt.Errorf("reading who came back: %w", err)
	}
	joins := joinPositions{}
	for _, d := range deltas {
		if d.To == "join" && d.From != "join" {
			joins[[2]string{d.RoomID, d.UserID}] = d.Position
		}
	}
	return joins, nil
}

// localSince reports whether one of the local members was in the room all the time since a position.
func (j joinPositions) localSince(roomID string, view roomView, since int64) bool {
	return slices.ContainsFunc(view.LocalMembers(), func(userID string) bool { return j[[2]string{roomID, userID}] <= since })
}

// heardSince reports whether some room was shared with a remote user all the time since a position. One who is back
// already may have changed devices meanwhile, unheard.
func (a *Accounts) heardSince(ctx context.Context, userID string, since int64, joins joinPositions) (bool, error) {
	shared, err := a.rooms.JoinedRooms(ctx, userID)
	if err != nil {
		return false, fmt.Errorf("reading shared rooms: %w", err)
	}
	for _, roomID := range shared {
		if joins[[2]string{roomID, userID}] > since {
			continue
		}
		view, err := a.room(ctx, roomID)
		if err != nil {
			return false, err
		}
		if view != nil && joins.localSince(roomID, view, since) {
			return true, nil
		}
	}
	return false, nil
}
