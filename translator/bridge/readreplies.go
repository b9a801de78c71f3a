package bridge

import (
	"context"
	"fmt"

	"medixchange/rooms"
)

// repliedIn puts in the place of the bot's answers in threads what they say: the translation of their message that was the
// newest when they were sent. What was redacted meanwhile is left out.
func (b *Bridge) repliedIn(ctx context.Context, batch []reading) ([]reading, error) {
	known := make([]reading, 0, len(batch))
	said := map[int64]*row{}
	for _, r := range batch {
		if r.reply == nil {
			known = append(known, r)
			continue
		}
		of, looked := said[r.reply.NID]
		if !looked {
			var err error
			if of, err = b.saidBy(ctx, r.reply); err != nil {
				return nil, err
			}
			said[r.reply.NID] = of
		}
		if of != nil {
			r.rendering = &of.Rendering
			known = append(known, r)
		}
	}
	return known, nil
}

// saidBy returns the translation that an answer of the bot in a thread says, nil when it is gone.
func (b *Bridge) saidBy(ctx context.Context, reply *rooms.Event) (*row, error) {
	message, err := b.repliedTo(ctx, reply)
	if err != nil || message == nil {
		return nil, err
	}
	return b.selectThreadedBefore(ctx, message.NID, tagOf(reply), reply.Position)
}

// repliedTo returns the message of which an answer of the bot in a thread says the translation, nil when it is gone.
func (b *Bridge) repliedTo(ctx context.Context, reply *rooms.Event) (*rooms.Event, error) {
	first, err := b.messageOf(ctx, reply)
	if err != nil {
		return nil, err
	}
	id := first.Content().Get(pathRelates + `.m\.in_reply_to.event_id`).Str
	found, err := b.o.Rooms.EventsByID(ctx, []string{id})
	if err != nil {
		return nil, fmt.Errorf("reading what was said in a thread: %w", err)
	}
	message := found[id]
	if message == nil || message.RoomNID != reply.RoomNID {
		return nil, nil
	}
	return message, nil
}
