package rooms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tidwall/gjson"

	"medixchange/internal/sqldb"
	"medixchange/rooms/resolve"
)

// carriedOver are the state events that an upgrade copies (Client-Server API, Room Upgrades).
var carriedOver = []string{
	"m.room.server_acl", "m.room.encryption", "m.room.name", "m.room.avatar", "m.room.topic", "m.room.guest_access",
	"m.room.history_visibility", "m.room.join_rules",
}

// Upgrade replaces a room by a new one of another version: the new room with the old one's settings, bans and local
// aliases, then the tombstone in the old one, whose members then may not speak there any more. additionalCreators count
// from room version 12 on. The two rooms are two commits: the first notes the upgrade, so that a repetition after a crash in
// between closes the old room for the new one that is there. Errors: ErrUnsupportedRoom, ErrNotFound, ErrForbidden (no power
// to send the tombstone).
func (r *Rooms) Upgrade(ctx context.Context, roomID, sender, newVersion string, additionalCreators []string) (newRoomID string, err error) {
	f, err := formatOf(newVersion)
	if err != nil {
		return "", err
	}
	old, err := r.Snapshot(ctx, roomID)
	if err != nil {
		return "", err
	}
	if old.Membership(sender) != "join" || old.PowerLevel(sender) < old.PowerToSend("m.room.tombstone", true) {
		return "", fmt.Errorf("upgrading needs the power to send m.room.tombstone: %w", ErrForbidden)
	}
	txn := Txn{Scope: upgradeScope, Path: roomID, ID: newVersion}
	made, err := r.once(ctx, sender, txn, func(ctx context.Context) (string, error) {
		u, err := r.newUpgrade(ctx, old, sender, f, additionalCreators)
		if err != nil {
			return "", err
		}
		return u.create(&txn)
	})
	if err != nil {
		return "", err
	}
	create, err := r.Event(ctx, made)
	if err != nil {
		return "", fmt.Errorf("reading the create event of the new room: %w", err)
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
	defer cancel()
	if err := (&upgrade{r: r, old: old, sender: sender}).closeOld(closing, create.RoomID); err != nil {
		return "", fmt.Errorf("closing the old room: %w", err)
	}
	return create.RoomID, nil
}

// upgradeScope stands for the device in the transaction id by which an upgrade is known again; no path of a client's request
// is a room id alone.
const upgradeScope = "m.room.upgrade"

// create commits the new room and returns its create event, which carries the upgrade's transaction id.
func (u *upgrade) create(txn *Txn) (eventID string, err error) {
	err = u.creation.commit(func(b *batch) error {
		b.admitted[0].txn = txn
		eventID = b.admitted[0].event.ID
		return u.copyBans(b)
	})
	return eventID, err
}

// upgrade is a room on its way to a successor.
type upgrade struct {
	r        *Rooms
	old      *Snapshot
	sender   string
	state    map[resolve.StateKey]*Event
	creation *creation
}

func (r *Rooms) newUpgrade(ctx context.Context, old *Snapshot, sender string, f *format, creators []string) (*upgrade, error) {
	u := &upgrade{r: r, old: old, sender: sender, state: map[resolve.StateKey]*Event{}}
	state, err := r.CurrentState(ctx, old.RoomID)
	if err != nil {
		return nil, err
	}
	for _, ev := range state {
		u.state[resolve.StateKey{Type: ev.Type, Key: *ev.StateKey}] = ev
	}
	creationContent, err := u.creationContent(ctx, f, creators)
	if err != nil {
		return nil, err
	}
	levels, err := u.newLevels(f, creators)
	if err != nil {
		return nil, err
	}
	req := CreateRequest{
		Creator: sender, Version: f.version, Preset: "private_chat", CreationContent: creationContent,
		PowerOverride: levels, CreatorProfile: u.profile(),
	}
	if old.Published {
		req.Visibility = "public"
	}
	for _, typ := range carriedOver {
		if ev := u.state[resolve.StateKey{Type: typ}]; ev != nil {
			req.InitialState = append(req.InitialState, StateInput{Type: typ, Content: json.RawMessage(ev.Content().Raw)})
		}
	}
	u.creation, err = r.newCreation(req)
	return u, err
}

func (u *upgrade) profile() MemberProfile {
	content := u.state[resolve.StateKey{Type: "m.room.member", Key: u.sender}].Content()
	return MemberProfile{DisplayName: content.Get("displayname").Str, AvatarURL: content.Get("avatar_url").Str}
}

// creationContent is the old one's with the predecessor.
func (u *upgrade) creationContent(ctx context.Context, f *format, creators []string) (json.RawMessage, error) {
	content := map[string]json.RawMessage{}
	u.state[resolve.StateKey{Type: "m.room.create"}].Content().ForEach(func(key, value gjson.Result) bool {
		content[key.Str] = json.RawMessage(value.Raw)
		return true
	})
	for _, key := range []string{"creator", "room_version", "predecessor", "additional_creators"} {
		delete(content, key)
	}
	predecessor := map[string]string{"room_id": u.old.RoomID}
	if n := len(u.old.Extremities); n > 0 && !f.roomIsCreate {
		last, err := u.r.eventOf(ctx, u.old.Extremities[n-1])
		if err != nil {
			return nil, err
		}
		predecessor["event_id"] = last.ID
	}
	raw, err := json.Marshal(predecessor)
	if err != nil {
		return nil, fmt.Errorf("encoding the predecessor: %w", err)
	}
	content["predecessor"] = raw
	if f.roomIsCreate && len(creators) > 0 {
		if content["additional_creators"], err = json.Marshal(creators); err != nil {
			return nil, fmt.Errorf("encoding creators: %w", err)
		}
	}
	return json.Marshal(content)
}

// newLevels are the old power levels, without those who are creators in the new room.
func (u *upgrade) newLevels(f *format, creators []string) (json.RawMessage, error) {
	ev := u.state[resolve.StateKey{Type: "m.room.power_levels"}]
	if ev == nil {
		return nil, nil
	}
	content := map[string]json.RawMessage{}
	ev.Content().ForEach(func(key, value gjson.Result) bool {
		content[key.Str] = json.RawMessage(value.Raw)
		return true
	})
	users := map[string]int64{}
	for user, level := range u.old.state.facts.levels.users {
		users[user] = level
	}
	own := u.old.PowerLevel(u.sender)
	for creator := range u.old.state.facts.creators {
		if u.old.state.facts.infinite && !f.roomIsCreate {
			users[creator] = 100 // a creator's unlimited power ends with room version 12
		}
	}
	if f.roomIsCreate {
		for _, creator := range append(slices.Clone(creators), u.sender) {
			delete(users, creator)
		}
	} else if own < 100 {
		users[u.sender] = 100 // while the room is made; restored by the members as they wish
	}
	raw, err := json.Marshal(users)
	if err != nil {
		return nil, fmt.Errorf("encoding power levels: %w", err)
	}
	content["users"] = raw
	return json.Marshal(content)
}

// copyBans keeps out of the new room who was banned from the old one.
func (u *upgrade) copyBans(b *batch) error {
	for key, ev := range u.state {
		if key.Type != "m.room.member" || ev.Membership() != "ban" {
			continue
		}
		content := memberContent("ban", MemberProfile{})
		if reason := ev.Content().Get("reason"); reason.Exists() {
			content["reason"] = json.RawMessage(reason.Raw)
		}
		canonical, err := encodeContent(b.rm.format, content)
		if err != nil {
			return err
		}
		if _, err := b.send(u.creation.memberDraft(key.Key, canonical), nil); err != nil {
			return err
		}
	}
	return nil
}

// closeOld sends the tombstone, moves local aliases and takes the members' power to speak. Nothing is done twice.
func (u *upgrade) closeOld(ctx context.Context, newRoomID string) error {
	rm, err := u.r.active.get(ctx, u.old.RoomID)
	if err != nil {
		return err
	}
	switch closed, err := u.r.StateEvent(ctx, u.old.RoomID, "m.room.tombstone", ""); {
	case err == nil && closed.Content().Get("replacement_room").Str == newRoomID:
		return nil
	case err != nil && !errors.Is(err, ErrNotFound):
		return err
	}
	content, err := encodeContent(rm.format, map[string]json.RawMessage{
		"body": quoted("This room has been replaced"), "replacement_room": quoted(newRoomID),
	})
	if err != nil {
		return err
	}
	empty := ""
	tombstone := &draft{typ: "m.room.tombstone", stateKey: &empty, sender: u.sender, content: content, ts: u.r.now().UnixMilli()}
	return u.r.do(ctx, u.old.RoomID, false, func(b *batch) error {
		if _, err := b.send(tombstone, nil); err != nil {
			return err
		}
		b.stores = append(b.stores, func(tx *sqldb.Tx) error { return moveAliases(tx, u.old.RoomID, newRoomID) })
		return u.silence(b)
	})
}

// silence raises what speaking and inviting takes; without the power for it the room stays as it is.
func (u *upgrade) silence(b *batch) error {
	levels := b.st.facts.levels
	if !levels.present || b.st.facts.of(u.sender) < levels.required("m.room.power_levels", true) {
		return nil
	}
	ev, err := b.event(b.st.stateNID(resolve.StateKey{Type: "m.room.power_levels"}))
	if err != nil {
		return err
	}
	content := map[string]json.RawMessage{}
	ev.Content().ForEach(func(key, value gjson.Result) bool {
		content[key.Str] = json.RawMessage(value.Raw)
		return true
	})
	restricted := max(levels.usersDefault+1, 50)
	for key, now := range map[string]int64{"events_default": levels.eventsDefault, "invite": levels.invite} {
		content[key] = fmt.Appendf(nil, "%d", max(now, restricted))
	}
	canonical, err := encodeContent(b.rm.format, content)
	if err != nil {
		return err
	}
	empty := ""
	mark := b.mark()
	d := &draft{typ: "m.room.power_levels", stateKey: &empty, sender: u.sender, content: canonical, ts: b.nowMS()}
	if _, err := b.send(d, nil); err != nil {
		b.rollback(mark)
		b.rm.r.log.WithError(err).WithField("room_id", b.rm.id).Info("an upgraded room stays open for messages")
	}
	return nil
}
