package doors

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"medixchange/alliance/signed"
	"medixchange/internal/sqldb"
	"medixchange/rooms"
)

// Options is what Doors are built from. Every field without "optional" must be set.
type Options struct {
	DB    *sqldb.DB
	Rooms *rooms.Rooms
	// Members is the member list that counts, nil before there is one.
	Members func() *signed.MemberList
	// Told has this node's members of a room told of what an access list closes and opens for the alliance; optional. It may be
	// called more than once for an event.
	Told func(ctx context.Context, acl *rooms.Event) error
	Now  func() time.Time
	Log  *logrus.Entry
}

// Doors close rooms and open them. All methods are safe for concurrent use.
type Doors struct {
	o       Options
	changed chan struct{}
	mu      sync.Mutex
	back    map[string]bool // servers that were readmitted and of which nobody was told yet
}

// New returns doors; Run works them.
func New(o Options) *Doors {
	return &Doors{o: o, changed: make(chan struct{}, 1), back: map[string]bool{}}
}

// Changed says that another member list counts. It does not block.
func (d *Doors) Changed(before, now *signed.MemberList) {
	d.mu.Lock()
	for _, change := range signed.Diff(before, now) {
		if change.What == "readmitted" {
			d.back[change.ServerName] = true
		}
	}
	d.mu.Unlock()
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

const (
	firstPause = time.Second
	lastPause  = 5 * time.Minute
)

// Run brings the rooms into the state that the member list wants, at the start and after each change, until ctx ends, whose
// error it returns. What fails is tried again.
func (d *Doors) Run(ctx context.Context) error {
	pause := firstPause
	for {
		err := d.settle(ctx)
		wait := make(<-chan time.Time)
		if err != nil && ctx.Err() == nil {
			d.o.Log.WithError(err).Warn("closing or opening rooms for members of the alliance; it is tried again")
			wait = time.After(pause)
			pause = min(2*pause, lastPause)
		} else {
			pause = firstPause
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-d.changed:
		case <-wait:
		}
	}
}

// settle closes what is to be closed and opens what is to be opened. One room that fails does not keep the others from it.
func (d *Doors) settle(ctx context.Context) error {
	list := d.o.Members()
	if list == nil {
		return nil
	}
	var errs []error
	for _, h := range list.Hospitals {
		if h.Status == signed.Suspended && ctx.Err() == nil {
			errs = append(errs, d.closeAll(ctx, h.ServerName))
		}
	}
	closed, err := d.closed(ctx)
	errs = append(errs, err)
	for _, c := range closed {
		if h, ok := list.Find(c.server); ok && h.Status == signed.Admitted {
			errs = append(errs, d.open(ctx, c.room, c.server))
		}
	}
	errs = append(errs, d.tellBack(ctx, list))
	return errors.Join(errs...)
}

func (d *Doors) closeAll(ctx context.Context, server string) error {
	shared, err := d.o.Rooms.RoomsOfServer(ctx, server)
	if err != nil {
		return err
	}
	var errs []error
	for _, room := range shared {
		if err := d.close(ctx, room, server); err != nil && !errors.Is(err, rooms.ErrNotFound) {
			errs = append(errs, fmt.Errorf("closing %s: %w", room, err))
		}
	}
	return errors.Join(errs...)
}

// close closes a room for a server. Where no local member has the power, somebody else may have closed it already; then this
// node's members are told all the same.
func (d *Doors) close(ctx context.Context, room, server string) error {
	allowed, err := d.o.Rooms.ServerACLAllows(ctx, server, room)
	if err != nil {
		return err
	}
	if !allowed {
		return d.tell(ctx, room)
	}
	snap, err := d.o.Rooms.Snapshot(ctx, room)
	if err != nil {
		return err
	}
	sender := mighty(snap)
	if sender == "" || d.hitsOthers(snap, server) {
		return nil
	}
	list, err := d.read(ctx, room)
	if err != nil {
		return err
	}
	list.close(server)
	if err := d.remember(ctx, room, server); err != nil {
		return err
	}
	return d.write(ctx, room, sender, list)
}

// open opens a room again that this node closed.
func (d *Doors) open(ctx context.Context, room, server string) error {
	snap, err := d.o.Rooms.Snapshot(ctx, room)
	if errors.Is(err, rooms.ErrNotFound) {
		return d.forget(ctx, room, server)
	}
	if err != nil {
		return err
	}
	list, err := d.read(ctx, room)
	if err != nil {
		return err
	}
	if !list.open(server) { // somebody opened it already, or made it an access list of their own
		return d.forget(ctx, room, server)
	}
	sender := mighty(snap)
	if sender == "" {
		return nil // stays on record: somebody may get the power again
	}
	if err := d.write(ctx, room, sender, list); err != nil {
		return fmt.Errorf("opening %s: %w", room, err)
	}
	return d.forget(ctx, room, server)
}

// read reads the access list of a room.
func (d *Doors) read(ctx context.Context, room string) (*acl, error) {
	ev, err := d.o.Rooms.StateEvent(ctx, room, Type, "")
	if errors.Is(err, rooms.ErrNotFound) {
		return readACL(nil)
	}
	if err != nil {
		return nil, err
	}
	return readACL([]byte(ev.Content().Raw))
}

// write sends the access list in a member's name, and has the members told.
func (d *Doors) write(ctx context.Context, room, sender string, list *acl) error {
	content, err := list.content()
	if err != nil {
		return err
	}
	key := ""
	if _, err := d.o.Rooms.Send(ctx, rooms.SendRequest{RoomID: room, Sender: sender, Type: Type, StateKey: &key, Content: content}); err != nil {
		return fmt.Errorf("sending an access list: %w", err)
	}
	return d.tell(ctx, room)
}

// tell has the members told of the access list that a room has.
func (d *Doors) tell(ctx context.Context, room string) error {
	if d.o.Told == nil {
		return nil
	}
	ev, err := d.o.Rooms.StateEvent(ctx, room, Type, "")
	if errors.Is(err, rooms.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return d.o.Told(ctx, ev)
}

// tellBack has the members told of rooms that others opened before this node heard of the readmission.
func (d *Doors) tellBack(ctx context.Context, list *signed.MemberList) error {
	d.mu.Lock()
	back := d.back
	d.back = map[string]bool{}
	d.mu.Unlock()
	var errs []error
	for server := range back {
		if h, ok := list.Find(server); !ok || h.Status != signed.Admitted {
			continue
		}
		shared, err := d.o.Rooms.RoomsOfServer(ctx, server)
		errs = append(errs, err)
		for _, room := range shared {
			errs = append(errs, d.tell(ctx, room))
		}
	}
	return errors.Join(errs...)
}

// mighty is the local member with the most power, if it is enough to change the access list; "" if nobody has it.
func mighty(snap *rooms.Snapshot) string {
	needed := snap.PowerToSend(Type, true)
	best, power := "", int64(0)
	for _, user := range snap.LocalMembers() {
		if snap.Membership(user) != "join" {
			continue
		}
		if p := snap.PowerLevel(user); p >= needed && (best == "" || p > power || p == power && user < best) {
			best, power = user, p
		}
	}
	return best
}

// hitsOthers reports whether an access list that denies a server would deny others of the room, which differ from it in their
// port alone. That is so in rehearsals on one machine.
func (d *Doors) hitsOthers(snap *rooms.Snapshot, server string) bool {
	for _, other := range snap.Servers() {
		if other != server && host(other) == host(server) {
			d.o.Log.WithField("server", server).Warn("a room cannot be closed for a server that shares its host with others of the room")
			return true
		}
	}
	return false
}
