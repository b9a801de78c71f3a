package view

import (
	"context"
	"fmt"

	"medixchange/rooms"
)

// Tagged says which events of this node's own bot are meant for the readers of one language. In threads the bot
// answers each message once per language; whoever reads another one is not shown the answer, wherever they look
// (TRANSLATION 19). It is comfort, not secrecy: the event, or its keys, go to everybody. All functions are safe for
// concurrent use.
type Tagged struct {
	// Bot is the user id of the bot: of nobody else's events anything is hidden.
	Bot string
	// For reports whether ev is tagged for others than those who read the given language ("" for those who want no
	// translation) in the given mode. It is asked only for events of the bot.
	For func(ev *rooms.Event, language, mode string) bool
	// Speaks reports whether the bot may have answered in a room.
	Speaks func(ctx context.Context, roomID string) bool
}

// isReply reports whether an event is an answer of the bot in a thread that the server can read.
func (v *View) isReply(ev *rooms.Event) bool {
	return v.tagged != nil && ev.Sender == v.tagged.Bot && ev.Type == "m.room.message" && v.tagged.For(ev, "", "")
}

// hides returns what is hidden from the viewer among events of a room; nil when nothing can be.
func (v *View) hides(ctx context.Context, viewer Viewer, roomID string, events []*rooms.Event) (func(*rooms.Event) bool, error) {
	if v.tagged == nil || viewer.UserID == v.tagged.Bot {
		return nil, nil
	}
	for _, ev := range events {
		if ev.Sender == v.tagged.Bot && v.tagged.For(ev, "", "") {
			return v.hidesIn(ctx, viewer, roomID)
		}
	}
	return nil, nil
}

func (v *View) hidesIn(ctx context.Context, viewer Viewer, roomID string) (func(*rooms.Event) bool, error) {
	viewer, err := v.InRoom(ctx, viewer, roomID)
	if err != nil {
		return nil, err
	}
	return func(ev *rooms.Event) bool {
		return ev.Sender == v.tagged.Bot && v.tagged.For(ev, viewer.Language, viewer.Mode)
	}, nil
}

// maxThreadRead bounds the events of a thread that are looked through for those that are hidden.
const maxThreadRead = 1000

// withoutHidden takes from a thread what the viewer is not shown: its count, its latest event.
func (s *showing) withoutHidden(ctx context.Context, rootID string, b *bundle) error {
	tagged := s.v.tagged
	if tagged == nil || b.thread == nil || !b.thread.Participants[tagged.Bot] || s.viewer.UserID == tagged.Bot {
		return nil
	}
	hidden, err := s.v.hidesIn(ctx, s.viewer, b.thread.Latest.RoomID)
	if err != nil {
		return err
	}
	thread := *b.thread
	var latest *rooms.Event
	q := rooms.RelationQuery{
		RoomID: b.thread.Latest.RoomID, EventID: rootID, RelType: "m.thread",
		From: rooms.HistoryKey{Anchor: newest}, Dir: rooms.Backward, Limit: 100,
	}
	for read := 0; read < maxThreadRead; {
		page, err := s.v.rooms.Relations(ctx, q)
		if err != nil {
			return err
		}
		for _, ev := range page.Events {
			switch {
			case hidden(ev):
				thread.Count--
			case latest == nil && !s.viewer.ignores(ev.Sender):
				latest = ev
			}
		}
		read += len(page.Events)
		if page.Done || len(page.Events) == 0 {
			break
		}
		q.From = page.Next
	}
	b.thread, b.latest = &thread, latest
	return nil
}

// Receipts returns the receipts of a room as the viewer is shown them: one on an event that is hidden from the viewer
// stands on the newest event before it that is not (TRANSLATION 4); there may be none in its thread.
func (v *View) Receipts(ctx context.Context, viewer Viewer, roomID string, receipts []rooms.Receipt) ([]rooms.Receipt, error) {
	if v.tagged == nil || len(receipts) == 0 || viewer.UserID == v.tagged.Bot || !v.tagged.Speaks(ctx, roomID) {
		return receipts, nil
	}
	ids := make([]string, 0, len(receipts))
	for _, receipt := range receipts {
		ids = append(ids, receipt.EventID)
	}
	events, err := v.rooms.EventsByID(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("reading what was read: %w", err)
	}
	hidden, err := v.hidesIn(ctx, viewer, roomID)
	if err != nil {
		return nil, err
	}
	shown := make([]rooms.Receipt, 0, len(receipts))
	for _, receipt := range receipts {
		if ev := events[receipt.EventID]; ev != nil && hidden(ev) {
			before, err := v.newestBefore(ctx, viewer, roomID, ev.Key, thread{id: receipt.ThreadID, root: ev.ThreadRoot})
			if err != nil {
				return nil, err
			}
			if before == nil {
				continue
			}
			receipt.EventID, receipt.Key = before.ID, before.Key
		}
		shown = append(shown, receipt)
	}
	return shown, nil
}
