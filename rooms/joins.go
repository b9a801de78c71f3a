package rooms

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tidwall/gjson"
)

const (
	joinDeadline   = 2 * time.Minute  // of a join, all servers together
	maxJoinServers = 10               // servers that are tried
	joinPatience   = 20 * time.Second // what an event of a room that is being joined waits for the join
)

// joinRemote joins a room through other servers: those that may know it are tried one after the other. Joins of one room
// come one after the other too, so that the second one finds this node in the room. The join goes on without its caller.
func (r *Rooms) joinRemote(ctx context.Context, req MembershipRequest) (roomID string, err error) {
	return req.RoomID, r.apart(ctx, joinDeadline, func(ctx context.Context) error {
		release, err := r.joins.lock(ctx, req.RoomID)
		if err != nil {
			return err
		}
		defer release()
		here, err := r.joinHere(ctx, req)
		if err == nil && !here {
			err = r.joinThroughAny(ctx, req)
		}
		return err
	})
}

// apart runs fn so that it goes on when its caller leaves, until limit or until the node stops.
func (r *Rooms) apart(ctx context.Context, limit time.Duration, fn func(ctx context.Context) error) error {
	if !r.read.begin() {
		return fmt.Errorf("the node is stopping: %w", ErrUnreachable)
	}
	done := make(chan error, 1)
	go func() {
		defer r.read.working.Done()
		ctx, cancel := context.WithTimeout(r.read.background, limit)
		defer cancel()
		done <- fn(ctx)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// roomLocks lets one at a time do something with a room. Safe for concurrent use.
type roomLocks struct {
	mu   sync.Mutex
	held map[string]chan struct{}
}

// lock waits for its turn, at most until ctx ends.
func (l *roomLocks) lock(ctx context.Context, roomID string) (release func(), err error) {
	for {
		l.mu.Lock()
		before, taken := l.held[roomID]
		if !taken {
			done := make(chan struct{})
			l.held[roomID] = done
			l.mu.Unlock()
			return func() {
				l.mu.Lock()
				delete(l.held, roomID)
				l.mu.Unlock()
				close(done)
			}, nil
		}
		l.mu.Unlock()
		select {
		case <-before:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// wait waits until nobody does anything with the room any more; ErrBusy when that takes longer than limit.
func (l *roomLocks) wait(ctx context.Context, roomID string, limit time.Duration) error {
	l.mu.Lock()
	before, taken := l.held[roomID]
	l.mu.Unlock()
	if !taken {
		return nil
	}
	over := time.NewTimer(limit)
	defer over.Stop()
	select {
	case <-before:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-over.C:
		return fmt.Errorf("room %s is being joined: %w", roomID, ErrBusy)
	}
}

// joinHere joins a room that this node is in by now. done is false when it is not, or when no user here may let this one
// in, so that another server has to.
func (r *Rooms) joinHere(ctx context.Context, req MembershipRequest) (done bool, err error) {
	rm, err := r.active.get(ctx, req.RoomID)
	if notFound(err) || err == nil && rm.snapshot.Load().LocalJoined() == 0 {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = r.authoriser(ctx, rm.snapshot.Load(), req.Sender)
	if errors.Is(err, ErrUnableToAuthorise) || errors.Is(err, ErrUnableToGrant) {
		return false, nil
	}
	if err != nil {
		return true, err
	}
	req.Via = nil
	return true, r.setMembership(ctx, req)
}

// joinThroughAny joins through the servers that may know the room.
func (r *Rooms) joinThroughAny(ctx context.Context, req MembershipRequest) error {
	outside, err := r.selectOutside(ctx, req.Sender, req.RoomID)
	if err != nil {
		return err
	}
	return r.throughAny(ctx, &req, outside, func(server string) error { return r.joinThrough(ctx, server, req) })
}

// throughAny tries servers in turn until one succeeds. Otherwise it returns the first error that says more than that a
// server did not answer.
func (r *Rooms) throughAny(ctx context.Context, req *MembershipRequest, outside *OutsideMembership, try func(server string) error) error {
	var verdict error
	for _, server := range r.doorkeepers(ctx, req, outside) {
		err := try(server)
		if err == nil {
			return nil
		}
		r.log.WithError(err).WithField("room_id", req.RoomID).WithField("server", server).Infof("%s through a server failed", req.Membership)
		if verdict == nil && !errors.Is(err, ErrUnreachable) {
			verdict = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	if verdict != nil {
		return verdict
	}
	return unreachable(req.RoomID)
}

// doorkeepers lists the servers that may let a user into a room: that of who invited them and those that the request names
// or, if it names none but this one, those that are known to have been there.
func (r *Rooms) doorkeepers(ctx context.Context, req *MembershipRequest, outside *OutsideMembership) []string {
	var servers []string
	if outside != nil && outside.Membership == "invite" {
		servers = append(servers, serverOf(outside.Sender))
	}
	servers = append(servers, req.Via...)
	if !slices.ContainsFunc(req.Via, func(server string) bool { return server != r.server }) {
		servers = append(servers, r.lastSeenIn(ctx, req, outside)...)
	}
	var ask []string
	for _, server := range servers {
		if server != r.server && server != "" && r.allow(server) && !slices.Contains(ask, server) && len(ask) < maxJoinServers {
			ask = append(ask, server)
		}
	}
	return ask
}

// lastSeenIn lists servers that are likely to be in a room: those that sent what is known of it, those that were there when
// this node was, and the one that the room's id names.
func (r *Rooms) lastSeenIn(ctx context.Context, req *MembershipRequest, outside *OutsideMembership) []string {
	var servers []string
	if outside != nil {
		for _, ev := range gjson.ParseBytes(outside.Stripped).Array() {
			servers = append(servers, serverOf(ev.Get("sender").Str))
		}
	}
	if snap, err := r.Snapshot(ctx, req.RoomID); err == nil {
		if nid, ok := snap.StateNIDOf("m.room.member", req.Sender); ok {
			if ev, err := r.eventByNID(ctx, nid); err == nil && ev != nil {
				servers = append(servers, serverOf(ev.Sender))
			}
		}
		servers = append(servers, snap.Servers()...)
	}
	return append(servers, serverOf(req.RoomID))
}

// joinThrough joins through one server.
func (r *Rooms) joinThrough(ctx context.Context, server string, req MembershipRequest) error {
	f, join, err := r.memberFrom(ctx, server, &req)
	if err != nil {
		return err
	}
	answer, err := r.remote.SendJoin(ctx, server, req.RoomID, join.event.ID, join.event.JSON, f.version)
	if err != nil {
		return fmt.Errorf("sending a join: %w", err)
	}
	w := &welcome{r: r, format: f, server: server, roomID: req.RoomID, join: join}
	if err := w.vet(ctx, answer); err != nil {
		return fmt.Errorf("checking the answer to a join: %w", err)
	}
	return w.enter(ctx)
}

// memberFrom asks a server for a template and makes the event of it.
func (r *Rooms) memberFrom(ctx context.Context, server string, req *MembershipRequest) (*format, *incoming, error) {
	versions := r.Versions()
	t, err := r.remote.MakeMembership(ctx, server, req.RoomID, req.Sender, req.Membership, versions)
	if err != nil {
		return nil, nil, fmt.Errorf("asking for the template of a %s: %w", req.Membership, err)
	}
	if !slices.Contains(versions, t.RoomVersion) {
		return nil, nil, fmt.Errorf("room version %q: %w", t.RoomVersion, ErrIncompatibleRoom)
	}
	f, err := formatOf(t.RoomVersion)
	if err != nil {
		return nil, nil, err
	}
	in, err := r.fill(f, t, req)
	return f, in, err
}

func unreachable(roomID string) error {
	return fmt.Errorf("room %s: %w", roomID, ErrUnreachable)
}
