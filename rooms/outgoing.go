package rooms

import (
	"context"
	"slices"
)

// maxOutgoing bounds what OutgoingEvents returns at a time.
const maxOutgoing = 1000

// ServerSet returns the servers of an interned set (Event.Servers), sorted. The slice is shared and must not be changed.
func (r *Rooms) ServerSet(ctx context.Context, serversNID int64) ([]string, error) {
	if serversNID == 0 {
		return nil, nil
	}
	if servers, ok := r.read.sets.Get(serversNID); ok {
		return servers, nil
	}
	servers, err := r.loadServerSet(ctx, serversNID)
	if err != nil {
		return nil, err
	}
	r.read.sets.Add(serversNID, servers)
	return servers, nil
}

// OutgoingEvents returns, by position, the events with since < position ≤ upto that this node has to send to other
// servers, at most limit of them: from the ring while it reaches back, else from the database.
func (r *Rooms) OutgoingEvents(ctx context.Context, since, upto int64, limit int) ([]*Event, error) {
	limit = bounded(limit, maxOutgoing, maxOutgoing)
	if events, complete := r.outgoingFromRing(since, upto, limit); complete {
		return events, nil
	}
	nids, err := r.outgoing(ctx, since, upto, limit)
	if err != nil {
		return nil, err
	}
	return r.inOrder(ctx, nids)
}

// ringStep is how many entries are taken from the ring at a time.
const ringStep = 1024

func (r *Rooms) outgoingFromRing(since, upto int64, limit int) ([]*Event, bool) {
	var events []*Event
	for since < upto && len(events) < limit {
		entries, complete := r.hub.AllEvents(since, upto, ringStep)
		if !complete {
			return nil, false
		}
		if len(entries) == 0 {
			break
		}
		for _, entry := range entries {
			ev, ok := entry.Value.(*Event)
			if ok && entry.Kind == EntryEvent && ev.Servers != 0 && len(events) < limit {
				events = append(events, ev)
			}
		}
		since = entries[len(entries)-1].Position
	}
	return events, true
}

// LatestOutgoing returns the newest event of the room at or before upto that server was to be sent, nil without one: for
// a server that was away too long to be sent everything (Server-Server API, Transactions).
func (r *Rooms) LatestOutgoing(ctx context.Context, roomID, server string, upto int64) (*Event, error) {
	room, err := r.roomRef(ctx, roomID)
	if err != nil {
		return nil, err
	}
	sent := map[int64]bool{} // set → does it hold server
	for before := upto + 1; ; {
		page, err := r.outgoingBefore(ctx, room.nid, before)
		if err != nil || len(page) == 0 {
			return nil, err
		}
		for _, e := range page {
			holds, known := sent[e.servers]
			if !known {
				set, err := r.ServerSet(ctx, e.servers)
				if err != nil {
					return nil, err
				}
				_, holds = slices.BinarySearch(set, server)
				sent[e.servers] = holds
			}
			if holds {
				return r.eventByNID(ctx, e.nid)
			}
		}
		before = page[len(page)-1].position
	}
}

// bounded returns n between 1 and most, or standard for what is not positive.
func bounded(n, standard, most int) int {
	if n <= 0 {
		return standard
	}
	return min(n, most)
}

// inOrder returns the events with these nids, in their order. What is gone meanwhile is left out.
func (r *Rooms) inOrder(ctx context.Context, nids []int64) ([]*Event, error) {
	if len(nids) == 0 {
		return nil, nil
	}
	found, err := r.Events(ctx, nids)
	if err != nil {
		return nil, err
	}
	events := make([]*Event, 0, len(nids))
	for _, nid := range nids {
		if ev := found[nid]; ev != nil {
			events = append(events, ev)
		}
	}
	return events, nil
}

// eventByNID returns one event, nil if there is none.
func (r *Rooms) eventByNID(ctx context.Context, nid int64) (*Event, error) {
	found, err := r.Events(ctx, []int64{nid})
	if err != nil {
		return nil, err
	}
	return found[nid], nil
}
