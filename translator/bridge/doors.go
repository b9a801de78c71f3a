package bridge

import (
	"context"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"medixchange/rooms"
	"medixchange/translator/language"
)

// typeACL is the type of access lists; under markACL they say what was closed and opened for the alliance's sake.
const (
	typeACL = "m.room.server_acl"
	markACL = `org\.medixchange\.alliance`
)

// Standing is how a server stands in the alliance.
type Standing string

// Standings.
const (
	StandsNowhere Standing = ""
	StandsIn      Standing = "admitted"
	StandsOut     Standing = "suspended"
)

// maxDoors bounds the servers of one event that are looked at.
const maxDoors = 100

// TellOfDoors tells each local member of a room, in their language, which hospitals an access list closes the room for, or opens
// it to again. What it says is told only where it is so: anybody who may change the list can write into it. Everybody is told
// once for each event.
func (b *Bridge) TellOfDoors(ctx context.Context, acl *rooms.Event) error {
	if b.o.Standing == nil || acl.Type != typeACL {
		return nil
	}
	said := acl.Content().Get(markACL)
	for _, door := range []struct {
		key    string
		stands Standing
	}{{"closed", StandsOut}, {"opened", StandsIn}} {
		servers := b.standing(said.Get(door.key), door.stands)
		if len(servers) == 0 {
			continue
		}
		if err := b.tellAll(ctx, acl, "alliance_"+door.key, strings.Join(servers, ", ")); err != nil {
			return err
		}
	}
	return nil
}

// standing are the servers of a list that stand as it says.
func (b *Bridge) standing(list gjson.Result, as Standing) []string {
	var servers []string
	for i, server := range list.Array() {
		if i < maxDoors && server.Type == gjson.String && b.o.Standing(server.Str) == as {
			servers = append(servers, server.Str)
		}
	}
	return servers
}

// tellAll tells every local member of a room something about an event.
func (b *Bridge) tellAll(ctx context.Context, about *rooms.Event, key, servers string) error {
	snap, err := b.o.Rooms.Snapshot(ctx, about.RoomID)
	if err != nil {
		return fmt.Errorf("reading the members of a room: %w", err)
	}
	for _, user := range snap.LocalMembers() {
		if user == b.bot || snap.Membership(user) != "join" {
			continue
		}
		text := "🏥 " + language.Say(b.talk.languageOf(ctx, user, about.RoomID), key, "servers", servers)
		if err := b.tell(ctx, user, about, key, text); err != nil {
			return err
		}
	}
	return nil
}
