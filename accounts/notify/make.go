package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/tidwall/gjson"

	"medixchange/accounts"
	"medixchange/accounts/pushrules"
	"medixchange/internal/push"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

// maxContent is the longest content that goes to a gateway; the app fetches a longer one.
const maxContent = 16 << 10

// idOnly reports whether a pusher wants no more than ids and counts (data.format of POST /pushers/set).
func idOnly(data json.RawMessage) bool { return gjson.GetBytes(data, "format").Str == "event_id_only" }

// Make implements push.Source.
func (n *Notifier) Make(ctx context.Context, key push.Key, item *push.Item) (push.Made, error) {
	p, err := n.pusher(ctx, key)
	if err != nil {
		return push.Made{}, err
	}
	said := &said{note: &push.Notification{}}
	if item != nil {
		if said, err = n.note(ctx, p, item.Value.(*told)); err != nil || said == nil {
			return push.Made{}, err
		}
	}
	note := said.note
	unread, err := n.unread(ctx, key.UserID)
	if err != nil {
		return push.Made{}, err
	}
	if item == nil && n.badges.is(key, unread) {
		return push.Made{}, nil
	}
	note.Counts.Unread = unread
	device, err := deviceOf(p, said.result.Actions)
	if err != nil {
		return push.Made{}, err
	}
	note.Devices = []push.Device{device}
	return push.Made{URL: gjson.GetBytes(p.Data, "url").Str, Notification: note, Sent: func() {
		n.badges.set(key, unread)
		n.o.View.Pushed(said.viewer, said.given)
	}}, nil
}

// Rejected implements push.Source.
func (n *Notifier) Rejected(ctx context.Context, key push.Key) error {
	n.badges.forget(key)
	n.o.Log.WithField("user", key.UserID).WithField("app", key.AppID).Info("a gateway rejected a pusher, which is removed")
	return n.o.Accounts.DeletePusher(ctx, key.UserID, key.AppID, key.PushKey)
}

func (n *Notifier) pusher(ctx context.Context, key push.Key) (*accounts.Pusher, error) {
	pushers, err := n.o.Accounts.Pushers(ctx, key.UserID)
	if err != nil {
		return nil, err
	}
	for _, p := range pushers {
		if keyOf(p) == key {
			return p, nil
		}
	}
	n.badges.forget(key)
	return nil, push.ErrGone
}

// said is a notification with what led to it.
type said struct {
	note   *push.Notification
	result pushrules.Result
	viewer view.Viewer
	given  []*view.Rendering // the translations in it
}

// note makes what is said of an event or an invite, nil if nothing is to be said any more.
func (n *Notifier) note(ctx context.Context, p *accounts.Pusher, t *told) (*said, error) {
	if t.notice != nil {
		return n.noticeNote(ctx, p, t)
	}
	if t.nid == 0 {
		note, err := n.inviteNote(ctx, p, t)
		if err != nil || note == nil {
			return nil, err
		}
		return &said{note: note, result: t.result}, nil
	}
	viewer, err := n.viewer(ctx, p.UserID, t.roomID)
	if err != nil {
		return nil, err
	}
	ev, err := n.current(ctx, viewer, t)
	if err != nil || ev == nil {
		return nil, err
	}
	s := &said{viewer: viewer}
	full := !idOnly(p.Data)
	var shown json.RawMessage
	if full || t.keywords {
		all, err := n.o.View.Show(ctx, viewer, []*rooms.Event{ev}, view.ShowOptions{
			Upto: n.o.Hub.Position(), Given: func(r *view.Rendering) { s.given = append(s.given, r) },
		})
		if err != nil {
			return nil, fmt.Errorf("showing an event: %w", err)
		}
		shown = all[0]
	}
	if s.result, err = n.resultFor(ctx, viewer, ev, t, s.given); err != nil || !s.result.Notify {
		return nil, err
	}
	s.note = &push.Notification{EventID: ev.ID, RoomID: ev.RoomID, Prio: priority(s.result, ev.Type)}
	if full {
		err = n.describe(ctx, s.note, viewer, ev, shown)
	}
	if len(s.note.Content) == 0 { // ids only, or too long: the app fetches it
		s.given = nil
	}
	return s, err
}

// current returns the event if it is still worth telling: it is visible, not redacted, and not read meanwhile.
func (n *Notifier) current(ctx context.Context, viewer view.Viewer, t *told) (*rooms.Event, error) {
	events, err := n.o.Rooms.Events(ctx, []int64{t.nid})
	if err != nil || events[t.nid] == nil {
		return nil, err
	}
	ev := events[t.nid]
	redacted, err := n.o.Rooms.Redacted(ctx, []string{ev.ID})
	if err != nil || redacted[ev.ID] != nil {
		return nil, err
	}
	visible, err := n.o.View.Visible(ctx, viewer, ev.RoomID, []*rooms.Event{ev})
	if err != nil || len(visible) == 0 {
		return nil, err
	}
	snap, err := n.o.Rooms.Snapshot(ctx, ev.RoomID)
	if err != nil {
		return nil, fmt.Errorf("reading a room: %w", err)
	}
	if snap.Membership(viewer.UserID) != "join" || !t.result.Notify {
		return ev, nil
	}
	counts, err := n.o.Accounts.Counts(ctx, viewer.UserID, ev.RoomID, n.o.Hub.Position())
	if err != nil || counts.Total().Notify == 0 {
		return nil, err
	}
	return ev, nil
}

// resultFor asks the rules of the words of the translation that is shown as well, where those may say more: a keyword that
// stands in what this node says around them ("machine translation from Chinese") is none of the message.
func (n *Notifier) resultFor(ctx context.Context, viewer view.Viewer, ev *rooms.Event, t *told, given []*view.Rendering) (pushrules.Result, error) {
	if !t.keywords || len(given) == 0 {
		return t.result, nil
	}
	return n.o.Accounts.EvaluateWords(ctx, viewer.UserID, ev, t.result, n.o.View.Words(viewer, given[0]))
}

// unread is how many notifications a user has not read, in all rooms.
func (n *Notifier) unread(ctx context.Context, userID string) (int, error) {
	list, err := n.o.Rooms.UserRooms(ctx, userID)
	if err != nil {
		return 0, fmt.Errorf("reading the rooms of a user: %w", err)
	}
	sum, upto := 0, n.o.Hub.Position()
	for i := range list {
		if list[i].Membership != "join" {
			continue
		}
		counts, err := n.o.Accounts.Counts(ctx, userID, list[i].RoomID, upto)
		if err != nil {
			return 0, err
		}
		sum += counts.Total().Notify
	}
	return sum, nil
}

// badges remember which count each pusher was told last, so that counts alone are told only when they have changed.
type badges struct {
	mu   sync.Mutex
	told map[push.Key]int
}

func (b *badges) is(key push.Key, unread int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	last, known := b.told[key]
	return known && last == unread
}

func (b *badges) set(key push.Key, unread int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.told[key] = unread
}

func (b *badges) forget(key push.Key) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.told, key)
}
