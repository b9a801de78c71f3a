package rooms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb/sqldbtest"
)

func (n *readNode) made(req CreateRequest) string {
	n.t.Helper()
	if req.Creator == "" {
		req.Creator = northDoctor
	}
	if req.Preset == "" {
		req.Preset = "public_chat"
	}
	id, err := n.Create(context.Background(), req)
	require.NoError(n.t, err)
	return id
}

func (n *readNode) joins(roomID, user string) {
	n.t.Helper()
	_, err := n.SetMembership(context.Background(), MembershipRequest{RoomID: roomID, Sender: user, Target: user, Membership: "join"})
	require.NoError(n.t, err)
}

func (n *readNode) state(roomID, typ, key, content string) string {
	n.t.Helper()
	id, err := n.Send(context.Background(), SendRequest{RoomID: roomID, Sender: northDoctor, Type: typ, StateKey: &key, Content: json.RawMessage(content)})
	require.NoError(n.t, err)
	return id
}

func TestAliases(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		ctx := context.Background()
		n := openReadNode(t, fresh())
		room, other := n.made(CreateRequest{}), n.made(CreateRequest{})
		n.joins(room, northNurse)
		require.NoError(t, n.CreateAlias(ctx, "#ward:north.example", room, northNurse))
		require.ErrorIs(t, n.CreateAlias(ctx, "#ward:north.example", other, northDoctor), ErrAliasTaken)
		require.ErrorIs(t, n.CreateAlias(ctx, "#mine:north.example", other, northNurse), ErrForbidden)
		require.ErrorIs(t, n.CreateAlias(ctx, "#x:north.example", "!nowhere", northDoctor), ErrNotFound)
		for _, bad := range []string{"#x:south.example", "x:north.example", "#:north.example", "#x", "#\x00:north.example", "#" + longText(300) + ":north.example"} {
			require.ErrorIs(t, n.CreateAlias(ctx, bad, room, northDoctor), ErrInvalidParam, bad)
		}
		got, servers, err := n.ResolveAlias(ctx, "#ward:north.example")
		require.NoError(t, err)
		require.Equal(t, room, got)
		require.Equal(t, []string{"north.example"}, servers)
		_, _, err = n.ResolveAlias(ctx, "#none:north.example")
		require.ErrorIs(t, err, ErrNotFound)

		require.NoError(t, n.CreateAlias(ctx, "#icu:north.example", room, northDoctor))
		list, err := n.LocalAliases(ctx, room)
		require.NoError(t, err)
		require.Equal(t, []string{"#icu:north.example", "#ward:north.example"}, list)

		require.ErrorIs(t, n.DeleteAlias(ctx, "#icu:north.example", northNurse), ErrForbidden, "neither the creator nor with power")
		require.NoError(t, n.DeleteAlias(ctx, "#ward:north.example", northDoctor), "with the power for the canonical alias")
		require.NoError(t, n.CreateAlias(ctx, "#ward:north.example", room, northNurse))
		require.NoError(t, n.DeleteAlias(ctx, "#ward:north.example", northNurse), "the creator")
		require.ErrorIs(t, n.DeleteAlias(ctx, "#ward:north.example", northNurse), ErrNotFound)
		require.NoError(t, n.DeleteAlias(ctx, "#icu:north.example", ""), "the node itself")
	})
}

func TestAliasesOfOtherServers(t *testing.T) {
	ctx := context.Background()
	n := newReadNode(t)
	var deadline time.Time
	n.remote.directory = func(ctx context.Context, server, alias string) (string, []string, error) {
		deadline, _ = ctx.Deadline()
		switch alias {
		case "#good:south.example":
			servers := make([]string, 200)
			for i := range servers {
				servers[i] = fmt.Sprintf("s%d.example", i)
			}
			return "!r:" + server, servers, nil
		case "#bad:south.example":
			return "not a room", nil, nil
		}
		return "", nil, ErrNotFound
	}
	room, servers, err := n.ResolveAlias(ctx, "#good:south.example")
	require.NoError(t, err)
	require.Equal(t, "!r:south.example", room)
	require.Len(t, servers, maxAliasServers)
	require.LessOrEqual(t, time.Until(deadline), remoteDirectory)
	for _, alias := range []string{"#bad:south.example", "#none:south.example"} {
		_, _, err := n.ResolveAlias(ctx, alias)
		require.ErrorIs(t, err, ErrNotFound)
	}
	n.allow = func(string) bool { return false }
	_, _, err = n.ResolveAlias(ctx, "#good:south.example")
	require.ErrorIs(t, err, ErrNotFound, "a server that is not in the alliance is not asked")
}

func TestPublicRooms(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		ctx := context.Background()
		n := openReadNode(t, fresh())
		small := n.made(CreateRequest{Visibility: "public", Name: "Stroke unit", Topic: "Schlaganfall STRASSE"})
		large := n.made(CreateRequest{Visibility: "public", Name: "Cardiology", AliasLocalpart: "heart"})
		space := n.made(CreateRequest{Visibility: "public", Name: "House", CreationContent: json.RawMessage(`{"type":"m.space"}`)})
		hidden := n.made(CreateRequest{Name: "Hidden"})
		n.joins(large, northNurse)

		ask := func(q PublicRoomsQuery) (ids []string) {
			page, err := n.PublicRooms(ctx, q)
			require.NoError(t, err)
			for _, s := range page.Chunk {
				ids = append(ids, s.RoomID)
			}
			return ids
		}
		all := ask(PublicRoomsQuery{})
		require.Len(t, all, 3)
		require.Equal(t, large, all[0], "most members first")
		require.Equal(t, []string{small}, ask(PublicRoomsQuery{Search: " stroke "}))
		require.Equal(t, []string{small}, ask(PublicRoomsQuery{Search: "straße"}), "folded")
		require.Equal(t, []string{large}, ask(PublicRoomsQuery{Search: "#HEART"}))
		require.Empty(t, ask(PublicRoomsQuery{Search: "hidden"}))
		require.Equal(t, []string{space}, ask(PublicRoomsQuery{RoomTypes: []string{"m.space"}}))
		require.Len(t, ask(PublicRoomsQuery{RoomTypes: []string{""}}), 2)
		require.Len(t, ask(PublicRoomsQuery{Limit: 2}), 2)
		_, err := n.PublicRooms(ctx, PublicRoomsQuery{Since: "?"})
		require.ErrorIs(t, err, ErrInvalidParam)

		n.state(small, "m.room.name", "", `{"name":"Neurology"}`)
		require.Equal(t, []string{small}, ask(PublicRoomsQuery{Search: "neuro"}), "what is kept in memory follows the state")

		require.ErrorIs(t, n.SetPublished(ctx, large, northNurse, false), ErrForbidden)
		require.NoError(t, n.SetPublished(ctx, large, northDoctor, false))
		require.NoError(t, n.SetPublished(ctx, hidden, "", true))
		require.ElementsMatch(t, []string{small, space, hidden}, ask(PublicRoomsQuery{}))
		on, err := n.Published(ctx, hidden)
		require.NoError(t, err)
		require.True(t, on)
		snap, err := n.Snapshot(ctx, hidden)
		require.NoError(t, err)
		require.True(t, snap.Published)
		_, err = n.Published(ctx, "!nowhere")
		require.ErrorIs(t, err, ErrNotFound)
	})
}

func TestSummaryAndWhoMaySeeIt(t *testing.T) {
	ctx := context.Background()
	n := newReadNode(t)
	space := n.made(CreateRequest{Version: "11", Preset: "private_chat", CreationContent: json.RawMessage(`{"type":"m.space"}`)})
	room := n.made(CreateRequest{Version: "11", Preset: "private_chat", Name: "Ward", Topic: "quiet", InitialState: []StateInput{
		{Type: "m.room.join_rules", Content: json.RawMessage(`{"join_rule":"restricted","allow":[{"type":"m.room_membership","room_id":"` + space + `"},{"type":"x","room_id":"!no:x"}]}`)},
		{Type: "m.room.encryption", Content: json.RawMessage(`{"algorithm":"m.megolm.v1.aes-sha2"}`)},
		{Type: "m.room.avatar", Content: json.RawMessage(`{"url":"mxc://north.example/a"}`)},
	}})
	s, err := n.Summary(ctx, room)
	require.NoError(t, err)
	require.Equal(t, &RoomSummary{
		RoomID: room, Name: "Ward", Topic: "quiet", AvatarURL: "mxc://north.example/a", Joined: 1, GuestCanJoin: true,
		JoinRule: "restricted", AllowedRooms: []string{space}, Encryption: "m.megolm.v1.aes-sha2", Version: "11",
	}, s)

	may := func(user string) bool {
		ok, err := n.MayPreview(ctx, user, s)
		require.NoError(t, err)
		return ok
	}
	require.True(t, may(northDoctor))
	require.False(t, may(northNurse))
	require.False(t, may(""))
	_, err = n.SetMembership(ctx, MembershipRequest{RoomID: space, Sender: northDoctor, Target: northNurse, Membership: "invite"})
	require.NoError(t, err)
	require.False(t, may(northNurse), "invited to the space is not in it")
	n.joins(space, northNurse)
	require.True(t, may(northNurse))
	_, err = n.SetMembership(ctx, MembershipRequest{RoomID: room, Sender: northDoctor, Target: northNurse, Membership: "ban"})
	require.NoError(t, err)
	require.False(t, may(northNurse))
	server, err := n.ServerMayPreview(ctx, "south.example", s)
	require.NoError(t, err)
	require.False(t, server)
	open := *s
	open.WorldReadable = true
	server, err = n.ServerMayPreview(ctx, "south.example", &open)
	require.NoError(t, err)
	require.True(t, server)

	n.state(space, "m.space.child", room, `{"via":["north.example"],"suggested":true}`)
	n.state(space, "m.space.child", "!gone:north.example", `{}`)
	children, err := n.SpaceChildren(ctx, space)
	require.NoError(t, err)
	require.Len(t, children, 1)
	require.Equal(t, room, children[0].RoomID)
	children, err = n.SpaceChildren(ctx, room)
	require.NoError(t, err)
	require.Empty(t, children, "not a space")
}

func TestServing(t *testing.T) {
	ctx := context.Background()
	w := newTwoNodes(t, sqldbtest.SQLite(t), sqldbtest.SQLite(t), "11", 120)
	n, room := w.north, w.roomID
	all := w.history(n, false, 100) // newest first; a line, so depth follows it
	other := n.made(CreateRequest{})
	otherLast, err := n.Snapshot(ctx, other)
	require.NoError(t, err)
	foreign, err := n.eventByNID(ctx, otherLast.Extremities[0])
	require.NoError(t, err)

	t.Run("backfill goes back from the events named, deepest first, at most a hundred", func(t *testing.T) {
		events, err := n.ServeBackfill(ctx, "south.example", room, []string{all[3], all[5], "$unknown", foreign.ID}, 1000)
		require.NoError(t, err)
		require.Equal(t, all[3:103], eventIDs(events))
		events, err = n.ServeBackfill(ctx, "south.example", room, []string{foreign.ID}, 10)
		require.NoError(t, err)
		require.Empty(t, events, "only events of that room")
	})
	t.Run("missing events lie between, lowest depth first", func(t *testing.T) {
		events, err := n.ServeMissing(ctx, "south.example", room, []string{all[6]}, []string{all[2]}, 100, 0)
		require.NoError(t, err)
		require.Equal(t, []string{all[5], all[4], all[3]}, eventIDs(events))
		events, err = n.ServeMissing(ctx, "south.example", room, nil, []string{all[2]}, 2, 0)
		require.NoError(t, err)
		require.Equal(t, []string{all[4], all[3]}, eventIDs(events), "the limit keeps those closest to latest")
		events, err = n.ServeMissing(ctx, "south.example", room, nil, []string{all[2]}, 100, w.event(all[4]).Depth)
		require.NoError(t, err)
		require.Equal(t, []string{all[4], all[3]}, eventIDs(events), "min_depth")
		events, err = n.ServeMissing(ctx, "south.example", room, nil, []string{all[0]}, 5000, 0)
		require.NoError(t, err)
		require.Len(t, events, maxServed)
		events, err = n.ServeMissing(ctx, "south.example", room, nil, []string{foreign.ID}, 10, 0)
		require.NoError(t, err)
		require.Empty(t, events)
	})
	t.Run("state and auth chain", func(t *testing.T) {
		state, chain, err := n.ServeState(ctx, "south.example", room, w.join.ID)
		require.NoError(t, err)
		ids, chainIDs, err := n.ServeStateIDs(ctx, "south.example", room, w.join.ID)
		require.NoError(t, err)
		require.Equal(t, eventIDs(state), ids)
		require.Equal(t, eventIDs(chain), chainIDs)
		require.NotContains(t, ids, w.join.ID, "the state before it")
		for _, ev := range append(state, chain...) {
			for _, nid := range ev.Auth {
				auth, err := n.eventByNID(ctx, nid)
				require.NoError(t, err)
				require.Contains(t, chainIDs, auth.ID, "the chain is complete")
			}
		}
		auth, err := n.ServeEventAuth(ctx, "south.example", room, w.join.ID)
		require.NoError(t, err)
		require.NotEmpty(t, auth)
		_, _, err = n.ServeState(ctx, "south.example", room, foreign.ID)
		require.ErrorIs(t, err, ErrNotFound)
	})
	t.Run("who may ask", func(t *testing.T) {
		require.NoError(t, n.ServerMayRead(ctx, "south.example", room))
		require.ErrorIs(t, n.ServerMayRead(ctx, "west.example", room), ErrForbidden)
		require.ErrorIs(t, n.ServerMayRead(ctx, "south.example", other), ErrForbidden)
		require.ErrorIs(t, n.ServerMayRead(ctx, "south.example", "!nowhere"), ErrNotFound)
		_, err := n.ServeEvent(ctx, "west.example", all[0])
		require.ErrorIs(t, err, ErrForbidden)
		for _, ask := range []func() error{
			func() error { _, err := n.ServeBackfill(ctx, "west.example", room, all[:1], 1); return err },
			func() error { _, err := n.ServeMissing(ctx, "west.example", room, nil, all[:1], 1, 0); return err },
			func() error { _, _, err := n.ServeState(ctx, "west.example", room, all[0]); return err },
			func() error { _, err := n.ServeEventAuth(ctx, "west.example", room, all[0]); return err },
		} {
			require.ErrorIs(t, ask(), ErrForbidden)
		}
		_, err = n.SetMembership(ctx, MembershipRequest{RoomID: room, Sender: northDoctor, Target: southDoctor, Membership: "leave", Reason: "discharged"})
		require.NoError(t, err)
		require.NoError(t, n.ServerMayRead(ctx, "south.example", room), "it was in the room")
		n.state(room, "m.room.server_acl", "", `{"allow":["*"],"deny":["south.example"]}`)
		require.ErrorIs(t, n.ServerMayRead(ctx, "south.example", room), ErrForbidden)
		allowed, err := n.ServerACLAllows(ctx, "north.example", room)
		require.NoError(t, err)
		require.True(t, allowed)
	})
	t.Run("what was refused is not served", func(t *testing.T) {
		in := w.parse(w.forge(w.north, &draft{typ: "m.room.message", sender: "@no:north.example", content: []byte(`{}`)}, 99, []*Event{w.last}))
		require.NoError(t, n.do(ctx, room, true, func(b *batch) error {
			ev, err := b.admit(in)
			if err == nil && ev.Outcome != Rejected {
				err = errors.New("not refused")
			}
			return err
		}))
		n.state(room, "m.room.server_acl", "", `{"allow":["*"]}`)
		_, err := n.ServeEvent(ctx, "south.example", in.event.ID)
		require.ErrorIs(t, err, ErrNotFound)
		events, err := n.ServeBackfill(ctx, "south.example", room, []string{in.event.ID}, 10)
		require.NoError(t, err)
		require.Empty(t, events)
	})
}

func TestDeletedAliasLeavesTheState(t *testing.T) {
	n := newTestNode(t)
	room := n.publicRoom("12")
	n.join(room, nurse)
	for _, alias := range []string{"#ward:", "#icu:", "#er:"} {
		require.NoError(t, n.CreateAlias(context.Background(), alias+hospital, room, doctor))
	}
	_, err := n.setState(room, doctor, "m.room.canonical_alias", "",
		`{"alias":"#ward:`+hospital+`","alt_aliases":["#icu:`+hospital+`","#er:`+hospital+`"]}`)
	require.NoError(t, err)
	require.NoError(t, n.DeleteAlias(context.Background(), "#icu:"+hospital, doctor))
	require.Equal(t, map[string]any{"alias": "#ward:" + hospital, "alt_aliases": []any{"#er:" + hospital}},
		n.stateContent(room, "m.room.canonical_alias", ""))
	require.NoError(t, n.DeleteAlias(context.Background(), "#ward:"+hospital, doctor))
	require.Equal(t, map[string]any{"alt_aliases": []any{"#er:" + hospital}}, n.stateContent(room, "m.room.canonical_alias", ""))
	require.NoError(t, n.CreateAlias(context.Background(), "#mine:"+hospital, room, nurse))
	before := n.last(room).ID
	require.NoError(t, n.DeleteAlias(context.Background(), "#mine:"+hospital, nurse))
	require.Equal(t, before, n.last(room).ID, "not the room's own name, and no power to change it")
}
