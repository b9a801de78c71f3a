package schedule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	_ "time/tzdata" // members' time zones, also where the machine has none

	"github.com/sirupsen/logrus"

	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/rooms"
)

const (
	cursorName = "conference.schedule"
	// maxTold bounds the members of a room who are told of its conferences.
	maxTold      = 5000
	longestWait  = time.Minute
	failurePause = 5 * time.Second
	keepEnded    = 24 * time.Hour
)

// Options is what Schedule is built from. Every field must be set.
type Options struct {
	DB    *sqldb.DB
	Hub   *stream.Hub
	Rooms *rooms.Rooms
	Bot   Bot
	Words Words
	Zones Zones
	Calls Calls
	// Zone is the hospital's time zone, for members who name none.
	Zone *time.Location
	// Base is the node's address for clients, without a slash at its end.
	Base string
	// LinkKey makes links to calendar files that nobody can guess.
	LinkKey []byte
	Now     func() time.Time
	Log     *logrus.Entry
}

// Schedule follows the conferences of this node's rooms. It is safe for concurrent use.
type Schedule struct {
	o     Options
	woken chan struct{}
}

// New returns a Schedule; nobody is told anything until Run.
func New(o Options) *Schedule { return &Schedule{o: o, woken: make(chan struct{}, 1)} }

// Run tells and reminds members until ctx ends.
func (s *Schedule) Run(ctx context.Context) error {
	reminding := make(chan struct{})
	go func() {
		defer close(reminding)
		s.remindAll(ctx)
	}()
	err := s.o.Hub.Follow(ctx, cursorName, stream.FollowOptions{Start: s.o.Hub.Position(), SaveEvery: 10 * time.Second, Gather: stream.Unhurried}, s.read)
	<-reminding
	return err
}

// read takes the changes of conferences in (from, upto], also those that came as the state of a room that was joined.
func (s *Schedule) read(ctx context.Context, from, upto int64) error {
	deltas, err := s.o.Rooms.StateChanges(ctx, EventType, from, upto)
	if err != nil {
		return fmt.Errorf("reading changes of conferences: %w", err)
	}
	for _, d := range deltas {
		if err := s.take(ctx, d); err != nil {
			return err
		}
	}
	return s.heed(ctx, from, upto)
}

func (s *Schedule) take(ctx context.Context, d rooms.StateDelta) error {
	found, err := s.o.Rooms.Events(ctx, []int64{d.New, d.Old})
	if err != nil {
		return fmt.Errorf("reading a conference: %w", err)
	}
	ev := found[d.New]
	conf, err := s.conferenceOf(ctx, ev)
	if err != nil {
		return err
	}
	if conf == nil {
		return s.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return remove(tx, d.RoomID, d.StateKey) })
	}
	if conf.End().Before(s.o.Now()) {
		return nil
	}
	old, err := s.conferenceOf(ctx, found[d.Old])
	if err != nil {
		return err
	}
	if err := s.keep(ctx, ev, conf); err != nil {
		return err
	}
	if key := change(old, conf); key != "" {
		return s.tellAll(ctx, ev, conf, key)
	}
	return nil
}

// change names the text by which members are told what became of a conference, "" for nothing.
func change(old, conf *Conference) string {
	was := old != nil && !old.Cancelled
	switch {
	case conf.Cancelled && !was:
		return ""
	case conf.Cancelled:
		return "conference_cancelled"
	case was:
		return "conference_changed"
	}
	return "conference_planned"
}

// conferenceOf reads an event; nil for none, for one that was redacted, and for one that makes no sense.
func (s *Schedule) conferenceOf(ctx context.Context, ev *rooms.Event) (*Conference, error) {
	if ev == nil || ev.StateKey == nil {
		return nil, nil
	}
	redacted, err := s.o.Rooms.Redacted(ctx, []string{ev.ID})
	if err != nil {
		return nil, fmt.Errorf("reading whether a conference was redacted: %w", err)
	}
	conf, err := Parse(*ev.StateKey, []byte(ev.Content().Raw))
	if err != nil || redacted[ev.ID] != nil {
		return nil, nil
	}
	return conf, nil
}

// keep stores when the members are to be reminded.
func (s *Schedule) keep(ctx context.Context, ev *rooms.Event, conf *Conference) error {
	d := due{roomID: ev.RoomID, id: conf.ID, eventNID: ev.NID, endsAt: conf.End()}
	if !conf.Cancelled {
		d.ringAt = conf.Start.Add(-ringEarly)
	}
	if conf.Remind > 0 && !conf.Cancelled {
		d.remindAt = conf.Start.Add(-conf.Remind)
	}
	if err := s.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return upsert(tx, d) }); err != nil {
		return err
	}
	s.wake()
	return nil
}

// wake has it looked again what is due.
func (s *Schedule) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// tellAll tells each member of this node, in their language and time zone. Those who come are called when it begins soon, or was changed
// or cancelled by somebody else; nobody is reminded of what they do not come to.
func (s *Schedule) tellAll(ctx context.Context, ev *rooms.Event, conf *Conference, key string) error {
	snap, err := s.o.Rooms.Snapshot(ctx, ev.RoomID)
	if errors.Is(err, rooms.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading who is told of a conference: %w", err)
	}
	answers, err := s.coming(ctx, ev.RoomID, conf)
	if err != nil {
		return err
	}
	members := snap.LocalMembers()
	for _, userID := range members[:min(len(members), maxTold)] {
		if key == keyReminder && answers[userID] == no {
			continue
		}
		calls := answers[userID] == yes && (key == keyReminder || key != "conference_planned" && userID != ev.Sender)
		content := s.notice(ctx, userID, ev, conf, key, calls)
		if err := s.o.Bot.Tell(ctx, userID, ev, key, content); err != nil {
			return err
		}
	}
	return nil
}

// keyReminder names the text of reminders.
const keyReminder = "conference_reminder"

// notice is what a member is told. What calls them is a message that mentions them: the push rules that everybody has let no notice
// notify, whoever it mentions (.m.rule.suppress_notices).
func (s *Schedule) notice(ctx context.Context, userID string, ev *rooms.Event, conf *Conference, key string, calls bool) json.RawMessage {
	language := s.o.Bot.Language(ctx, userID, ev.RoomID)
	text := s.o.Words(language, key, "title", conf.Title) + "\n" + s.when(language, conf, s.zoneOf(ctx, userID))
	if len(conf.Hosts) > 0 {
		text += "\n" + s.o.Words(language, "conference_hosts", "names", s.names(ctx, ev.RoomID, conf.Hosts))
	}
	if key != keyReminder {
		text += "\n" + s.o.Words(language, "conference_calendar", "link", s.link(ev.RoomID, conf.ID, userID))
	}
	if place := s.place(ev.RoomID); !conf.Cancelled {
		text += "\n" + place
	}
	if key != keyReminder && !conf.Cancelled {
		text += "\n" + s.o.Words(language, "conference_ask")
	}
	msgtype, mentions := "m.notice", map[string]any{}
	if calls {
		msgtype, mentions = "m.text", map[string]any{"user_ids": []string{userID}}
	}
	raw, _ := json.Marshal(map[string]any{ // texts
		"msgtype": msgtype, "body": text, "m.mentions": mentions,
		EventType: map[string]any{"id": conf.ID, "event_id": ev.ID, "start": conf.Start.UnixMilli(), "kind": key},
	})
	return raw
}

// place is where a conference can be joined without a client that knows calls.
func (s *Schedule) place(roomID string) string { return s.o.Base + "/conference/" + pathEscape(roomID) }
