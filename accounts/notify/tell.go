package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/tidwall/gjson"

	"medixchange/accounts/pushrules"
	"medixchange/internal/push"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

// told is the value of an item: what is to be told, of which the rest is looked up when its turn comes.
type told struct {
	nid      int64 // of the event; 0 for an invite from outside and for a notice
	notice   *view.Notice
	roomID   string
	result   pushrules.Result
	keywords bool // the user's keywords may be in the words that they are shown
}

// tell queues an event for a user's pushers if their rules, or their keywords and a translation, may say so.
func (n *Notifier) tell(ctx context.Context, b *batch, ev *rooms.Event, userID string, expires time.Time) error {
	result, err := n.o.Accounts.Evaluate(ctx, userID, ev)
	if err != nil {
		return err
	}
	viewer, err := n.viewer(ctx, userID, ev.RoomID)
	if err != nil {
		return err
	}
	t := &told{nid: ev.NID, roomID: ev.RoomID, result: result}
	if t.keywords, err = n.keywordsMay(ctx, viewer, ev); err != nil || !result.Notify && !t.keywords {
		return err
	}
	pushers, err := n.o.Accounts.Pushers(ctx, userID)
	if err != nil {
		return err
	}
	for _, p := range pushers {
		item := &push.Item{Position: ev.Position, Expires: expires, Value: t}
		if t.keywords || !idOnly(p.Data) {
			if item.After, err = n.hold(ctx, b, viewer, ev); err != nil {
				return err
			}
		}
		b.add(keyOf(p), gjson.GetBytes(p.Data, "url").Str, item)
	}
	return nil
}

func (n *Notifier) viewer(ctx context.Context, userID, roomID string) (view.Viewer, error) {
	viewer, err := n.o.View.Viewer(ctx, userID, "", "")
	if err != nil {
		return viewer, err
	}
	return n.o.View.InRoom(ctx, viewer, roomID)
}

// keywordsMay reports whether the words that a user is shown may hold a keyword of theirs that the original does not.
func (n *Notifier) keywordsMay(ctx context.Context, viewer view.Viewer, ev *rooms.Event) (bool, error) {
	if viewer.Language == "" || ev.Type != "m.room.message" || ev.IsState() || ev.Sender == viewer.UserID {
		return false, nil
	}
	return n.o.Accounts.HasKeywords(ctx, viewer.UserID)
}

func (b *batch) add(key push.Key, url string, item *push.Item) {
	if b.after != nil {
		if after, wanted := b.after[key]; !wanted || item.Position <= after {
			return
		}
	}
	b.items[key] = append(b.items[key], item)
	b.urls[key] = url
}

// outside queues an invite to a room that this node is not in.
func (n *Notifier) outside(ctx context.Context, b *batch, m *rooms.OutsideMembership) error {
	if m.Membership != "invite" || !n.o.Accounts.HasPushers(m.UserID) {
		return nil
	}
	result, err := n.o.Accounts.EvaluateInvite(ctx, m)
	if err != nil || !result.Notify {
		return err
	}
	pushers, err := n.o.Accounts.Pushers(ctx, m.UserID)
	if err != nil {
		return fmt.Errorf("reading pushers: %w", err)
	}
	t := &told{roomID: m.RoomID, result: result}
	for _, p := range pushers {
		item := &push.Item{Position: m.Position, Expires: time.Now().Add(maxAge), Value: t}
		b.add(keyOf(p), gjson.GetBytes(p.Data, "url").Str, item)
	}
	return nil
}

// gateKey names what all readers of a language wait for who read it in the same way: for those who read in threads, or no
// topics, nothing is held, which says nothing of their colleagues.
type gateKey struct {
	nid             int64
	language        string
	threads, topics bool
}

// hold returns the gate that opens when an event can be shown to the viewer, nil when it can at once. It waits for the
// same time as /sync does (TRANSLATION 13).
func (n *Notifier) hold(ctx context.Context, b *batch, viewer view.Viewer, ev *rooms.Event) (*push.Gate, error) {
	if viewer.Language == "" {
		return nil, nil
	}
	key := gateKey{ev.NID, viewer.Language, viewer.Mode == view.ModeThread, viewer.Topics}
	if gate, ok := b.gates[key]; ok {
		return gate, nil
	}
	if !n.held(viewer, ev, nil) {
		b.gates[key] = nil
		return nil, nil
	}
	select {
	case n.holds <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	gate := n.sender.NewGate()
	b.gates[key] = gate
	n.holding.Go(func() {
		defer func() { <-n.holds }()
		defer gate.Open()
		n.awaitWords(ctx, viewer, ev)
	})
	return gate, nil
}

// held reports whether an event has to wait still, and puts the time until when into until.
func (n *Notifier) held(viewer view.Viewer, ev *rooms.Event, until *time.Time) bool {
	at, end := n.o.View.Hold(viewer, []*rooms.Event{ev}, n.o.Hub.Position(), nil)
	if until != nil {
		*until = end
	}
	return at == 0
}

func (n *Notifier) awaitWords(ctx context.Context, viewer view.Viewer, ev *rooms.Event) {
	watch := n.o.Hub.Watch(rooms.RoomTopic(ev.RoomID))
	defer watch.Close()
	var until time.Time
	for n.held(viewer, ev, &until) {
		timer := time.NewTimer(max(until.Sub(n.o.Now()), time.Millisecond))
		select {
		case <-ctx.Done():
		case <-watch.C():
		case <-timer.C:
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}
