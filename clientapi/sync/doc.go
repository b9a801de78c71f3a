// Package sync answers GET /sync of the Client-Server API: what is new for one device since its token.
//
// A request reads in rounds. One round (round.go) takes the stream's position, finds which rooms changed between the
// token and that position (the stream's memory says so without SQL), and appends what the filter and the doors of
// rooms/view let through to one answer. An empty round waits for the topics of the user and their rooms, and reads again:
// register, read, wait, so no wake-up is lost. Nothing is kept for a request that waits but its token and its watch.
//
// The token (token.go) says where the device has come to: a stream position, a to-device position, the ephemeral
// sequence with its epoch, for rooms whose tail waits for a translation their own positions, and what of rooms was never sent
// to the device, of which it is told no late translations (gaps.go), and which of those it has that were over their limit (late.go).
// The same token always gives the same or more. Which
// members were sent already under lazy loading is remembered in memory, and only believed once the next token proves that
// the answer arrived (lazy.go).
//
// What a device begins with is a page of history: translations that are missing there are asked for, of all rooms at once,
// before their sections are written (lacking.go). What is still being made then follows as an edit.
//
// Incremental state follows the rooms' positioned state deltas, never the timeline (state.go).
//
// May import: accounts, rooms, rooms/view, internal/*. Imported by clientapi, which also uses the tokens and filters for
// history.
//
// Start reading at sync.go, then round.go, then joined.go.
package sync
