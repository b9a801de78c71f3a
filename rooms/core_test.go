package rooms

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb/sqldbtest"
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
		rest := without(good.JSON, key)
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
