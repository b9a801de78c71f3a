package federation

import (
	"context"
	"slices"
	"time"

	"medixchange/internal/pace"
	"medixchange/rooms"
)

// Sticky events of this node go to every server of their room, also to one that joins while they are sticky, and to one that
// was away for so long that it is sent the last events only (MSC4354). A join is seen here while the other server is still
// waiting for the answer that brings it the room, so they are sent a moment later, and again where it refuses them.
const (
	// joinGrace is how long a server that joins is given before it is sent the sticky events.
	joinGrace = 2 * time.Second
	// maxOffers is how often an event is offered to a server that refuses it; the pause doubles.
	maxOffers = 5
	// maxOffered bounds the sticky events that wait for a server.
	maxOffered = 1000
)

// offer is a sticky event for a server beside what the stream has for it.
type offer struct {
	event *rooms.Event
	tries int
}

// arrival is a join of another server's user.
type arrival struct {
	room, server string
	event        *rooms.Event
}

// arrivalOf tells whether ev is such a join.
func arrivalOf(ev *rooms.Event, own string) (arrival, bool) {
	if ev.Membership() != "join" {
		return arrival{}, false
	}
	server := serverOf(*ev.StateKey)
	return arrival{ev.RoomID, server, ev}, server != own
}

// welcome sends the sticky events of the room to a server that has joined it.
func (s *Sender) welcome(ctx context.Context, a arrival) error {
	events, err := s.o.Rooms.OwnStickies(ctx, a.room)
	if err != nil || len(events) == 0 {
		return err
	}
	s.offerLater(a.server, offers(events, 0), joinGrace)
	return nil
}

// stickAgain offers what is sticky at the start to the servers of its room: the node may have ended before it had sent it to
// one that joined. Those that have it do nothing.
func (s *Sender) stickAgain(ctx context.Context) error {
	for _, roomID := range s.o.Rooms.StickyRooms() {
		events, err := s.o.Rooms.OwnStickies(ctx, roomID)
		if err != nil {
			return err
		}
		servers, err := s.o.Rooms.RoomServers(ctx, roomID)
		if err != nil {
			return err
		}
		for _, server := range servers {
			if s.concerns(server) && len(events) > 0 {
				s.destination(server).offer(offers(events, 0))
			}
		}
	}
	return nil
}

func offers(events []*rooms.Event, tries int) []offer {
	list := make([]offer, 0, len(events))
	for _, ev := range events {
		list = append(list, offer{ev, tries})
	}
	return list
}

// offerLater ends with Run: what it holds is offered again at the next start.
func (s *Sender) offerLater(server string, list []offer, pause time.Duration) {
	s.start(func(ctx context.Context) {
		pace.Pause(ctx, pause)
		if ctx.Err() == nil && s.concerns(server) {
			s.destination(server).offer(list)
		}
	})
}

func (d *destination) offer(list []offer) {
	d.mu.Lock()
	for _, o := range list {
		known := slices.ContainsFunc(d.offered, func(have offer) bool { return have.event.ID == o.event.ID })
		if !known && len(d.offered) < maxOffered {
			d.offered = append(d.offered, o)
		}
	}
	d.mu.Unlock()
	d.wake()
}

// addOffered adds sticky events that have not expired.
func (d *destination) addOffered(t *txnWriter) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.sender.o.Now().UnixMilli()
	for len(d.offered) > 0 && !t.full() {
		o := d.offered[0]
		d.offered = d.offered[1:]
		if d.sender.o.Rooms.StickyUntil(o.event.NID) <= now {
			continue
		}
		t.pdu(o.event)
		t.out.offered = append(t.out.offered, o)
	}
}

// refused offers again what the server did not take.
func (d *destination) refused(out *outbound, refused map[string]bool) {
	for _, o := range out.offered {
		if refused[o.event.ID] && o.tries+1 < maxOffers {
			d.sender.offerLater(d.place.server, []offer{{o.event, o.tries + 1}}, joinGrace<<(o.tries+1))
		}
	}
}
