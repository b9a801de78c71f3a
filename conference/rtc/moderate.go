package rtc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"medixchange/accounts"
	"medixchange/conference/sfu"
	"medixchange/internal/web"
	"medixchange/rooms"
)

// staysOut is how long somebody whom a moderator removed gets no new token.
const staysOut = time.Minute

// Person is somebody in a conference, as clients are shown it.
type Person struct {
	UserID   string  `json:"user_id"`
	DeviceID string  `json:"device_id,omitempty"`
	Identity string  `json:"identity"`
	SlotID   string  `json:"slot_id"`
	JoinedTS int64   `json:"joined_ts,omitempty"` // ms
	Publish  bool    `json:"publishes_here"`
	Tracks   []Shown `json:"tracks"`
}

// Shown is something that somebody publishes.
type Shown struct {
	SID    string `json:"sid"`
	Source string `json:"source"`
	Muted  bool   `json:"muted"`
}

// conference answers who is in the conferences of a room on the SFU of this node, and what the asking user may do.
func (r *RTC) conference(req *http.Request, d *accounts.Device) (any, error) {
	ctx, roomID := req.Context(), web.Var(req, "roomID")
	snapshot, err := r.joinedTo(ctx, roomID, d.UserID)
	if err != nil {
		return nil, err
	}
	people, err := r.People(ctx, roomID)
	if err != nil {
		return nil, err
	}
	policy, err := r.policyOf(ctx, roomID)
	if err != nil {
		return nil, err
	}
	power := snapshot.PowerLevel(d.UserID)
	return map[string]any{
		"url": r.o.SFU.URL(), "participants": people,
		"policy": map[string]any{"audio_only": policy.AudioOnly, "max_video": policy.MaxVideo, "locked": policy.Locked, "admitted": policy.Admitted},
		"may":    map[string]bool{"mute": power >= snapshot.KickPower(), "remove": power >= snapshot.KickPower(), "policy": moderates(snapshot, d.UserID)},
	}, nil
}

// People lists who is in the conferences of a room on the SFU of this node.
func (r *RTC) People(ctx context.Context, roomID string) ([]Person, error) {
	people := []Person{}
	seen := map[string]map[string]sfu.Participant{}
	for _, m := range r.members.room(roomID) {
		if seen[m.SFURoom] == nil {
			present, err := r.o.SFU.Participants(ctx, m.SFURoom)
			if err != nil {
				return nil, fmt.Errorf("looking who is in a conference: %w", err)
			}
			seen[m.SFURoom] = map[string]sfu.Participant{}
			for _, p := range present {
				seen[m.SFURoom][p.Identity] = p
			}
		}
		if p, here := seen[m.SFURoom][m.Identity]; here {
			people = append(people, personOf(m, p))
		}
	}
	return people, nil
}

func personOf(m Member, p sfu.Participant) Person {
	person := Person{
		UserID: m.UserID, DeviceID: m.DeviceID, Identity: m.Identity, SlotID: m.SlotID, JoinedTS: p.JoinedTS, Publish: p.Publish, Tracks: []Shown{},
	}
	for _, t := range p.Tracks {
		person.Tracks = append(person.Tracks, Shown{SID: t.SID, Source: t.Source, Muted: t.Muted})
	}
	return person
}

func (r *RTC) joinedTo(ctx context.Context, roomID, userID string) (*rooms.Snapshot, error) {
	snapshot, err := r.o.Rooms.Snapshot(ctx, roomID)
	if errors.Is(err, rooms.ErrNotFound) {
		return nil, errNotJoined
	}
	if err != nil {
		return nil, fmt.Errorf("reading a room for a conference: %w", err)
	}
	if snapshot.Membership(userID) != "join" {
		return nil, errNotJoined
	}
	return snapshot, nil
}

// act is what a moderator does to somebody.
type act struct {
	Action string `json:"action"` // mute, remove
	RoomID string `json:"room_id"`
	By     string `json:"by"`
	UserID string `json:"user_id"`
	Source string `json:"source,omitempty"` // of mute; "": everything
}

func (r *RTC) mute(req *http.Request, d *accounts.Device) (any, error) {
	return r.moderate(req, d, "mute")
}

func (r *RTC) remove(req *http.Request, d *accounts.Device) (any, error) {
	return r.moderate(req, d, "remove")
}

// moderate does it here, and asks the server of whom it is done to, on whose SFU they publish.
func (r *RTC) moderate(req *http.Request, d *accounts.Device, action string) (any, error) {
	a := act{}
	if err := web.Decode(req, &a, maxBody); err != nil {
		return nil, err
	}
	a.Action, a.RoomID, a.By = action, web.Var(req, "roomID"), d.UserID
	ctx := req.Context()
	if err := r.mayModerate(ctx, a); err != nil {
		return nil, err
	}
	if err := r.carryOut(ctx, a); err != nil {
		return nil, err
	}
	if server := serverOf(a.UserID); server != r.o.ServerName {
		if err := r.o.Remote.Conference(ctx, server, a, nil, federationOwn+"/moderate"); err != nil {
			return nil, relayed(err)
		}
	}
	return struct{}{}, nil
}

// remoteModerate does what a moderator of another server asks, if they may in our own view of the room.
func (r *RTC) remoteModerate(ctx context.Context, origin string, body []byte) (any, error) {
	if err := r.strangers.Check(origin); err != nil {
		return nil, err
	}
	var a act
	if err := decode(body, &a); err != nil {
		return nil, err
	}
	if serverOf(a.By) != origin {
		return nil, web.Forbidden("The moderator is of another server.")
	}
	if err := r.mayModerate(ctx, a); err != nil {
		return nil, err
	}
	return struct{}{}, r.carryOut(ctx, a)
}

// mayModerate goes by power levels, as kicking does: above whom it is done to, and what kicking takes.
func (r *RTC) mayModerate(ctx context.Context, a act) error {
	snapshot, err := r.joinedTo(ctx, a.RoomID, a.By)
	if err != nil {
		return err
	}
	if a.UserID == "" {
		return web.MissingParam("user_id is missing.")
	}
	power := snapshot.PowerLevel(a.By)
	if a.By == a.UserID || power >= snapshot.KickPower() && power > snapshot.PowerLevel(a.UserID) {
		return nil
	}
	return web.Forbidden("Your power level in this room does not allow it.")
}

func (r *RTC) carryOut(ctx context.Context, a act) error {
	r.o.Log.WithFields(map[string]any{"action": a.Action, "by": a.By, "user": a.UserID, "room": a.RoomID}).Info("a conference is moderated")
	for _, m := range r.members.room(a.RoomID) {
		if m.UserID != a.UserID {
			continue
		}
		switch a.Action {
		case "remove":
			r.removed.Add(place{m.SFURoom, m.UserID}, r.o.Now().Add(staysOut).UnixMilli())
			r.evict(m.place())
		case "mute":
			if err := r.silence(ctx, m, a.Source); err != nil {
				return err
			}
		default:
			return web.InvalidParam("action must be mute or remove.")
		}
	}
	return nil
}

// silence mutes what somebody publishes.
func (r *RTC) silence(ctx context.Context, m Member, source string) error {
	present, err := r.o.SFU.Participants(ctx, m.SFURoom)
	if err != nil {
		return fmt.Errorf("looking who is in a conference: %w", err)
	}
	for _, p := range present {
		if p.Identity != m.Identity {
			continue
		}
		for _, t := range p.Tracks {
			if t.Muted || source != "" && t.Source != source {
				continue
			}
			if err := r.o.SFU.Mute(ctx, m.SFURoom, m.Identity, t.SID, true); err != nil && !errors.Is(err, sfu.ErrNotThere) {
				return fmt.Errorf("muting somebody: %w", err)
			}
		}
	}
	return nil
}
