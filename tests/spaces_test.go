package tests

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/testhospital"
)

// TestARestrictedRoomOfAnotherHospitalIsShownToMembersOfTheSpaceOnly: the other hospital answers for all users of this one,
// so this one has to look at who asks.
func TestARestrictedRoomOfAnotherHospitalIsShownToMembersOfTheSpaceOnly(t *testing.T) {
	hospitals := testhospital.Alliance(t, 2)
	member, outsider, owner := hospitals[0].User("member"), hospitals[0].User("outsider"), hospitals[1].User("owner")
	space := member.CreateRoom(testhospital.Room{
		Preset: "public_chat", Extra: map[string]any{"creation_content": map[string]string{"type": "m.space"}},
		State: []map[string]any{{"type": "m.room.history_visibility", "state_key": "", "content": map[string]string{"history_visibility": "world_readable"}}},
	})
	room := owner.CreateRoom(testhospital.Room{Preset: "public_chat", State: []map[string]any{{
		"type": "m.room.join_rules", "state_key": "",
		"content": map[string]any{"join_rule": "restricted", "allow": []map[string]string{{"type": "m.room_membership", "room_id": space}}},
	}}})
	member.SetState(space, "m.space.child", room, map[string]any{"via": []string{hospitals[1].Name}})
	seen := func(u *testhospital.User) (ids []string) {
		t.Helper()
		for _, found := range u.Must(http.MethodGet, "/_matrix/client/v1/rooms/"+url.PathEscape(space)+"/hierarchy", nil).Get("rooms").Array() {
			ids = append(ids, found.Get("room_id").Str)
		}
		return ids
	}
	require.Equal(t, []string{space}, seen(member), "the other hospital does not know that the member is in the space")
	owner.Join(space, hospitals[0].Name)
	require.Equal(t, []string{space, room}, seen(member))
	require.Equal(t, []string{space}, seen(outsider))
}
