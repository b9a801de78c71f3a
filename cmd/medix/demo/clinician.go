package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

const (
	patience = 20 * time.Second
	pollMS   = 1000
)

// clinician is a person with a standard Matrix client.
type clinician struct {
	client   *mautrix.Client
	language string
	password string
	at       *hospital
	since    string
	seen     map[id.EventID]int // how often each event came
	order    []seenEvent
}

type seenEvent struct {
	room  id.RoomID
	event *event.Event
	body  string
	mark  translation
	edits id.EventID // the event that it edits, "" for others
	// answers is the event that it is an answer to, "" for others.
	answers id.EventID
	at      time.Time
}

// translation is what the node says of a message's translation (org.medixchange.translation).
type translation struct {
	State    string `json:"state"`
	From     string `json:"from"`
	To       string `json:"to"`
	Engine   string `json:"engine"`
	Verdict  string `json:"verdict"`
	Original struct {
		Body string `json:"body"`
	} `json:"original"`
}

// newClinician makes the account, logs in and sets the language.
func newClinician(ctx context.Context, h *hospital, localpart, displayName, language, password string) (*clinician, error) {
	if err := h.account(ctx, localpart, displayName, password); err != nil {
		return nil, fmt.Errorf("making the account: %w", err)
	}
	client, err := mautrix.NewClient(h.url, "", "")
	if err != nil {
		return nil, err
	}
	_, err = client.Login(ctx, &mautrix.ReqLogin{
		Type:             mautrix.AuthTypePassword,
		Identifier:       mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: localpart},
		Password:         password,
		StoreCredentials: true,
	})
	if err != nil {
		return nil, fmt.Errorf("logging in: %w", err)
	}
	c := &clinician{client: client, language: language, password: password, at: h, seen: map[id.EventID]int{}}
	if err := client.SetAccountData(ctx, "org.medixchange.language", map[string]string{"language": language, "mode": "in_place"}); err != nil {
		return nil, fmt.Errorf("setting the language: %w", err)
	}
	return c, c.sync(ctx, 0)
}

// sync takes what is new.
func (c *clinician) sync(ctx context.Context, timeoutMS int) error {
	res, err := c.client.FullSyncRequest(ctx, mautrix.ReqSync{Timeout: timeoutMS, Since: c.since})
	if err != nil {
		return fmt.Errorf("syncing: %w", err)
	}
	c.since = res.NextBatch
	for room, data := range res.Rooms.Join {
		for _, ev := range data.Timeline.Events {
			c.take(room, ev)
		}
	}
	return nil
}

func (c *clinician) take(room id.RoomID, ev *event.Event) {
	c.seen[ev.ID]++
	var content struct {
		Body string      `json:"body"`
		Mark translation `json:"org.medixchange.translation"`
		New  struct {
			Body string      `json:"body"`
			Mark translation `json:"org.medixchange.translation"`
		} `json:"m.new_content"`
		Relates struct {
			Type  string     `json:"rel_type"`
			Event id.EventID `json:"event_id"`
			Reply struct {
				Event id.EventID `json:"event_id"`
			} `json:"m.in_reply_to"`
		} `json:"m.relates_to"`
	}
	if json.Unmarshal(ev.Content.VeryRaw, &content) != nil {
		return
	}
	s := seenEvent{room: room, event: ev, body: content.Body, mark: content.Mark, at: time.Now(), answers: content.Relates.Reply.Event}
	if content.New.Body != "" {
		s.body, s.mark = content.New.Body, content.New.Mark
	}
	if content.Relates.Type == "m.replace" {
		s.edits = content.Relates.Event
	}
	c.order = append(c.order, s)
}

// waitFor syncs until an event is seen that want accepts.
func (c *clinician) waitFor(ctx context.Context, what string, want func(seenEvent) bool) (seenEvent, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	checked := 0
	for {
		for ; checked < len(c.order); checked++ {
			if want(c.order[checked]) {
				return c.order[checked], nil
			}
		}
		if err := c.sync(ctx, pollMS); err != nil {
			return seenEvent{}, fmt.Errorf("%s waits for %s: %w", c.client.UserID, what, err)
		}
	}
}

// read waits for an event as this clinician sees it.
func (c *clinician) read(ctx context.Context, event id.EventID) (seenEvent, error) {
	return c.waitFor(ctx, "the message", func(s seenEvent) bool { return s.event.ID == event })
}

// say sends a text.
func (c *clinician) say(ctx context.Context, room id.RoomID, text string) (id.EventID, error) {
	res, err := c.client.SendText(ctx, room, text)
	if err != nil {
		return "", fmt.Errorf("sending: %w", err)
	}
	return res.EventID, nil
}

// join waits for the invite and accepts it.
func (c *clinician) join(ctx context.Context, room id.RoomID) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		res, err := c.client.FullSyncRequest(ctx, mautrix.ReqSync{Timeout: pollMS, Since: c.since})
		if err != nil {
			return fmt.Errorf("waiting for the invite: %w", err)
		}
		c.since = res.NextBatch
		if _, invited := res.Rooms.Invite[room]; invited {
			break
		}
	}
	if _, err := c.client.JoinRoomByID(ctx, room); err != nil {
		return fmt.Errorf("joining: %w", err)
	}
	return nil
}

// create makes a room with the others in it.
func (c *clinician) create(ctx context.Context, name string, direct bool, others ...*clinician) (id.RoomID, error) {
	req := &mautrix.ReqCreateRoom{Name: name, IsDirect: direct, Preset: "trusted_private_chat"}
	for _, other := range others {
		req.Invite = append(req.Invite, other.client.UserID)
	}
	res, err := c.client.CreateRoom(ctx, req)
	if err != nil {
		return "", fmt.Errorf("creating the room: %w", err)
	}
	for _, other := range others {
		if err := other.join(ctx, res.RoomID); err != nil {
			return "", fmt.Errorf("%s: %w", other.client.UserID, err)
		}
	}
	return res.RoomID, nil
}

var errDoubled = errors.New("an event came twice")

// once reports an error if any event came more than once.
func (c *clinician) once() error {
	for event, n := range c.seen {
		if n > 1 {
			return fmt.Errorf("%w: %s to %s", errDoubled, event, c.client.UserID)
		}
	}
	return nil
}
