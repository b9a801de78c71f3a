package rooms

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

func TestKnockingThroughAnotherServer(t *testing.T) {
	w := newNetwork(t)
	n, s := w.add(north), w.add(south)
	roomID := n.publicRoom("12")
	user := s.user("doctor")
	require.ErrorIs(t, s.member(roomID, user, user, "knock", north), ErrForbidden)
	n.state(roomID, n.user("creator"), "m.room.join_rules", "", `{"join_rule":"knock"}`)
	require.NoError(t, s.member(roomID, user, user, "knock", north))
	require.Equal(t, "knock", n.snap(roomID).Membership(user))
	all, err := s.OutsideMemberships(t.Context(), user)
	require.NoError(t, err)
	require.Equal(t, "knock", all[0].Membership)
	require.Equal(t, "m.room.create", gjson.GetBytes(all[0].Stripped, "0.type").Str)

	require.NoError(t, s.member(roomID, user, user, "leave"))
	require.Equal(t, "leave", n.snap(roomID).Membership(user))

	// A refused knock ends by an event of a room that this node is not in.
	require.NoError(t, s.member(roomID, user, user, "knock", north))
	require.NoError(t, n.member(roomID, n.user("creator"), user, "leave"))
	require.Nil(t, s.receive(north, n.tips(roomID)...)[0].Err)
	all, err = s.OutsideMemberships(t.Context(), user)
	require.NoError(t, err)
	require.Equal(t, "leave", all[0].Membership)
}

func TestInvitingAUserOfAnotherServer(t *testing.T) {
	for _, version := range testVersions {
		t.Run(version, func(t *testing.T) {
			w := newNetwork(t)
			n, s := w.add(north), w.add(south)
			roomID, err := n.Create(t.Context(), CreateRequest{Creator: n.user("creator"), Version: version, Preset: "private_chat", Name: "Ward 3"})
			require.NoError(t, err)
			user := s.user("doctor")
			require.NoError(t, n.member(roomID, n.user("creator"), user, "invite"))
			require.Equal(t, "invite", n.snap(roomID).Membership(user))
			invite := n.tips(roomID)[0]
			require.NotEmpty(t, gjson.GetBytes(invite.JSON, "signatures").Map()[south].Raw)
			require.Zero(t, invite.Servers, "the invited server has it")
			entries, complete := s.hub.Since(UserTopic(user), 0, s.db.Position())
			require.True(t, complete)
			require.Equal(t, EntryOutside, entries[0].Kind)
			all, err := s.OutsideMemberships(t.Context(), user)
			require.NoError(t, err)
			require.Equal(t, "invite", all[0].Membership)
			require.Equal(t, version, all[0].Version)
			require.Contains(t, string(all[0].Stripped), "Ward 3")

			s.join(roomID, user) // the inviting server is asked
			require.Equal(t, n.current(roomID), s.current(roomID))
			all, err = s.OutsideMemberships(t.Context(), user)
			require.NoError(t, err)
			require.Empty(t, all)
		})
	}
}

func TestAnInviteThatItsServerRefusesIsNotMade(t *testing.T) {
	w := newNetwork(t)
	n := w.add(north)
	roomID := n.publicRoom("12")
	require.ErrorIs(t, n.member(roomID, n.user("creator"), "@doctor:gone.example", "invite"), ErrUnreachable)
	require.Empty(t, n.snap(roomID).Membership("@doctor:gone.example"))
}

// TestAnInviteThatIsHereBeforeTheRemovalIsNotHidden: a user is removed and invited again while their server hears nothing. The
// invite comes first; the removal that it answers comes to the room after it, and an older one would not count.
func TestAnInviteThatIsHereBeforeTheRemovalIsNotHidden(t *testing.T) {
	w := newNetwork(t)
	n, s := w.add(north), w.add(south)
	roomID := n.publicRoom("12")
	creator, user := n.user("creator"), s.user("doctor")
	s.join(roomID, user, north)
	require.NoError(t, n.member(roomID, creator, user, "leave"))
	removal := n.tips(roomID)
	require.NoError(t, n.member(roomID, creator, user, "invite"))
	require.Equal(t, "join", s.snap(roomID).Membership(user), "it has not heard of the removal")

	require.Nil(t, s.receive(north, removal...)[0].Err)
	require.Equal(t, "leave", s.snap(roomID).Membership(user))
	inside, err := s.UserRooms(t.Context(), user)
	require.NoError(t, err)
	all, err := s.OutsideMemberships(t.Context(), user)
	require.NoError(t, err)
	require.Equal(t, "invite", all[0].Membership)
	require.Greater(t, all[0].Position, inside[0].Position)

	s.join(roomID, user)
	require.NoError(t, s.member(roomID, user, user, "leave"))
	all, err = s.OutsideMemberships(t.Context(), user)
	require.NoError(t, err)
	require.Empty(t, all, "a later leave raises nothing")
}

func TestDecliningAnInvite(t *testing.T) {
	for _, there := range []bool{true, false} {
		t.Run(fmt.Sprintf("server there %v", there), func(t *testing.T) {
			w := newNetwork(t)
			n, s := w.add(north), w.add(south)
			roomID := n.publicRoom("12")
			user := s.user("doctor")
			require.NoError(t, n.member(roomID, n.user("creator"), user, "invite"))
			w.with(func() { w.down[north] = !there })
			require.NoError(t, s.member(roomID, user, user, "leave"))
			require.NoError(t, s.member(roomID, user, user, "leave"), "again")
			all, err := s.OutsideMemberships(t.Context(), user)
			require.NoError(t, err)
			require.Equal(t, "leave", all[0].Membership)
			require.Equal(t, "leave", gjson.GetBytes(all[0].JSON, "content.membership").Str)
			require.NoError(t, s.Forget(t.Context(), roomID, user))
			want := "leave"
			if !there {
				want = "invite"
			}
			require.Equal(t, want, n.snap(roomID).Membership(user))
		})
	}
}

// TestDecliningAnInviteToARoomThatWasLeft: the membership in the room as this node left it does not hide the invite.
func TestDecliningAnInviteToARoomThatWasLeft(t *testing.T) {
	w := newNetwork(t)
	n, s := w.add(north), w.add(south)
	roomID := n.publicRoom("12")
	user := s.user("doctor")
	s.join(roomID, user, north)
	require.NoError(t, s.member(roomID, user, user, "leave"))
	require.Nil(t, n.receive(south, s.tips(roomID)...)[0].Err)
	require.NoError(t, s.member(roomID, user, user, "leave"), "again")

	require.NoError(t, n.member(roomID, n.user("creator"), user, "invite"))
	require.NoError(t, s.member(roomID, user, user, "leave"))
	require.Equal(t, "leave", n.snap(roomID).Membership(user))
}

func TestAnInviteThatIsWithdrawn(t *testing.T) {
	w := newNetwork(t)
	n, s := w.add(north), w.add(south)
	roomID := n.publicRoom("12")
	user := s.user("doctor")
	require.NoError(t, n.member(roomID, n.user("creator"), user, "invite"))
	forged := w.forge(n, &draft{typ: "m.room.member", stateKey: &user, sender: "@mallory:evil.example", content: []byte(`{"membership":"leave"}`)},
		roomID, n.tips(roomID), nil)
	require.ErrorIs(t, s.receive("evil.example", forged)[0].Err, ErrNotFound, "it does not know the invite")
	require.NoError(t, n.member(roomID, n.user("creator"), user, "leave"))
	withdrawn := n.tips(roomID)[0]
	servers, err := n.ServerSet(t.Context(), withdrawn.Servers)
	require.NoError(t, err)
	require.Contains(t, servers, south)
	require.Nil(t, s.receive(north, withdrawn)[0].Err)
	all, err := s.OutsideMemberships(t.Context(), user)
	require.NoError(t, err)
	require.Equal(t, "leave", all[0].Membership)
	require.Equal(t, withdrawn.ID, all[0].EventID)
}
