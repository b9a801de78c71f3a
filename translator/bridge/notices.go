package bridge

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

// Kinds of notices. A user gets one of each kind about an event.
const (
	noticeReport   = "report"   // a report was taken
	noticeReadAs   = "read as"  // how the sender of an answer read the message that they answer
	noticeOrder    = "order"    // an order asks to be read back; of an edit the number of the version stands behind it
	noticeReadBack = "readback" // what was read back agrees or differs
	// The number of the version stands behind these two.
	noticeIdentifiers = "identifiers" // it seems to tell who a patient is
	noticeRephrase    = "rephrase"    // its translation was refused
)

// tell says something to one user in a room, about an event; once for each kind, whatever happens in between.
func (b *Bridge) tell(ctx context.Context, userID string, about *rooms.Event, kind, text string) error {
	return b.tellMore(ctx, userID, about, kind, text, nil)
}

// tellMore is tell with more in the content. What has more stands beside the event itself where it can.
func (b *Bridge) tellMore(ctx context.Context, userID string, about *rooms.Event, kind, text string, more map[string]any) error {
	var beside int64
	if len(more) > 0 {
		beside = about.Position
	}
	content, err := noticeContent(about, text, more)
	if err != nil {
		return err
	}
	err = b.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return b.tellIn(tx, userID, about, kind, content, beside) })
	if err != nil {
		return fmt.Errorf("telling a user something: %w", err)
	}
	return nil
}

// noticeContent is a notice that answers an event.
func noticeContent(about *rooms.Event, text string, more map[string]any) (json.RawMessage, error) {
	fields := map[string]any{
		"msgtype": "m.notice", "body": text, "m.mentions": struct{}{},
		"m.relates_to": map[string]any{"m.in_reply_to": map[string]any{"event_id": about.ID}},
	}
	maps.Copy(fields, more)
	content, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("writing a notice: %w", err)
	}
	return content, nil
}

// tellIn is tell as part of a transaction.
func (b *Bridge) tellIn(tx *sqldb.Tx, userID string, about *rooms.Event, kind string, content json.RawMessage, beside int64) error {
	told, err := isTold(tx, userID, about.NID, kind)
	if err != nil || told {
		return err
	}
	return b.insertNotice(tx, kind, about.RoomNID, &view.Notice{
		UserID: userID, RoomID: about.RoomID, EventNID: about.NID, Sender: b.bot, TS: b.o.Now().UnixMilli(), Content: content,
		Beside: beside,
	})
}

func (b *Bridge) insertNotice(tx *sqldb.Tx, kind string, roomNID int64, n *view.Notice) error {
	n.Position = tx.NextPosition()
	if err := b.storeNotice(tx, kind, roomNID, n); err != nil {
		return err
	}
	tx.OnCommit(func() {
		b.besides.Remove(besideKey{n.EventNID, n.UserID})
		b.o.Hub.Append(stream.Entry{
			Position: n.Position, Topic: rooms.UserTopic(n.UserID), Kind: rooms.EntryNotice, Value: n, Size: 200 + len(n.Content),
		})
	})
	return nil
}

// takeBackNotices withdraws what was said about an event, of those kinds, and erases it.
func (b *Bridge) takeBackNotices(tx *sqldb.Tx, about *rooms.Event, of func(kind string) bool) error {
	said, err := noticesAbout(tx, about.NID)
	if err != nil {
		return err
	}
	for _, n := range said {
		gone := slices.ContainsFunc(said, func(other notice) bool { return other.Redacts == n.Position })
		if n.Redacts != 0 || gone || !of(n.kind) {
			continue
		}
		if err := eraseNotice(tx, n.Position); err != nil {
			return err
		}
		err := b.insertNotice(tx, "redaction "+strconv.FormatInt(n.Position, 10), about.RoomNID, &view.Notice{
			UserID: n.UserID, RoomID: about.RoomID, EventNID: n.EventNID, Sender: b.bot, TS: b.o.Now().UnixMilli(), Redacts: n.Position,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Notices implements view.Renderer.
func (b *Bridge) Notices(ctx context.Context, userID string, since, upto int64) ([]*view.Notice, error) {
	return b.selectNotices(ctx, userID, since, upto)
}

// NoticesOfAll implements view.Renderer.
func (b *Bridge) NoticesOfAll(ctx context.Context, since, upto int64, limit int) ([]*view.Notice, error) {
	return b.selectNoticesOfAll(ctx, since, upto, limit)
}

// besideKey names what a user is told beside an event.
type besideKey struct {
	eventNID int64
	userID   string
}

// keptBesides bounds the answers of which it is remembered what is told beside them, or that nothing is.
const keptBesides = 8192

// Beside implements view.Renderer.
func (b *Bridge) Beside(ctx context.Context, userID string, events []*rooms.Event, upto int64) (map[int64]*view.Notice, error) {
	var found map[int64]*view.Notice
	var missing []int64
	add := func(n *view.Notice) {
		if n == nil || n.Position > upto {
			return
		}
		if found == nil {
			found = map[int64]*view.Notice{}
		}
		found[n.EventNID] = n
	}
	for _, ev := range events {
		if n, known := b.besides.Get(besideKey{ev.NID, userID}); known {
			add(n)
		} else {
			missing = append(missing, ev.NID)
		}
	}
	if len(missing) == 0 {
		return found, nil
	}
	turn := b.o.Hub.Position()
	stored, err := b.selectBeside(ctx, userID, missing)
	if err != nil {
		return nil, err
	}
	for _, nid := range missing {
		add(stored[nid])
		if stored[nid] != nil || turn < b.handled.Load() {
			b.besides.Add(besideKey{nid, userID}, stored[nid])
		}
	}
	return found, nil
}

// noticeMark is set in the payload of a notice's id: nids are positive.
const noticeMark = uint64(1) << 63

// NoticeID implements view.Renderer.
func (b *Bridge) NoticeID(n *view.Notice) string {
	var payload [payloadBytes]byte
	binary.BigEndian.PutUint64(payload[:8], uint64(n.EventNID)|noticeMark)
	binary.BigEndian.PutUint64(payload[8:], uint64(n.Position))
	return b.sealer.seal(n.UserID, payload)
}

// NoticePlace implements view.Renderer.
func (b *Bridge) NoticePlace(id, userID string) int64 {
	payload, ok := b.sealer.open(userID, id)
	if !ok || binary.BigEndian.Uint64(payload[:8])&noticeMark == 0 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(payload[8:]))
}
