package accounts

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
)

func directEDU(sender, id, to, text string) []byte {
	return fmt.Appendf(nil, `{"sender":%q,"type":"m.test","message_id":%q,"messages":{%q:{"*":{"text":%q}}}}`, sender, id, to, text)
}

// TestCore16WhatWaitsForDevicesIsBoundedForEachServer floods a device from one server: that server is told to come again,
// and what others sent stays.
func TestCore16WhatWaitsForDevicesIsBoundedForEachServer(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		n.allowances.rows, n.allowances.bytes = 50, 20_000
		bo := n.user("bo")
		n.device(bo, "PHONE")
		require.NoError(t, n.ReceiveDirectToDevice(ctx, "c.example", directEDU("@mo:c.example", "key", bo, "")))
		flood := func(from int, text string) (stored int, err error) {
			for i := range 100 {
				if err = n.ReceiveDirectToDevice(ctx, "b.example", directEDU("@li:b.example", fmt.Sprint(from+i), bo, text)); err != nil {
					return i, err
				}
			}
			return 100, nil
		}
		stored, err := flood(0, "")
		require.ErrorIs(t, err, ErrFull)
		require.Equal(t, 50, stored)
		require.Equal(t, 503, kindOf(err).Status)
		require.NoError(t, n.ReceiveDirectToDevice(ctx, "c.example", directEDU("@mo:c.example", "key2", bo, "")), "others have their own place")

		messages, last, _, err := n.ToDevice(ctx, bo, "PHONE", 0, n.hub.Position(), 0)
		require.NoError(t, err)
		require.Len(t, messages, 52, "nothing was lost")
		n.restart()
		n.allowances.rows, n.allowances.bytes = 50, 20_000
		require.ErrorIs(t, n.ReceiveDirectToDevice(ctx, "b.example", directEDU("@li:b.example", "50", bo, "")), ErrFull, "after a restart, too")
		require.NoError(t, n.AckToDevice(ctx, bo, "PHONE", last))
		stored, err = flood(50, strings.Repeat("a", 900))
		require.ErrorIs(t, err, ErrFull)
		require.InDelta(t, 20, stored, 2, "bounded in bytes: the message that was refused comes again, and is taken")
	})
}

// TestOneMessageToAllDevicesMakesNoEndlessCopies sends one large message to very many devices.
func TestOneMessageToAllDevicesMakesNoEndlessCopies(t *testing.T) {
	n := newNode(t)
	bo := n.user("bo")
	for i := range 20 {
		n.device(bo, fmt.Sprint("D", i))
	}
	large := json.RawMessage(`{"text":"` + strings.Repeat("a", 4<<20) + `"}`)
	require.ErrorIs(t, send(n, "t", map[string]map[string]json.RawMessage{bo: {"*": large}}), ErrTooLarge)
	err := n.ReceiveDirectToDevice(ctx, "b.example", fmt.Appendf(nil,
		`{"sender":"@li:b.example","type":"m.test","message_id":"m","messages":{%q:{"*":%s}}}`, bo, large))
	require.ErrorIs(t, err, ErrTooLarge)
	messages, _, _, err := n.ToDevice(ctx, bo, "D1", 0, n.hub.Position(), 0)
	require.NoError(t, err)
	require.Empty(t, messages, "all or nothing")
}

// TestADeviceThatNobodyUsesLosesOnlyTheFloodersMessages fills the inbox of a device.
func TestADeviceThatNobodyUsesLosesOnlyTheFloodersMessages(t *testing.T) {
	n := newNode(t)
	require.NoError(t, n.db.Write(ctx, func(tx *sqldb.Tx) error {
		for i := range int64(maxInbox + 100) {
			if err := insertToDevice(tx, "@bo:a.example", "OLD", i+2, "b.example", "{}"); err != nil {
				return err
			}
		}
		if err := insertToDevice(tx, "@bo:a.example", "OLD", 1, "c.example", "{}"); err != nil {
			return err
		}
		return trimInbox(tx, "@bo:a.example", "OLD", "b.example")
	}))
	count := func(origin string) (rows int64) {
		require.NoError(t, n.db.Write(ctx, func(tx *sqldb.Tx) error {
			var err error
			rows, _, err = waitingOf(tx, origin)
			return err
		}))
		return rows
	}
	require.EqualValues(t, maxInbox, count("b.example"))
	require.EqualValues(t, 1, count("c.example"))
}

// TestARemoteUsersDevicesAreBounded sends updates about ever new devices.
func TestARemoteUsersDevicesAreBounded(t *testing.T) {
	n := newNode(t)
	require.NoError(t, n.db.Write(ctx, func(tx *sqldb.Tx) error {
		for i := range maxRemoteDevices {
			if err := upsertRemoteDevice(tx, "@li:b.example", RemoteDevice{DeviceID: fmt.Sprint("D", i), Keys: json.RawMessage(`{}`)}); err != nil {
				return err
			}
		}
		update := deviceListUpdate{UserID: "@li:b.example", DeviceID: "D3", Keys: json.RawMessage(`{}`)}
		if err := applyRemoteDevice(tx, update); err != nil {
			return err
		}
		update.DeviceID = "ONE MORE"
		require.ErrorIs(t, applyRemoteDevice(tx, update), ErrTooLarge)
		return nil
	}))
}
