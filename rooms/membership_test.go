package rooms

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb/sqldbtest"
)

func (n *testNode) stateContent(roomID, typ, key string) map[string]any {
	n.t.Helper()
	ev, err := n.StateEvent(context.Background(), roomID, typ, key)
	require.NoError(n.t, err)
	out := map[string]any{}
	require.NoError(n.t, json.Unmarshal([]byte(ev.Content().Raw), &out))
	return out
}

func TestPresets(t *testing.T) {
	n := newTestNode(t)
	for preset, want := range map[string][3]string{
		"private_chat":         {"invite", "can_join", "shared"},
		"trusted_private_chat": {"invite", "can_join", "shared"},
		"public_chat":          {"public", "forbidden", "shared"},
	} {
		room := n.create(CreateRequest{Preset: preset})
		s := n.snap(room)
		require.Equal(t, want[0], s.JoinRule, preset)
		require.Equal(t, want[1], s.GuestAccess, preset)
		require.Equal(t, VisibilityShared, s.Visibility, preset)
	}
	require.Equal(t, "public", n.snap(n.create(CreateRequest{Visibility: "public"})).JoinRule)
	_, err := n.Create(context.Background(), CreateRequest{Creator: doctor, Preset: "odd"})
	require.ErrorIs(t, err, ErrInvalidParam)
	_, err = n.Create(context.Background(), CreateRequest{Creator: doctor, Version: "99"})
	require.ErrorIs(t, err, ErrUnsupportedRoom)
}

func TestVersion12CreatorsStandAbovePowerLevels(t *testing.T) {
	n := newTestNode(t)
	room := n.create(CreateRequest{Version: "12", Preset: "trusted_private_chat", Invite: []string{nurse}})
	create, err := n.StateEvent(context.Background(), room, "m.room.create", "")
	require.NoError(t, err)
	require.Equal(t, "!"+create.ID[1:], room, "the create event names the room")
	require.Equal(t, []any{nurse}, n.stateContent(room, "m.room.create", "")["additional_creators"])
	require.Empty(t, n.stateContent(room, "m.room.power_levels", "")["users"], "creators are never in users")
	for _, creator := range []string{doctor, nurse} {
		require.Equal(t, int64(math.MaxInt64), n.snap(room).PowerLevel(creator))
	}
	_, err = n.Create(context.Background(), CreateRequest{
		Creator: doctor, Version: "12", PowerOverride: json.RawMessage(`{"users":{"` + doctor + `":100}}`),
	})
	require.ErrorIs(t, err, ErrInvalidRoomState)

	old := n.create(CreateRequest{Version: "11", Preset: "trusted_private_chat", Invite: []string{nurse}})
	require.Equal(t, map[string]any{doctor: 100.0, nurse: 100.0}, n.stateContent(old, "m.room.power_levels", "")["users"])
}

func TestCreateOptions(t *testing.T) {
	n := newTestNode(t)
	room := n.create(CreateRequest{
		Version: "11", Visibility: "public", AliasLocalpart: "ward", Name: "Ward", Topic: "Rounds", IsDirect: true,
		Invite: []string{nurse}, CreatorProfile: MemberProfile{DisplayName: "Doc"},
		InitialState: []StateInput{
			{Type: "m.room.history_visibility", Content: json.RawMessage(`{"history_visibility":"joined"}`)},
			{Type: "m.room.encryption", Content: json.RawMessage(`{"algorithm":"m.megolm.v1.aes-sha2"}`)},
		},
		PowerOverride:   json.RawMessage(`{"events_default":7}`),
		CreationContent: json.RawMessage(`{"type":"m.space","creator":"@forged:x","room_version":"1"}`),
	})
	s := n.snap(room)
	require.Equal(t, VisibilityJoined, s.Visibility, "initial_state comes before the preset")
	require.True(t, s.Encrypted)
	require.True(t, s.Published)
	require.Equal(t, "m.space", s.RoomType)
	require.Equal(t, doctor, s.Creator)
	require.Equal(t, int64(7), s.PowerToSend("m.room.message", false))
	require.Equal(t, "11", n.stateContent(room, "m.room.create", "")["room_version"])
	require.Equal(t, "Doc", n.stateContent(room, "m.room.member", doctor)["displayname"])
	require.Equal(t, true, n.stateContent(room, "m.room.member", nurse)["is_direct"])
	found, _, err := n.ResolveAlias(context.Background(), "#ward:"+hospital)
	require.NoError(t, err)
	require.Equal(t, room, found)
	rooms := n.count(`SELECT COUNT(*) FROM rooms`)
	_, err = n.Create(context.Background(), CreateRequest{Creator: doctor, AliasLocalpart: "ward"})
	require.ErrorIs(t, err, ErrAliasTaken)
	require.Equal(t, rooms, n.count(`SELECT COUNT(*) FROM rooms`), "a taken alias leaves no room behind")
	n.sameAfterRestart(room)
}

func TestMembershipRules(t *testing.T) {
	n := newTestNode(t)
	room := n.create(CreateRequest{Invite: []string{nurse}})
	set := func(sender, target, membership string, unban bool) error {
		_, err := n.SetMembership(context.Background(), MembershipRequest{
			RoomID: room, Sender: sender, Target: target, Membership: membership, Unban: unban, Reason: "why",
		})
		return err
	}
	for i, step := range []struct {
		sender, target, membership string
		unban                      bool
		want                       error
	}{
		{surgeon, surgeon, "join", false, ErrForbidden}, // not invited
		{surgeon, surgeon, "leave", false, ErrForbidden},
		{nurse, nurse, "join", false, nil},
		{nurse, nurse, "join", false, nil}, // again: nothing to do
		{nurse, nurse, "odd", false, ErrInvalidParam},
		{nurse, surgeon, "join", false, ErrForbidden},
		{nurse, surgeon, "invite", false, nil},
		{doctor, nurse, "invite", false, ErrForbidden}, // in the room already
		{nurse, doctor, "ban", false, ErrForbidden},
		{doctor, surgeon, "leave", true, ErrForbidden}, // not banned
		{doctor, nurse, "ban", false, nil},
		{doctor, nurse, "leave", false, ErrForbidden}, // a kick ends no ban
		{nurse, nurse, "join", false, ErrForbidden},
		{doctor, nurse, "leave", true, nil},
		{doctor, nurse, "leave", false, ErrForbidden}, // nobody to kick
		{surgeon, surgeon, "leave", false, nil},       // declines
		{surgeon, surgeon, "leave", false, nil},
		{doctor, "nobody", "invite", false, ErrInvalidParam},
	} {
		err := set(step.sender, step.target, step.membership, step.unban)
		if step.want == nil {
			require.NoError(t, err, "step %d", i)
		} else {
			require.ErrorIs(t, err, step.want, "step %d", i)
		}
	}
	require.Equal(t, "why", n.stateContent(room, "m.room.member", nurse)["reason"])
	n.sameAfterRestart(room)
}

func TestUnknownAndRemoteRoomsEndInCleanErrors(t *testing.T) {
	n := newTestNode(t)
	require.ErrorIs(t, n.membership("!x:elsewhere.example", nurse, nurse, "join"), ErrUnreachable)
	require.ErrorIs(t, n.membership("!x:elsewhere.example", nurse, nurse, "knock"), ErrUnreachable)
	require.ErrorIs(t, n.membership("!x:elsewhere.example", nurse, nurse, "leave"), ErrNotFound)
	require.ErrorIs(t, n.membership("!x:elsewhere.example", nurse, doctor, "ban"), ErrNotFound)
	room := n.publicRoom("12")
	require.ErrorIs(t, n.membership(room, doctor, stranger, "invite"), ErrUnreachable)
}

func TestKnock(t *testing.T) {
	n := newTestNode(t)
	room := n.create(CreateRequest{InitialState: []StateInput{{Type: "m.room.join_rules", Content: json.RawMessage(`{"join_rule":"knock"}`)}}})
	require.NoError(t, n.membership(room, nurse, nurse, "knock"))
	require.Equal(t, "knock", n.snap(room).Membership(nurse))
	require.NoError(t, n.membership(room, doctor, nurse, "invite"))
	n.join(room, nurse)
	require.ErrorIs(t, n.membership(n.create(CreateRequest{}), nurse, nurse, "knock"), ErrForbidden)
}

func TestRestrictedJoinIsAuthorisedByALocalUser(t *testing.T) {
	for _, version := range []string{"8", "11", "12"} {
		t.Run("version "+version, func(t *testing.T) {
			n := newTestNode(t)
			hall := n.publicRoom(version)
			rules := func(room string) StateInput {
				return StateInput{Type: "m.room.join_rules", Content: json.RawMessage(
					`{"join_rule":"restricted","allow":[{"type":"m.room_membership","room_id":"` + room + `"}]}`)}
			}
			room := n.create(CreateRequest{Version: version, InitialState: []StateInput{rules(hall)}})
			require.ErrorIs(t, n.membership(room, nurse, nurse, "join"), ErrForbidden, "not in the hall")
			n.join(hall, nurse)
			n.join(room, nurse)
			require.Equal(t, doctor, n.stateContent(room, "m.room.member", nurse)["join_authorised_via_users_server"])
			require.NoError(t, n.UpdateProfile(context.Background(), nurse, MemberProfile{DisplayName: "N"}))
			require.Equal(t, "N", n.stateContent(room, "m.room.member", nurse)["displayname"])

			far := n.create(CreateRequest{Version: version, InitialState: []StateInput{rules("!far:elsewhere.example")}})
			require.ErrorIs(t, n.membership(far, nurse, nurse, "join"), ErrUnableToAuthorise)
			require.NoError(t, n.membership(room, doctor, doctor, "leave"))
			n.join(hall, surgeon)
			n.join(room, surgeon)
			require.Equal(t, nurse, n.stateContent(room, "m.room.member", surgeon)["join_authorised_via_users_server"],
				"inviting takes no power by default, so the nurse authorises")
		})
	}
}

func TestUserRoomsStayCurrentInMemory(t *testing.T) {
	n := newTestNode(t)
	first := n.publicRoom("12")
	of := func() map[string]string {
		rooms, err := n.UserRooms(context.Background(), nurse)
		require.NoError(t, err)
		out := map[string]string{}
		for _, r := range rooms {
			out[r.RoomID] = r.Membership + fmt.Sprint(r.Forgotten)
		}
		return out
	}
	require.Empty(t, of())
	n.join(first, nurse)
	second := n.create(CreateRequest{Invite: []string{nurse}})
	require.Equal(t, map[string]string{first: "joinfalse", second: "invitefalse"}, of())
	require.ErrorIs(t, n.Forget(context.Background(), first, nurse), ErrInvalidParam)
	require.ErrorIs(t, n.Forget(context.Background(), "!no:where", nurse), ErrNotFound)
	require.NoError(t, n.membership(first, nurse, nurse, "leave"))
	require.NoError(t, n.Forget(context.Background(), first, nurse))
	want := map[string]string{first: "leavetrue", second: "invitefalse"}
	require.Equal(t, want, of())
	n.restart()
	require.Equal(t, want, of())
	n.join(first, nurse)
	require.Equal(t, "joinfalse", of()[first], "coming back ends forgetting")
}

func TestLeftAtNotesTheLastLocalMember(t *testing.T) {
	n := newTestNode(t)
	room, _ := n.strangerIn("11")
	require.Zero(t, n.count(`SELECT left_at FROM rooms`))
	require.NoError(t, n.membership(room, doctor, doctor, "leave"))
	require.Equal(t, int(n.hub.Position()), n.count(`SELECT left_at FROM rooms`))
}

func TestHeroesAreTheFirstOthers(t *testing.T) {
	n := newTestNode(t)
	room := n.publicRoom("12")
	require.Empty(t, n.snap(room).Heroes(doctor))
	var users []string
	for i := range 8 {
		users = append(users, fmt.Sprintf("@u%d:%s", i, hospital))
		n.join(room, users[i])
		_ = n.snap(room).Heroes(doctor) // so that later lists follow from it
	}
	require.Equal(t, users[:5], n.snap(room).Heroes(doctor))
	require.Equal(t, append([]string{doctor}, users[1:5]...), n.snap(room).Heroes(users[0]))
	require.NoError(t, n.membership(room, users[1], users[1], "leave"))
	require.Equal(t, []string{users[0], users[2], users[3], users[4], users[5]}, n.snap(room).Heroes(doctor))
	for _, user := range slices.Concat(users[:1], users[2:]) {
		require.NoError(t, n.membership(room, user, user, "leave"))
	}
	require.Len(t, n.snap(room).Heroes(doctor), 5, "with nobody else there, those who left")
	n.sameAfterRestart(room)
}

func TestUpgrade(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		for _, to := range []string{"11", "12"} {
			n := openTestNode(t, fresh())
			old := n.create(CreateRequest{
				Version: "10", Preset: "public_chat", Name: "Ward", AliasLocalpart: "ward", Visibility: "public",
				CreationContent: json.RawMessage(`{"type":"m.space"}`),
			})
			n.join(old, nurse)
			require.NoError(t, n.membership(old, doctor, surgeon, "ban"))
			_, err := n.Upgrade(context.Background(), old, nurse, to, nil)
			require.ErrorIs(t, err, ErrForbidden)
			_, err = n.Upgrade(context.Background(), old, doctor, "99", nil)
			require.ErrorIs(t, err, ErrUnsupportedRoom)
			fresh, err := n.Upgrade(context.Background(), old, doctor, to, nil)
			require.NoError(t, err)
			s := n.snap(fresh)
			require.Equal(t, to, s.Version)
			require.Equal(t, "m.space", s.RoomType)
			require.Equal(t, "public", s.JoinRule)
			require.Equal(t, "ban", s.Membership(surgeon))
			require.Equal(t, "Ward", n.stateContent(fresh, "m.room.name", "")["name"])
			require.Equal(t, old, n.stateContent(fresh, "m.room.create", "")["predecessor"].(map[string]any)["room_id"])
			require.Equal(t, fresh, n.stateContent(old, "m.room.tombstone", "")["replacement_room"])
			require.Equal(t, 50.0, n.stateContent(old, "m.room.power_levels", "")["events_default"])
			_, err = n.Send(context.Background(), SendRequest{RoomID: old, Sender: nurse, Type: "m.room.message", Content: json.RawMessage(`{}`)})
			require.ErrorIs(t, err, ErrForbidden)
			found, _, err := n.ResolveAlias(context.Background(), "#ward:"+hospital)
			require.NoError(t, err)
			require.Equal(t, fresh, found)
			n.sameAfterRestart(old)
			n.sameAfterRestart(fresh)
		}
	})
}
