package rooms

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/strictjson"
)

func TestOnlyWhoInvitedTakesAnInviteBackOutside(t *testing.T) {
	w := newNetwork(t)
	n, s := w.add(north), w.add(south)
	roomID := n.publicRoom("12")
	creator, nurse, user := n.user("creator"), n.user("nurse"), s.user("doctor")
	n.join(roomID, nurse)
	n.state(roomID, creator, "m.room.power_levels", "", `{"users":{"`+nurse+`":50}}`)
	require.NoError(t, n.member(roomID, nurse, user, "invite"))
	membership := func() string {
		all, err := s.OutsideMemberships(t.Context(), user)
		require.NoError(t, err)
		return all[0].Membership
	}

	require.NoError(t, n.member(roomID, creator, user, "leave"))
	require.ErrorIs(t, s.receive(north, n.tips(roomID)...)[0].Err, ErrForbidden, "whether the creator has the power cannot be seen from outside")
	require.Equal(t, "invite", membership())

	require.NoError(t, n.member(roomID, nurse, user, "invite"))
	require.NoError(t, n.member(roomID, nurse, user, "leave"))
	require.Nil(t, s.receive(north, n.tips(roomID)...)[0].Err)
	require.Equal(t, "leave", membership())
}

func TestWhatFollowsABadlySignedEventIsNotLost(t *testing.T) {
	for _, version := range []string{"6", "12"} {
		t.Run(version, func(t *testing.T) {
			h := newWard(t, version)
			bad := h.n.state(h.roomID, h.n.user("creator"), "m.room.topic", "", `{"topic":"badly signed"}`)
			next := h.n.say(h.roomID, h.n.user("creator"), "well signed")
			signature := gjson.GetBytes(bad.JSON, "signatures").Map()[north].Raw
			h.setAlter(func(_, _ string, pdus [][]byte) [][]byte {
				for i, pdu := range pdus {
					if bytes.Equal(pdu, bad.JSON) {
						pdus[i] = bytes.Replace(pdu, []byte(signature), []byte(`{"ed25519:x":"AAAA"}`), 1)
					}
				}
				return pdus
			})
			require.Nil(t, h.s.receive(north, next)[0].Err)
			h.s.settle()
			require.Equal(t, Accepted, h.s.outcome(next.ID))
			require.Equal(t, Outcome(-1), h.s.outcome(bad.ID))
			require.NotContains(t, h.s.current(h.roomID), "m.room.topic|")
			require.Equal(t, "join", h.s.snap(h.roomID).Membership(h.s.user("doctor")))
		})
	}
}

func TestWholeStateOfAnInviteToVersion12IsWellSigned(t *testing.T) {
	w := newNetwork(t)
	n, s := w.add(north), w.add(south)
	roomID, elsewhere := n.publicRoom("12"), n.publicRoom("12")
	user := s.user("doctor")
	state, err := n.strippedState(t.Context(), roomID, n.user("creator"))
	require.NoError(t, err)
	other, err := n.strippedState(t.Context(), elsewhere, n.user("creator"))
	require.NoError(t, err)
	unsigned := func(raw json.RawMessage) json.RawMessage {
		return append(strictjson.Without(raw, "signatures")[:len(strictjson.Without(raw, "signatures"))-1], `,"signatures":{}}`...)
	}
	invite := w.forge(n, &draft{typ: "m.room.member", stateKey: &user, sender: n.user("creator"), content: []byte(`{"membership":"invite"}`)},
		roomID, n.tips(roomID), n.authFor(roomID, &draft{typ: "m.room.message", sender: n.user("creator"), content: []byte(`{}`)}))
	for _, c := range []struct {
		name  string
		state []json.RawMessage
	}{
		{"an event of another room", append(state[:len(state):len(state)], other[0])},
		{"an event that nobody signed", append([]json.RawMessage{unsigned(state[0])}, state[1:]...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := s.AcceptInvite(t.Context(), north, roomID, invite.ID, "12", invite.JSON, c.state)
			require.ErrorIs(t, err, ErrInvalidParam)
		})
	}
	all, err := s.OutsideMemberships(t.Context(), user)
	require.NoError(t, err)
	require.Empty(t, all)
	cutDown := json.RawMessage(`{"type":"m.room.create","state_key":"","sender":"@a:b","content":{}}`)
	for name, accepted := range map[string][]json.RawMessage{
		"whole events": state, "no state": nil, "cut down, as deployed servers send it": {cutDown},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.AcceptInvite(t.Context(), north, roomID, invite.ID, "12", invite.JSON, accepted)
			require.NoError(t, err)
		})
	}
}

func TestAnInviteToOlderRoomsNeedsNoState(t *testing.T) {
	w := newNetwork(t)
	n, s := w.add(north), w.add(south)
	roomID := n.publicRoom("11")
	user := s.user("doctor")
	d := &draft{typ: "m.room.member", stateKey: &user, sender: n.user("creator"), content: []byte(`{"membership":"invite"}`)}
	invite := w.forge(n, d, roomID, n.tips(roomID), n.authFor(roomID, d))
	_, err := s.AcceptInvite(t.Context(), north, roomID, invite.ID, "11", invite.JSON, nil)
	require.NoError(t, err)
}

func TestTheAuthChainOfAnEventHasTheCreateEventInEveryVersion(t *testing.T) {
	for _, version := range testVersions {
		t.Run(version, func(t *testing.T) {
			h := newWard(t, version)
			said := h.n.say(h.roomID, h.n.user("creator"), "hello")
			chain, err := h.n.ServeEventAuth(t.Context(), south, h.roomID, said.ID)
			require.NoError(t, err)
			created := 0
			for _, ev := range chain {
				if ev.IsStateOf("m.room.create", "") {
					created++
				}
			}
			require.Equal(t, 1, created)
			create, err := h.n.StateEvent(t.Context(), h.roomID, "m.room.create", "")
			require.NoError(t, err)
			chain, err = h.n.ServeEventAuth(t.Context(), south, h.roomID, create.ID)
			require.NoError(t, err)
			require.Empty(t, chain)
		})
	}
}

func TestWhoAuthorisedAJoinIsNotTheClientsToSay(t *testing.T) {
	w := newNetwork(t)
	n, s := w.add(north), w.add(south)
	roomID := n.publicRoom("8")
	user := s.user("doctor")
	s.join(roomID, user, north)
	n.state(roomID, n.user("creator"), "m.room.join_rules", "", `{"join_rule":"restricted","allow":[]}`)
	require.Nil(t, s.receive(north, n.tips(roomID)...)[0].Err)
	again := s.state(roomID, user, "m.room.member", user, `{"membership":"join","displayname":"D","join_authorised_via_users_server":"unused"}`)
	require.False(t, again.Content().Get("join_authorised_via_users_server").Exists())
	require.Nil(t, n.receive(south, again)[0].Err)
	require.NoError(t, s.member(roomID, user, user, "leave"))
	require.Nil(t, n.receive(south, s.tips(roomID)...)[0].Err)
	require.Equal(t, "leave", n.snap(roomID).Membership(user), "north followed")
	require.ErrorIs(t, s.member(roomID, user, user, "join", north), ErrForbidden, "nothing lets the user in again")
}

func TestAJoinAsksTheServersItNames(t *testing.T) {
	w := newNetwork(t)
	n, s := w.add(north), w.add(south)
	w.add(east)
	roomID := n.publicRoom("10") // its id names north
	user := s.user("doctor")
	require.Error(t, s.member(roomID, user, user, "join", east))
	require.Empty(t, n.snap(roomID).Membership(user))
	s.join(roomID, user)
	require.Equal(t, "join", n.snap(roomID).Membership(user))
}

func TestAdditionalCreatorsAreUsersThatCanExist(t *testing.T) {
	n := newTestNode(t)
	for _, c := range []struct {
		creators string
		good     bool
	}{
		{`"@a:b.example"`, false},
		{`["@a:b.example",42]`, false},
		{`["@a:b.example","a"]`, false},
		{`["@a:b$c$.example"]`, false},
		{`["@a:"]`, false},
		{`["@a:b.example","@c:[::1]:8448"]`, true},
		{`[]`, true},
	} {
		t.Run(c.creators, func(t *testing.T) {
			_, err := n.Create(t.Context(), CreateRequest{Creator: doctor, Version: "12", CreationContent: json.RawMessage(`{"additional_creators":` + c.creators + `}`)})
			if c.good {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrBadEvent)
			require.ErrorIs(t, err, ErrInvalidRoomState)
		})
	}
}

func TestNobodyButModeratorsInvitesToAPublicRoom(t *testing.T) {
	n := newTestNode(t)
	for _, version := range []string{"11", "12"} {
		public := n.publicRoom(version)
		n.join(public, nurse)
		require.ErrorIs(t, n.membership(public, nurse, surgeon, "invite"), ErrForbidden)
		require.NoError(t, n.membership(public, doctor, surgeon, "invite"))
		private := n.create(CreateRequest{Version: version, Preset: "private_chat", Invite: []string{nurse}})
		n.join(private, nurse)
		require.NoError(t, n.membership(private, nurse, surgeon, "invite"))
	}
}

func TestTheEventNearATimeBeforeTheJoinHasItsPlaceInHistory(t *testing.T) {
	w := newNetwork(t)
	n, s := w.add(north), w.add(south)
	roomID := n.publicRoom("12")
	var said []string
	for ts := range int64(5) {
		id, err := n.Send(t.Context(), SendRequest{RoomID: roomID, Sender: n.user("creator"), Type: "m.room.message",
			Content: json.RawMessage(`{"body":"b","msgtype":"m.text"}`), Timestamp: 1000 * (ts + 1)})
		require.NoError(t, err)
		said = append(said, id)
	}
	s.join(roomID, s.user("doctor"), north)
	ev, err := s.EventNear(t.Context(), roomID, 1500, Forward)
	require.NoError(t, err)
	require.Equal(t, said[1], ev.ID)
	require.NotZero(t, ev.Key, "without it nobody could tell who may see the event")
	ev, err = s.EventNear(t.Context(), roomID, 1500, Backward)
	require.NoError(t, err)
	require.Equal(t, said[0], ev.ID)
	require.NotZero(t, ev.Key)
}
