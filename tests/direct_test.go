package tests

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/testhospital"
)

// Element Web takes the state of its rooms from state_after and finds out there that it was invited to a direct chat;
// without the invite in prev_content it shows one as a room without a name.
func TestAnInviteToADirectChatOfTheOtherHospitalIsStillKnownAfterTheJoin(t *testing.T) {
	hospitals := testhospital.Alliance(t, 2)
	ana, bo := hospitals[0].User("ana"), hospitals[1].User("bo")
	room := ana.CreateRoom(testhospital.Room{Preset: "trusted_private_chat", Direct: true, Invite: []string{bo.ID}})
	bo.WaitForInvite(room)
	since := bo.Sync(0).Get("next_batch").Str
	bo.Join(room, hospitals[0].Name)
	for name, query := range map[string]url.Values{
		"the next sync": {"since": {since}, "use_state_after": {"true"}}, "a first sync": {"use_state_after": {"true"}},
	} {
		state := bo.Must(get, v3+"/sync?"+query.Encode(), nil).Get("rooms.join").Map()[room].Get("state_after.events")
		own := state.Get(`#(state_key=="` + bo.ID + `").unsigned`)
		require.Equal(t, "invite", own.Get("prev_content.membership").Str, "%s: %s", name, state.Raw)
		require.True(t, own.Get("prev_content.is_direct").Bool(), name)
		require.Equal(t, ana.ID, own.Get("prev_sender").Str, name)
	}
}
