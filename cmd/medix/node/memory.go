package node

import (
	"context"

	"medixchange/internal/resident"
)

// giveBack keeps the node small while it does little. The database does the same for its own.
func (n *Node) giveBack(ctx context.Context) error {
	return resident.Keeper{
		Program: n.alone,
		Also:    n.DB.GiveBack,
		Failed:  func(err error) { n.log.WithError(err).Debug("what the start needed of the program stays in memory") },
	}.Run(ctx)
}
