package federation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/accounts"
	"medixchange/internal/web"
	"medixchange/rooms"
)

// answering is rooms that answer every question with what was asked, so that both sides of each endpoint are compared.
type answering struct {
	*fakeRooms
	asked string
	fail  error
}

func (a *answering) note(format string, args ...any) error {
	a.asked = fmt.Sprintf(format, args...)
	return a.fail
}

func raw(texts ...string) (events []*rooms.Event) {
	for _, t := range texts {
		events = append(events, &rooms.Event{ID: "$" + t, JSON: []byte(`{"e":"` + t + `"}`), OriginServerTS: 7})
	}
	return events
}

func (a *answering) MakeMembership(_ context.Context, origin, roomID, userID, membership string, versions []string) (*rooms.Template, error) {
	return &rooms.Template{RoomVersion: "11", Event: json.RawMessage(`{"t":1}`)}, a.note("%s %s %s %s %v", origin, roomID, userID, membership, versions)
}

func (a *answering) AcceptJoin(_ context.Context, origin, roomID, eventID string, pdu []byte, omit bool) (*rooms.JoinedState, error) {
	return &rooms.JoinedState{State: [][]byte{[]byte(`{"s":1}`), []byte(`{"s":2}`)}, AuthChain: [][]byte{[]byte(`{"a":1}`)},
		Event: []byte(`{"j":1}`), MembersOmitted: omit, ServersInRoom: []string{"x"}}, a.note("%s %s %s %s", origin, roomID, eventID, pdu)
}

func (a *answering) AcceptLeave(_ context.Context, origin, roomID, eventID string, pdu []byte) error {
	return a.note("%s %s %s %s", origin, roomID, eventID, pdu)
}

func (a *answering) AcceptKnock(_ context.Context, origin, roomID, eventID string, pdu []byte) ([]byte, error) {
	return []byte(`[{"k":1}]`), a.note("%s %s %s %s", origin, roomID, eventID, pdu)
}

func (a *answering) AcceptInvite(_ context.Context, origin, roomID, eventID, version string, pdu []byte, stripped []json.RawMessage) ([]byte, error) {
	return []byte(`{"signed":1}`), a.note("%s %s %s %s %s %s", origin, roomID, eventID, version, pdu, stripped)
}

func (a *answering) SetMembership(_ context.Context, r rooms.MembershipRequest) (string, error) {
	return r.RoomID, a.note("%s %s %s %s %s", r.RoomID, r.Sender, r.Target, r.Membership, r.Content["third_party_invite"])
}

func (a *answering) ServerMayRead(_ context.Context, server, roomID string) error {
	return a.note("%s %s", server, roomID)
}

func (a *answering) ServeBackfill(_ context.Context, server, roomID string, from []string, limit int) ([]*rooms.Event, error) {
	return raw("1", "2"), a.note("%s %s %v %d", server, roomID, from, limit)
}

func (a *answering) ServeMissing(_ context.Context, server, roomID string, earliest, latest []string, limit int, minDepth int64) ([]*rooms.Event, error) {
	return raw("1", "2"), a.note("%s %s %v %v %d %d", server, roomID, earliest, latest, limit, minDepth)
}

func (a *answering) ServeState(_ context.Context, server, roomID, eventID string) (state, chain []*rooms.Event, err error) {
	return raw("1", "2"), raw("3"), a.note("%s %s %s", server, roomID, eventID)
}

func (a *answering) ServeStateIDs(_ context.Context, server, roomID, eventID string) (state, chain []string, err error) {
	return []string{"$1"}, []string{"$2"}, a.note("%s %s %s", server, roomID, eventID)
}

func (a *answering) ServeEventAuth(_ context.Context, server, roomID, eventID string) ([]*rooms.Event, error) {
	return raw("1"), a.note("%s %s %s", server, roomID, eventID)
}

func (a *answering) ServeEvent(_ context.Context, server, eventID string) (*rooms.Event, error) {
	return raw("1")[0], a.note("%s %s", server, eventID)
}

func (a *answering) EventNearHere(_ context.Context, roomID string, ts int64, dir rooms.Direction) (*rooms.Event, error) {
	return raw("1")[0], a.note("%s %d %v", roomID, ts, dir)
}

func (a *answering) ResolveAlias(_ context.Context, alias string) (string, []string, error) {
	return "!r:x", []string{"x", "y"}, a.note("%s", alias)
}

func (a *answering) PublicRooms(_ context.Context, q rooms.PublicRoomsQuery) (*rooms.PublicRoomsPage, error) {
	return &rooms.PublicRoomsPage{Chunk: []*rooms.RoomSummary{{RoomID: "!r:x"}}}, a.note("%q %q %d %s", q.Search, q.RoomTypes, q.Limit, q.Since)
}

func (a *answering) Summary(_ context.Context, roomID string) (*rooms.RoomSummary, error) {
	if strings.HasPrefix(roomID, "!unknown") {
		return nil, rooms.ErrNotFound
	}
	return &rooms.RoomSummary{RoomID: roomID, Version: "10"}, nil
}

func (a *answering) ServerMayPreview(_ context.Context, _ string, s *rooms.RoomSummary) (bool, error) {
	return !strings.HasPrefix(s.RoomID, "!secret"), nil
}

func (a *answering) SpaceChildren(context.Context, string) ([]rooms.SpaceChild, error) {
	return []rooms.SpaceChild{{RoomID: "!a:x", Suggested: true, Stripped: json.RawMessage(`{"c":1}`)},
		{RoomID: "!secret:x", Stripped: json.RawMessage(`{"c":2}`)}, {RoomID: "!unknown:x", Stripped: json.RawMessage(`{"c":3}`)}}, nil
}

// answeringEndpoints returns an asking endpoint and one whose rooms answer.
func answeringEndpoints(t *testing.T) (alpha, beta *endpoint, answers *answering) {
	a := newAuthority(t)
	alpha, beta = newEndpoint(t, a), newEndpoint(t, a)
	answers = &answering{fakeRooms: beta.rooms}
	beta.server.o.Rooms = answers
	return alpha, beta, answers
}

func TestMembershipsOverFederation(t *testing.T) {
	alpha, beta, answers := answeringEndpoints(t)
	c, ctx, user := alpha.client, t.Context(), alpha.user("a/ü")
	member := func(membership string) []byte {
		return encoded(map[string]any{"content": map[string]string{"membership": membership}, "sender": user, "state_key": user, "type": "m.room.member"})
	}
	template, err := c.MakeMembership(ctx, beta.name, "!r/1:x", user, "join", []string{"10", "11"})
	require.NoError(t, err)
	require.Equal(t, alpha.name+" !r/1:x "+user+" join [10 11]", answers.asked)
	require.Equal(t, &rooms.Template{RoomVersion: "11", Event: json.RawMessage(`{"t":1}`)}, template)
	for _, membership := range []string{"leave", "knock"} {
		_, err = c.MakeMembership(ctx, beta.name, "!r:x", user, membership, []string{"11"})
		require.NoError(t, err)
		require.Contains(t, answers.asked, membership)
	}
	_, err = c.MakeMembership(ctx, beta.name, "!r:x", "@someone:else", "join", nil)
	require.ErrorIs(t, err, rooms.ErrForbidden)

	joined, err := c.SendJoin(ctx, beta.name, "!r:x", "$j", member("join"), "11")
	require.NoError(t, err)
	require.Equal(t, alpha.name+" !r:x $j "+string(member("join")), answers.asked)
	require.Equal(t, [][]byte{[]byte(`{"s":1}`), []byte(`{"s":2}`)}, joined.State)
	require.Equal(t, [][]byte{[]byte(`{"a":1}`)}, joined.AuthChain)
	require.Equal(t, `{"j":1}`, string(joined.Event))
	require.NoError(t, c.SendLeave(ctx, beta.name, "!r:x", "$l", member("leave"), "11"))
	stripped, err := c.SendKnock(ctx, beta.name, "!r:x", "$k", member("knock"), "11")
	require.NoError(t, err)
	require.Equal(t, `[{"k":1}]`, string(stripped))
	for name, pdu := range map[string][]byte{
		"other membership": member("leave"),
		"other user":       encoded(map[string]any{"content": map[string]string{"membership": "join"}, "sender": "@b:c", "state_key": "@b:c", "type": "m.room.member"}),
		"no state key":     encoded(map[string]any{"content": map[string]string{"membership": "join"}, "sender": user, "type": "m.room.member"}),
		"other type":       encoded(map[string]any{"content": map[string]string{"membership": "join"}, "sender": user, "state_key": user, "type": "m.room.name"}),
		"other room":       withField(member("join"), "room_id", `"!other:x"`),
	} {
		_, err = c.SendJoin(ctx, beta.name, "!r:x", "$j", pdu, "11")
		var refusal *RemoteError
		require.ErrorAs(t, err, &refusal, name)
		require.Equal(t, "M_INVALID_PARAM", refusal.Code, name)
	}
	answers.fail = rooms.ErrIncompatibleRoom
	_, err = c.MakeMembership(ctx, beta.name, "!r:x", user, "join", []string{"1"})
	require.ErrorIs(t, err, rooms.ErrIncompatibleRoom)
	answers.fail = rooms.ErrUnableToAuthorise
	_, err = c.MakeMembership(ctx, beta.name, "!r:x", user, "join", []string{"1"})
	require.ErrorIs(t, err, rooms.ErrUnableToAuthorise)
}

func TestOlderEndpointsAreTried(t *testing.T) {
	alpha, beta, answers := answeringEndpoints(t)
	beta.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/_matrix/federation/v2/") {
			web.WriteError(w, web.Unrecognized(404))
			return true
		}
		return false
	})
	user := alpha.user("a")
	pdu := encoded(map[string]any{"content": map[string]string{"membership": "join"}, "sender": user, "state_key": user, "type": "m.room.member"})
	joined, err := alpha.client.SendJoin(t.Context(), beta.name, "!r:x", "$j", pdu, "1")
	require.NoError(t, err)
	require.Len(t, joined.State, 2)
	leave := bytes.Replace(pdu, []byte("join"), []byte("leave"), 1)
	require.NoError(t, alpha.client.SendLeave(t.Context(), beta.name, "!r:x", "$l", leave, "1"))

	beta.accounts.users[beta.user("b")] = &accounts.User{}
	invite := encoded(map[string]any{"content": map[string]string{"membership": "invite"}, "sender": user, "state_key": beta.user("b"), "type": "m.room.member"})
	signed, err := alpha.client.SendInvite(t.Context(), beta.name, "!r:x", "$i", invite, "2", []json.RawMessage{json.RawMessage(`{"s":1}`)})
	require.NoError(t, err)
	require.Equal(t, `{"signed":1}`, string(signed))
	require.Contains(t, answers.asked, `[{"s":1}]`)
	_, err = alpha.client.SendInvite(t.Context(), beta.name, "!r:x", "$i", invite, "11", nil)
	require.Error(t, err, "newer versions need the newer endpoint")
}

func TestInvitesOverFederation(t *testing.T) {
	alpha, beta, answers := answeringEndpoints(t)
	target := beta.user("b")
	invite := func(sender, target string) []byte {
		return encoded(map[string]any{"content": map[string]string{"membership": "invite"}, "sender": sender, "state_key": target, "type": "m.room.member"})
	}
	send := func(pdu []byte) error {
		_, err := alpha.client.SendInvite(t.Context(), beta.name, "!r:x", "$i", pdu, "11", []json.RawMessage{json.RawMessage(`{"s":1}`)})
		return err
	}
	require.ErrorIs(t, send(invite(alpha.user("a"), target)), rooms.ErrNotFound, "nobody of that name")
	beta.accounts.users[target] = &accounts.User{}
	require.NoError(t, send(invite(alpha.user("a"), target)))
	require.Equal(t, fmt.Sprintf(`%s !r:x $i 11 %s [{"s":1}]`, alpha.name, invite(alpha.user("a"), target)), answers.asked)
	require.ErrorIs(t, send(invite("@x:elsewhere", target)), rooms.ErrForbidden)
	require.Error(t, send(invite(alpha.user("a"), "@b:elsewhere")))
	answers.fail = fmt.Errorf("inviting: %w", web.NewError(http.StatusForbidden, "M_INVITE_BLOCKED", "The user takes no invites"))
	var refusal *RemoteError
	require.ErrorAs(t, send(invite(alpha.user("a"), target)), &refusal)
	require.Equal(t, "M_INVITE_BLOCKED", refusal.Code)
	beta.accounts.users[target].Deactivated = true
	require.ErrorIs(t, send(invite(alpha.user("a"), target)), rooms.ErrNotFound)
	beta.accounts.users[target].Deactivated = false
	answers.fail = rooms.ErrUnsupportedRoom
	require.ErrorIs(t, send(invite(alpha.user("a"), target)), rooms.ErrIncompatibleRoom)
}

func TestThirdPartyInvites(t *testing.T) {
	alpha, beta, answers := answeringEndpoints(t)
	uri := "/_matrix/federation/v1/exchange_third_party_invite/!r:x"
	exchange := func(change func(event map[string]any)) int {
		event := map[string]any{"type": "m.room.member", "room_id": "!r:x", "sender": beta.user("b"), "state_key": alpha.user("a"),
			"content": map[string]any{"membership": "invite", "third_party_invite": map[string]any{"signed": map[string]any{"mxid": alpha.user("a")}}}}
		change(event)
		body := string(encoded(event))
		status, _ := post(beta, "PUT", uri, body, signedBy(alpha.signer, beta.name, "PUT", uri, body))
		return status
	}
	require.Equal(t, 200, exchange(func(map[string]any) {}))
	require.Equal(t, fmt.Sprintf(`!r:x %s %s invite {"signed":{"mxid":"%s"}}`, beta.user("b"), alpha.user("a"), alpha.user("a")), answers.asked)
	require.Equal(t, 404, exchange(func(e map[string]any) { e["sender"] = "@x:elsewhere" }))
	require.Equal(t, 403, exchange(func(e map[string]any) { e["state_key"] = alpha.user("other") }))
	require.Equal(t, 400, exchange(func(e map[string]any) { e["room_id"] = "!other:x" }))
	require.Equal(t, 400, exchange(func(e map[string]any) { e["content"] = map[string]any{"membership": "invite"} }))
}

func TestEventsOverFederation(t *testing.T) {
	alpha, beta, answers := answeringEndpoints(t)
	c, ctx := alpha.client, t.Context()
	two := [][]byte{[]byte(`{"e":"1"}`), []byte(`{"e":"2"}`)}

	got, err := c.Backfill(ctx, beta.name, "!r:x", []string{"$1", "$2"}, 30)
	require.NoError(t, err)
	require.Equal(t, two, got)
	require.Equal(t, alpha.name+" !r:x [$1 $2] 30", answers.asked)
	got, err = c.MissingEvents(ctx, beta.name, "!r:x", []string{"$1"}, []string{"$2"}, 5, 9)
	require.NoError(t, err)
	require.Equal(t, two, got)
	require.Equal(t, alpha.name+" !r:x [$1] [$2] 5 9", answers.asked)
	one, err := c.Event(ctx, beta.name, "$a+b/c")
	require.NoError(t, err)
	require.Equal(t, `{"e":"1"}`, string(one))
	require.Equal(t, alpha.name+" $a+b/c", answers.asked)
	got, err = c.EventAuth(ctx, beta.name, "!r:x", "$1")
	require.NoError(t, err)
	require.Len(t, got, 1)
	state, chain, err := c.State(ctx, beta.name, "!r:x", "$1")
	require.NoError(t, err)
	require.Equal(t, two, state)
	require.Len(t, chain, 1)
	ids, auth, err := c.StateIDs(ctx, beta.name, "!r:x", "$1")
	require.NoError(t, err)
	require.Equal(t, [2][]string{{"$1"}, {"$2"}}, [2][]string{ids, auth})
	id, ts, err := c.TimestampToEvent(ctx, beta.name, "!r:x", 1234, "b")
	require.NoError(t, err)
	require.Equal(t, "$1", id)
	require.EqualValues(t, 7, ts)
	require.Equal(t, "!r:x 1234 true", answers.asked)

	answers.fail = rooms.ErrNotFound
	_, err = c.Event(ctx, beta.name, "$1")
	require.ErrorIs(t, err, rooms.ErrNotFound)
	answers.fail = rooms.ErrForbidden
	_, _, err = c.TimestampToEvent(ctx, beta.name, "!r:x", 1234, "f")
	require.ErrorIs(t, err, rooms.ErrForbidden)
	answers.fail = errors.New("disk full")
	_, err = c.Backfill(ctx, beta.name, "!r:x", []string{"$1"}, 1)
	require.ErrorIs(t, err, rooms.ErrUnreachable)
	_, err = c.Backfill(ctx, beta.name, "!r:x", nil, 1)
	require.Error(t, err)
	beta.web.Close()
	_, err = c.Event(ctx, beta.name, "$1")
	require.ErrorIs(t, err, rooms.ErrUnreachable)
	_, err = c.Event(ctx, alpha.name, "$1")
	require.ErrorIs(t, err, rooms.ErrUnreachable, "not ourselves")
}
