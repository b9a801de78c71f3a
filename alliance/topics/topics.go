package topics

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"medixchange/accounts"
	"medixchange/alliance/signed"
	"medixchange/internal/stream"
	"medixchange/internal/web"
	"medixchange/rooms"
)

// Localpart is that of the account by which a node keeps the space. Others know it: it is the one that is invited.
const Localpart = "alliance-topics"

// Options is what a Keeper is built from. Every field must be set.
type Options struct {
	Hub      *stream.Hub
	Accounts *accounts.Accounts
	Rooms    *rooms.Rooms
	Self     string
	// Alliance is the name of the alliance.
	Alliance string
	// Members are the admitted members that may be talked to now.
	Members func() []signed.Hospital
	// Trusted reports whether this node follows a space that another one made: one of the servers that the administrator or the
	// charter names.
	Trusted func(server string) bool
	// Verified returns the clinicians of this hospital who are listed and verified, by user id.
	Verified func(ctx context.Context) (map[string]bool, error)
	Log      *logrus.Entry
}

// Keeper keeps the spaces that this node made or follows. All methods are safe for concurrent use.
type Keeper struct {
	o    Options
	wake chan struct{}
	mu   sync.Mutex // one round at a time
}

const (
	// every is how often it is looked whether something is to be done, although nobody said so.
	every = time.Minute
	// retry is the first pause after something that failed; it doubles up to every.
	retry = time.Second / 2
	// maxTopics bounds the rooms of a space, maxText what is said of one, in letters.
	maxTopics = 200
	maxText   = 200
	// stepsAtOnce bounds the acts of one kind in one round, so that an alliance of hundreds of members floods nobody.
	stepsAtOnce = 200
)

// New returns a keeper. Nothing happens before Run.
func New(o Options) *Keeper { return &Keeper{o: o, wake: make(chan struct{}, 1)} }

// Changed says that the member list or the directory is another one. It never waits.
func (k *Keeper) Changed() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *Keeper) self() string { return "@" + Localpart + ":" + k.o.Self }

// keeperOf is the account of another node.
func keeperOf(server string) string { return "@" + Localpart + ":" + server }

// Run sees to the spaces until ctx ends, whose error it returns.
func (k *Keeper) Run(ctx context.Context) error {
	invited := k.o.Hub.Watch(rooms.UserTopic(k.self()))
	defer invited.Close()
	pause := retry
	for {
		if err := k.Round(ctx); err == nil {
			pause = retry
		} else if pause = min(2*pause, every); ctx.Err() == nil {
			k.o.Log.WithError(err).WithField("again_in", pause.String()).Info("seeing to the topic rooms of the alliance")
		}
		next := time.NewTimer(every)
		if pause > retry {
			next.Reset(pause)
		}
		select {
		case <-ctx.Done():
			next.Stop()
			return ctx.Err()
		case <-next.C:
		case <-k.wake:
		case <-invited.C():
		}
		next.Stop()
	}
}

// Topic is a room of a space.
type Topic struct {
	RoomID string `json:"room_id"`
	Name   string `json:"name,omitempty"` // "" where this node is not in the room
}

// Space is a space with its rooms.
type Space struct {
	RoomID  string  `json:"room_id"`
	Keeper  string  `json:"keeper"` // the server that made it
	Members int     `json:"members"`
	Topics  []Topic `json:"topics"`
}

// Spaces lists the spaces that this node is in.
func (k *Keeper) Spaces(ctx context.Context) ([]Space, error) {
	joined, err := k.joined(ctx)
	if err != nil {
		return nil, err
	}
	spaces := []Space{}
	for _, room := range joined {
		if room.RoomType != "m.space" {
			continue
		}
		s := Space{RoomID: room.RoomID, Keeper: serverOf(room.Creator), Members: room.Joined, Topics: []Topic{}}
		room.EachState(func(typ, key string, _ int64) bool {
			if typ == "m.space.child" {
				s.Topics = append(s.Topics, Topic{RoomID: key})
			}
			return true
		})
		for i := range s.Topics {
			if s.Topics[i].Name, err = k.nameOf(ctx, s.Topics[i].RoomID); err != nil {
				return nil, err
			}
		}
		spaces = append(spaces, s)
	}
	return spaces, nil
}

func (k *Keeper) nameOf(ctx context.Context, roomID string) (string, error) {
	ev, err := k.o.Rooms.StateEvent(ctx, roomID, "m.room.name", "")
	if errors.Is(err, rooms.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the name of a topic: %w", err)
	}
	return ev.Content().Get("name").Str, nil
}

// Create makes the room of a topic, and the space with the first of them. Errors for the administrator are *web.Error.
func (k *Keeper) Create(ctx context.Context, name, topic string) (Topic, error) {
	name, topic = strings.TrimSpace(name), strings.TrimSpace(topic)
	if name == "" || len([]rune(name)) > maxText || len([]rune(topic)) > maxText {
		return Topic{}, web.InvalidParam("A topic has a name, and at most %d letters in its name and its description.", maxText)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.appear(ctx); err != nil {
		return Topic{}, err
	}
	space, topics, err := k.own(ctx)
	if err != nil {
		return Topic{}, err
	}
	if len(topics) >= maxTopics {
		return Topic{}, web.InvalidParam("There are %d topics already.", maxTopics)
	}
	for _, there := range topics {
		if other, err := k.nameOf(ctx, there.RoomID); err != nil || strings.EqualFold(other, name) {
			return Topic{RoomID: there.RoomID, Name: other}, err
		}
	}
	if space == nil {
		if space, err = k.makeSpace(ctx); err != nil {
			return Topic{}, err
		}
	}
	roomID, err := k.makeTopic(ctx, space.RoomID, name, topic)
	k.Changed()
	return Topic{RoomID: roomID, Name: name}, err
}

// appear makes the account of the node.
func (k *Keeper) appear(ctx context.Context) error {
	if _, err := k.o.Accounts.EnsureUser(ctx, Localpart, k.o.Alliance); err != nil {
		return fmt.Errorf("making the account for topic rooms: %w", err)
	}
	return nil
}

// joined are the rooms that the account is in.
func (k *Keeper) joined(ctx context.Context) ([]*rooms.Snapshot, error) {
	memberships, err := k.o.Rooms.UserRooms(ctx, k.self())
	if err != nil {
		return nil, fmt.Errorf("reading the topic rooms: %w", err)
	}
	var all []*rooms.Snapshot
	for _, m := range memberships {
		if m.Membership != "join" {
			continue
		}
		room, err := k.o.Rooms.Snapshot(ctx, m.RoomID)
		if err != nil {
			return nil, fmt.Errorf("reading a topic room: %w", err)
		}
		all = append(all, room)
	}
	return all, nil
}

// own are the space that this node made, nil without one, and its rooms.
func (k *Keeper) own(ctx context.Context) (space *rooms.Snapshot, topics []*rooms.Snapshot, err error) {
	all, err := k.joined(ctx)
	for _, room := range all {
		switch {
		case room.Creator != k.self():
		case room.RoomType == "m.space":
			space = room
		default:
			topics = append(topics, room)
		}
	}
	return space, topics, err
}

func serverOf(userID string) string {
	_, server, _ := strings.Cut(userID, ":")
	return server
}
