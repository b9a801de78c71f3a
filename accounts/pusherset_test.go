package accounts

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhoHasPushersIsKnownInMemory(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		ana, bo := n.user("ana"), n.user("bo")
		n.device(ana, "PHONE")
		p := Pusher{PushKey: "key", AppID: "app", Kind: "http", AppDisplayName: "App", DeviceDisplayName: "Phone", Lang: "en",
			Data: json.RawMessage(`{"url":"https://push.example/_matrix/push/v1/notify"}`)}
		everyone := func(string) bool { return true }
		_, before := n.PusherUsers()
		require.NoError(t, n.SetPusher(ctx, &Device{UserID: ana, DeviceID: "PHONE"}, p, false))
		number, version := n.PusherUsers()
		require.Equal(t, 1, number)
		require.NotEqual(t, before, version)
		require.True(t, n.HasPushers(ana))
		require.Equal(t, []string{ana}, n.WithPushers(everyone))
		require.Empty(t, n.WithPushers(func(userID string) bool { return userID == bo }))

		list, err := n.Pushers(ctx, ana)
		require.NoError(t, err)
		p.Lang = "es"
		require.NoError(t, n.SetPusher(ctx, &Device{UserID: ana, DeviceID: "PHONE"}, p, false))
		changed, err := n.Pushers(ctx, ana)
		require.NoError(t, err)
		require.Equal(t, "en", list[0].Lang)
		require.Equal(t, "es", changed[0].Lang)
		require.NotZero(t, changed[0].Created)

		n.pushers.users = nil
		require.NoError(t, n.loadPushers(ctx))
		require.True(t, n.HasPushers(ana), "as after a restart")

		require.NoError(t, n.DeleteDevices(ctx, ana, []string{"PHONE"}))
		gone, err := n.Pushers(ctx, ana)
		require.NoError(t, err)
		require.Empty(t, gone)
		require.False(t, n.HasPushers(ana))
		number, _ = n.PusherUsers()
		require.Zero(t, number)
	})
}
