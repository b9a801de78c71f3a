package accounts

import (
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
)

// TestCore17AListIsKeptOnlyWhileARoomIsSharedAllTheTime has users go and come back before the reader of memberships gets to
// it: what changed in between was not heard.
func TestCore17AListIsKeptOnlyWhileARoomIsSharedAllTheTime(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		ana, li := n.user("ana"), "@li:b.example"
		heard := func(since int64) bool {
			joins, err := n.joinsSince(ctx, since)
			require.NoError(t, err)
			heard, err := n.heardSince(ctx, li, since+1, joins)
			require.NoError(t, err)
			return heard
		}
		ward := n.town.square("!ward").join(t, ana, li)
		before := n.hub.Position()
		require.True(t, heard(before))
		ward.member(t, li, "leave")
		ward.member(t, li, "join")
		require.False(t, heard(before), "the other user was away")

		before = n.hub.Position()
		ward.member(t, ana, "leave")
		require.False(t, heard(before))
		ward.member(t, ana, "join")
		require.False(t, heard(before), "this node was away")

		n.town.square("!second").join(t, ana, li)
		before = n.hub.Position()
		ward.member(t, li, "leave")
		ward.member(t, li, "join")
		require.True(t, heard(before), "the second room was shared all the time")
	})
}

func TestCore15DeviceMessagesForAServerThatIsAwayAreBounded(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		for i := range 5 {
			require.NoError(t, n.db.Write(ctx, func(tx *sqldb.Tx) error {
				m := &OutboundDeviceMessage{Destination: "away.example", Position: int64(1000 + i), MessageID: "m", Content: []byte(`{}`)}
				if err := insertOutbound(tx, m); err != nil {
					return err
				}
				return trimOutbound(tx, m.Destination, 3)
			}))
		}
		kept, err := n.OutboundDeviceMessages(ctx, "away.example", 0, 10)
		require.NoError(t, err)
		require.Len(t, kept, 3)
		require.EqualValues(t, 1002, kept[0].Position, "the oldest went")
	})
}
