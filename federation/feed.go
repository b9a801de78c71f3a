package federation

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"medixchange/accounts"
	"medixchange/internal/stream"
	"medixchange/rooms"
)

// feedStep bounds the entries, or rows of a kind, that are read at a time.
const feedStep = 500

// item is one thing to send, at its position of the stream. One of event, receipt and list is set.
type item struct {
	position int64
	servers  []string // whom it is for, sorted; shared
	event    *rooms.Event
	receipt  *rooms.Receipt
	list     *accounts.DeviceListUpdate
}

func (i *item) isFor(server string) bool {
	_, found := slices.BinarySearch(i.servers, server)
	return found
}

// piece is a part of the stream, by position.
type piece struct {
	items []item
	// arrivals are joins of other servers' users, as far as the ring knows.
	arrivals []arrival
	reached  int64 // everything for others up to here is in items
	// devices holds, for each server, the last position of the device messages that wait for it; devicesKnown is false
	// when they have to be asked for.
	devices      map[string]int64
	devicesKnown bool
}

// feed reads what is to be sent: from the ring, and from the database where that does not reach back.
type feed struct {
	hub      *stream.Hub
	rooms    SenderRooms
	accounts SenderAccounts
	own      string
}

// read returns what is to be sent of from < position ≤ upto, or of its beginning.
func (f *feed) read(ctx context.Context, from, upto int64) (*piece, error) {
	if from >= upto {
		return &piece{reached: from, devicesKnown: true}, nil
	}
	if p, err := f.fromRing(ctx, from, upto); p != nil || err != nil {
		return p, err
	}
	return f.fromDatabase(ctx, from, upto)
}

// fromRing returns nil if the ring does not reach back to from.
func (f *feed) fromRing(ctx context.Context, from, upto int64) (*piece, error) {
	entries, complete := f.hub.All(from, upto, feedStep)
	if !complete {
		return nil, nil
	}
	p := &piece{reached: upto, devicesKnown: true}
	if n := len(entries); n >= feedStep {
		p.reached = entries[n-1].Position
	}
	lists := false
	for i := range entries {
		switch entry := &entries[i]; value := entry.Value.(type) {
		case *rooms.Event:
			if entry.Kind != rooms.EntryEvent {
				continue
			}
			if a, ok := arrivalOf(value, f.own); ok {
				p.arrivals = append(p.arrivals, a)
			}
			if value.Servers != 0 {
				p.items = append(p.items, item{position: entry.Position, event: value})
			}
		case *rooms.Receipt:
			if value.Type == "m.read" && serverOf(value.UserID) == f.own {
				p.items = append(p.items, item{position: entry.Position, receipt: value})
			}
		case *accounts.DeviceListChange:
			lists = lists || value.Viewer == "" && !value.KeyCounts && serverOf(value.UserID) == f.own
		case *accounts.OutboundDeviceMessage:
			if p.devices == nil {
				p.devices = map[string]int64{}
			}
			p.devices[value.Destination] = value.Position
		}
	}
	if lists {
		if err := f.addLists(ctx, p, from); err != nil {
			return nil, err
		}
	}
	return p, f.address(ctx, p)
}

func (f *feed) fromDatabase(ctx context.Context, from, upto int64) (*piece, error) {
	p := &piece{reached: upto}
	events, err := f.rooms.OutgoingEvents(ctx, from, upto, feedStep)
	if err != nil {
		return nil, fmt.Errorf("reading events to send: %w", err)
	}
	if n := len(events); n >= feedStep {
		p.reached = events[n-1].Position
	}
	for _, ev := range events {
		p.items = append(p.items, item{position: ev.Position, event: ev})
	}
	receipts, reached, err := f.rooms.OutgoingReceipts(ctx, from, p.reached)
	if err != nil {
		return nil, fmt.Errorf("reading receipts to send: %w", err)
	}
	p.cut(reached)
	for i := range receipts {
		p.items = append(p.items, item{position: receipts[i].Position, receipt: &receipts[i]})
	}
	if err := f.addLists(ctx, p, from); err != nil {
		return nil, err
	}
	return p, f.address(ctx, p)
}

// cut shortens the piece.
func (p *piece) cut(reached int64) {
	if reached >= p.reached {
		return
	}
	p.reached = reached
	p.items = slices.DeleteFunc(p.items, func(i item) bool { return i.position > reached })
}

func (f *feed) addLists(ctx context.Context, p *piece, from int64) error {
	updates, err := f.accounts.OutgoingDeviceListUpdates(ctx, from, p.reached, feedStep)
	if err != nil {
		return fmt.Errorf("reading device lists to send: %w", err)
	}
	if n := len(updates); n >= feedStep {
		p.cut(updates[n-1].Position)
	}
	for _, u := range updates {
		servers := u.Servers
		if !slices.IsSorted(servers) {
			servers = slices.Sorted(slices.Values(servers))
		}
		p.items = append(p.items, item{position: u.Position, list: u, servers: servers})
	}
	return nil
}

// address says whom each item is for, and puts them in order.
func (f *feed) address(ctx context.Context, p *piece) error {
	for i := range p.items {
		it := &p.items[i]
		var err error
		switch {
		case it.event != nil:
			it.servers, err = f.rooms.ServerSet(ctx, it.event.Servers)
		case it.receipt != nil:
			it.servers, err = f.rooms.RoomServers(ctx, it.receipt.RoomID)
		}
		if err != nil {
			return fmt.Errorf("reading whom something is for: %w", err)
		}
	}
	sort.SliceStable(p.items, func(i, j int) bool { return p.items[i].position < p.items[j].position })
	return nil
}
