package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/tidwall/gjson"

	"medixchange/accounts"
	"medixchange/internal/push"
	"medixchange/rooms/view"
)

// notice queues what the node says to one user alone, where it mentions them and their rules let it notify: most of it is an aside.
func (n *Notifier) notice(ctx context.Context, b *batch, said *view.Notice) error {
	if !gjson.GetBytes(said.Content, `m\.mentions.user_ids.0`).Exists() || !n.o.Accounts.HasPushers(said.UserID) || b.users != nil && !b.users[said.UserID] {
		return nil
	}
	left := maxAge - max(n.o.Now().Sub(time.UnixMilli(said.TS)), 0)
	if left <= 0 {
		return nil
	}
	result, err := n.o.Accounts.EvaluateNotice(ctx, said.UserID, said.AsEvent())
	if err != nil {
		return fmt.Errorf("looking whether a notice notifies: %w", err)
	}
	if !result.Notify {
		return nil
	}
	pushers, err := n.o.Accounts.Pushers(ctx, said.UserID)
	if err != nil {
		return fmt.Errorf("reading pushers: %w", err)
	}
	t := &told{roomID: said.RoomID, result: result, notice: said}
	for _, p := range pushers {
		item := &push.Item{Position: said.Position, Expires: time.Now().Add(left), Value: t}
		b.add(keyOf(p), gjson.GetBytes(p.Data, "url").Str, item)
	}
	return nil
}

func (n *Notifier) storedNotices(ctx context.Context, b *batch, from, upto int64) error {
	for {
		said, err := n.o.View.NoticesOfAll(ctx, from, upto, storedStep)
		if err != nil {
			return err
		}
		for _, one := range said {
			if err := n.notice(ctx, b, one); err != nil {
				return err
			}
		}
		if len(said) < storedStep {
			return nil
		}
		from = said[len(said)-1].Position
	}
}

// noticeNote makes the notification of a notice, nil for one who has left the room meanwhile.
func (n *Notifier) noticeNote(ctx context.Context, p *accounts.Pusher, t *told) (*said, error) {
	snap, err := n.o.Rooms.Snapshot(ctx, t.roomID)
	if err != nil {
		return nil, fmt.Errorf("reading a room: %w", err)
	}
	if snap.Membership(p.UserID) != "join" {
		return nil, nil
	}
	viewer, err := n.viewer(ctx, p.UserID, t.roomID)
	if err != nil {
		return nil, err
	}
	ev := t.notice.AsEvent()
	s := &said{result: t.result, viewer: viewer, note: &push.Notification{
		EventID: n.o.View.NoticeID(t.notice), RoomID: t.roomID, Prio: priority(t.result, ev.Type),
	}}
	if !idOnly(p.Data) {
		err = n.describe(ctx, s.note, viewer, ev, ev.JSON)
	}
	return s, err
}
