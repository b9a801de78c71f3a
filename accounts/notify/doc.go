// Package notify decides what the pushers of this node's users are told, and has internal/push deliver it
// (Client-Server API, Push Notifications; Push Gateway API).
//
// It follows the stream with a durable cursor. For each new event it asks the push rules of those members who have pushers,
// found without going through the others; what notifies is queued as the event's number only. The notification is made
// when its turn comes, so that its counts are those of that moment, what was read or redacted meanwhile is left out, and
// its text is what the reader is shown: translated, after the same wait as in /sync. Read receipts and own messages bring
// counts alone. Edits that exist for one viewer only have no place in the stream as events, and so cause nothing.
//
// Pushers that lag have a durable place (places.go): after a restart what they were not told is looked up again. A crash
// repeats what was delivered in the last second; gateways know it by its event id.
//
// May import: accounts, rooms, rooms/view, internal/*. Start reading at notify.go, then read.go, tell.go, make.go.
package notify
