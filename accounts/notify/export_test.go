package notify

import (
	"context"

	"medixchange/accounts"
	"medixchange/accounts/pushrules"
	"medixchange/internal/push"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

// Read is what the reader of the stream does with a range.
func (n *Notifier) Read(ctx context.Context, from, upto int64) error { return n.read(ctx, from, upto) }

// Held reports for each of the viewers, in their order, whether an event is held back for them within one batch.
func (n *Notifier) Held(ctx context.Context, ev *rooms.Event, viewers ...view.Viewer) ([]bool, error) {
	b := newBatch()
	var held []bool
	for _, viewer := range viewers {
		gate, err := n.hold(ctx, b, viewer, ev)
		if err != nil {
			return nil, err
		}
		held = append(held, gate != nil)
	}
	return held, nil
}

// Waiting is what waits, by pusher.
func (n *Notifier) Waiting() map[push.Key]int64 { return n.sender.Waiting() }

// Priority and DeviceOf are tested on their own.
func Priority(result pushrules.Result, typ string) string { return priority(result, typ) }

// DeviceOf is described at Priority.
func DeviceOf(p *accounts.Pusher, result pushrules.Result) (push.Device, error) {
	return deviceOf(p, result.Actions)
}

// NoteOfInvite is what a pusher without a format is told of an invite from outside.
func NoteOfInvite(m rooms.OutsideMembership) *push.Notification {
	return noteOfInvite(&m, pushrules.Result{}, false)
}
