// Package stream keeps the positions of the stream in memory: a ring of recent entries, the last change of each topic,
// a notifier, durable cursors for readers, and the epoch and sequence of facts that are not durable. It knows topics,
// not what they mean, and imports only internal/sqldb.
//
// Whoever writes takes positions with [sqldb.Tx.NextPosition] and publishes one or more entries for each position with
// [Hub.Append] from [sqldb.Tx.OnCommit]. Whoever reads registers with [Hub.Watch], reads, and then waits: in this
// order no wake-up is lost. Where to start reading: hub.go, then ring.go and watch.go; follow.go is for readers that
// keep a cursor.
package stream
