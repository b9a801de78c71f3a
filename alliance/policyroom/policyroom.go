// Package policyroom keeps a public room that mirrors the member list: a rule (m.policy.rule.server) for each suspended member,
// and the list's head, so that the moderation bots of other homeservers can follow the alliance's suspensions.
//
// The room is a mirror and proves nothing; what counts is the signed list, whose hash it names.
//
// May import: alliance, alliance/signed, accounts, rooms, internal/*. Start reading at policyroom.go.
package policyroom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sirupsen/logrus"

	"medixchange/accounts"
	"medixchange/alliance"
	"medixchange/alliance/signed"
	"medixchange/rooms"
)

const (
	// Localpart is that of the account that keeps the room, and of the room's alias.
	Localpart = "alliance"
	typeRule  = "m.policy.rule.server"
	// TypeHead is the type of the state event that names the newest documents.
	TypeHead = "org.medixchange.alliance"
)

// Options is what a Mirror is built from. Every field must be set.
type Options struct {
	Keeper   *alliance.Keeper
	Rooms    *rooms.Rooms
	Accounts *accounts.Accounts
	Log      *logrus.Entry
}

// Mirror keeps the room. All methods are safe for concurrent use.
type Mirror struct {
	o       Options
	changed chan struct{}
}

// New returns a mirror; Run works it.
func New(o Options) *Mirror { return &Mirror{o: o, changed: make(chan struct{}, 1)} }

// Changed says that another member list counts. It does not block.
func (m *Mirror) Changed() {
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

const retryPause = time.Minute

// Run mirrors the member list, at the start and after each change, until ctx ends, whose error it returns.
func (m *Mirror) Run(ctx context.Context) error {
	for {
		wait := make(<-chan time.Time)
		if err := m.mirror(ctx); err != nil && ctx.Err() == nil {
			m.o.Log.WithError(err).Warn("mirroring the member list in its room; it is tried again")
			wait = time.After(retryPause)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-m.changed:
		case <-wait:
		}
	}
}

// mirror brings the room's state to what the list says.
func (m *Mirror) mirror(ctx context.Context) error {
	list := m.o.Keeper.Members()
	if list == nil {
		return nil
	}
	bot, err := m.o.Accounts.EnsureUser(ctx, Localpart, "Alliance "+list.Alliance)
	if err != nil {
		return err
	}
	room, err := m.room(ctx, bot, list)
	if err != nil {
		return err
	}
	there, err := m.o.Rooms.CurrentState(ctx, room)
	if err != nil {
		return fmt.Errorf("reading the room of the member list: %w", err)
	}
	rules := map[string]any{}
	for _, ev := range there {
		if ev.Type == typeRule && ev.StateKey != nil && ev.Content().Get("entity").Str != "" {
			rules[*ev.StateKey] = struct{}{}
		}
	}
	for _, h := range list.Hospitals {
		if h.Status == signed.Suspended {
			rules["rule:"+h.ServerName] = map[string]string{"entity": h.ServerName, "recommendation": "m.ban", "reason": h.Reason}
		}
	}
	for key, content := range rules {
		if err := m.set(ctx, bot, room, typeRule, key, content); err != nil {
			return err
		}
	}
	return m.set(ctx, bot, room, TypeHead, "", m.o.Keeper.Head())
}

// set sends a state event; one that changes nothing is not sent again.
func (m *Mirror) set(ctx context.Context, bot, room, typ, key string, content any) error {
	raw, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("writing %s: %w", typ, err)
	}
	if _, err := m.o.Rooms.Send(ctx, rooms.SendRequest{RoomID: room, Sender: bot, Type: typ, StateKey: &key, Content: raw}); err != nil {
		return fmt.Errorf("sending %s: %w", typ, err)
	}
	return nil
}

// errForeign means that the alias leads to a room of somebody else.
var errForeign = errors.New("the alias #" + Localpart + " leads to a room that another user made")

// room finds the room, or makes it.
func (m *Mirror) room(ctx context.Context, bot string, list *signed.MemberList) (string, error) {
	room, _, err := m.o.Rooms.ResolveAlias(ctx, "#"+Localpart+":"+m.o.Rooms.ServerName())
	if err == nil {
		create, err := m.o.Rooms.StateEvent(ctx, room, "m.room.create", "")
		if err != nil {
			return "", fmt.Errorf("reading the room of the member list: %w", err)
		}
		if create.Sender != bot {
			return "", errForeign
		}
		return room, nil
	}
	if !errors.Is(err, rooms.ErrNotFound) {
		return "", fmt.Errorf("finding the room of the member list: %w", err)
	}
	room, err = m.o.Rooms.Create(ctx, rooms.CreateRequest{
		Creator: bot, Preset: "public_chat", AliasLocalpart: Localpart, Name: "Alliance " + list.Alliance,
		Topic:         "Members that the alliance has suspended, for moderation bots",
		PowerOverride: json.RawMessage(`{"events_default": 50}`),
		InitialState: []rooms.StateInput{
			{Type: "m.room.history_visibility", Content: json.RawMessage(`{"history_visibility": "world_readable"}`)},
		},
		CreatorProfile: rooms.MemberProfile{DisplayName: "Alliance " + list.Alliance},
	})
	if err != nil {
		return "", fmt.Errorf("making the room of the member list: %w", err)
	}
	return room, nil
}
