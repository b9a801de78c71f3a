// Package rooms is the heart of the node: events, rooms, and the single door through which an event enters a room.
//
// One goroutine owns each active room (loop.go). It takes what waits in its two bounded lanes (local requests first, then
// what other servers sent), builds or checks the events, authorises them, resolves state once for the batch, and commits
// event, state, memberships, receipts of the transaction id and the set of destinations as one database transaction.
// It never touches the network: what is missing is fetched through [Remote] outside of it, before a batch enters.
//
// Readers never enter the loop. After each commit the room publishes an immutable [Snapshot]; everything that reacts (sync,
// push, federation, the translator) follows the stream (internal/stream) with topics [RoomTopic] and [UserTopic].
//
// Three numbers are kept apart: an event's nid (identity), its position (place in the stream, given at commit) and its
// [HistoryKey] (immutable place in the room's history, by which it is paged).
//
// May import: internal/*. Imported by: rooms/view, accounts, and every API above.
//
// Start reading at event.go, then rooms.go (the exported operations), then loop.go.
package rooms
