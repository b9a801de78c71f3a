package rooms

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/sqldb/sqldbtest"
)

const (
	north = "north.example"
	south = "south.example"
	east  = "east.example"
)

var testVersions = []string{"1", "6", "10", "11", "12"}

func TestJoiningARoomOfAnotherServer(t *testing.T) {
	for _, version := range testVersions {
		t.Run(version, func(t *testing.T) {
			w := newNetwork(t)
			n, s := w.add(north), w.add(south)
			roomID := n.publicRoom(version)
			n.join(roomID, n.user("nurse"))
			said := n.say(roomID, n.user("nurse"), "before")

			before := s.db.Position()
			s.join(roomID, s.user("doctor"), north)

			require.Equal(t, n.current(roomID), s.current(roomID))
			require.Equal(t, "join", n.snap(roomID).Membership(s.user("doctor")))
			require.Equal(t, []string{north, south}, s.snap(roomID).Servers())
			require.Equal(t, []string{north, south}, n.snap(roomID).Servers())
			require.Equal(t, before+1, s.db.Position(), "one position: the join; everything else has none")
			join := s.tips(roomID)
			require.Len(t, join, 1)
			require.Equal(t, s.user("doctor"), *join[0].StateKey)
			require.True(t, join[0].AfterGap)
			require.Equal(t, join[0].ID, n.tips(roomID)[0].ID)
			require.Zero(t, join[0].Servers, "the resident server sends it on")
			g, err := s.openGapAt(t.Context(), s.snap(roomID).RoomNID, join[0].Key.Anchor)
			require.NoError(t, err)
			require.Equal(t, []string{said.ID}, g.missing)
			require.Equal(t, 3, s.count(`SELECT COUNT(*) FROM memberships`))

			rooms, err := s.UserRooms(t.Context(), s.user("doctor"))
			require.NoError(t, err)
			require.Equal(t, "join", rooms[0].Membership)

			reply := s.say(roomID, s.user("doctor"), "after")
			require.Nil(t, n.receive(south, reply)[0].Err)
			require.Equal(t, Accepted, n.outcome(reply.ID))
			s.restart()
			require.Equal(t, n.current(roomID), s.current(roomID))
		})
	}
}

func TestJoiningOnEachDatabase(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		w := newNetwork(t)
		n, s := w.addAt(north, fresh()), w.addAt(south, fresh())
		roomID := n.publicRoom("12")
		require.NoError(t, n.member(roomID, n.user("creator"), s.user("doctor"), "invite"))
		s.join(roomID, s.user("doctor"))
		require.NoError(t, s.member(roomID, s.user("doctor"), s.user("doctor"), "leave"))
		require.Nil(t, n.receive(south, s.tips(roomID)...)[0].Err)
		missed := n.say(roomID, n.user("creator"), "missed")
		s.join(roomID, s.user("doctor"), north)
		lost := w.forge(n, &draft{typ: "m.room.message", sender: n.user("creator")}, roomID, []*Event{missed}, nil)
		orphan := w.forge(n, &draft{typ: "m.room.message", sender: n.user("creator")}, roomID, []*Event{lost}, nil)
		require.Nil(t, s.receive(north, orphan)[0].Err)
		s.settle()
		require.Equal(t, 1, s.count(`SELECT COUNT(*) FROM inbox`))
		require.Equal(t, n.current(roomID), s.current(roomID))
		s.requireConsistent(roomID)
	})
}

func TestAJoinTriesServersInTurn(t *testing.T) {
	w := newNetwork(t)
	n, s := w.add(north), w.add(south)
	roomID := n.publicRoom("12")
	w.with(func() { w.down["dead.example"] = true })

	require.ErrorIs(t, s.member(roomID, s.user("a"), s.user("a"), "join", "dead.example", "gone.example"), ErrUnreachable)
	require.ErrorIs(t, s.member(roomID, s.user("a"), s.user("a"), "join"), ErrUnreachable, "nobody to ask")
	_, err := s.Snapshot(t.Context(), roomID)
	require.ErrorIs(t, err, ErrNotFound)
	s.join(roomID, s.user("a"), "dead.example", south, north)
	require.Equal(t, n.current(roomID), s.current(roomID))
}

func TestTheFirstVerdictOnAJoinIsTold(t *testing.T) {
	w := newNetwork(t)
	n, s := w.add(north), w.add(south)
	roomID, err := n.Create(t.Context(), CreateRequest{Creator: n.user("creator"), Preset: "private_chat"})
	require.NoError(t, err)
	require.ErrorIs(t, s.member(roomID, s.user("a"), s.user("a"), "join", north, "gone.example"), ErrForbidden)
}

func TestJoinsOfOneRoomAtTheSameTime(t *testing.T) {
	w := newNetwork(t)
	n, s := w.add(north), w.add(south)
	roomID := n.publicRoom("12")
	var all sync.WaitGroup
	errs := make([]error, 12)
	for i := range errs {
		all.Go(func() {
			user := s.user(fmt.Sprintf("user%d", i%6))
			errs[i] = s.member(roomID, user, user, "join", north)
		})
	}
	all.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Equal(t, 1, w.asked("send_join"), "the others join in the room that is here then")
	require.Equal(t, 6, s.snap(roomID).LocalJoined())
	require.Equal(t, 1, s.count(`SELECT COUNT(*) FROM rooms`))
}

func TestRejoiningKeepsHistoryBehindAGap(t *testing.T) {
	for _, version := range []string{"10", "12"} {
		t.Run(version, func(t *testing.T) {
			w := newNetwork(t)
			n, s := w.add(north), w.add(south)
			roomID := n.publicRoom(version)
			user := s.user("doctor")
			s.join(roomID, user, north)
			old := n.say(roomID, n.user("creator"), "while we are here")
			require.Nil(t, s.receive(north, old)[0].Err)
			require.NoError(t, s.member(roomID, user, user, "leave"))
			require.Nil(t, n.receive(south, s.tips(roomID)...)[0].Err)
			n.state(roomID, n.user("creator"), "m.room.topic", "", `{"topic":"new"}`)
			missed := n.say(roomID, n.user("creator"), "while we are away")

			require.ErrorIs(t, s.receive(north, missed)[0].Err, ErrNotFound, "not in the room")
			s.join(roomID, user, north)
			require.Equal(t, n.current(roomID), s.current(roomID))
			require.Equal(t, n.tips(roomID)[0].ID, s.tips(roomID)[0].ID)
			require.Len(t, s.tips(roomID), 1)
			page, err := s.Timeline(t.Context(), roomID, HistoryKey{Anchor: s.db.Position()}, HistoryKey{}, Backward, 10, false)
			require.NoError(t, err)
			require.True(t, page.Gap)
			page, err = s.Timeline(t.Context(), roomID, HistoryKey{Anchor: s.db.Position()}, HistoryKey{}, Backward, 50, true)
			require.NoError(t, err)
			require.Contains(t, idsOf(page.Events), old.ID)
			require.Contains(t, idsOf(page.Events), missed.ID)
			s.requireConsistent(roomID)
		})
	}
}

func TestAJoinIsRefusedWithoutTheRoomsCreateEvent(t *testing.T) {
	for _, version := range []string{"10", "12"} {
		t.Run(version, func(t *testing.T) {
			w := newNetwork(t)
			n, s := w.add(north), w.add(south)
			roomID, other := n.publicRoom(version), n.publicRoom(version)
			elsewhere, err := n.StateEvent(t.Context(), other, "m.room.create", "")
			require.NoError(t, err)
			w.setAlter(func(_, _ string, pdus [][]byte) [][]byte {
				for i, pdu := range pdus {
					if gjson.GetBytes(pdu, "type").Str == "m.room.create" {
						pdus[i] = elsewhere.JSON
					}
				}
				return pdus
			})
			require.ErrorIs(t, s.member(roomID, s.user("a"), s.user("a"), "join", north), ErrBadEvent)
			_, err = s.Snapshot(t.Context(), roomID)
			require.ErrorIs(t, err, ErrNotFound, "nothing of it is stored")
			require.Zero(t, s.count(`SELECT COUNT(*) FROM events`))
		})
	}
}

func TestForgedStateIsLeftOutOfAJoin(t *testing.T) {
	w := newNetwork(t)
	n, s := w.add(north), w.add(south)
	roomID := n.publicRoom("12")
	topic := n.state(roomID, n.user("creator"), "m.room.topic", "", `{"topic":"true"}`)
	stranger := "@mallory:north.example"
	key := ""
	d := &draft{typ: "m.room.name", stateKey: &key, sender: stranger, content: []byte(`{"name":"forged"}`)}
	forged := w.forge(n, d, roomID, n.tips(roomID), n.authFor(roomID, &draft{typ: "m.room.message", sender: n.user("creator"), content: []byte(`{}`)})[:1])
	w.setAlter(func(_, _ string, pdus [][]byte) [][]byte {
		for i, pdu := range pdus {
			if string(pdu) == string(topic.JSON) {
				pdus[i] = bytes.Replace(pdu, []byte(n.user("creator")), []byte("@creator:south.example"), 1)
			}
		}
		return append(pdus, forged.JSON, []byte(`{"not":"an event"}`), []byte(`[`))
	})
	s.join(roomID, s.user("a"), north)
	state := s.current(roomID)
	require.NotContains(t, state, "m.room.topic|", "badly signed")
	require.NotContains(t, state, "m.room.name|", "not authorised")
	require.Equal(t, Rejected, s.outcome(forged.ID))
}

func TestJoiningARestrictedRoom(t *testing.T) {
	for _, version := range []string{"8", "10", "12"} {
		t.Run(version, func(t *testing.T) {
			w := newNetwork(t)
			n, s, e := w.add(north), w.add(south), w.add(east)
			space := n.publicRoom(version)
			rules := `{"join_rule":"restricted","allow":[{"type":"m.room_membership","room_id":"` + space + `"}]}`
			roomID := n.publicRoom(version)
			n.state(roomID, n.user("creator"), "m.room.join_rules", "", rules)
			user := s.user("doctor")
			require.ErrorIs(t, s.member(roomID, user, user, "join", north), ErrForbidden, "not in the space")
			s.join(space, user, north)
			s.join(roomID, user, north)
			require.Equal(t, n.current(roomID), s.current(roomID))
			join := s.tips(roomID)[0]
			require.Equal(t, n.user("creator"), join.Content().Get("join_authorised_via_users_server").Str)
			require.NotEmpty(t, gjson.GetBytes(join.JSON, "signatures").Map()[north].Raw)

			// South has nobody who may invite: the next one is let in by north.
			n.state(roomID, n.user("creator"), "m.room.power_levels", "", powerToInvite(version, n.user("creator")))
			require.Nil(t, s.receive(north, n.tips(roomID)...)[0].Err)
			other := e.user("nurse")
			e.join(space, other, north)
			require.Nil(t, s.receive(north, n.tips(space)...)[0].Err)
			_, err := s.MakeMembership(t.Context(), east, roomID, other, "join", e.Versions())
			require.ErrorIs(t, err, ErrUnableToGrant)
			e.join(roomID, other, south, north)
			require.Equal(t, "join", e.snap(roomID).Membership(other))

			// The node is in the room already and cannot authorise its own second user.
			require.Nil(t, s.receive(north, n.tips(roomID)...)[0].Err)
			second := s.user("second")
			s.join(space, second)
			require.Nil(t, n.receive(south, s.tips(space)...)[0].Err)
			require.ErrorIs(t, s.member(roomID, second, second, "join"), ErrUnableToGrant)
			s.join(roomID, second, north)
			require.Equal(t, "join", s.snap(roomID).Membership(second))
			require.Equal(t, "join", s.snap(roomID).Membership(user))
		})
	}
}

func powerToInvite(version, creator string) string {
	users := `"` + creator + `":100`
	if version == "12" {
		users = ""
	}
	return `{"users":{` + users + `},"invite":60,"users_default":0,"state_default":50}`
}

func TestAJoinIsSentOnToTheOtherServers(t *testing.T) {
	w := newNetwork(t)
	n, s, e := w.add(north), w.add(south), w.add(east)
	roomID := n.publicRoom("12")
	s.join(roomID, s.user("a"), north)
	require.Zero(t, n.tips(roomID)[0].Servers)
	e.join(roomID, e.user("b"), north)
	join := n.tips(roomID)[0]
	servers, err := n.ServerSet(t.Context(), join.Servers)
	require.NoError(t, err)
	require.Equal(t, []string{south}, servers)
	require.Nil(t, s.receive(north, join)[0].Err)
	require.Equal(t, n.current(roomID), s.current(roomID))
	require.NoError(t, s.member(roomID, s.user("a"), s.user("a"), "leave"))
}

func TestMembersThatWereLeftOutAreFetched(t *testing.T) {
	w := newNetwork(t)
	n, s := w.add(north), w.add(south)
	roomID := n.publicRoom("12")
	n.join(roomID, n.user("nurse"))
	w.with(func() { w.omit = true })
	s.join(roomID, s.user("doctor"), north)
	require.Equal(t, n.current(roomID), s.current(roomID))
	require.Equal(t, 1, w.asked("state"))
	require.Zero(t, s.count(`SELECT COUNT(*) FROM events WHERE state_partial <> 0`))
}

// TestTheAuthChainOfAJoinHasTheCreateEvent: others look for it there, also where the room's version has nobody name it.
func TestTheAuthChainOfAJoinHasTheCreateEvent(t *testing.T) {
	for _, version := range []string{"11", "12"} {
		n := newNetwork(t).add(north)
		roomID := n.publicRoom(version)
		user := "@ghost:ghost.example"
		d := &draft{typ: "m.room.member", stateKey: &user, sender: user, content: []byte(`{"membership":"join"}`)}
		ev := n.net.forge(n, d, roomID, n.tips(roomID), n.authFor(roomID, d))
		joined, err := n.AcceptJoin(t.Context(), serverOf(user), roomID, ev.ID, ev.JSON, false)
		require.NoError(t, err)
		creates := 0
		for _, pdu := range joined.AuthChain {
			if gjson.GetBytes(pdu, "type").Str == "m.room.create" {
				creates++
			}
		}
		require.Equal(t, 1, creates, version)
	}
}

func TestAJoinAnsweredWithoutMembers(t *testing.T) {
	w := newNetwork(t)
	n := w.add(north)
	roomID := n.publicRoom("12")
	for i := range 8 {
		n.join(roomID, n.user(fmt.Sprint("nurse", i)))
	}
	join := func(user string) *JoinedState {
		d := &draft{typ: "m.room.member", stateKey: &user, sender: user, content: []byte(`{"membership":"join"}`)}
		ev := w.forge(n, d, roomID, n.tips(roomID), n.authFor(roomID, d))
		joined, err := n.AcceptJoin(t.Context(), serverOf(user), roomID, ev.ID, ev.JSON, true)
		require.NoError(t, err)
		require.Equal(t, ev.ID, formats["12"].idOf(firstOf(formats["12"].reference(joined.Event))))
		return joined
	}
	members := func(pdus [][]byte) (c int) {
		for _, pdu := range pdus {
			if gjson.GetBytes(pdu, "type").Str == "m.room.member" {
				c++
			}
		}
		return c
	}
	joined := join("@ghost:ghost.example")
	require.True(t, joined.MembersOmitted)
	require.Equal(t, []string{north}, joined.ServersInRoom)
	require.Equal(t, maxHeroes, members(joined.State), "the heroes of a room without a name")
	n.state(roomID, n.user("creator"), "m.room.name", "", `{"name":"Ward"}`)
	joined = join("@other:ghost.example")
	require.Zero(t, members(joined.State))
	require.Equal(t, []string{"ghost.example", north}, joined.ServersInRoom)
}

func firstOf[A, B any](a A, _ B) A { return a }

func TestTemplatesAndTheirErrors(t *testing.T) {
	w := newNetwork(t)
	n, s := w.add(north), w.add(south)
	roomID := n.publicRoom("12")
	private, err := n.Create(t.Context(), CreateRequest{Creator: n.user("creator"), Version: "6", Preset: "private_chat"})
	require.NoError(t, err)
	user := s.user("doctor")
	for _, c := range []struct {
		origin, roomID, user, membership string
		versions                         []string
		want                             error
	}{
		{south, roomID, user, "join", s.Versions(), nil},
		{south, roomID, user, "join", []string{"11"}, ErrIncompatibleRoom},
		{south, roomID, user, "join", nil, ErrIncompatibleRoom},
		{east, roomID, user, "join", s.Versions(), ErrForbidden},
		{south, "!unknown", user, "join", s.Versions(), ErrNotFound},
		{south, private, user, "join", s.Versions(), ErrForbidden},
		{south, private, user, "knock", s.Versions(), ErrForbidden},
		{south, roomID, user, "leave", nil, ErrForbidden},
		{south, roomID, user, "ban", s.Versions(), ErrInvalidParam},
		{south, roomID, "doctor", "join", s.Versions(), ErrInvalidParam},
	} {
		template, err := n.MakeMembership(t.Context(), c.origin, c.roomID, c.user, c.membership, c.versions)
		if c.want != nil {
			require.ErrorIs(t, err, c.want, "%+v", c)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, "12", template.RoomVersion)
		require.False(t, gjson.GetBytes(template.Event, "signatures").Exists())
		require.Equal(t, n.tips(roomID)[0].ID, gjson.GetBytes(template.Event, "prev_events.0").Str)
	}
}

func TestWhatIsNoMembershipIsNotAccepted(t *testing.T) {
	h := newWard(t, "12")
	message := h.says("no member event")
	join := h.forgeNext(&draft{typ: "m.room.member", stateKey: &h.ghost, sender: h.ghost, content: []byte(`{"membership":"join","displayname":"x"}`)})
	for name, accept := range map[string]error{
		"a message":      firstErr(h.n.AcceptJoin(t.Context(), ghostServer, h.roomID, message.ID, message.JSON, false)),
		"another id":     firstErr(h.n.AcceptJoin(t.Context(), ghostServer, h.roomID, message.ID, join.JSON, false)),
		"another server": firstErr(h.n.AcceptJoin(t.Context(), south, h.roomID, join.ID, join.JSON, false)),
		"as a knock":     firstErr(h.n.AcceptKnock(t.Context(), ghostServer, h.roomID, join.ID, join.JSON)),
		"as a leave":     h.n.AcceptLeave(t.Context(), ghostServer, h.roomID, join.ID, join.JSON),
		"as an invite":   firstErr(h.n.AcceptInvite(t.Context(), ghostServer, h.roomID, join.ID, "12", join.JSON, nil)),
		"badly signed": firstErr(h.n.AcceptJoin(t.Context(), ghostServer, h.roomID, join.ID,
			bytes.Replace(join.JSON, []byte(`"signatures":{"ghost.example"`), []byte(`"signatures":{"other.example"`), 1), false)),
	} {
		require.ErrorIs(t, accept, ErrInvalidParam, name)
	}
	require.ErrorIs(t, firstErr(h.n.AcceptInvite(t.Context(), ghostServer, h.roomID, join.ID, "99", join.JSON, nil)), ErrIncompatibleRoom)
}

func firstErr[A any](_ A, err error) error { return err }
