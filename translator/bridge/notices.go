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
	noticeReport      = "report"       // a report was taken
	noticeReportLimit = "report_limit" // a report was not taken, since there are too many
	noticeReadAs      = "read as"      // how the sender of an answer read the message that they answer
	noticeOrder       = "order"        // an order asks to be read back; of an edit the number of the version stands behind it
	noticeReadBack    = "readback"     // what was read back agrees or differs
	noticeOriginal    = "original"     // the original that was asked for where the bot is no member
	noticeCaption     = "caption"      // what they said in a conference seems to tell who a patient is
	// The number of the version stands behind these two.
	noticeIdentifiers = "identifiers" // it seems to tell who a patient is
	noticeRephrase    = "rephrase"    // its translation was refused
)

// telling is what one user is told about an event.
type telling struct {
	about *rooms.Event
	kind  string
	text  string
	more  map[string]any // beside the text in the content; what has more stands beside the event itself where it can
	words *subject       // whose words it repeats: it goes with them; nil: nobody's
}

// subject is a version of a message.
type subject struct{ message, version *rooms.Event }

// tell says something to one user in a room, about an event; once for each kind, whatever happens in between.
func (b *Bridge) tell(ctx context.Context, userID string, about *rooms.Event, kind, text string) error {
	return b.tellWith(ctx, userID, telling{about: about, kind: kind, text: text})
}

// tellWith is tell with all that can be said.
func (b *Bridge) tellWith(ctx context.Context, userID string, s telling) error {
	content, err := noticeContent(s.about, s.text, s.more)
	if err != nil {
		return err
	}
	n := b.noticeOf(userID, s.about, content)
	if len(s.more) > 0 {
		n.Beside = s.about.Position
	}
	err = b.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if s.words != nil {
			gone, err := b.o.Rooms.RedactedIn(tx, []string{s.words.message.ID, s.words.version.ID})
			if err != nil || len(gone) > 0 {
				return err
			}
		}
		return b.tellOnce(tx, s.kind, s.about.RoomNID, n, s.words)
	})
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

// noticeOf is a notice before it has a place.
func (b *Bridge) noticeOf(userID string, about *rooms.Event, content json.RawMessage) *view.Notice {
	return &view.Notice{
		UserID: userID, RoomID: about.RoomID, EventNID: about.NID, Sender: b.bot, TS: b.o.Now().UnixMilli(), Content: content,
	}
}

// tellIn is tell as part of a transaction.
func (b *Bridge) tellIn(tx *sqldb.Tx, userID string, about *rooms.Event, kind string, content json.RawMessage) error {
	return b.tellOnce(tx, kind, about.RoomNID, b.noticeOf(userID, about, content), nil)
}

func (b *Bridge) tellOnce(tx *sqldb.Tx, kind string, roomNID int64, n *view.Notice, words *subject) error {
	told, err := isTold(tx, n.UserID, n.EventNID, kind)
	if err != nil || told {
		return err
	}
	return b.insertNotice(tx, kind, roomNID, n, words)
}

func (b *Bridge) insertNotice(tx *sqldb.Tx, kind string, roomNID int64, n *view.Notice, words *subject) error {
	n.Position = tx.NextPosition()
	if err := b.storeNotice(tx, kind, roomNID, n, words); err != nil {
		return err
	}
	tx.OnCommit(func() {
		b.besides.Remove(besideKey{n.EventNID, n.UserID})
		b.authors.Remove(n.EventNID) // what it answers may have come since it was not known
		b.o.Hub.Append(stream.Entry{
			Position: n.Position, Topic: rooms.UserTopic(n.UserID), Kind: rooms.EntryNotice, Value: n, Size: 200 + len(n.Content),
		})
	})
	return nil
}

// takeBackNotices withdraws what was said about an event, of those kinds, and erases it.
func (b *Bridge) takeBackNotices(tx *sqldb.Tx, about *rooms.Event, of func(kind string) bool) error {
	told, err := noticesAbout(tx, about.NID)
	if err != nil {
		return err
	}
	return b.withdrawNotices(tx, about, told, of)
}

// withdrawNotices withdraws some of what was said in the room of an event, unless it was withdrawn before.
func (b *Bridge) withdrawNotices(tx *sqldb.Tx, in *rooms.Event, told []notice, of func(kind string) bool) error {
	for _, n := range told {
		gone := slices.ContainsFunc(told, func(other notice) bool { return other.Redacts == n.Position })
		if n.Redacts != 0 || gone || !of(n.kind) {
			continue
		}
		if err := eraseNotice(tx, n.Position); err != nil {
			return err
		}
		err := b.insertNotice(tx, "redaction "+strconv.FormatInt(n.Position, 10), in.RoomNID, &view.Notice{
			UserID: n.UserID, RoomID: in.RoomID, EventNID: n.EventNID, Sender: b.bot, TS: b.o.Now().UnixMilli(), Redacts: n.Position,
		}, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

// takeBackRepeated withdraws what repeats words of a message, or of one version of it, under other events.
func (b *Bridge) takeBackRepeated(tx *sqldb.Tx, message *rooms.Event, version int64) error {
	told, err := noticesRepeating(tx, message.NID, version)
	if err != nil {
		return err
	}
	return b.withdrawNotices(tx, message, told, func(string) bool { return true })
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
	authors, err := b.authorsAnswered(ctx, events)
	if err != nil {
		return nil, err
	}
	for _, ev := range events {
		if authors[ev.NID] != userID {
			continue
		}
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
