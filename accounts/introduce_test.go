package accounts

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

func TestServersHearOfTheDevicesOfThoseWhoJoinAFirstRoomWithThem(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		ana := n.user("ana")
		n.device(ana, "PHONE")
		n.device(ana, "WARD")
		keys, _ := identity(t, ana, "PHONE")
		_, err := n.UploadKeys(ctx, ana, "PHONE", KeyUpload{DeviceKeys: keys})
		require.NoError(t, err)
		told := func() map[string]map[string]bool { // by server: the devices it was told of
			updates, err := n.OutgoingDeviceListUpdates(ctx, 0, n.hub.Position(), 100)
			require.NoError(t, err)
			servers := map[string]map[string]bool{}
			for _, u := range updates {
				require.Equal(t, "m.device_list_update", u.EDUType)
				require.False(t, gjson.GetBytes(u.Content, "deleted").Exists())
				device := gjson.GetBytes(u.Content, "device_id").Str
				require.Equal(t, device == "PHONE", gjson.GetBytes(u.Content, "keys").IsObject(), "only one has keys")
				for _, server := range u.Servers {
					if servers[server] == nil {
						servers[server] = map[string]bool{}
					}
					servers[server][device] = true
				}
			}
			return servers
		}
		both := map[string]bool{"PHONE": true, "WARD": true}
		n.town.square("!local").join(t, ana, "@bo:a.example")
		n.town.square("!ward").join(t, "@li:b.example").join(t, ana)
		require.Eventually(t, func() bool { return len(told()) == 1 }, 30*time.Second, time.Millisecond)
		require.Equal(t, map[string]map[string]bool{"b.example": both}, told())

		lab := n.town.square("!lab").join(t, "@li:b.example", "@mo:c.example").join(t, ana)
		servers, err := n.serversNewTo(ctx, ana, "!lab")
		require.NoError(t, err)
		require.Equal(t, []string{"c.example"}, servers, "b.example hears of changes by the ward")
		require.Eventually(t, func() bool { return len(told()) == 2 }, 30*time.Second, time.Millisecond)
		changed, _, err := n.KeyChanges(ctx, ana, n.hub.Position()-1, n.hub.Position())
		require.NoError(t, err)
		require.Empty(t, changed, "nobody's list changed by telling of it")
		lab.join(t, "@nu:d.example")
		require.Equal(t, map[string]map[string]bool{"b.example": both, "c.example": both}, told(),
			"who joins later is told by their own server, and asks for the rest")
	})
}

func TestADeviceWithoutKeysIsNoNews(t *testing.T) {
	n := newNode(t)
	ana := n.user("ana")
	li := "@li:b.example"
	n.town.square("!ward").join(t, ana, li)
	since := n.hub.Position()
	require.NoError(t, n.ReceiveDeviceListUpdate(ctx, "b.example", []byte(`{"user_id":"`+li+`","device_id":"PAD","stream_id":7,"prev_id":[]}`)))
	changed, _, err := n.KeyChanges(ctx, ana, since, n.hub.Position())
	require.NoError(t, err)
	require.Empty(t, changed)
	require.NoError(t, n.ReceiveDeviceListUpdate(ctx, "b.example", []byte(`{"user_id":"`+li+`","device_id":"PAD","stream_id":8,"prev_id":[7],"deleted":true}`)))
	changed, _, err = n.KeyChanges(ctx, ana, since, n.hub.Position())
	require.NoError(t, err)
	require.Equal(t, []string{li}, changed)
}
