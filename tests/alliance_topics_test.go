package tests

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/alliance/directory"
	"medixchange/alliance/signed/signedtest"
	"medixchange/alliance/topics"
	"medixchange/internal/testhospital"
)

// TestVerifiedCliniciansOfMembersJoinTopicRooms: two members and a node that keeps the topics. Joins go the ordinary way of
// clients.
func TestVerifiedCliniciansOfMembersJoinTopicRooms(t *testing.T) {
	e := newExchange(t)
	keeper := testhospital.Start(t, e.member())
	a, b := testhospital.Start(t, e.member(keeper.Name)), testhospital.Start(t, e.member(keeper.Name))
	e.admit(keeper, a, b)
	ana, bo, clerk := a.User("ana"), b.User("bo"), a.User("clerk")
	enlist(t, ana, directory.Entry{Name: "Ana", Specialty: "cardiology"})
	enlist(t, bo, directory.Entry{Name: "Bo", Specialty: "surgery"})

	topic, err := keeper.Node().Topics.Create(t.Context(), "Paediatric cardiology", "")
	require.NoError(t, err)
	again, err := keeper.Node().Topics.Create(t.Context(), "paediatric cardiology", "")
	require.NoError(t, err)
	require.Equal(t, topic.RoomID, again.RoomID, "a topic is made once")
	spaces, err := keeper.Node().Topics.Spaces(t.Context())
	require.NoError(t, err)
	space := spaces[0].RoomID
	require.Equal(t, "Paediatric cardiology", spaces[0].Topics[0].Name)

	for _, u := range []*testhospital.User{ana, bo} {
		u.WaitForInvite(space)
		require.False(t, joins(u, topic.RoomID, keeper), "nobody joins a topic who is not in the space")
		u.Join(space, keeper.Name)
		require.Eventually(t, func() bool { return joins(u, topic.RoomID, keeper) }, 20*time.Second, 50*time.Millisecond)
	}
	require.False(t, joins(clerk, topic.RoomID, keeper), "who is not verified stays outside")
	require.False(t, joins(clerk, space, keeper))
	bo.WaitFor(topic.RoomID, ana.Say(topic.RoomID, "a case"))

	require.NoError(t, a.Node().Directory.Unverify(t.Context(), ana.ID, "Registrar Ito"))
	out(t, keeper, topic.RoomID, ana.ID, space)

	list := e.issue(time.Hour, nil, signedtest.Hospital(keeper.Name), signedtest.Hospital(a.Name), suspended(b.Name))
	e.take(keeper, list)
	out(t, keeper, topic.RoomID, bo.ID, space)
	out(t, keeper, space, "@"+topics.Localpart+":"+b.Name, space)

	e.admit(keeper, a, b)
	keeper.Node().Topics.Changed()
	require.Eventually(t, func() bool {
		b.Node().Topics.Changed()
		keeper.Node().Topics.Changed()
		room, err := keeper.Node().Rooms.Snapshot(t.Context(), space)
		return err == nil && room.Membership(bo.ID) == "invite"
	}, 30*time.Second, 100*time.Millisecond, "a readmitted hospital's clinicians are invited again")
}

func joins(u *testhospital.User, room string, via *testhospital.Hospital) bool {
	status, _ := u.Do(post, v3+"/join/"+url.PathEscape(room)+"?server_name="+url.QueryEscape(via.Name), object{})
	return status == http.StatusOK
}

// out waits until a user is in the room no longer, as its keeper sees it.
func out(t *testing.T, keeper *testhospital.Hospital, room, userID, space string) {
	t.Helper()
	require.Eventually(t, func() bool {
		keeper.Node().Topics.Changed()
		snapshot, err := keeper.Node().Rooms.Snapshot(t.Context(), room)
		return err == nil && snapshot.Membership(userID) == "leave"
	}, 20*time.Second, 50*time.Millisecond, "%s in %s", userID, space)
}
