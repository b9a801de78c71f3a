package schedule

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"medixchange/internal/sqldb"
	"medixchange/rooms"
)

const (
	// ringType is the event by which a call rings (MSC4075), in the name that clients have for it.
	ringType = "org.matrix.msc4075.rtc.notification"
	// ringEarly is how long before the planned start somebody's coming counts as the beginning: who only tries their microphone before
	// rings nobody.
	ringEarly = 2 * time.Minute
	// ringPause is how long a client that began the call has to ring by itself, and ringTurn how long a hospital waits for the one
	// before it.
	ringPause = 2 * time.Second
	ringTurn  = 8 * time.Second
	// ringLife is for how long it is worth ringing; clients cap it at that, too.
	ringLife = 2 * time.Minute
	// maxRings bounds the conferences that are looked at in one step.
	maxRings = 200
)

func isRing(typ string) bool { return typ == ringType || typ == "m.rtc.notification" }

func isCall(typ string) bool {
	return strings.HasSuffix(typ, ".rtc.member") || strings.HasSuffix(typ, ".call.member")
}

// ringAll rings for the conferences that have begun. It returns when it is to be called again at the latest.
func (s *Schedule) ringAll(ctx context.Context) (time.Duration, error) {
	now := s.o.Now()
	wait := longestWait
	if at, err := nextRing(ctx, s.o.DB, now); err != nil {
		return 0, err
	} else if !at.IsZero() {
		wait = min(wait, at.Sub(now))
	}
	open, err := openRings(ctx, s.o.DB, now, maxRings)
	if err != nil {
		return 0, err
	}
	for _, d := range open {
		again, err := s.ring(ctx, d)
		if err != nil {
			return 0, err
		}
		if again > 0 {
			wait = min(wait, again)
		}
	}
	return wait, nil
}

// ring rings those who come and are not there yet, when somebody is and it is this node's turn; else it returns when that may be, 0 for
// whenever somebody comes.
func (s *Schedule) ring(ctx context.Context, d due) (again time.Duration, err error) {
	present, err := s.o.Calls(ctx, d.roomID)
	if errors.Is(err, rooms.ErrNotFound) {
		return 0, nil
	}
	if err != nil || len(present) == 0 {
		return 0, err
	}
	caller, opens, ours := s.turn(present, d.ringAt)
	if !ours {
		return 0, nil
	}
	if wait := opens.Sub(s.o.Now()); wait > 0 {
		return wait, nil
	}
	ev, conf, err := s.dueConference(ctx, d)
	if err != nil {
		return 0, err
	}
	if conf != nil && !conf.Cancelled {
		if err := s.sendRing(ctx, ev, conf, caller, present); err != nil {
			return 0, err
		}
	}
	return 0, s.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return rung(tx, d) })
}

// turn says who of this node's users rings, and from when on. Whoever came first rings; their hospital does it for them. The others wait,
// for hospitals whose servers do not.
func (s *Schedule) turn(present []Present, opened time.Time) (caller Present, from time.Time, ours bool) {
	slices.SortFunc(present, func(a, b Present) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.EventID, b.EventID)) })
	var servers []string
	for _, p := range present {
		_, server, _ := strings.Cut(p.UserID, ":")
		if !slices.Contains(servers, server) {
			servers = append(servers, server)
		}
		if s.isOurs(p.UserID) {
			began := p.Since
			if began.Before(opened) {
				began = opened
			}
			return p, began.Add(ringPause + time.Duration(len(servers)-1)*ringTurn), true
		}
	}
	return Present{}, time.Time{}, false
}

// wanted are the members of a room who are to be rung: those who come, without those who are there.
func (s *Schedule) wanted(ctx context.Context, roomID string, conf *Conference, present []Present) ([]string, error) {
	answers, err := s.coming(ctx, roomID, conf)
	if err != nil {
		return nil, err
	}
	snap, err := s.o.Rooms.Snapshot(ctx, roomID)
	if err != nil {
		return nil, fmt.Errorf("reading who is rung: %w", err)
	}
	var wanted []string
	for userID, answer := range answers {
		there := slices.ContainsFunc(present, func(p Present) bool { return p.UserID == userID })
		if answer == yes && !there && snap.Membership(userID) == "join" {
			wanted = append(wanted, userID)
		}
	}
	slices.Sort(wanted)
	return wanted[:min(len(wanted), maxRung)], nil
}

// maxRung keeps the list of those who are rung within an event.
const maxRung = 200

// sendRing rings in the name of who began the call, as their client would (MSC4075), once.
func (s *Schedule) sendRing(ctx context.Context, ev *rooms.Event, conf *Conference, caller Present, present []Present) error {
	users, err := s.wanted(ctx, ev.RoomID, conf, present)
	if err != nil || len(users) == 0 {
		return err
	}
	content, _ := json.Marshal(map[string]any{ // texts and numbers
		"m.mentions":        map[string]any{"user_ids": users},
		"m.relates_to":      map[string]any{"rel_type": "m.reference", "event_id": caller.EventID},
		"notification_type": "notification", "sender_ts": s.o.Now().UnixMilli(), "lifetime": ringLife.Milliseconds(),
		"slot_id": caller.SlotID, "msc4354_sticky_key": caller.SlotID,
		EventType: map[string]any{"id": conf.ID, "event_id": ev.ID},
	})
	_, err = s.o.Rooms.Send(ctx, rooms.SendRequest{
		RoomID: ev.RoomID, Sender: caller.UserID, Type: ringType, Content: content, Sticky: ringLife,
		Txn: &rooms.Txn{Scope: "conference", Path: "ring", ID: ev.ID},
	})
	if errors.Is(err, rooms.ErrForbidden) {
		s.o.Log.WithField("room", ev.RoomID).Info("nobody is rung: who began the conference may send no messages")
		return nil
	}
	if err != nil {
		return fmt.Errorf("ringing for a conference: %w", err)
	}
	return nil
}

// noteRing takes note that somebody else has rung for a conference that is due, so that it does not ring twice.
func (s *Schedule) noteRing(ctx context.Context, ev *rooms.Event) error {
	open, err := openRings(ctx, s.o.DB, s.o.Now(), maxRings)
	if err != nil {
		return err
	}
	for _, d := range open {
		if d.roomID != ev.RoomID {
			continue
		}
		enough, err := s.rangFor(ctx, ev, d)
		if err != nil {
			return err
		}
		if enough {
			if err := s.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return rung(tx, d) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// rangFor reports whether an event rang for everybody whom this node would ring.
func (s *Schedule) rangFor(ctx context.Context, ev *rooms.Event, d due) (bool, error) {
	content := ev.Content()
	if ofUs := content.Get(gjson.Escape(EventType)); ofUs.Exists() {
		return ofUs.Get("id").Str == d.id, nil
	}
	_, conf, err := s.dueConference(ctx, d)
	if err != nil || conf == nil {
		return false, err
	}
	snap, err := s.o.Rooms.Snapshot(ctx, ev.RoomID)
	if err != nil {
		return false, fmt.Errorf("reading who was rung: %w", err)
	}
	if content.Get(`m\.mentions.room`).Bool() && snap.PowerLevel(ev.Sender) >= snap.NotificationPower("room") {
		return true, nil
	}
	present, err := s.o.Calls(ctx, ev.RoomID)
	if err != nil {
		return false, err
	}
	users, err := s.wanted(ctx, ev.RoomID, conf, present)
	if err != nil {
		return false, err
	}
	mentioned := map[string]bool{ev.Sender: true}
	for _, user := range content.Get(`m\.mentions.user_ids`).Array() {
		mentioned[user.Str] = true
	}
	return !slices.ContainsFunc(users, func(user string) bool { return !mentioned[user] }), nil
}
