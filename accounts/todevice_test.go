package accounts

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func send(n *node, txn string, to map[string]map[string]json.RawMessage) error {
	return n.SendToDevice(ctx, ToDeviceRequest{Sender: "@ana:a.example", DeviceID: "PHONE", Type: "m.test", TxnID: txn, Messages: to})
}

func message(i int) json.RawMessage { return json.RawMessage(fmt.Sprintf(`{"n":%d}`, i)) }

func TestToDeviceIsDeliveredOnceAndAcknowledged(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		bo := n.user("bo")
		n.device(bo, "PHONE")
		n.device(bo, "WARD")
		waiting := func(device string) int {
			messages, _, more, err := n.ToDevice(ctx, bo, device, 0, n.hub.Position(), 0)
			require.NoError(t, err)
			require.False(t, more)
			return len(messages)
		}
		require.Equal(t, 0, waiting("PHONE"))
		for range 2 {
			require.NoError(t, send(n, "t1", map[string]map[string]json.RawMessage{bo: {"PHONE": message(1), "NONE": message(1)}}))
		}
		require.Equal(t, 1, waiting("PHONE"), "the same transaction does nothing")
		require.NoError(t, send(n, "t2", map[string]map[string]json.RawMessage{bo: {"*": message(2)}}))
		require.Equal(t, 2, waiting("PHONE"))
		require.Equal(t, 1, waiting("WARD"))
		n.restart()
		require.NoError(t, send(n, "t2", map[string]map[string]json.RawMessage{bo: {"*": message(2)}}))
		messages, last, _, err := n.ToDevice(ctx, bo, "PHONE", 0, n.hub.Position(), 0)
		require.NoError(t, err)
		require.JSONEq(t, `{"sender":"@ana:a.example","type":"m.test","content":{"n":1}}`, string(messages[0]))
		require.Len(t, messages, 2)
		require.NoError(t, n.AckToDevice(ctx, bo, "PHONE", last))
		require.Equal(t, 0, waiting("PHONE"))
		require.Equal(t, 1, waiting("WARD"))
		before := n.options.DB.Position()
		require.NoError(t, n.AckToDevice(ctx, bo, "PHONE", last))
		require.Equal(t, before, n.options.DB.Position())
	})
}

func TestToDeviceComesInPieces(t *testing.T) {
	n := newNode(t)
	bo := n.user("bo")
	n.device(bo, "PHONE")
	const total = 250
	for i := range total {
		require.NoError(t, send(n, fmt.Sprint(i), map[string]map[string]json.RawMessage{bo: {"PHONE": message(i)}}))
	}
	upto := n.hub.Position()
	var got []json.RawMessage
	after, more := int64(0), true
	for rounds := 0; more; rounds++ {
		require.Less(t, rounds, 5)
		var page []json.RawMessage
		var err error
		page, after, more, err = n.ToDevice(ctx, bo, "PHONE", after, upto, 0)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page), ToDeviceLimit)
		got = append(got, page...)
		require.NoError(t, n.AckToDevice(ctx, bo, "PHONE", after))
	}
	require.Len(t, got, total)
	require.Contains(t, string(got[total-1]), `{"n":249}`)
	require.Equal(t, upto, after)
}

func TestToDeviceForOtherServersIsStored(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		li := "@li:b.example"
		require.NoError(t, send(n, "t1", map[string]map[string]json.RawMessage{li: {"*": message(1)}, "@mo:c.example": {"X": message(2)}}))
		require.NoError(t, send(n, "t2", map[string]map[string]json.RawMessage{li: {"Y": message(3)}}))
		n.restart()
		destinations, err := n.OutboundDeviceDestinations(ctx)
		require.NoError(t, err)
		require.Len(t, destinations, 2)
		out, err := n.OutboundDeviceMessages(ctx, "b.example", 0, 10)
		require.NoError(t, err)
		require.Len(t, out, 2)
		var content map[string]any
		require.NoError(t, json.Unmarshal(out[0].Content, &content))
		require.Equal(t, "@ana:a.example", content["sender"])
		require.LessOrEqual(t, len(content["message_id"].(string)), 32)
		require.Equal(t, map[string]any{li: map[string]any{"*": map[string]any{"n": 1.0}}}, content["messages"])
		require.NoError(t, n.AckOutboundDeviceMessages(ctx, "b.example", out[0].Position))
		out, err = n.OutboundDeviceMessages(ctx, "b.example", 0, 10)
		require.NoError(t, err)
		require.Len(t, out, 1)
		require.ErrorIs(t, send(n, "t3", map[string]map[string]json.RawMessage{"nobody": {"X": message(1)}}), ErrInvalidParam)
	})
}

func TestReceivedToDeviceIsRemembered(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		bo := n.user("bo")
		n.device(bo, "PHONE")
		edu := func(sender, id string) []byte {
			return fmt.Appendf(nil, `{"sender":%q,"type":"m.test","message_id":%q,"messages":{%q:{"*":{}},"@li:b.example":{"X":{}}}}`, sender, id, bo)
		}
		require.NoError(t, n.ReceiveDirectToDevice(ctx, "b.example", edu("@li:b.example", "m1")))
		require.NoError(t, n.ReceiveDirectToDevice(ctx, "b.example", edu("@li:b.example", "m1")))
		n.restart()
		require.NoError(t, n.ReceiveDirectToDevice(ctx, "b.example", edu("@li:b.example", "m1")))
		require.NoError(t, n.ReceiveDirectToDevice(ctx, "c.example", edu("@mo:c.example", "m1")))
		require.ErrorIs(t, n.ReceiveDirectToDevice(ctx, "evil.example", edu("@li:b.example", "m2")), ErrForbidden)
		require.ErrorIs(t, n.ReceiveDirectToDevice(ctx, "b.example", []byte(`[]`)), ErrBadJSON)
		messages, _, _, err := n.ToDevice(ctx, bo, "PHONE", 0, n.hub.Position(), 0)
		require.NoError(t, err)
		require.Len(t, messages, 2)
		out, err := n.OutboundDeviceDestinations(ctx)
		require.NoError(t, err)
		require.Empty(t, out, "nothing is passed on")
	})
}

func TestDeletedDeviceLosesItsMessages(t *testing.T) {
	n := newNode(t)
	bo := n.user("bo")
	n.device(bo, "PHONE")
	require.NoError(t, send(n, "t1", map[string]map[string]json.RawMessage{bo: {"PHONE": message(1)}}))
	require.NoError(t, n.DeleteDevices(ctx, bo, []string{"PHONE"}))
	n.device(bo, "PHONE")
	messages, _, _, err := n.ToDevice(ctx, bo, "PHONE", 0, n.hub.Position(), 0)
	require.NoError(t, err)
	require.Empty(t, messages)
}
