package rooms

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestInvitesToAServerThatIsAwayHoldUpNoOtherOnes creates rooms with users of several servers.
func TestInvitesToAServerThatIsAwayHoldUpNoOtherOnes(t *testing.T) {
	w := newNetwork(t)
	north, south := w.add("north.example"), w.add("south.example")
	w.with(func() { w.down["away.example"] = true })
	invite := []string{south.user("li"), south.user("li"), north.user("bo"), north.user("bo")}
	for i := range 40 {
		invite = append(invite, fmt.Sprintf("@user%d:away.example", i))
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.with(func() {
		w.hook = func(request, _, _ string) error {
			cancel() // the client goes away meanwhile
			return nil
		}
	})
	room, err := north.Create(ctx, CreateRequest{Creator: north.user("ana"), Invite: invite})
	require.NoError(t, err)
	cancel()
	snap, err := north.Snapshot(context.Background(), room)
	require.NoError(t, err)
	require.Equal(t, "invite", snap.Membership(south.user("li")))
	require.Equal(t, "invite", snap.Membership(north.user("bo")))
	require.Equal(t, 2, w.asked("invite"), "a server that is away is asked once, and nobody is invited twice")

	_, err = north.Create(context.Background(), CreateRequest{Creator: north.user("ana"), Invite: make([]string, maxInvites+1)})
	require.ErrorIs(t, err, ErrInvalidParam)
}
