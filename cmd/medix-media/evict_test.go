package main

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/testhospital"
)

// atRoom calls an endpoint of a room that changes memberships.
func atRoom(u *testhospital.User, room, what string, body any) {
	u.Must(http.MethodPost, "/_matrix/client/v3/rooms/"+url.PathEscape(room)+"/"+what, body)
}

func TestABannedUsersMediaEndAndTheirTokenIsWorthNothing(t *testing.T) {
	m := meet(t)
	eve := m.a.User("eve")
	eve.Join(m.room)
	_, jwt, _ := askToken(eve, m.a, m.urlA, m.room)
	there, ana := connect(t, m.urlA, jwt), m.joins(t, m.ana, m.a)
	there.talk()
	ana.hears(there.identity(), "audio")

	began := time.Now()
	atRoom(m.ana, m.room, "ban", map[string]any{"user_id": eve.ID})
	there.isGone()
	t.Logf("the banned user was gone after %s", time.Since(began).Round(time.Millisecond))

	_, err := tryConnect(t, m.urlA, jwt)
	require.Error(t, err, "the token was good for 15 minutes, but its owner may not come back")
	status, _, code := askToken(eve, m.a, m.urlA, m.room)
	require.Equal(t, http.StatusForbidden, status)
	require.Equal(t, "M_FORBIDDEN", code)
}

func TestWhoLeavesOrIsDeniedByTheRoomsListIsRemovedAtOtherHospitalsToo(t *testing.T) {
	m := meet(t)
	leaving := m.joins(t, m.bo, m.a)
	m.bo.Leave(m.room)
	leaving.isGone()

	m.bo.Join(m.room, m.a.Name)
	denied := m.joins(t, m.bo, m.a)
	m.ana.SetState(m.room, "m.room.server_acl", "", map[string]any{"allow": []string{"*"}, "deny": []string{}, "allow_ip_literals": false})
	denied.isGone()
}

func TestADeactivatedUsersMediaEnd(t *testing.T) {
	m := meet(t)
	there := m.joins(t, m.bo, m.a)
	require.NoError(t, m.b.Node().Accounts.Deactivate(t.Context(), m.bo.ID, false))
	there.isGone()
}
