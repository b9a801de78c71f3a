package federation

import (
	"context"
	"slices"

	"github.com/tidwall/gjson"

	"medixchange/rooms"
)

const (
	// surveyFrom is how many positions a server must be behind before it is looked at how much waits for it.
	surveyFrom = 2000
	// retainedEvents is how many events are sent to a server that was away; beyond that it gets the last ones of each room
	// and fetches the others itself (get_missing_events, backfill).
	retainedEvents = 1000
	// maxTips bounds the events of a room that a catch-up sends.
	maxTips = 10
)

// catchUp is what is sent to a server that was away for long, instead of everything up to upto: the last events of each room,
// and what is sticky.
type catchUp struct {
	upto      int64
	positions []int64 // of the events, ascending
}

// survey looks at what waits for the server in (from, upto] and decides whether all of it is sent.
func (d *destination) survey(ctx context.Context, from, upto int64) error {
	tips := map[string]*roomTips{}
	var sticky []int64
	now := d.sender.o.Now().UnixMilli()
	events := 0
	for at := from; at < upto; {
		p, err := d.sender.feed.read(ctx, at, upto)
		if err != nil {
			return err
		}
		for i := range p.items {
			ev := p.items[i].event
			if ev == nil || !p.items[i].isFor(d.place.server) {
				continue
			}
			events++
			if tips[ev.RoomID] == nil {
				tips[ev.RoomID] = &roomTips{}
			}
			tips[ev.RoomID].add(ev)
			if ev.Sticky > 0 && d.sender.o.Rooms.StickyUntil(ev.NID) > now {
				sticky = append(sticky, ev.Position)
			}
		}
		at = p.reached
	}
	if events <= retainedEvents {
		d.surveyed = upto
		return nil
	}
	plan := &catchUp{upto: upto, positions: sticky}
	for _, room := range tips {
		for _, tip := range room.tips {
			plan.positions = append(plan.positions, tip.position)
		}
	}
	slices.Sort(plan.positions)
	plan.positions = slices.Compact(plan.positions)
	d.catchUp = plan
	d.sender.o.Log.WithFields(map[string]any{"destination": d.place.server, "missed": events, "rooms": len(tips),
		"sending": len(plan.positions)}).Info("a server was away for long: it gets the last events of each room")
	return nil
}

// roomTips are events of a room that no later one follows.
type roomTips struct {
	tips []tip
}

type tip struct {
	id       string
	position int64
}

func (r *roomTips) add(ev *rooms.Event) {
	gjson.GetBytes(ev.JSON, "prev_events").ForEach(func(_, prev gjson.Result) bool {
		if prev.IsArray() { // room versions 1 and 2
			prev = prev.Get("0")
		}
		r.tips = slices.DeleteFunc(r.tips, func(t tip) bool { return t.id == prev.Str })
		return true
	})
	r.tips = append(r.tips, tip{ev.ID, ev.Position})
	if len(r.tips) > maxTips {
		r.tips = r.tips[1:]
	}
}

// addCatchUp sends the events of the plan, then the device lists and receipts that were missed.
func (d *destination) addCatchUp(ctx context.Context, t *txnWriter, from int64) error {
	plan := d.catchUp
	for _, position := range plan.positions {
		if t.full() {
			return nil
		}
		events, err := d.sender.o.Rooms.OutgoingEvents(ctx, position-1, position, 1)
		if err != nil {
			return err
		}
		for _, ev := range events {
			t.pdu(ev)
		}
		t.out.planned++
	}
	if t.out.planned > 0 {
		return nil // the rest when these have arrived
	}
	for at := from; at < plan.upto; {
		p, err := d.sender.feed.read(ctx, at, plan.upto)
		if err != nil {
			return err
		}
		for i := range p.items {
			if p.items[i].event != nil || !p.items[i].isFor(d.place.server) {
				continue
			}
			if t.full() {
				return nil
			}
			if err := t.add(&p.items[i]); err != nil {
				return err
			}
			t.out.reached = p.items[i].position
		}
		at = p.reached
		t.out.reached = at
	}
	return nil
}
