package rooms

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/strictjson"
)

// What is here proves decisions of the core that no other test is about; docs/ARCHITECTURE.md lists them all.

func TestCore10TextWithNULReachesNoBatch(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		n := openTestNode(t, fresh())
		room := n.publicRoom("12")
		target := n.say(room, doctor, "hello")
		nul := "a\x00b"
		for name, req := range map[string]SendRequest{
			"type":      {Type: nul},
			"state key": {Type: "m.test", StateKey: &nul},
			"redacts":   {Type: "m.room.redaction", Redacts: "$" + nul},
			"member":    {Type: "m.room.member", StateKey: &[]string{"@" + nul + ":" + hospital}[0]},
		} {
			req.RoomID, req.Sender, req.Content = room, doctor, json.RawMessage(`{}`)
			_, err := n.Send(context.Background(), req)
			require.ErrorIs(t, err, ErrInvalidParam, name)
		}
		id, err := n.Send(context.Background(), SendRequest{RoomID: room, Sender: doctor, Type: "m.reaction",
			Content: fmt.Appendf(nil, `{"m.relates_to":{"rel_type":"m.annotation","event_id":%q,"key":"a\u0000"}}`, target)})
		require.NoError(t, err, "content may hold what it likes")
		require.Empty(t, n.event(id).Relation, "but such a key makes no relation")
	})
}

func TestCore10PDUsWithNULReachNoBatch(t *testing.T) {
	h := newWard(t, "12")
	good := h.says("good")
	with := func(key, value string) []byte {
		rest := strictjson.Without(good.JSON, key)
		return fmt.Appendf(nil, `%s,%q:%s}`, rest[:len(rest)-1], key, value)
	}
	for key, value := range map[string]string{
		"type": `"a\u0000"`, "state_key": `"\u0000"`, "room_id": `"!a\u0000"`, "sender": `"@a\u0000:ghost.example"`,
		"prev_events": `["$\u0000"]`, "auth_events": `["$\u0000"]`,
	} {
		results, err := h.s.Receive(t.Context(), ghostServer, []json.RawMessage{with(key, value)})
		require.NoError(t, err)
		require.ErrorIs(t, results[0].Err, ErrBadEvent, key)
	}
	require.Zero(t, h.s.count(`SELECT COUNT(*) FROM inbox`))
}

func TestTheSameAnnotationIsMadeOnce(t *testing.T) {
	n := newTestNode(t)
	room := n.publicRoom("12")
	target := n.say(room, doctor, "hello")
	react := func(key string) (string, error) {
		return n.Send(context.Background(), SendRequest{RoomID: room, Sender: doctor, Type: "m.reaction",
			Content: fmt.Appendf(nil, `{"m.relates_to":{"rel_type":"m.annotation","event_id":%q,"key":%q}}`, target, key)})
	}
	results := make(chan error, 8)
	for range cap(results) {
		go func() { _, err := react("👍"); results <- err }()
	}
	made := 0
	for range cap(results) {
		if err := <-results; err == nil {
			made++
		} else {
			require.ErrorIs(t, err, ErrAnnotated)
		}
	}
	require.Equal(t, 1, made, "also when they come together")
	other, err := react("👎")
	require.NoError(t, err)
	_, err = n.Send(context.Background(), SendRequest{RoomID: room, Sender: doctor, Type: "m.room.redaction", Redacts: other, Content: json.RawMessage(`{}`)})
	require.NoError(t, err)
	_, err = react("👎")
	require.NoError(t, err, "what was taken back may be said again")
}

// TestAnUpgradeThatWasCutOffIsCompletedByItsRepetition leaves what a crash between the two commits leaves.
func TestAnUpgradeThatWasCutOffIsCompletedByItsRepetition(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		ctx := context.Background()
		n := openTestNode(t, fresh())
		old := n.create(CreateRequest{Version: "10", Preset: "public_chat", AliasLocalpart: "ward"})
		snap := n.snap(old)
		f, err := formatOf("12")
		require.NoError(t, err)
		u, err := n.newUpgrade(ctx, snap, doctor, f, nil)
		require.NoError(t, err)
		_, err = u.create(&Txn{Scope: upgradeScope, Path: old, ID: "12"})
		require.NoError(t, err)
		made := u.creation.rm.id
		n.restart()
		_, err = n.StateEvent(ctx, old, "m.room.tombstone", "")
		require.ErrorIs(t, err, ErrNotFound)

		rooms := n.count(`SELECT COUNT(*) FROM rooms`)
		for range 2 {
			again, err := n.Upgrade(ctx, old, doctor, "12", nil)
			require.NoError(t, err)
			require.Equal(t, made, again, "the room that is there")
		}
		require.Equal(t, made, n.stateContent(old, "m.room.tombstone", "")["replacement_room"])
		require.Equal(t, rooms, n.count(`SELECT COUNT(*) FROM rooms`))
		found, _, err := n.ResolveAlias(ctx, "#ward:"+hospital)
		require.NoError(t, err)
		require.Equal(t, made, found)
	})
}

func TestADeniedServersUsersAreNotHeardThroughOthers(t *testing.T) {
	h := newWard(t, "12")
	said := h.says("before")
	require.Nil(t, h.n.receive(ghostServer, said)[0].Err)
	h.s.allow = func(server string) bool { return server != ghostServer && server != south } // its own name need not be listed
	answer := h.n.say(h.roomID, h.n.user("creator"), "after")
	for _, result := range h.s.receive(north, said, answer) {
		require.Nil(t, result.Err)
	}
	require.Equal(t, SoftFailed, h.s.outcome(said.ID))
	require.Equal(t, Accepted, h.s.outcome(answer.ID), "the room goes on behind it")
	require.ErrorIs(t, h.s.receive(ghostServer, h.says("directly"))[0].Err, ErrForbidden)
	require.Equal(t, Accepted, h.s.event(h.s.say(h.roomID, h.s.user("doctor"), "local").ID).Outcome)
	require.ErrorIs(t, h.s.member(h.roomID, h.s.user("doctor"), "@other:"+ghostServer, "invite"), ErrForbidden)
	_, err := h.s.MakeMembership(t.Context(), ghostServer, h.roomID, "@other:"+ghostServer, "join", h.s.Versions())
	require.ErrorIs(t, err, ErrForbidden)
}

// TestCore10AGoneCallerSharesNothingWithItsTask is for the race detector.
func TestCore10AGoneCallerSharesNothingWithItsTask(t *testing.T) {
	h := newWard(t, "12")
	ref := roomRef{h.s.snap(h.roomID).RoomNID, h.roomID, "12"}
	f, err := formatOf("12")
	require.NoError(t, err)
	for i := range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		in, err := f.parse(h.says(fmt.Sprint(i)).JSON)
		require.NoError(t, err)
		go cancel()
		_, _ = h.s.attempt(ctx, ref, in, nil)
		content := json.RawMessage(`{"body":"x"}`)
		_, _ = h.s.Send(ctx, SendRequest{RoomID: h.roomID, Sender: h.s.user("doctor"), Type: "m.room.message", Content: content})
	}
}
