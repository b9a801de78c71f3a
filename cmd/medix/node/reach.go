package node

import (
	"context"
	"fmt"

	"medixchange/alliance/reach"
)

// buildReach builds what counts how much the hospital takes part. It is there in every alliance, to forget where it was when
// counting is off, and to tell members that nothing is shared.
func (n *Node) buildReach(_ context.Context, o Options) error {
	if n.Alliance == nil {
		return nil
	}
	wanted := n.Config.Alliance.Reach
	counting, err := reach.New(reach.Options{
		DB: n.DB, Hub: n.Hub, Accounts: n.Accounts, Rooms: n.Rooms, Remote: n.remote, Self: n.Config.ServerName,
		Enabled: wanted.Enabled, Share: wanted.Share, Members: n.members, Member: n.member, Own: n.ownAccount,
		Now: o.Now, Log: n.part("reach"),
	})
	if err != nil {
		return fmt.Errorf("alliance: %w", err)
	}
	n.Reach = counting
	return nil
}
